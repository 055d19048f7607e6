"""How far a value varies, and how far it is certain: quantiles, and days drawn again.

Pure: no clock, no network, no store; the seed is an argument. Equation numbers are those of `docs/comparison.md`.

References:
    Kuensch, H. R. 1989: The jackknife and the bootstrap for general stationary observations. Annals of Statistics 17.
    Politis, D. N., Romano, J. P. 1992: A circular block-resampling procedure for stationary data.
    Hesterberg, T. 2015: What teachers should know about the bootstrap. The American Statistician 69 (small samples).
    Hall, P., Horowitz, J. L., Jing, B.-Y. 1995: On blocking rules for the bootstrap. Biometrika 82 (length n^(1/3)).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import cbrt, sqrt
from statistics import NormalDist
from typing import Final

import numpy as np

from insight.arrays import Numbers
from insight.measures.parts import Parts

SEED: Final = 2022
"""One seed for all places: in every draw they have the same days, so that weather they shared cancels out."""
DRAWS: Final = 1000
LEVEL: Final = 0.95
FEWEST_DAYS: Final = 10
"""Of fewer days an interval would only pretend to know."""
_FEWEST_FINITE: Final = 0.9
"""Share of the draws that must have a value; a draw may hold no rain at all."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Quantiles of the days of one place, or of the places of a group."""

    p10: float
    p25: float
    p50: float
    p75: float
    p90: float
    of: int
    """How many days or places."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the value lies with this probability, as far as chance days go; it knows nothing of wrong instruments."""

    low: float
    high: float
    level: float = LEVEL


def spread(values: Sequence[float]) -> Spread | None:
    """Quantiles by linear interpolation between the ordered values, equation (2); None of nothing."""
    if not values:
        return None
    p10, p25, p50, p75, p90 = map(float, np.quantile(values, (0.1, 0.25, 0.5, 0.75, 0.9)))
    return Spread(p10, p25, p50, p75, p90, len(values))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A value in many draws of days, and how many days there were to draw from."""

    values: Numbers
    """NaN where a draw has nothing to divide by."""
    days: int


def replicates(quotient: Parts, *, draws: int = DRAWS, seed: int = SEED) -> Drawn | None:
    """The value in so many draws of days; None = too few days.

    Equation (3): blocks of L = round(n^(1/3)) days in a row, the first after the last, are drawn until there are n
    days; the value of a draw is equation (1) over its days.
    """
    count = len(quotient.over)
    if sum(under > 0 for under in quotient.under) < FEWEST_DAYS:
        return None
    times = _times(count, draws, seed)
    over, under = times @ np.asarray(quotient.over), times @ np.asarray(quotient.under)
    return Drawn(np.divide(over, under, out=np.full(draws, np.nan), where=under > 0), count)


def interval(drawn: Drawn | None, level: float = LEVEL) -> Interval | None:
    """The middle part of the draws, made wider for few days; None of nothing.

    Equation (3), continued: of k = n / L blocks, the quantiles at a = Phi(-t sqrt(k / (k - 1))) and 1 - a, with t the
    quantile of Student's distribution with k - 1 degrees (Hesterberg's expanded percentiles). Tried on days without
    memory it covers the truth as often as it says from ten days on; on days that resemble the day before (r = 0.5),
    83 times in 100 with ten days, 91 with ninety.
    """
    if drawn is None:
        return None
    finite = drawn.values[np.isfinite(drawn.values)]
    if len(finite) < _FEWEST_FINITE * len(drawn.values):
        return None
    blocks = drawn.days / _length(drawn.days)
    tail = NormalDist().cdf(-_student((1 + level) / 2, blocks - 1) * sqrt(blocks / (blocks - 1)))
    low, high = np.quantile(finite, (tail, 1 - tail))
    return Interval(float(low), float(high), level)


def _length(days: int) -> int:
    return max(1, round(cbrt(days)))


def _student(probability: float, degrees: float) -> float:
    """Quantile of Student's t, by its expansion around the normal (Abramowitz and Stegun 26.7.5); from 4 degrees on."""
    z = NormalDist().inv_cdf(probability)
    return (
        z
        + (z**3 + z) / (4 * degrees)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * degrees**3)
    )


@lru_cache(maxsize=4)
def _times(count: int, draws: int, seed: int) -> Numbers:
    """Draws x days: how many times each day was drawn. The same for all places of a county, so it is kept."""
    length = _length(count)
    starts = np.random.default_rng(seed).integers(0, count, (draws, -(-count // length)))
    days = ((starts[:, :, None] + np.arange(length)) % count).reshape(draws, -1)[:, :count]
    flat = (days + np.arange(draws)[:, None] * count).ravel()
    times = np.bincount(flat, minlength=draws * count).reshape(draws, count).astype(np.float64)
    times.setflags(write=False)
    return times
