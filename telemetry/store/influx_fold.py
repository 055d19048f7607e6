"""The parts that a fold is put together from, asked of InfluxDB: rollups where they reach, readings for the rest.

Readings come singly, or as stretches that the server has folded itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from math import gcd, nan

import numpy as np

from telemetry.instant import HOUR_MS
from telemetry.model import Fold
from telemetry.store import influxql, parts
from telemetry.store.influx_hourly import Hourly, late_of, late_statement
from telemetry.store.influx_lines import unwritable
from telemetry.store.influx_server import InfluxServer, Rows
from telemetry.store.influxql import (
    AGGREGATES,
    HOURS_WITH_GOOD,
    ROLLED,
    Bound,
    among,
    between,
    called,
    every,
    quoted,
    received_by,
)
from telemetry.store.parts import Floats, Parts
from telemetry.store.ports import FoldQuery

MOST_STEPS = 20_000
"""A range of more steps than this is read as single readings: the server would walk over each step."""
_MOST_DUE = 200_000
"""Readings that are due; an InfluxDB 1.x looks at some 100 000 a second."""
_ON_EVENT_MS = HOUR_MS
"""How often a device that reports on event is supposed to."""
_TOGETHER_HOURS = 24
"""Late hours no further apart than this are read at once."""
_FLOATS = ("total", "low", "high", "opening", "closing", "growth", "sines", "cosines")
_NAMES = {"sum": "total", "min": "low", "max": "high", "first": "opening", "last": "closing"}


@dataclass(frozen=True, slots=True)
class _Question:
    """A query, and what follows from it."""

    query: FoldQuery
    back: int
    """1 where a reading tells of the time before it."""
    step: int
    """The longest stretch that no edge cuts."""
    position: Mapping[str, int]
    """Of each series among the members."""

    def source(self, bound: Bound, start: int, stop: int, series: Iterable[str] | None = None) -> str:
        """FROM and WHERE: the readings of these series, else of all members, that tell of start <= time < stop."""
        devices = among(bound, "device", self.position if series is None else series)
        return (
            f"FROM {quoted(self.query.metric.id)} WHERE {devices} "
            f"AND {between(bound, start + self.back, stop + self.back)}{received_by(bound, self.query.as_of)}"
        )

    def members(self, answer: Iterable[Rows]) -> Iterable[tuple[int, Rows]]:
        """The series of an answer by their position."""
        return ((self.position[rows.tags["device"]], rows) for rows in answer if rows.values)


def parts_of(server: InfluxServer, hourly: Hourly | None, query: FoldQuery) -> Parts:
    """All parts within the query's edges, ordered by series and time; counters with their increase.

    `hourly` None = the metric was rolled up in another way than the query asks for. Rollups know only the present, so a
    query as of an instant is put together from readings.

    Raises:
        StoreUnavailable: the server cannot answer.
    """
    if not query.members or len(query.edges) < 2 or unwritable(query.metric.id) is not None:  # noqa: PLR2004 -- one edge
        return joined([])
    question = _Question(
        query,
        int(query.metric.kind.accumulates),
        reduce(gcd, (stop - start for start, stop in pairwise(query.edges))),
        {member.device: place for place, member in enumerate(query.members)},
    )
    lo, hi = query.edges[0], query.edges[-1]
    pieces: list[Parts] = []
    start = lo
    if query.as_of is not None:
        hourly = None
    if hourly is not None and not (query.suspect or lo % HOUR_MS or question.step % HOUR_MS):
        start = max(lo, min(hourly.known().rolled_until, hi))
        pieces = _rolled(server, hourly, question, lo, start) if start > lo else []
    for first, last in _portions(question, start, hi):
        pieces += _from_readings(server, question, first, last)
    found = joined(pieces)
    return _increasing(server, hourly, question, found) if query.fold is Fold.INCREASE else found


def _portions(question: _Question, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """As of an instant, whole steps of so few due readings that the server answers in time; else the whole range."""
    length = stop - start
    if question.query.as_of is not None:
        per_ms = sum(1 / (member.interval_ms or _ON_EVENT_MS) for member in question.query.members)
        length = max(int(_MOST_DUE / per_ms) // question.step, 1) * question.step
    while start < stop:
        yield start, min(start + length, stop)
        start += length


def _from_readings(server: InfluxServer, question: _Question, start: int, stop: int) -> list[Parts]:
    if question.query.fold in AGGREGATES and (stop - start) // question.step <= MOST_STEPS:
        return _folded_by_server(server, question, start, stop)
    return _readings(server, question, start, stop)


def _folded_by_server(server: InfluxServer, question: _Question, start: int, stop: int) -> list[Parts]:
    query, bound = question.query, Bound()
    source = question.source(bound, start, stop)
    offset = (query.edges[0] + question.back) % question.step
    grouped = f'GROUP BY {every(question.step, offset)}, "device" fill(none)'
    select = "SELECT " + ", ".join(called(name, "value") for name in AGGREGATES[query.fold])
    accepted = source if query.suspect else f"{source} AND {influxql.GOOD}"
    statements = [f"{select} {accepted} {grouped}"]
    if not query.suspect:
        statements.append(f'SELECT count("value") {source} AND {influxql.DOUBTFUL} {grouped}')
    answers = server.query(statements, bound.values)
    pieces = []
    for counted, answer in zip(("n", "excluded"), answers, strict=False):
        for series, rows in question.members(answer):
            columns = _columns(rows)
            counts = {counted: np.asarray(columns["count"], np.int64)}
            floats = {_NAMES[name]: columns[name] for name in columns if name in _NAMES}
            # The server stamps a stretch that `start` cuts with the time before: there are other parts of it there.
            at = np.maximum(np.asarray(columns["time"], np.int64), start + question.back)
            pieces.append(_piece(series, at, question.back, counts, floats))
    return pieces


def _readings(
    server: InfluxServer, question: _Question, start: int, stop: int, devices: Iterable[str] | None = None
) -> list[Parts]:
    """Of these series; None = of all."""
    bound = Bound()
    statement = f'SELECT "value", "quality" {question.source(bound, start, stop, devices)} GROUP BY "device"'
    (answer,) = server.query([statement], bound.values)
    return [
        singles(series, rows, question.back, suspect=question.query.suspect)
        for series, rows in question.members(measured(answer))
    ]


def measured(answer: Iterable[Rows]) -> list[Rows]:
    """The series of an answer with `value` and `quality` that are ours: a foreign point may lack device or quality."""
    ours = []
    for rows in answer:
        values = [row for row in rows.values if isinstance(row[1], int | float) and isinstance(row[2], int)]
        if values and rows.tags.get("device"):
            ours.append(Rows(rows.name, rows.tags, rows.columns, values))
    return ours


def singles(series: int, rows: Rows, back: int, *, suspect: bool = False) -> Parts:
    """One part per reading of an answer with `value` and `quality`."""
    at, values, quality = (np.asarray(column) for column in zip(*rows.values, strict=True))
    accepted = np.ones(len(at), np.bool_) if suspect else quality.astype(np.int64) & influxql.IN_DOUBT == 0
    pos = at.astype(np.int64) - back
    return parts.of_readings(np.full(len(at), series), pos, values.astype(np.float64), accepted)


def _rolled(server: InfluxServer, hourly: Hourly, question: _Question, start: int, stop: int) -> list[Parts]:
    """From rollups: folded by the server where no hour is late, hour by hour for the series that have late ones."""
    query, bound = question.query, Bound()
    late = late_statement(bound, query.metric.id, question.position, hourly.known().late_since)
    asked = range(start // HOUR_MS, stop // HOUR_MS)
    source = _rollups(question, bound, question.position, start, stop)
    singly = query.fold is Fold.INCREASE
    grouped = f'GROUP BY {every(question.step, query.edges[0] % question.step)}, "device" fill(none)'
    wanted = ", ".join(called(name, column) for name, column in ROLLED[query.fold])
    statements = (
        [late, f'SELECT * {source} GROUP BY "device"']
        if singly
        else [
            late,
            f"SELECT {wanted} {source} AND {HOURS_WITH_GOOD} {grouped}",
            f'SELECT sum("excluded") {source} AND "excluded" > 0 {grouped}',
        ]
    )
    told, *answers = hourly.server.query(statements, bound.values)
    hours = late_of(told)
    if singly:
        return _hour_by_hour(server, question, answers[0], hours, asked)
    pieces = [
        _of_rollup(question, series, rows)
        for answer in answers
        for series, rows in question.members(answer)
        if rows.tags["device"] not in hours
    ]
    if hours:
        bound = Bound()
        again = f'SELECT * {_rollups(question, bound, hours, start, stop)} GROUP BY "device"'
        (answer,) = hourly.server.query([again], bound.values)
        pieces += _hour_by_hour(server, question, answer, hours, asked)
    return pieces


def _rollups(question: _Question, bound: Bound, series: Iterable[str], start: int, stop: int) -> str:
    """FROM and WHERE: the rollups of these series."""
    metric = quoted(question.query.metric.id)
    return f"FROM {metric} WHERE {among(bound, 'device', series)} AND {between(bound, start, stop)}"


def _of_rollup(question: _Question, series: int, rows: Rows) -> Parts:
    """Stretches that the server has folded from hours; its columns are named for their function, in our order."""
    columns = _columns(rows)
    if len(rows.columns) == 2:  # noqa: PLR2004 -- time and the one sum
        return _piece(series, columns["time"], 0, {"excluded": np.asarray(columns["sum"], np.int64)}, {})
    names = [column for _, column in ROLLED[question.query.fold]]
    found = dict(zip(["time", *names], zip(*rows.values, strict=True), strict=True))
    return _piece(series, columns["time"], 0, {"n": np.asarray(found.pop("n"), np.int64)}, found)


def _hour_by_hour(
    server: InfluxServer,
    question: _Question,
    answer: Sequence[Rows],
    late: Mapping[str, set[int]],
    asked: range,
) -> list[Parts]:
    """Hours as they were rolled up, and the readings of those that are late or need what only the query knows."""
    pieces: list[Parts] = []
    again: dict[int, set[int]] = {
        question.position[device]: {hour for hour in hours if hour in asked} for device, hours in late.items()
    }
    for series, rows in question.members(answer):
        columns = _columns(rows)
        at = np.asarray(columns["time"], np.int64)
        if question.query.members[series].rollover_at is not None:
            fell = at[np.asarray([bool(drops) for drops in columns.get("drops", [0] * len(at))])]
            again.setdefault(series, set()).update((fell // HOUR_MS).tolist())
        kept = ~np.isin(at // HOUR_MS, list(again.get(series, ())))
        pieces.append(_hours(series, columns, kept))
    return pieces + _readings_of_hours(server, question, again)


def _hours(series: int, columns: Mapping[str, Sequence[object]], kept: np.ndarray) -> Parts:
    def numbers(name: str) -> Floats:
        found: Floats = np.asarray(columns.get(name, [None] * len(kept)), np.float64)[kept]
        return found

    n = numbers("n").astype(np.int64)
    known = {name: np.where(n > 0, numbers(name), nan) for name in _FLOATS}
    known["growth"] = np.where(np.nan_to_num(numbers("steps")) > 0, known["growth"], nan)
    counts = {"n": n, "excluded": np.nan_to_num(numbers("excluded")).astype(np.int64)}
    return _piece(series, np.asarray(columns["time"], np.int64)[kept], 0, counts, known)


def _readings_of_hours(server: InfluxServer, question: _Question, wanted: Mapping[int, set[int]]) -> list[Parts]:
    """The readings of single hours, by series."""
    sought = {series: hours for series, hours in wanted.items() if hours}
    if not sought:
        return []
    found: list[Parts] = []
    for first, last in _runs(set().union(*sought.values())):
        mine = {series for series, hours in sought.items() if not hours.isdisjoint(range(first, last + 1))}
        names = [question.query.members[series].device for series in mine]
        for piece in _readings(server, question, first * HOUR_MS, (last + 1) * HOUR_MS, names):
            inside = np.isin(piece.pos // HOUR_MS, list(sought[int(piece.series[0])]))
            found.append(Parts(**{name: column[inside] for name, column in parts.columns(piece).items()}))  # type: ignore[arg-type] # by their own names
    return found


def _runs(hours: Iterable[int]) -> Iterable[tuple[int, int]]:
    """First and last of hours that lie within a day of each other."""
    ordered = sorted(hours)
    first = 0
    for place, hour in enumerate(ordered):
        if place + 1 == len(ordered) or ordered[place + 1] - hour > _TOGETHER_HOURS:
            yield ordered[first], hour
            first = place + 1


def _increasing(server: InfluxServer, hourly: Hourly | None, question: _Question, found: Parts) -> Parts:
    """Counters with the increase from part to part, and from the last accepted reading before the first edge."""
    query, first = question.query, question.query.edges[0]
    bound = Bound()
    source = question.source(bound, influxql.EARLIEST, first)
    accepted = "" if query.suspect else f" AND {influxql.GOOD}"
    (readings,) = server.query([f'SELECT last("value") {source}{accepted} GROUP BY "device"'], bound.values)
    before = np.full(len(query.members), nan)
    gone = influxql.EARLIEST if hourly is None else min(first, hourly.kept_since())
    if hourly is not None and len(readings) < len(query.members) and gone > influxql.EARLIEST:
        # Where the readings are gone, their rollups are not.
        bound = Bound()
        source = _rollups(question, bound, question.position, influxql.EARLIEST, gone) + f" AND {HOURS_WITH_GOOD}"
        (rolled,) = hourly.server.query([f'SELECT last("closing") {source} GROUP BY "device"'], bound.values)
        for series, rows in question.members(rolled):
            before[series] = rows.values[0][1]
    for series, rows in question.members(readings):
        before[series] = rows.values[0][1]
    rollover = np.asarray([nan if m.rollover_at is None else m.rollover_at for m in query.members], np.float64)
    return parts.increases(found, before, rollover)


def _columns(rows: Rows) -> dict[str, Sequence[object]]:
    return dict(zip(rows.columns, zip(*rows.values, strict=True), strict=True))


def _piece(
    series: int,
    at: object,
    back: int,
    counts: Mapping[str, np.ndarray],
    floats: Mapping[str, object],
) -> Parts:
    pos = np.asarray(at, np.int64) - back
    nothing, zero = np.full(len(pos), nan), np.zeros(len(pos), np.int64)
    return Parts(
        series=np.full(len(pos), series),
        pos=pos,
        n=counts.get("n", zero),
        excluded=counts.get("excluded", zero),
        **{name: np.asarray(floats.get(name, nothing), np.float64) for name in _FLOATS},
    )


def joined(pieces: Sequence[Parts]) -> Parts:
    """See parts.joined; none where there are none."""
    if pieces:
        return parts.joined(pieces)
    whole, broken = np.zeros(0, np.int64), np.zeros(0)
    return Parts(whole, whole, whole, whole, *([broken] * 8))
