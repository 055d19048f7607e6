"""A measure's value as a quotient of sums, day by day: what is counted, and what it is counted over.

Equation (1): value = sum over the days of `over` / sum over the days of `under`. So a day with little data weighs
little, days can be drawn again for an interval, and anybody can redo it with a pencil.
Pure: no clock, no network, no store. Equation numbers are those of `docs/comparison.md`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from insight.arrays import Numbers
from insight.declared import Declared, Place
from insight.measures.comparable import Comparable, Limit, Normaliser
from insight.measures.grid import Evidence, Grid, grid, same_buckets

HOURS_A_YEAR: Final = 8760.0
TOLERANCE: Final = 1e-9
"""Bounds are inside: 235.4 V is within +7 %, whatever the last bit of a float says."""


@dataclass(frozen=True, slots=True)
class Parts:
    """One entry per day."""

    over: tuple[float, ...]
    under: tuple[float, ...]

    @property
    def value(self) -> float | None:
        """Equation (1); None = there is nothing to divide by."""
        divisor = sum(self.under)
        return sum(self.over) / divisor if divisor > 0 else None

    @property
    def days(self) -> tuple[float, ...]:
        """The value of each day that has one."""
        return tuple(over / under for over, under in zip(self.over, self.under, strict=True) if under > 0)


def divisor(measure: Comparable, place: Place) -> Declared | None:
    """The declared number that the measure divides by; None = it divides by none, or nobody declared it."""
    match measure.normaliser:
        case Normaliser.PERSON:
            return place.persons
        case Normaliser.HOUSEHOLD | Normaliser.DEGREE_DAY:
            return place.households
        case Normaliser.MU | Normaliser.RAIN:
            return place.mu
        case _:
            return None


def divides(measure: Comparable) -> bool:
    """Whether the measure needs a declared number."""
    return measure.normaliser in _DECLARED


def parts(measure: Comparable, evidence: Evidence, place: Place) -> Parts:
    """The quotient of this measure for a place, from its readings.

    Args:
        measure: What is asked.
        evidence: The readings; metrics that are not there have no device here.
        place: Its declared numbers; the one that the measure divides by must be there.

    Raises:
        Invalid: when metrics are folded into different buckets.
    """
    same_buckets(evidence)
    wanted = measure.metrics[:1] or tuple(evidence)
    if not any(evidence[metric].lines for metric in wanted if metric in evidence):
        return Parts((), ())
    over, under = _FORMULAS[measure.normaliser](measure, evidence, place)
    return Parts(tuple(map(float, over)), tuple(map(float, under)))


_Sums = tuple[Numbers, Numbers]


def _as_measured(measure: Comparable, evidence: Evidence, _place: Place) -> _Sums:
    table = grid(evidence[measure.metrics[0]])
    seen = ~np.isnan(table.values)
    count = seen.sum(axis=0)
    mean = np.divide(np.nansum(table.values, axis=0), count, out=np.zeros(len(count)), where=count > 0)
    hours = np.where(count > 0, table.hours, 0.0)
    return table.by_day(mean * measure.factor * hours), table.by_day(hours)


def _per_head(measure: Comparable, evidence: Evidence, place: Place) -> _Sums:
    """A counter counts through a gap, so every bucket from the first amount to the last is time that was measured."""
    table = grid(evidence[measure.metrics[0]])
    heads = divisor(measure, place)
    amount, hours = _amount(table), _measured_hours(table)
    return table.by_day(amount * measure.factor), table.by_day(hours) / 24 * (heads.value if heads else 0.0)


def _per_rain(measure: Comparable, evidence: Evidence, place: Place) -> _Sums:
    """Time in which no gauge was heard, or before or after the meters were, takes no part; a dry day does."""
    table = grid(evidence[measure.metrics[0]])
    rain = _divided_by(measure, evidence)
    if rain is None or place.mu is None or place.mu.value == 0:
        return np.zeros(table.days), np.zeros(table.days)
    count = (~np.isnan(rain.values)).sum(axis=0)
    depth = np.divide(np.nansum(rain.values, axis=0), count, out=np.zeros(len(count)), where=count > 0)
    both = (count > 0) & (_measured_hours(table) > 0)
    applied = np.where(both, _amount(table) * measure.factor / place.mu.value, 0.0)
    return table.by_day(applied), table.by_day(np.where(both, depth, 0.0))


def _per_degree_day(measure: Comparable, evidence: Evidence, place: Place) -> _Sums:
    """Days without a temperature, or before or after the meters were heard, take no part."""
    table = grid(evidence[measure.metrics[0]])
    air = _divided_by(measure, evidence)
    if air is None or place.households is None:
        return np.zeros(table.days), np.zeros(table.days)
    count = (~np.isnan(air.values)).sum(axis=0)
    mean = np.divide(np.nansum(air.values, axis=0), count, out=np.zeros(len(count)), where=count > 0)
    (band,) = measure.limits
    outside = np.maximum(0, (band.low or 0) - mean) + np.maximum(0, mean - (band.high or np.inf))
    both = (count > 0) & (_measured_hours(table) > 0)
    over = table.by_day(np.where(both, _amount(table) * measure.factor, 0.0))
    return over, table.by_day(np.where(both, outside * table.hours / 24, 0.0)) * place.households.value


def _in_band(measure: Comparable, evidence: Evidence, _place: Place) -> _Sums:
    table = grid(evidence[measure.metrics[0]])
    (band,) = measure.limits
    seen = ~np.isnan(table.values)
    hit = (within(table.values, band) == (measure.normaliser is Normaliser.IN_BAND)) & seen
    return table.by_day(100 * hit.sum(axis=0) * table.hours), table.by_day(seen.sum(axis=0) * table.hours)


def _days_in_band(measure: Comparable, evidence: Evidence, _place: Place) -> _Sums:
    """A device's day has failed when it was out of band for so many hours; days of which nothing is known are none."""
    table = grid(evidence[measure.metrics[0]])
    (band,) = measure.limits
    seen = ~np.isnan(table.values)
    out = (seen & ~within(table.values, band)) * table.hours
    failed = np.array([table.by_day(row) >= (measure.longest_h or 0.0) - TOLERANCE for row in out])
    known = np.array([table.by_day(row.astype(np.float64)) > 0 for row in seen])
    return 100.0 * (known & ~failed).sum(axis=0), known.sum(axis=0).astype(np.float64)


