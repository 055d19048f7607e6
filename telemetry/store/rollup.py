"""Readings rolled up by the hour, outside of a database. Pure numpy; see `parts` for what a part is."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from telemetry.instant import HOUR_MS
from telemetry.store import parts
from telemetry.store.parts import RESET_SHARE, Floats, Integers, Parts, Runs


@dataclass(frozen=True, slots=True)
class Hours:
    """Rows of equal length, ordered by series and hour."""

    series: Integers
    hour: Integers
    """UTC hours since 1970."""
    columns: Mapping[str, npt.NDArray[np.generic]]
    """`n`, `excluded`, `total`, `low`, `high`, `opening`, `closing`, `steps`, `growth`, `drops`, `amount`, `sines`,
    `cosines`."""


def hours(readings: Parts, before: Floats, *, counts: bool) -> Hours:
    """Single readings, ordered by series and time, rolled up.

    Args:
        readings: As `parts.of_readings` gives them.
        before: By series, the last accepted value before all readings; NaN = there is none.
        counts: They are a counter's: `growth` is the increase between the readings of an hour, `steps` how many there
            were, `drops` how many of them only a known rollover explains, and `amount` the increase since the last
            reading of the hour before.
    """
    hour = readings.pos // HOUR_MS
    if len(hour) == 0:
        return Hours(readings.series, hour, {})
    cut = (np.diff(readings.series, prepend=-1) != 0) | (np.diff(hour, prepend=hour[0] - 1) != 0)
    runs = Runs(parts.columns(readings), np.flatnonzero(cut))
    rolled: dict[str, npt.NDArray[np.generic]] = {
        "n": runs.counted("n"),
        "excluded": runs.counted("excluded"),
        "total": runs.added("total"),
        "low": runs.picked("low", np.fmin),
        "high": runs.picked("high", np.fmax),
        "opening": runs.first("opening"),
        "closing": runs.last("closing"),
        "sines": runs.added("sines"),
        "cosines": runs.added("cosines"),
    }
    series = readings.series[runs.starts]
    if counts:
        rolled |= _counted(readings, np.cumsum(cut) - 1, series, before, rolled)
    return Hours(series, hour[runs.starts], rolled)


def _counted(
    readings: Parts,
    row: Integers,
    series: Integers,
    before: Floats,
    rolled: Mapping[str, npt.NDArray[np.generic]],
) -> dict[str, npt.NDArray[np.generic]]:
    """The columns of counters, row by row; `row` is the row of each reading."""
    known = readings.n > 0
    of_row, value = row[known], readings.opening[known]
    same = of_row[1:] == of_row[:-1]
    earlier, later = value[:-1][same], value[1:][same]
    grown = parts.amounts(earlier, later, np.full(len(later), np.nan))
    fell = (later < earlier) & ~(later < RESET_SHARE * earlier)
    size = len(series)
    growth = np.bincount(of_row[1:][same], weights=grown, minlength=size)
    opening, closing = (np.asarray(rolled[name], np.float64) for name in ("opening", "closing"))
    link = parts.amounts(_ending_before(series, closing, before), opening, np.full(size, np.nan))
    return {
        "steps": np.bincount(of_row[1:][same], minlength=size),
        "growth": growth,
        "drops": np.bincount(of_row[1:][same], weights=fell, minlength=size).astype(np.int64),
        "amount": growth + np.where(np.isnan(link), 0.0, link),
    }


def _ending_before(series: Integers, closing: Floats, before: Floats) -> Floats:
    """For each row, the last known closing value of its series above it, else what stood before."""
    place = np.where(np.isnan(closing), -1, np.arange(len(closing)))
    last = np.concatenate(([-1], np.maximum.accumulate(place)[:-1]))
    same = (last >= 0) & (series[np.maximum(last, 0)] == series)
    return np.where(same, closing[np.maximum(last, 0)], before[series])
