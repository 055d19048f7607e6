"""How the embedded store folds: readings and rollups become parts, parts become buckets, series become lines.

A part is a stretch of one series that lies in one bucket: a day of the house zone, a UTC hour or a single reading. Days
and hours that `delta` has touched are read from their hours or readings, so an answer never depends on what is merged.
`pos` orders the parts of a series and says which bucket they are in: the first millisecond a part tells of.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from functools import reduce
from itertools import count
from math import gcd
from typing import NamedTuple
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pyarrow as pa

from telemetry.instant import HOUR_MS
from telemetry.model import Fold
from telemetry.store.embedded_index import SeriesIndex
from telemetry.store.embedded_lines import Lines
from telemetry.store.embedded_rollup import house_days
from telemetry.store.embedded_schema import IN_DOUBT, meta, transaction
from telemetry.store.ports import Buckets, FoldQuery
from telemetry.store.retention import FOR_EVER, require_kept
from telemetry.store.traits import traits_of
from telemetry.window import Unit, Window, edges

_MOST_SLOTS = 1_000_000
_MOST_CELLS = 1_000_000
"""Lines times buckets of one statement: some 100 MB of answer."""
_DAY_MS = 24 * HOUR_MS
_LOOK_BACK = (_DAY_MS, 32 * _DAY_MS)
"""How far the last reading before the first edge is sought before all of history is."""


class Grain(IntEnum):
    """The largest parts a query can be put together from."""

    READING = 0
    HOUR = 1
    DAY = 2


_READINGS = """
newer AS MATERIALIZED (
    SELECT d.series, d.at_ms, arg_max(d.value, d.seq) AS value, arg_max(d.quality, d.seq) AS quality,
        arg_max(d.lag, d.seq) AS lag
    FROM delta d JOIN members USING (series) $among_delta
    WHERE d.series BETWEEN $s0 AND $s1 AND d.at_ms BETWEEN $lo + $back AND $hi + $back - 1
    GROUP BY d.series, d.at_ms),
readings AS (
    SELECT m.series, m.at_ms, m.value, m.quality, m.lag
    FROM main m JOIN members USING (series) $among_main
    ANTI JOIN newer n ON n.series = m.series AND n.at_ms = m.at_ms
    WHERE m.series BETWEEN $s0 AND $s1 AND m.at_ms BETWEEN $lo + $back AND $hi + $back - 1
    UNION ALL SELECT series, at_ms, value, quality, lag FROM newer),
singles AS (
    SELECT series, at_ms - $back AS pos, (quality & $doubt = 0)::INTEGER AS n, 1 - n AS excluded,
        CASE WHEN n = 1 THEN value END AS total, total AS low, total AS high, total AS opening, total AS closing,
        NULL::DOUBLE AS growth, sin(radians(total)) AS sines, cos(radians(total)) AS cosines
    FROM readings WHERE $received)"""
_RECEIVED = "at_ms + lag <= {}"
_AMONG = {
    "delta": "SEMI JOIN dirty x ON x.series = d.series AND x.hour = hour_of(d.at_ms, $back)",
    "main": "SEMI JOIN dirty x ON x.series = m.series AND x.hour = hour_of(m.at_ms, $back)",
}
_HOUR_PARTS = """
SELECT h.series, h.hour * 3600000::BIGINT AS pos, h.n, h.excluded, coalesce(h.total, h.opening) AS total,
    coalesce(h.low, h.opening) AS low, coalesce(h.high, h.opening) AS high, h.opening,
    coalesce(h.closing, h.opening) AS closing, h.growth, h.sines, h.cosines