def _outage(measure: Comparable, evidence: Evidence, place: Place) -> _Sums:
    table = grid(evidence[measure.metrics[0]])
    known = [place.served[device] for device in table.devices if device in place.served]
    usual = sum(known) / len(known) if known else 1.0
    homes = np.array([place.served.get(device, usual) for device in table.devices])
    out = np.nan_to_num(table.values) * homes[:, None] * table.hours * 60
    seen = ~np.isnan(table.values) * homes[:, None] * table.hours
    return table.by_day(out.sum(axis=0)), table.by_day(seen.sum(axis=0)) / HOURS_A_YEAR


def _samples(measure: Comparable, evidence: Evidence, _place: Place) -> _Sums:
    table = grid(evidence[measure.metrics[0]])
    who = {name: place for place, name in enumerate(table.devices) if not np.isnan(table.values[place]).all()}
    said = np.zeros((len(table.devices), len(table.hours)), bool)
    failed = said.copy()
    for limit in measure.limits:
        if limit.metric not in evidence:
            continue
        other = grid(evidence[limit.metric])
        for name, values in zip(other.devices, other.values, strict=True):
            if name in who:
                seen = ~np.isnan(values)
                said[who[name]] |= seen
                failed[who[name]] |= seen & ~within(values, limit)
    return table.by_day(100.0 * (said & ~failed).sum(axis=0)), table.by_day(said.sum(axis=0).astype(np.float64))


def _completeness(_measure: Comparable, evidence: Evidence, _place: Place) -> _Sums:
    """Every series counts the same for the time in which something was due: one that talks much is not more due."""
    tables = [grid(folded) for folded in evidence.values() if folded.lines]
    over = sum(table.by_day(100 * np.nansum(table.coverage, axis=0) * table.hours) for table in tables)
    under = sum(table.by_day((~np.isnan(table.coverage)).sum(axis=0) * table.hours) for table in tables)
    return np.asarray(over, np.float64), np.asarray(under, np.float64)


def _silence(_measure: Comparable, evidence: Evidence, _place: Place) -> _Sums:
    """Who is due less than once in a bucket does not make it silent, but ends the silence."""
    tables = [grid(folded) for folded in evidence.values() if folded.lines]
    often = [[max(line.buckets.due) >= 1 - TOLERANCE for line in folded.lines] for folded in evidence.values()]
    due = np.concatenate(
        [~np.isnan(table.coverage[rows]) for table, rows in zip(tables, filter(None, often), strict=True)]
    ).any(axis=0)
    heard = np.concatenate([~np.isnan(table.values) for table in tables]).any(axis=0)
    first = tables[0]
    return first.by_day((due & ~heard) * first.hours * 60), first.by_day(due * first.hours / 24)


def within(values: Numbers, limit: Limit) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which values lie in the band, bounds inside; NaN does not."""
    low = -np.inf if limit.low is None else limit.low
    high = np.inf if limit.high is None else limit.high
    inside: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = (values >= low - TOLERANCE) & (values <= high + TOLERANCE)
    return inside


def _amount(table: Grid) -> Numbers:
    """What all devices counted, per bucket."""
    return np.asarray(np.nansum(table.values, axis=0), np.float64)


def _measured_hours(table: Grid) -> Numbers:
    seen = np.flatnonzero(~np.isnan(table.values).all(axis=0))
    hours = np.zeros(len(table.hours))
    if len(seen):
        hours[seen[0] : seen[-1] + 1] = table.hours[seen[0] : seen[-1] + 1]
    return hours


def _divided_by(measure: Comparable, evidence: Evidence) -> Grid | None:
    for metric in measure.divided_by:
        if metric in evidence and evidence[metric].lines:
            return grid(evidence[metric])
    return None


_DECLARED: Final = frozenset(
    {Normaliser.PERSON, Normaliser.HOUSEHOLD, Normaliser.DEGREE_DAY, Normaliser.MU, Normaliser.RAIN}
)
_FORMULAS: Final[Mapping[Normaliser, Callable[[Comparable, Evidence, Place], _Sums]]] = MappingProxyType(
    {
        Normaliser.AS_MEASURED: _as_measured,
        Normaliser.PERSON: _per_head,
        Normaliser.HOUSEHOLD: _per_head,
        Normaliser.MU: _per_head,
        Normaliser.RAIN: _per_rain,
        Normaliser.DEGREE_DAY: _per_degree_day,
        Normaliser.IN_BAND: _in_band,
        Normaliser.OUT_OF_BAND: _in_band,
        Normaliser.DAYS_IN_BAND: _days_in_band,
        Normaliser.OUTAGE: _outage,
        Normaliser.SAMPLES: _samples,
        Normaliser.COMPLETENESS: _completeness,
        Normaliser.SILENCE: _silence,
    }
)
