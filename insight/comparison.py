"""A place beside its benchmark: parity, gap, who is behind, since when, and whether it closes.

Pure: no clock, no network, no store. Equation numbers are those of `docs/comparison.md`. Nothing is compared, and
nobody is ranked, without a number that passed the gate.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from insight.arrays import Given, row
from insight.assessment import Assessment, drawn
from insight.benchmarks import Figure
from insight.gate import Lack, Refusal
from insight.measures import Normaliser
from insight.spread import Drawn, Interval, interval
from insight.trend import Slope, theil_sen
from telemetry.errors import Invalid
from telemetry.model import Better

FEWEST_RANKED: Final = 2
"""A ranking of one is none."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A place and its benchmark in one measure."""

    place: Assessment
    benchmark: Assessment | Figure
    parity: float | None = None
    """1 = as good as the benchmark, below 1 = worse, whichever way the measure points."""
    parity_interval: Interval | None = None
    gap: float | None = None
    """Benchmark minus place, in the measure's unit."""
    gap_interval: Interval | None = None
    behind: bool | None = None
    """Whether the place is worse."""
    certain: bool = False
    """Whether the interval of the gap lies on one side of zero; figures and declared numbers count as exact."""
    refusal: Refusal | None = None
    """Why there is no comparison, or only a gap and no ratio."""


def parity(place: float, benchmark: float, better: Better) -> float | None:
    """How near the place comes to the benchmark; None where the ratio is not defined.

    Equation (4): place / benchmark where more is better, benchmark / place where less is. Both zero is parity.

    Raises:
        Invalid: for a measure that points no way, or a negative value: a ratio would mean nothing.
    """
    if better is Better.NEITHER or place < 0 or benchmark < 0:
        raise Invalid("parity", f"{place} beside {benchmark}, {better} is better", "values from 0 on, higher or lower")
    over, under = (place, benchmark) if better is Better.HIGHER else (benchmark, place)
    if under == 0:
        return 1.0 if over == 0 else None
    return over / under


def parity_score(place: float, benchmark: float, better: Better) -> float:
    """Parity cut off at 1: being ahead of the city in one thing does not make up for another.

    Raises:
        Invalid: as `parity`.
    """
    ratio = parity(place, benchmark, better)
    # Not defined is better than any: an outage-free village, or a city that has nothing of what is good.
    return 1.0 if ratio is None else min(1.0, ratio)


def compared(place: Assessment, benchmark: Assessment | Figure) -> Comparison:
    """A place beside its benchmark; the intervals come from the same days drawn for both.

    Equation (5): gap = benchmark - place.

    Raises:
        Invalid: when the two are of different measures, versions or periods.
    """
    refusal = _incomparable(place, benchmark)
    if refusal is not None or place.value is None or benchmark.value is None:
        return Comparison(place, benchmark, refusal=refusal)
    better = place.measure.better
    gap = benchmark.value - place.value
    of_gap, of_parity = _intervals(place, benchmark, better)
    signed = min(place.value, benchmark.value) < 0
    ratio = None if signed else parity(place.value, benchmark.value, better)
    if ratio is None:
        refusal = Refusal(
            Lack.ZERO_BENCHMARK, "values above zero on both sides", min(place.value, benchmark.value), 0.0
        )
    worse = gap > 0 if better is Better.HIGHER else gap < 0
    # A declared number counts as exact, as that of a table does: there are no days of which others might have come.
    exact = place.measure.normaliser is Normaliser.DECLARED and gap != 0
    certain = exact or (of_gap is not None and (of_gap.low > 0 or of_gap.high < 0))
    return Comparison(
        place, benchmark, ratio, of_parity if ratio is not None else None, gap, of_gap, worse, certain, refusal
    )


def _incomparable(place: Assessment, benchmark: Assessment | Figure) -> Refusal | None:
    if isinstance(benchmark, Figure):
        if benchmark.measure != place.measure.id:
            raise Invalid("benchmark", f"{benchmark.measure} beside {place.measure.id}", "the same measure")
        if benchmark.unit != place.measure.unit:
            return Refusal(Lack.OTHER_UNIT, f"{place.measure.unit}, not {benchmark.unit}")
        return place.refusal
    asked, told = ((one.measure.id, one.measure.version, one.start, one.stop) for one in (place, benchmark))
    if asked != told:
        raise Invalid("benchmark", f"{told} beside {asked}", "the same measure, version and period")
    if place.refusal is None and benchmark.refusal is not None:
        return Refusal(Lack.NO_BENCHMARK, benchmark.refusal.words, benchmark.refusal.have, benchmark.refusal.want)
    return place.refusal