FROM hours h JOIN members USING (series) $among_hours
WHERE h.series BETWEEN $s0 AND $s1 AND h.hour >= $lo // 3600000 AND h.hour < $hi // 3600000"""
_DAY_PARTS = """
SELECT h.series, h.day * 3600000::BIGINT AS pos, h.n, h.excluded, coalesce(h.total, h.opening) AS total,
    coalesce(h.low, h.opening) AS low, coalesce(h.high, h.opening) AS high, h.opening,
    coalesce(h.closing, h.opening) AS closing, h.growth, h.sines, h.cosines
FROM daily h JOIN members USING (series) $among_days
WHERE h.series BETWEEN $s0 AND $s1 AND h.day >= $lo // 3600000 AND h.day < $hi // 3600000"""
_NOT_DIRTY_HOURS = "ANTI JOIN dirty x ON x.series = h.series AND x.hour = h.hour"
_NOT_DIRTY_DAYS = "ANTI JOIN dirty_days x ON x.series = h.series AND x.day = h.day"
_IN_DIRTY_DAYS = """
JOIN calendar c ON c.hour = h.hour SEMI JOIN dirty_days y ON y.series = h.series AND y.day = c.day"""
# An hour of a counter that fell is folded from its readings when the rollover, known to the query only, matters.
_DIRTY = """
SELECT DISTINCT d.series, hour_of(d.at_ms, $back) AS hour FROM delta d JOIN members USING (series)
WHERE d.series BETWEEN $s0 AND $s1 AND d.at_ms BETWEEN $lo + $back AND $hi + $back - 1
UNION
SELECT h.series, h.hour FROM hours h JOIN members USING (series)
WHERE $increase AND members.rollover IS NOT NULL AND h.drops > 0
    AND h.series BETWEEN $s0 AND $s1 AND h.hour >= $lo // 3600000 AND h.hour < $hi // 3600000"""
_LINKED = """
SELECT p.*, amount(lag(p.closing) OVER (PARTITION BY p.series ORDER BY p.pos), p.opening, m.rollover) AS link
FROM (FROM parts UNION ALL BY NAME SELECT series, $lo - 1 AS pos, 0 AS n, 0 AS excluded, closing FROM before) p
JOIN members m USING (series) WHERE p.closing IS NOT NULL
UNION ALL SELECT *, NULL AS link FROM parts WHERE closing IS NULL"""
_DIRECTION = """CASE WHEN sqrt({s} * {s} + {c} * {c}) > 1e-9 * {n}
    THEN (degrees(atan2({s}, {c})) + 360) % 360 END"""
_OVER_TIME: Mapping[Fold, str] = {
    Fold.MEAN: "sum(p.total) / sum(p.n)",
    Fold.SUM: "sum(p.total)",
    Fold.MIN: "min(p.low)",
    Fold.MAX: "max(p.high)",
    Fold.FIRST: "arg_min(p.opening, p.pos)",
    Fold.LAST: "arg_max(p.closing, p.pos)",
    Fold.INCREASE: """CASE WHEN count(p.growth) + count(p.link) > 0
        THEN coalesce(sum(p.growth), 0) + coalesce(sum(p.link), 0) END""",
    Fold.DIRECTION: _DIRECTION.format(s="sum(p.sines)", c="sum(p.cosines)", n="sum(p.n)"),
}
_ACROSS: Mapping[Fold, str] = {
    Fold.MEAN: "avg(value)",
    Fold.SUM: "sum(value)",
    Fold.MIN: "min(value)",
    Fold.MAX: "max(value)",
    Fold.DIRECTION: _DIRECTION.format(s="sum(sin(radians(value)))", c="sum(cos(radians(value)))", n="count(value)"),
}
_BY_SLOT = "JOIN slots s ON s.slot = (p.pos - $first) // $width"
_BY_RANGE = "ASOF JOIN slots s ON s.slot <= p.pos"
_BUCKETS = """
per_series AS (
    SELECT p.series, s.bucket, $over_time AS value, sum(p.n) AS n, sum(p.excluded) AS excluded,
        min(p.low) AS low, max(p.high) AS high
    FROM $parts p $into_buckets
    WHERE p.pos >= $lo AND p.pos < $hi GROUP BY p.series, s.bucket)
SELECT m.line, b.bucket, $across AS value, sum(b.n)::BIGINT AS n, sum(b.excluded)::BIGINT AS excluded,
    min(b.low) AS low, max(b.high) AS high, count_if(b.n > 0) AS devices,
    coalesce(sum(CASE WHEN m.interval IS NOT NULL THEN least(b.n, w.width / m.interval) END), 0) AS due
FROM per_series b JOIN members m USING (series) JOIN widths w USING (bucket) GROUP BY m.line, b.bucket"""


