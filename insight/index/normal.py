"""Bringing quantities of different units to one scale from 0 (worst) to 1 (best).

Pure: no clock, no network, no store. Equation numbers are those of `docs/comparison.md`. Fixed goalposts keep years
and places comparable; the smallest and largest of a sample move whenever somebody joins it.
"""

import numpy as np

from insight.arrays import Given, Numbers, Table, row, table
from telemetry.errors import Invalid
from telemetry.model import Better


def goalposts(values: Table, worst: Given, best: Given) -> Numbers:
    """Each column between its goalposts, cut off at 0 and 1; NaN stays NaN.

    Equation (9): s = (x - worst) / (best - worst). Where less is better, worst is the larger one.

    Raises:
        Invalid: for goalposts that are the same, or do not pair up with the columns.
    """
    numbers = table("indicators", values, gaps=True)
    zero, one = row("worst", worst), row("best", best)
    if not len(zero) == len(one) == numbers.shape[1] or (zero == one).any():
        raise Invalid("goalposts", "the same, or not one pair for each indicator", "a worst and a best that differ")
    # In place: a table of the country's villages is large.
    scaled = numbers - zero
    scaled /= one - zero
    return np.clip(scaled, 0.0, 1.0, out=scaled)


def min_max(values: Given, better: Better) -> Numbers:
    """One column between the smallest and the largest of the sample; 0.5 throughout when they are the same.

    Equation (9), with the sample's own goalposts.

    Raises:
        Invalid: for a direction that points no way.
    """
    numbers = row("indicator", values)
    if better is Better.NEITHER:
        raise Invalid("direction", better, "higher or lower")
    low, high = float(numbers.min()), float(numbers.max())
    if low == high:
        return np.full(len(numbers), 0.5)
    worst, best = (low, high) if better is Better.HIGHER else (high, low)
    return goalposts(numbers[:, None], [worst], [best])[:, 0]


def winsorised(values: Given, share: float = 0.05) -> Numbers:
    """One column with its lowest and highest values pulled in to the quantiles `share` and 1 - `share`.

    Raises:
        Invalid: for a share that leaves nothing.
    """
    if not 0 <= share < 0.5:  # noqa: PLR2004 -- one half from either side is all
        raise Invalid("share", f"{share}", "from 0 to below 0.5")
    numbers = row("indicator", values)
    low, high = np.quantile(numbers, (share, 1 - share))
    return np.clip(numbers, low, high)
