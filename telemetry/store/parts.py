"""Folding outside of a database: parts of series become buckets, series become lines. Pure numpy.

A part is a stretch of one series that lies in one bucket: a single reading, or what a server has folded already. Parts
are ordered by series and time. `pos` is the first millisecond a part tells of, and says which bucket it is in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import nan

import numpy as np
import numpy.typing as npt

from telemetry.model import Fold
from telemetry.store.ports import Buckets, FoldQuery

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

RESET_SHARE = 0.05
"""A counter that falls below this share of its last value has been reset (see ReadingReader.folded)."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Columns of equal length; NaN where a part has no accepted reading, or the fold needs no such column."""

    series: Integers
    """Position of the member in the query."""
    pos: Integers
    n: Integers
    """Accepted readings."""
    excluded: Integers
    """Suspect readings that were not accepted."""
    total: Floats
    low: Floats
    high: Floats
    opening: Floats
    closing: Floats
    growth: Floats
    """Of counters: the increase within the part, and from the reading before it where that is known already."""
    sines: Floats
    cosines: Floats

    def __len__(self) -> int:
        return len(self.pos)


def columns(parts: Parts) -> dict[str, npt.NDArray[np.generic]]:
    """The columns by name."""
    return {column.name: getattr(parts, column.name) for column in fields(Parts)}


def joined(pieces: Sequence[Parts]) -> Parts:
    """All parts, ordered by series and time."""
    whole = {column.name: np.concatenate([getattr(piece, column.name) for piece in pieces]) for column in fields(Parts)}
    order = np.lexsort((whole["pos"], whole["series"]))
    return Parts(**{name: column[order] for name, column in whole.items()})


def of_readings(series: Integers, pos: Integers, values: Floats, accepted: npt.NDArray[np.bool_]) -> Parts:
    """One part per reading."""
    value = np.where(accepted, values, np.nan)
    angle = np.radians(value)
    n = accepted.astype(np.int64)
    nothing = np.full(len(values), np.nan)
    return Parts(series, pos, n, 1 - n, value, value, value, value, value, nothing, np.sin(angle), np.cos(angle))


def increases(parts: Parts, before: Floats, rollover: Floats) -> Parts:
    """The same parts of counters, with the increase since the part before added to each one's growth.

    Args:
        parts: Of counters; those without an accepted reading are stepped over.
        before: By series, the last accepted value before all parts; NaN = there is none.
        rollover: By series, the count at which the meter starts again; NaN = unknown.
    """
    known = np.flatnonzero(parts.n > 0)
    series, opening = parts.series[known], parts.opening[known]
    ending = np.concatenate(([np.nan], parts.closing[known][:-1]))
    first = np.concatenate(([True], series[1:] != series[:-1])) if len(known) else np.zeros(0, bool)
    ending = np.where(first, before[series], ending[: len(known)])
    growth = parts.growth.copy()
    growth[known] = _added(growth[known], amounts(ending, opening, rollover[series]))
    return replace(parts, growth=growth)


def amounts(before: Floats, after: Floats, rollover: Floats) -> Floats:
    """The counter rule (see ReadingReader.folded); NaN where there is nothing before."""
    turned = np.where(np.isnan(rollover), 0.0, np.fmax(rollover - before + after, 0.0))
    fell = np.where(after < RESET_SHARE * before, np.fmax(after, 0.0), turned)
    return np.where(np.isnan(before), np.nan, np.where(after >= before, after - before, fell))


def _added(one: Floats, other: Floats) -> Floats:
    """The sum of what is known; NaN where nothing is."""
    return np.where(np.isnan(one), other, np.where(np.isnan(other), one, one + other))


def folded(query: FoldQuery, parts: Parts) -> list[Buckets]:
    """See ReadingReader.folded."""
    groups = {group: line for line, group in enumerate(dict.fromkeys(member.group for member in query.members))}
    buckets = max(len(query.edges) - 1, 0)
    if buckets == 0 or len(parts) == 0:
        return [Buckets.empty(group, buckets) for group in groups]
    line_of = np.asarray([groups[member.group] for member in query.members], np.int64)
    mine = _per_series(query, parts, buckets)
    return _lines(query, groups, line_of, mine, buckets)


def _per_series(query: FoldQuery, parts: Parts, buckets: int) -> dict[str, npt.NDArray[np.generic]]:
    """One row per series and bucket that has any part; empty where there is none."""
    bucket = np.searchsorted(np.asarray(query.edges, np.int64), parts.pos, "right") - 1
    inside = (bucket >= 0) & (bucket < buckets)
    key = parts.series[inside] * buckets + bucket[inside]
    if len(key) == 0:
        return {}
    mine = Runs({name: column[inside] for name, column in columns(parts).items()}, _starts(key))
    return {
        "series": key[mine.starts] // buckets,
        "bucket": key[mine.starts] % buckets,
        "n": mine.counted("n"),
        "excluded": mine.counted("excluded"),
        "low": mine.picked("low", np.fmin),
        "high": mine.picked("high", np.fmax),
        "value": _over_time(query.fold, mine),
    }


def _starts(key: Integers) -> Integers:
    """Where each run of equal keys begins."""
    return np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))