class _Question(NamedTuple):
    """What queries must have in common to be answered by one statement."""

    edges: tuple[int, ...]
    fold: Fold
    across: Fold
    suspect: bool
    as_of: int | None
    back: int
    """1 where readings tell of the time before them."""
    grain: Grain


class _Asked(NamedTuple):
    """One query, and which lines of the statement are its own."""

    position: int
    query: FoldQuery
    groups: Mapping[str, int]


def folded(
    connection: duckdb.DuckDBPyConnection, index: SeriesIndex, queries: Sequence[FoldQuery], zone: ZoneInfo
) -> list[list[Buckets]]:
    """See ReadingReader; on a connection that nothing else uses meanwhile."""
    alike: dict[tuple[_Question, int], list[tuple[int, FoldQuery]]] = {}
    turns: Counter[tuple[_Question, str]] = Counter()
    for position, query in enumerate(queries):
        question = _question(query, index, zone)
        # Another question of the same metric may hold the same series, which a statement can give to one line only.
        turn = turns[question, query.metric.id]
        turns[question, query.metric.id] += 1
        alike.setdefault((question, turn), []).append((position, query))
    found: dict[int, list[Buckets]] = {}
    with transaction(connection):
        if any(query.as_of is not None for query in queries):
            require_kept(queries, int(meta(connection, "forgotten") or FOR_EVER))
        for (question, _), these in alike.items():
            for some in _portions(question, these):
                found.update(_together(connection, index, question, some, zone))
    return [found[position] for position in range(len(queries))]


def _question(query: FoldQuery, index: SeriesIndex, zone: ZoneInfo) -> _Question:
    back = int(query.metric.kind.accumulates)
    grain = _grain(query, index, zone)
    return _Question(query.edges, query.fold, query.across, query.suspect, query.as_of, back, grain)


