"""How much of a rank is chance of the weights: the ranks of a place when experts might have weighed otherwise.

Pure: no clock, no network, no store; the seed is an argument. Equation numbers are those of `docs/comparison.md`.

References:
    OECD, JRC 2008: Handbook on constructing composite indicators, step 7 (uncertainty and sensitivity analysis).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from insight.arrays import Numbers, Table, table
from insight.index.composite import FLOOR, composites, ranks
from insight.index.framework import Framework
from telemetry.errors import Invalid

DRAWS: Final = 1000
SPREAD: Final = 0.25
"""A weight may be off by a quarter either way (default, unverified)."""
MOST_PLACES: Final = 20_000
"""Ranks are kept for every draw: a county or a city at a time."""
_AT_ONCE: Final = 250_000
"""Numbers of a block of draws; it stays in the processor's cache."""

Ranks = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RankIntervals:
    """One entry per place; 0 where a place has no value, and so no rank."""

    rank: Ranks
    """With the weights as they are; 1 = best."""
    low: Ranks
    high: Ranks
    """Between these lie the ranks of so many of the draws."""
    level: float
    draws: int


def rank_intervals(  # noqa: PLR0913 -- one question, each part of it named
    scored: Table,
    framework: Framework,
    *,
    draws: int = DRAWS,
    spread: float = SPREAD,
    level: float = 0.9,
    seed: int = 2022,
) -> RankIntervals:
    """The rank of each place among these, and how far it moves when all weights are drawn anew.

    Equation (21): w' = w u with u uniform in [1 - spread, 1 + spread], for every indicator and dimension, made to
    add up to 1 again; equations (12) and (13) with w'; the interval holds `level` of the ranks.

    Raises:
        Invalid: for more than `MOST_PLACES` places, or a spread or level outside 0 to 1.
    """
    numbers = table("scores", scored, gaps=True)
    if len(numbers) > MOST_PLACES or not 0 < level < 1 or not 0 <= spread < 1 or draws < 1:
        raise Invalid(
            "rank intervals",
            f"{len(numbers)} places, spread {spread}, level {level}, {draws} draws",
            f"{MOST_PLACES} places at most, spread from 0 to below 1, level between 0 and 1, a draw or more",
        )
    overall = composites(numbers, framework).overall
    plain = ranks(overall, np.zeros(len(numbers), np.int64))
    answered = np.flatnonzero(~np.isnan(overall))
    low, high = np.zeros_like(plain), np.zeros_like(plain)
    if len(answered):
        drawn = _ranks(numbers[answered], framework, draws, spread, np.random.default_rng(seed))
        tail = (1 - level) / 2
        first, last = int(tail * draws), max(0, draws - 1 - int(tail * draws))
        drawn = np.partition(drawn.T, (first, last), axis=1)
        low[answered], high[answered] = drawn[:, first], drawn[:, last]
    return RankIntervals(plain, low, high, level, draws)


def _ranks(
    numbers: Numbers, framework: Framework, draws: int, spread: float, rng: np.random.Generator
) -> npt.NDArray[np.int32]:
    """Draws x places."""
    count = len(framework.indicators)
    weights = framework.weights * rng.uniform(1 - spread, 1 + spread, (draws, count))
    shares = framework.shares * rng.uniform(1 - spread, 1 + spread, (draws, len(framework.dimensions)))
    known = ~np.isnan(numbers)
    logs = np.log(np.maximum(np.where(known, numbers, 1.0), FLOOR)).T
    counted = known.T.astype(np.float64)
    found = np.empty((draws, len(numbers)), np.int32)
    step = max(1, _AT_ONCE // len(numbers))
    position = np.arange(1, len(numbers) + 1, dtype=np.int32)
    for first in range(0, draws, step):
        rows = slice(first, first + step)
        overall = _overall(logs, counted, weights[rows], shares[rows], framework.columns)
        # Places with the same scores share a rank, whatever the last bit of a sum says.
        falling = -np.round(overall, 12)
        order = np.argsort(falling, axis=1)
        falling = np.take_along_axis(falling, order, axis=1)
        new = np.ones(falling.shape, bool)
        new[:, 1:] = falling[:, 1:] != falling[:, :-1]
        np.put_along_axis(found[rows], order, np.maximum.accumulate(np.where(new, position, 0), axis=1), axis=1)
    return found


def _overall(
    logs: Numbers, counted: Numbers, weights: Numbers, shares: Numbers, columns: npt.NDArray[np.int64]
) -> Numbers:
    """Equations (12) and (13) for a block of draws at once."""
    total, held = np.zeros((len(weights), logs.shape[1])), np.zeros((len(weights), logs.shape[1]))
    for dimension in range(shares.shape[1]):
        mine = np.flatnonzero(columns == dimension)
        weight = weights[:, mine] @ counted[mine]
        has = weight > 0
        mean = np.exp((weights[:, mine] @ logs[mine]) / np.where(has, weight, 1.0))
        share = shares[:, dimension, None] * has
        total += share * mean
        held += share
    return total / held
