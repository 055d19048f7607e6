"""Villages like this one: so that the city is not the only mirror.

Pure: no clock, no network, no store. Equation numbers are those of `docs/comparison.md`. What a region's row does not
hold (terrain, crop, climate) is declared here if known; a trait that is not known for both takes no part.

References:
    Gower, J. C. 1971: A general coefficient of similarity and some of its properties. Biometrics 27, 857-871.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from math import log
from types import MappingProxyType
from typing import Final

import numpy as np

from insight.arrays import Numbers
from telemetry.errors import Invalid


@dataclass(frozen=True, slots=True)
class Traits:
    """What makes villages alike; None = not known."""

    code: str
    terrain: str | None = None
    """Of `telemetry.declared_words`, as the crop."""
    crop: str | None = None
    """The main one."""
    persons: float | None = None
    """`Region.population`."""
    rain_mm: float | None = None
    """Of an average year."""
    temperature: float | None = None
    """Mean of an average year, Cel."""
    elevation_m: float | None = None


class Scale(StrEnum):
    """How a trait is compared."""

    SAME = "same or not"
    LINEAR = "difference over the range"
    LOG = "difference of logarithms over their range"


@dataclass(frozen=True, slots=True)
class Trait:
    """One column of `Traits`: how it is compared, and what it counts."""

    name: str
    scale: Scale
    weight: float
    span: float | None = None
    """Range to divide by, of logarithms for LOG; None = that of those compared, which varies with who is asked."""
    source: str = "default, unverified"


TRAITS: Final = (
    Trait("terrain", Scale.SAME, 2),
    Trait("crop", Scale.SAME, 2),
    Trait("persons", Scale.LOG, 1, log(100)),
    Trait("rain_mm", Scale.LINEAR, 1, 1800),
    Trait("temperature", Scale.LINEAR, 1, 25),
    Trait("elevation_m", Scale.LINEAR, 1, 3000),
)
"""The columns and weights that a county may replace."""

FEWEST_KNOWN: Final = 0.5
"""Of the traits' weight, so much must be known for both, or nobody can say that they are alike."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A similar place."""

    code: str
    distance: float
    """0 = alike in everything known, 1 = in nothing."""
    known: float
    """Share of the traits' weight that was known for both."""
    parts: Mapping[str, float]
    """The distance in each trait that was known for both."""


def nearest(
    place: Traits,
    others: Sequence[Traits],
    count: int = 5,
    *,
    columns: Sequence[Trait] = TRAITS,
    fewest_known: float = FEWEST_KNOWN,
) -> tuple[Peer, ...]:
    """At most so many of the others, the most similar ones first; none of whom too little is known.

    Equation (22): d_ij = sum_k w_k delta_ijk d_ijk / sum_k w_k delta_ijk; d_ijk is 0 or 1 for a word, and
    |x_ik - x_jk| / span_k cut off at 1 for a number; delta_ijk = 1 where both are known.

    Raises:
        Invalid: for a column that there is not, or a count below one.
    """
    if count < 1:
        raise Invalid("peers", f"{count} of them", "one or more")
    rest = [other for other in others if other.code != place.code]
    if not rest:
        return ()
    apart = np.array([_apart(column, place, rest) for column in columns])
    weights = np.array([column.weight for column in columns])
    seen = ~np.isnan(apart)
    known = weights @ seen
    total = np.divide(weights @ np.nan_to_num(apart), known, out=np.ones(len(rest)), where=known > 0)
    share = known / weights.sum()
    order = sorted(range(len(rest)), key=lambda one: (total[one], rest[one].code))
    return tuple(
        Peer(rest[one].code, float(total[one]), float(share[one]), _named(columns, apart[:, one]))
        for one in order
        if share[one] > 0 and share[one] >= fewest_known
    )[:count]


def _named(columns: Sequence[Trait], apart: Numbers) -> Mapping[str, float]:
    known = {column.name: float(part) for column, part in zip(columns, apart, strict=True) if not np.isnan(part)}
    return MappingProxyType(known)


def _apart(column: Trait, place: Traits, others: Sequence[Traits]) -> Numbers:
    """d_ijk of one trait; NaN where it is not known for both."""
    if column.name not in {field.name for field in fields(Traits)} - {"code"}:
        raise Invalid("traits", f"{column.name!r} is none", ", ".join(field.name for field in fields(Traits)))
    mine = getattr(place, column.name)
    theirs = [getattr(other, column.name) for other in others]
    if mine is None:
        return np.full(len(others), np.nan)
    if column.scale is Scale.SAME:
        return np.array([np.nan if word is None else float(word != mine) for word in theirs])
    numbers = np.array([mine, *theirs], np.float64)
    if column.scale is Scale.LOG:
        numbers = np.log(np.where(numbers > 0, numbers, np.nan))
    span = column.span or float(np.nanmax(numbers) - np.nanmin(numbers))
    difference = np.abs(numbers[1:] - numbers[0])
    return np.minimum(difference / span, 1.0) if span > 0 else np.where(np.isnan(difference), np.nan, 0.0)
