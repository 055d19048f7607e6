"""The parts that a fold is put together from, asked of InfluxDB: single readings, or stretches it has folded itself."""

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from math import gcd, nan

import numpy as np

from telemetry.model import Fold
from telemetry.store import influxql, parts
from telemetry.store.influx_lines import unwritable
from telemetry.store.influx_server import InfluxServer, Rows
from telemetry.store.influxql import AGGREGATES, Bound, among, between, every, quoted
from telemetry.store.parts import Parts
from telemetry.store.ports import FoldQuery

MOST_STEPS = 20_000
"""A range of more steps than this is read as single readings: the server would walk over each step."""

_FLOATS = ("total", "low", "high", "opening", "closing", "growth", "sines", "cosines")
_NAMES = {"sum": "total", "min": "low", "max": "high", "first": "opening", "last": "closing"}


def parts_of(server: InfluxServer, query: FoldQuery) -> Parts:
    """All parts within the query's edges, ordered by series and time; counters with their increase.

    Raises:
        StoreUnavailable: the server cannot answer.
    """
    if not query.members or len(query.edges) < 2 or unwritable(query.metric.id) is not None:  # noqa: PLR2004 -- one edge bounds nothing
        return joined_of([])
    step = reduce(gcd, (stop - start for start, stop in pairwise(query.edges)))
    steps = (query.edges[-1] - query.edges[0]) // step
    if query.fold in AGGREGATES and steps <= MOST_STEPS:
        return _folded_by_server(server, query, step)
    return _readings(server, query)


def _back(query: FoldQuery) -> int:
    return int(query.metric.kind.accumulates)


def _source(query: FoldQuery, bound: Bound, start: int, stop: int) -> str:
    """FROM and WHERE: the readings of the members that tell of start <= time < stop."""
    devices = among(bound, "device", (member.device for member in query.members))
    back = _back(query)
    return f"FROM {quoted(query.metric.id)} WHERE {devices} AND {between(bound, start + back, stop + back)}"


def _folded_by_server(server: InfluxServer, query: FoldQuery, step: int) -> Parts:
    bound = Bound()
    source = _source(query, bound, query.edges[0], query.edges[-1])
    grouped = f'GROUP BY {every(step, (query.edges[0] + _back(query)) % step)}, "device" fill(none)'
    wanted = AGGREGATES[query.fold]
    select = "SELECT " + ", ".join(f'{name}("value")' for name in wanted)
    accepted = source if query.suspect else f"{source} AND {influxql.GOOD}"
    statements = [f"{select} {accepted} {grouped}"]
    if not query.suspect:
        statements.append(f'SELECT count("value") {source} AND {influxql.DOUBTFUL} {grouped}')
    answers = server.query(statements, bound.values)
    taken = [_piece(query, series, rows, "n") for series, rows in _members(query, answers[0])]
    left_out = [
        _piece(query, series, rows, "excluded") for answer in answers[1:] for series, rows in _members(query, answer)
    ]
    return joined_of([*taken, *left_out])


def _piece(query: FoldQuery, series: int, rows: Rows, counted: str) -> Parts:
    """The parts of one series; `counted` says which of the counts the answer's is."""
    columns = dict(zip(rows.columns, zip(*rows.values, strict=True), strict=True))
    length = len(rows.values)
    nothing = np.full(length, nan)
    zero = np.zeros(length, np.int64)
    known = {_NAMES[name]: np.asarray(columns[name], np.float64) for name in columns if name in _NAMES}
    counts = {counted: np.asarray(columns["count"], np.int64)}
    return Parts(
        series=np.full(length, series),
        pos=np.asarray(columns["time"], np.int64) - _back(query),
        n=counts.get("n", zero),
        excluded=counts.get("excluded", zero),
        **{name: known.get(name, nothing) for name in _FLOATS},
    )


def _readings(server: InfluxServer, query: FoldQuery) -> Parts:
    bound = Bound()
    statements = [
        f'SELECT "value", "quality" {_source(query, bound, query.edges[0], query.edges[-1])} GROUP BY "device"'
    ]
    counts = query.fold is Fold.INCREASE
    if counts:
        earlier = _source(query, bound, influxql.EARLIEST, query.edges[0])
        accepted = "" if query.suspect else f" AND {influxql.GOOD}"
        statements.append(f'SELECT last("value") {earlier}{accepted} GROUP BY "device"')
    answers = server.query(statements, bound.values)
    found = joined_of([_singles(query, series, rows) for series, rows in _members(query, answers[0])])
    if not counts:
        return found
    before = np.full(len(query.members), nan)
    for series, rows in _members(query, answers[1]):
        before[series] = rows.values[0][1]
    rollover = np.asarray([nan if m.rollover_at is None else m.rollover_at for m in query.members], np.float64)
    return parts.increases(found, before, rollover)


def _singles(query: FoldQuery, series: int, rows: Rows) -> Parts:
    at, values, quality = (np.asarray(column) for column in zip(*rows.values, strict=True))
    accepted = np.ones(len(at), np.bool_) if query.suspect else quality.astype(np.int64) & influxql.IN_DOUBT == 0
    pos = at.astype(np.int64) - _back(query)
    return parts.of_readings(np.full(len(at), series), pos, values.astype(np.float64), accepted)


def _members(query: FoldQuery, answer: Iterable[Rows]) -> Iterable[tuple[int, Rows]]:
    """The series of an answer by their position in the query."""
    position: Mapping[str, int] = {member.device: index for index, member in enumerate(query.members)}
    return ((position[rows.tags["device"]], rows) for rows in answer if rows.values)


def joined_of(pieces: Sequence[Parts]) -> Parts:
    """See parts.joined; none where there are none."""
    if pieces:
        return parts.joined(pieces)
    whole, broken = np.zeros(0, np.int64), np.zeros(0)
    return Parts(whole, whole, whole, whole, *([broken] * 8))
