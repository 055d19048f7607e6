"""From scores to one number: geometric means within dimensions, a weighted mean between them, or a refusal.

Pure: no clock, no network, no store. Equation numbers are those of `docs/comparison.md`. Works on whole countries:
rows are looked at in chunks, so memory stays that of the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from insight.arrays import Numbers, Table, table
from insight.comparison import parity_score
from insight.gate import Lack, Refusal
from insight.index.framework import Dimension, Framework
from insight.index.normal import goalposts
from telemetry.errors import Invalid

FLOOR: Final = 0.01
"""A score of zero counts as this in a geometric mean: else one indicator at its worst would hide all the others."""
CHUNK: Final = 32_768
"""Rows at a time: a few tens of megabytes beside the table."""


@dataclass(frozen=True, slots=True)
class Composites:
    """Of many places, one row each."""

    dimensions: Numbers
    """Places x dimensions, 0 to 1; NaN = no indicator of the dimension is valid, or too few in all."""
    overall: Numbers
    """0 to 1; NaN = too few indicators are valid."""
    valid: Numbers
    """Share of the indicators that have a value."""


@dataclass(frozen=True, slots=True)
class Index:
    """Of one place; a value or a refusal."""

    framework: str
    version: int
    overall: float | None
    dimensions: Mapping[Dimension, float | None]
    scores: Mapping[str, float]
    """Of the indicators that have one, 0 to 1."""
    valid: int
    required: int
    refusal: Refusal | None = None


def scores(values: Table, framework: Framework) -> Numbers:
    """Places x indicators, each between its goalposts; equation (9). NaN = no value."""
    worst, best = ([getattr(one, post) for one in framework.indicators] for post in ("worst", "best"))
    return goalposts(values, worst, best)


def composites(scored: Table, framework: Framework) -> Composites:
    """Dimensions and index of many places.

    Equation (12): S_d = exp(sum w_i ln max(s_i, 0.01) / sum w_i) over the valid indicators of a dimension.
    Equation (13): I = sum W_d S_d / sum W_d over the dimensions that have any; only with `least_valid` of all
    indicators.

    Raises:
        Invalid: for scores outside 0 to 1, or of other columns than the framework's.
    """
    numbers = table("scores", scored, gaps=True)
    _check_scores(numbers, framework)
    dimensions = np.empty((len(numbers), len(framework.dimensions)))
    overall, valid = np.empty(len(numbers)), np.empty(len(numbers))
    within = (framework.membership * framework.weights).T
    shares = framework.shares
    for first in range(0, len(numbers), CHUNK):
        rows = slice(first, first + CHUNK)
        part = numbers[rows]
        known = ~np.isnan(part)
        logs = np.log(np.maximum(np.where(known, part, 1.0), FLOOR))
        held = known @ within
        means = np.exp(np.divide(logs @ within, held, out=np.full_like(held, np.nan), where=held > 0))
        has = held > 0
        valid[rows] = known.mean(axis=1)
        enough = valid[rows] >= framework.least_valid
        index = np.nan_to_num(means) @ shares / np.maximum(has @ shares, np.finfo(float).tiny)
        overall[rows] = np.where(enough, index, np.nan)
        dimensions[rows] = np.where(enough[:, None], means, np.nan)
    return Composites(dimensions, overall, valid)


def indexed(values: Mapping[str, float | None], framework: Framework) -> Index:
    """The index of one place, from the values of its indicators; those that are missing or None have none.

    Raises:
        Invalid: for a value of an indicator that the framework does not have.
    """
    if unknown := values.keys() - {one.id for one in framework.indicators}:
        raise Invalid(f"framework {framework.id}", f"no indicator {', '.join(sorted(unknown))}", "those it has")
    given = [[np.nan if (value := values.get(one.id)) is None else value for one in framework.indicators]]
    return _index(scores(given, framework), framework)


def parity_indexed(
    place: Mapping[str, float | None],
    benchmark: Mapping[str, float | None],
    framework: Framework,
) -> Index:
    """The index of one place by its parity with a benchmark instead of goalposts; what either lacks has no score.

    Each score is min(1, parity), equation (4): the benchmark itself would have 1 throughout.

    Raises:
        Invalid: for values below zero, which have no parity.
    """
    row = []
    for one in framework.indicators:
        here, there = place.get(one.id), benchmark.get(one.id)
        row.append(np.nan if here is None or there is None else parity_score(here, there, one.better))
    return _index(np.array([row]), framework)


def _index(scored: Numbers, framework: Framework) -> Index:
    known = ~np.isnan(scored[0])
    found = composites(scored, framework)
    refusal = None
    if np.isnan(found.overall[0]):
        needed = f"{framework.least_valid:.0%} of {known.size} indicators; {known.sum()} have a value"
        refusal = Refusal(Lack.FEW_INDICATORS, needed, float(found.valid[0]), framework.least_valid)
    means = (None if np.isnan(mean) else float(mean) for mean in found.dimensions[0])
    named = zip(framework.indicators, scored[0], known, strict=True)
    return Index(
        framework.id,
        framework.version,
        None if refusal else float(found.overall[0]),
        MappingProxyType(dict(zip(framework.dimensions, means, strict=True))),
        MappingProxyType({one.id: float(score) for one, score, valid in named if valid}),
        int(known.sum()),
        known.size,
        refusal,
    )


def ranks(overall: Numbers, groups: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The rank of each place within its group, 1 = best, equal values sharing the better one; 0 = no value, no rank."""
    if len(overall) != len(groups):
        raise Invalid("groups", f"{len(groups)} for {len(overall)} places", "one for each place")
    known = np.flatnonzero(~np.isnan(overall))
    order = known[np.lexsort((-overall[known], groups[known]))]
    group, value = groups[order], overall[order]
    position = np.arange(len(order))
    new_group = np.r_[True, group[1:] != group[:-1]] if len(order) else np.zeros(0, bool)
    new_value = new_group | np.r_[True, value[1:] != value[:-1]] if len(order) else new_group
    first = np.maximum.accumulate(np.where(new_group, position, 0))
    shared = np.maximum.accumulate(np.where(new_value, position, 0))
    found = np.zeros(len(overall), np.int64)
    found[order] = shared - first + 1
    return found


def _check_scores(numbers: Numbers, framework: Framework) -> None:
    if numbers.shape[1] != len(framework.indicators):
        raise Invalid("scores", f"{numbers.shape[1]} columns", f"{len(framework.indicators)}, as in the framework")
    if np.nanmin(numbers, initial=0.0) < 0 or np.nanmax(numbers, initial=1.0) > 1:
        raise Invalid("scores", "outside 0 to 1", "scores between goalposts, or parity scores")