def _portions(question: _Question, these: Sequence[tuple[int, FoldQuery]]) -> Iterator[list[_Asked]]:
    """The queries in portions that fit into memory, each with lines of its own."""
    most = max(1, _MOST_CELLS // len(question.edges))
    portion: list[_Asked] = []
    lines = 0
    for position, query in these:
        names = dict.fromkeys(member.group for member in query.members)
        if portion and lines + len(names) > most:
            yield portion
            portion, lines = [], 0
        portion.append(_Asked(position, query, dict(zip(names, count(lines), strict=False))))
        lines += len(names)
    yield portion


def _together(
    connection: duckdb.DuckDBPyConnection,
    index: SeriesIndex,
    question: _Question,
    asked: Sequence[_Asked],
    zone: ZoneInfo,
) -> Iterator[tuple[int, list[Buckets]]]:
    """Each query's position and answer."""
    members = _members(index, asked)
    buckets = max(len(question.edges) - 1, 0)
    found: Mapping[str, np.ndarray] = {}
    if members.num_rows and buckets:
        connection.register("members", members)
        found = _answer(_Parts(connection, question, members), index, zone)
    lines = Lines(found, buckets)
    for one in asked:
        yield one.position, [lines.line(group, number) for group, number in one.groups.items()]


class _Parts:
    """The SQL of one question: statements whose `$words` are other pieces of SQL or numbers, never a caller's text."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, question: _Question, members: pa.Table) -> None:
        self.connection = connection
        self.question = question
        self.series = series = members["series"].to_numpy()
        self.words = {
            "s0": str(series.min()),
            "s1": str(series.max()),
            "back": str(question.back),
            "doubt": "0" if question.suspect else str(IN_DOUBT),
            "increase": str(question.fold is Fold.INCREASE).upper(),
            "received": "TRUE" if question.as_of is None else _RECEIVED.format(question.as_of),
        }

    def rows(self, statement: str, **words: str) -> pa.Table:
        found: pa.Table = self.connection.sql(_filled(statement, self.words | words)).to_arrow_table()
        return found

    def parts(self, grain: Grain, lo: int, hi: int, zone: ZoneInfo) -> str:
        """The CTE `parts` (and what it needs), over the time that lo <= pos < hi."""
        between = {"lo": str(lo), "hi": str(hi)}
        if grain is Grain.READING:
            text = _READINGS + ", parts AS (SELECT * FROM singles)"  # noqa: S608 -- our own pieces
            return _filled(text, self.words | between | {"among_delta": "", "among_main": ""})
        dirty = self.rows(_DIRTY, **between)
        words = self.words | between
        if dirty.num_rows == 0:
            whole = _HOUR_PARTS if grain is Grain.HOUR else _DAY_PARTS
            return _filled(f"parts AS ({whole})", words | {"among_hours": "", "among_days": ""})
        self.connection.register("dirty", dirty)
        if grain is Grain.HOUR:
            coarse = _filled(_HOUR_PARTS, {"among_hours": _NOT_DIRTY_HOURS})
        else:
            self._register_days(dirty, zone)
            coarse = _filled(_DAY_PARTS, {"among_days": _NOT_DIRTY_DAYS}) + " UNION ALL "
            coarse += _filled(_HOUR_PARTS, {"among_hours": f"{_IN_DIRTY_DAYS} {_NOT_DIRTY_HOURS}"})
        text = _filled(_READINGS, {"among_delta": _AMONG["delta"], "among_main": _AMONG["main"]})
        return _filled(f"{text}, parts AS ({coarse} UNION ALL SELECT * FROM singles)", words)  # noqa: S608 -- likewise

    def _register_days(self, dirty: pa.Table, zone: ZoneInfo) -> None:
        utc_days = np.unique(dirty["hour"].to_numpy() // 24)
        self.connection.register("calendar", house_days((int(day) for day in utc_days), zone))
        days = self.connection.sql("SELECT DISTINCT series, day FROM dirty JOIN calendar USING (hour)")
        self.connection.register("dirty_days", days.to_arrow_table())


def _answer(parts: _Parts, index: SeriesIndex, zone: ZoneInfo) -> dict[str, np.ndarray]:
    question = parts.question
    lo, hi, grain = question.edges[0], question.edges[-1], question.grain
    tables = [parts.parts(grain, lo, hi, zone)]
    words = {"lo": str(lo), "hi": str(hi), "parts": "parts", "into_buckets": _into_buckets(parts)}
    words |= {"over_time": _OVER_TIME[question.fold], "across": _ACROSS[question.across]}
    words |= {"first": str(lo), "width": str(_width(question.edges))}
    if question.fold is Fold.INCREASE:
        _register_before(parts, index, zone)
        if grain is not Grain.READING:
            # Seeking the reading before has asked for other dirty hours.
            tables = [parts.parts(grain, lo, hi, zone)]
        tables.append(f"linked AS ({_LINKED})")
        words["parts"] = "linked"
    found = parts.rows("WITH " + ", ".join([*tables, _BUCKETS]), **words)
    return {name: found[name].to_numpy(zero_copy_only=False) for name in found.column_names}


def _grain(query: FoldQuery, index: SeriesIndex, zone: ZoneInfo) -> Grain:
    """The rollups hold good readings only, in whole hours, and what the catalogue's kind of the metric asks for."""
    stored = index.traits.get(query.metric.id, traits_of(None))
    served = (
        stored.back == int(query.metric.kind.accumulates)
        and (stored.counts or query.fold is not Fold.INCREASE)
        and (stored.turns or query.fold is not Fold.DIRECTION)
    )
    if query.suspect or query.as_of is not None or not served or any(edge % HOUR_MS for edge in query.edges):
        return Grain.READING
    rollover = query.fold is Fold.INCREASE and any(member.rollover_at is not None for member in query.members)
    if rollover or not _whole_days(query.edges, zone):
        return Grain.HOUR
    return Grain.DAY


def _whole_days(cut: Sequence[int], zone: ZoneInfo) -> bool:
    if int(np.diff(cut).min()) < 22 * HOUR_MS:
        return False
    day = Window(1, Unit.DAY, zone)
    return all(edges(day, edge, edge + 1)[0] == edge for edge in cut)


def _register_before(parts: _Parts, index: SeriesIndex, zone: ZoneInfo) -> None:
    """The last value before the first edge of every series that has one, as `before (series, closing)`."""
    first, back = parts.question.edges[0], parts.question.back
    grain = min(parts.question.grain, Grain.HOUR)
    sought = {number for number in parts.series.tolist() if index.span(number).oldest < first + back}
    found: dict[int, float] = {}
    reach = max((first - index.span(number).oldest + _DAY_MS for number in sought), default=0)
    for span in (*_LOOK_BACK, max(reach, _LOOK_BACK[-1])):
        if not sought - found.keys():
            break
        start = (first - span) // HOUR_MS * HOUR_MS
        tables = parts.parts(grain, start, first, zone)
        rows = parts.rows(
            f"WITH {tables} SELECT series, arg_max(closing, pos) AS closing FROM parts"  # noqa: S608 -- our own pieces
            " WHERE closing IS NOT NULL GROUP BY series"
        )
        found.update(zip(rows["series"].to_numpy().tolist(), rows["closing"].to_numpy().tolist(), strict=True))
    before = {"series": pa.array(list(found), pa.int32()), "closing": pa.array(list(found.values()), pa.float64())}
    parts.connection.register("before", pa.table(before))


def _members(index: SeriesIndex, asked: Iterable[_Asked]) -> pa.Table:
    """One row for each series that there is."""
    rows: list[tuple[int, int, float | None, float | None]] = []
    for one in asked:
        known = {member.device: member for member in one.query.members}
        for device, number in index.numbers(one.query.metric.id, known):
            member = known[device]
            rows.append((number, one.groups[member.group], member.rollover_at, member.interval_ms))
    series, line, rollover, interval = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pa.table(
        {
            "series": pa.array(series, pa.int32()),
            "line": pa.array(line, pa.int32()),
            "rollover": pa.array(rollover, pa.float64()),
            "interval": pa.array(interval, pa.float64()),
        }
    )


def _width(cut: Sequence[int]) -> int:
    """The longest step of which every bucket is a whole number."""
    return reduce(gcd, (int(step) for step in np.unique(np.diff(cut))))


def _into_buckets(parts: _Parts) -> str:
    """Registers `widths (bucket, width)`, and `slots (slot, bucket)` by which a part's bucket is looked up.

    Slots are equal steps, or where these would be too many the edges themselves.
    """
    cut = np.asarray(parts.question.edges, np.int64)
    width = _width(parts.question.edges)
    buckets = np.arange(len(cut) - 1, dtype=np.int32)
    equal = (cut[-1] - cut[0]) // width <= _MOST_SLOTS
    if equal:
        of_slot = np.repeat(buckets, np.diff(cut) // width)
        slots = pa.table({"slot": np.arange(len(of_slot), dtype=np.int64), "bucket": of_slot})
    else:
        slots = pa.table({"slot": cut[:-1], "bucket": buckets})
    parts.connection.register("slots", slots)
    parts.connection.register("widths", pa.table({"bucket": buckets, "width": np.diff(cut).astype(np.float64)}))
    return _BY_SLOT if equal else _BY_RANGE


def _filled(text: str, words: Mapping[str, str]) -> str:
    """The text with `$word` replaced, longest words first; words it does not know stay."""
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(f"${word}", words[word])
    return text