@dataclass(frozen=True, slots=True)
class Runs:
    """Columns of parts, cut into runs that become one row each."""

    columns: Mapping[str, npt.NDArray[np.generic]]
    starts: Integers

    def counted(self, name: str) -> Integers:
        return np.add.reduceat(np.asarray(self.columns[name], np.int64), self.starts)

    def picked(self, name: str, pick: np.ufunc) -> Floats:
        found: Floats = pick.reduceat(self.columns[name], self.starts)
        return found

    def added(self, name: str) -> Floats:
        """The sum of what is known; NaN where nothing is."""
        column = np.asarray(self.columns[name], np.float64)
        known = ~np.isnan(column)
        sums = np.add.reduceat(np.where(known, column, 0.0), self.starts)
        return np.where(np.add.reduceat(known.astype(np.int64), self.starts) > 0, sums, np.nan)

    def first(self, name: str) -> Floats:
        return _first_known(np.asarray(self.columns[name], np.float64), self.starts)

    def last(self, name: str) -> Floats:
        column = np.asarray(self.columns[name], np.float64)
        ends = len(column) - np.concatenate((self.starts[1:], [len(column)]))
        return _first_known(column[::-1], ends[::-1])[::-1]


def _over_time(fold: Fold, mine: Runs) -> Floats:  # noqa: PLR0911 (one per fold)
    match fold:
        case Fold.MEAN:
            with np.errstate(invalid="ignore"):
                mean: Floats = mine.added("total") / mine.counted("n")
            return mean
        case Fold.SUM:
            return mine.added("total")
        case Fold.MIN:
            return mine.picked("low", np.fmin)
        case Fold.MAX:
            return mine.picked("high", np.fmax)
        case Fold.FIRST:
            return mine.first("opening")
        case Fold.LAST:
            return mine.last("closing")
        case Fold.INCREASE:
            return mine.added("growth")
        case Fold.DIRECTION:
            return _direction(mine.added("sines"), mine.added("cosines"), mine.counted("n"))


def _first_known(values: Floats, starts: Integers) -> Floats:
    """The first value of each run that is no NaN; NaN where all are."""
    at = np.where(np.isnan(values), len(values), np.arange(len(values)))
    first = np.minimum.reduceat(at, starts)
    return np.where(first < len(values), values[np.minimum(first, len(values) - 1)], np.nan)


def _direction(sines: Floats, cosines: Floats, n: npt.NDArray[np.generic]) -> Floats:
    """The mean angle in degrees; NaN where the directions cancel each other."""
    angle = np.degrees(np.arctan2(sines, cosines)) % 360
    return np.where(np.hypot(sines, cosines) > 1e-9 * np.asarray(n, np.float64), angle, np.nan)


def _lines(
    query: FoldQuery,
    groups: Mapping[str, int],
    line_of: Integers,
    mine: Mapping[str, npt.NDArray[np.generic]],
    buckets: int,
) -> list[Buckets]:
    if not mine:
        return [Buckets.empty(group, buckets) for group in groups]
    series, bucket = (np.asarray(mine[name], np.int64) for name in ("series", "bucket"))
    cells = _Cells(line_of[series] * buckets + bucket, (len(groups), buckets))
    n = np.asarray(mine["n"], np.int64)
    interval = np.asarray([nan if m.interval_ms is None else m.interval_ms for m in query.members], np.float64)
    most = np.diff(query.edges)[bucket] / interval[series]
    columns = (
        _across(query.across, np.asarray(mine["value"], np.float64), cells),
        cells.summed(n).astype(np.int64),
        cells.summed(mine["excluded"]).astype(np.int64),
        cells.least(mine["low"]),
        -cells.least(-np.asarray(mine["high"], np.float64)),
        cells.summed(n > 0).astype(np.int64),
        cells.summed(np.where(np.isnan(most), 0.0, np.minimum(n, most))),
    )
    return [Buckets(group, *(_plain(column[line]) for column in columns)) for group, line in groups.items()]


@dataclass(frozen=True, slots=True)
class _Cells:
    """Lines by buckets, and the cell that each row of a series belongs to."""

    key: Integers
    shape: tuple[int, int]

    def summed(self, column: npt.NDArray[np.generic]) -> Floats:
        cells = self.shape[0] * self.shape[1]
        sums = np.bincount(self.key, weights=np.asarray(column, np.float64), minlength=cells)
        return np.asarray(sums, np.float64).reshape(self.shape)

    def least(self, column: npt.NDArray[np.generic]) -> Floats:
        """NaN where nothing is known."""
        found = np.full(self.shape[0] * self.shape[1], np.nan)
        np.fmin.at(found, self.key, np.asarray(column, np.float64))
        return found.reshape(self.shape)


def _across(fold: Fold, value: Floats, cells: _Cells) -> Floats:
    known = ~np.isnan(value)
    count = cells.summed(known)
    match fold:
        case Fold.SUM:
            return np.where(count > 0, cells.summed(np.where(known, value, 0.0)), np.nan)
        case Fold.MEAN:
            return np.where(count > 0, cells.summed(np.where(known, value, 0.0)) / np.fmax(count, 1.0), np.nan)
        case Fold.MIN:
            return cells.least(value)
        case Fold.MAX:
            return -cells.least(-value)
        case Fold.DIRECTION:
            angle = np.radians(np.where(known, value, 0.0))
            sines, cosines = (cells.summed(np.where(known, turn(angle), 0.0)) for turn in (np.sin, np.cos))
            return _direction(sines, cosines, count)
        case _:
            raise AssertionError(fold)


def _plain(row: npt.NDArray[np.generic]) -> list:  # type: ignore[type-arg] # of whole numbers, or of numbers and None
    plain: list = row.tolist()  # type: ignore[type-arg] # likewise
    if row.dtype.kind == "f":
        for empty in np.flatnonzero(np.isnan(np.asarray(row, np.float64))):
            plain[empty] = None
    return plain
