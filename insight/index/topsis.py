"""TOPSIS: how near a place is to the best and how far from the worst; a cross-check of the composite.

Pure: no clock, no network, no store. Equation numbers are those of `docs/comparison.md`.

References:
    Hwang, C. L., Yoon, K. 1981: Multiple Attribute Decision Making (formula from general knowledge, unverified).
"""

from collections.abc import Sequence

import numpy as np

from insight.arrays import Given, Numbers, Table, table
from insight.arrays import weights as shares
from telemetry.errors import Invalid
from telemetry.model import Better


def topsis(values: Table, weights: Given, better: Sequence[Better]) -> Numbers:
    """The closeness of each place to the ideal, 0 to 1; 0.5 for all when nothing tells them apart.

    Equation (11): r_ij = x_ij / sqrt(sum_i x_ij^2), v = w r, A+ and A- the best and the worst of each column,
    C = D- / (D+ + D-) with the euclidean distances to them.

    Args:
        values: One row per place, one column per indicator; no gaps.
        weights: One per column.
        better: Which way each column points.

    Raises:
        Invalid: for a direction that points no way, or numbers that do not pair up.
    """
    numbers = table("indicators", values)
    if len(better) != numbers.shape[1] or Better.NEITHER in better:
        raise Invalid("directions", ", ".join(better), "higher or lower, one for each column")
    length = np.sqrt((numbers**2).sum(axis=0))
    scaled = np.divide(numbers, length, out=np.zeros_like(numbers), where=length > 0)
    scaled = scaled * shares("weights", weights, numbers.shape[1])
    rising = np.asarray([way is Better.HIGHER for way in better])
    best = np.where(rising, scaled.max(axis=0), scaled.min(axis=0))
    worst = np.where(rising, scaled.min(axis=0), scaled.max(axis=0))
    to_best = np.sqrt(((scaled - best) ** 2).sum(axis=1))
    to_worst = np.sqrt(((scaled - worst) ** 2).sum(axis=1))
    way = to_best + to_worst
    closeness: Numbers = np.divide(to_worst, way, out=np.full_like(way, 0.5), where=way > 0)
    return closeness