def _intervals(
    place: Assessment, benchmark: Assessment | Figure, better: Better
) -> tuple[Interval | None, Interval | None]:
    here = drawn(place.strata)
    if here is None:
        return None, None
    if isinstance(benchmark, Figure):
        there: Drawn | None = Drawn(np.full(len(here.values), benchmark.value), here.days)
    else:
        there = drawn(benchmark.strata)
    if there is None:
        return None, None
    days = min(here.days, there.days)
    over, under = (here, there) if better is Better.HIGHER else (there, here)
    ratio = np.divide(over.values, under.values, out=np.full(len(here.values), np.nan), where=under.values > 0)
    return interval(Drawn(there.values - here.values, days)), interval(Drawn(ratio, days))


class Course(StrEnum):
    """What a gap does, as far as its trend is certain."""

    CLOSING = "closing"
    WIDENING = "widening"
    UNCERTAIN = "no certain trend"


@dataclass(frozen=True, slots=True)
class GapTrend:
    """The trend of a gap."""

    slope: Slope
    """In the measure's unit per year."""
    course: Course
    """By the distance, whoever is ahead."""


def gap_trend(years: Given, gaps: Given) -> GapTrend:
    """Whether a gap closes: the slope of equations (7) and (8), and what it does to the distance between the two.

    Raises:
        Invalid: as `theil_sen`.
    """
    slope = theil_sen(years, gaps)
    now = slope.intercept + slope.slope * max(map(float, years))
    if not slope.certain or now == 0:
        return GapTrend(slope, Course.UNCERTAIN)
    return GapTrend(slope, Course.WIDENING if (slope.slope > 0) == (now > 0) else Course.CLOSING)


@dataclass(frozen=True, slots=True)
class YearsBehind:
    """How long ago the benchmark stood where the place stands now."""

    years: float | None
    at: float | None
    """That year; a part of a year between two entries."""
    refusal: Refusal | None = None


def years_behind(now: float, place: float, years: Given, benchmark: Given, better: Better) -> YearsBehind:
    """How many years the place is behind.

    Equation (6): now - t, with t the latest time at which the benchmark, straight between its entries, had the place's
    value; 0 when it is no better today.

    Args:
        now: The year of the place's value.
        place: Its value.
        years: Of the benchmark's history, ascending.
        benchmark: Its values.
        better: Which way the measure points.

    Raises:
        Invalid: for years that do not ascend or do not pair up with the values, or a measure that points no way.
    """
    time, value = row("years", years), row("benchmark", benchmark)
    if len(time) != len(value) or (np.diff(time) <= 0).any() or better is Better.NEITHER:
        raise Invalid("history", "years do not ascend or pair up", "one value a year, higher or lower is better")
    ahead = value - place if better is Better.HIGHER else place - value
    if ahead[-1] <= 0:
        return YearsBehind(0.0, now)
    crossed = np.flatnonzero(ahead <= 0)
    if len(crossed) == 0:
        needed = f"years before {time[0]:g}: the benchmark was ahead even then"
        return YearsBehind(None, None, Refusal(Lack.SHORT_HISTORY, needed, float(time[0])))
    last = crossed[-1]
    step = -ahead[last] / (ahead[last + 1] - ahead[last])
    at = float(time[last] + step * (time[last + 1] - time[last]))
    return YearsBehind(now - at, at)


@dataclass(frozen=True, slots=True)
class Rank:
    """A place's position; equal values share the better one."""

    place: str
    rank: int
    value: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """Places from best to worst, and those that have no number and so no rank."""

    ranks: tuple[Rank, ...]
    unranked: tuple[tuple[str, Refusal], ...]
    refusal: Refusal | None = None
    """Why nobody is ranked."""


def ranked(assessments: Sequence[Assessment]) -> Ranking:
    """The places that have a number, from best to worst.

    Raises:
        Invalid: for different measures, versions or periods, or a measure that points no way.
    """
    if len({(one.measure.id, one.measure.version, one.start, one.stop) for one in assessments}) > 1:
        raise Invalid("ranking", "different measures, versions or periods", "the same of all places")
    unranked = tuple((one.place, one.refusal) for one in assessments if one.refusal is not None)
    known = [(one.value, one.place, one.measure.better) for one in assessments if one.value is not None]
    if len(known) < FEWEST_RANKED:
        needed = f"{FEWEST_RANKED} places with a number"
        return Ranking((), unranked, Refusal(Lack.FEW_PLACES, needed, len(known), FEWEST_RANKED))
    if known[0][2] is Better.NEITHER:
        raise Invalid("ranking", "the measure points no way", "a measure of which more or less is better")
    sign = -1 if known[0][2] is Better.HIGHER else 1
    order = sorted(known, key=lambda one: (sign * one[0], one[1]))
    keys = [sign * value for value, _, _ in order]
    return Ranking(
        tuple(Rank(place, bisect_left(keys, sign * value) + 1, value) for value, place, _ in order),
        unranked,
    )
