"""A gap over time: the stretches of days from which its trend is drawn.

Pure: no clock, no network, no store. Equation numbers are those of `docs/comparison.md`.
"""

from collections.abc import Sequence
from math import cbrt
from typing import Final

from insight.assessment import Assessment, Stratum
from insight.benchmarks import Figure
from insight.comparison import GapTrend, gap_trend

FEWEST_STRETCHES: Final = 5
"""Of fewer points no trend has an interval."""
_DAY_MS: Final = 86_400_000
_YEAR_MS: Final = 365.2425 * _DAY_MS


def trend_of_gap(place: Assessment, benchmark: Assessment | Figure) -> GapTrend | None:
    """Whether the gap closes within the period; None = one side has no number, or there are too few stretches.

    Equation (24): the days are cut into stretches of L = round(n^(1/3)), as in equation (3), since a day resembles the
    day before; each side's value of a stretch is equation (1) over its days, of a group the weighted mean of equation
    (23). A stretch in which one place of either side has nothing takes no part: a gap must not move because somebody
    was silent.
    """
    if place.value is None or (isinstance(benchmark, Assessment) and benchmark.value is None):
        return None
    days = len(place.strata[0].parts.over)
    length = max(1, round(cbrt(days)))
    years, gaps = [], []
    for first in range(0, days, length):
        last = min(first + length, days)
        here = _value(place.strata, first, last)
        there = benchmark.value if isinstance(benchmark, Figure) else _value(benchmark.strata, first, last)
        if here is not None and there is not None:
            years.append((place.start + (first + last) / 2 * _DAY_MS) / _YEAR_MS)
            gaps.append(there - here)
    return gap_trend(years, gaps) if len(years) >= FEWEST_STRETCHES else None


def _value(strata: Sequence[Stratum], first: int, last: int) -> float | None:
    held = total = 0.0
    for one in strata:
        under = sum(one.parts.under[first:last])
        if under <= 0:
            return None
        held += one.weight
        total += one.weight * sum(one.parts.over[first:last]) / under
    return total / held if held else None
