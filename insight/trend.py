"""The trend of a gap over time: Theil's and Sen's slope, which a few odd months cannot turn round.

Pure: no clock, no network, no store. Equation numbers are those of `docs/comparison.md`.

References:
    Theil, H. 1950: A rank-invariant method of linear and polynomial regression analysis. Indagationes Mathematicae 12.
    Sen, P. K. 1968: Estimates of the regression coefficient based on Kendall's tau. JASA 63, 1379-1389.
"""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np

from insight.arrays import Given, Numbers, row
from telemetry.errors import Invalid

MAX_POINTS = 2000
"""All pairs are looked at: two million slopes; five years of days."""


@dataclass(frozen=True, slots=True)
class Slope:
    """A straight line through points, and how far its slope is certain."""

    slope: float
    """Per unit of time."""
    intercept: float
    low: float | None
    high: float | None
    """The interval; None = too few points for any (five are needed for 95 %)."""
    level: float
    points: int

    @property
    def certain(self) -> bool:
        """Whether the interval lies on one side of zero: only then may anybody say that it rises or falls."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def theil_sen(times: Given, values: Given, level: float = 0.95) -> Slope:
    """The median of the slopes between every two points, with an interval from Kendall's tau.

    Equation (7): b = median{(y_j - y_i) / (t_j - t_i)}, i < j, t_i != t_j; intercept = median(y) - b median(t).
    Equation (8): of the N ordered slopes, those of rank (N -+ z sigma) / 2, with sigma^2 = (n (n-1) (2n+5) - ties) / 18
    and ties = sum of k (k-1) (2k+5) over groups of k equal times and of k equal values.

    Args:
        times: In years, or any other unit.
        values: One for each time.
        level: Of the interval, between 0 and 1.

    Raises:
        Invalid: for fewer than two different times, or more than `MAX_POINTS` points.
    """
    time, value = row("times", times), row("values", values)
    if len(time) != len(value) or len(time) > MAX_POINTS:
        raise Invalid("trend", f"{len(time)} times and {len(value)} values", f"as many of each, {MAX_POINTS} at most")
    if not 0 < level < 1:
        raise Invalid("level", f"{level} is no probability", "between 0 and 1, such as 0.95")
    first, second = np.triu_indices(len(time), 1)
    run = time[second] - time[first]
    slopes = np.sort((value[second] - value[first])[run != 0] / run[run != 0])
    if len(slopes) == 0:
        raise Invalid("trend", "all times are the same", "values of at least two times")
    slope = float(np.median(slopes))
    low, high = _interval(slopes, time, value, level)
    return Slope(slope, float(np.median(value) - slope * np.median(time)), low, high, level, len(time))


def _interval(slopes: Numbers, time: Numbers, value: Numbers, level: float) -> tuple[float | None, float | None]:
    n = len(time)
    variance = (n * (n - 1) * (2 * n + 5) - _ties(time) - _ties(value)) / 18
    reach = NormalDist().inv_cdf(0.5 + level / 2) * sqrt(variance)
    lower, upper = round((len(slopes) - reach) / 2) - 1, round((len(slopes) + reach) / 2)
    if lower < 0 or upper >= len(slopes):
        return None, None
    return float(slopes[lower]), float(slopes[upper])


def _ties(values: Numbers) -> int:
    counts = np.unique(values, return_counts=True)[1]
    return int((counts * (counts - 1) * (2 * counts + 5)).sum())
