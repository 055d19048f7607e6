"""Whether village and city rise together: the coupling coordination degree of their composites.

Pure: no clock, no network, no store. Equation numbers are those of `docs/comparison.md`. The degree C alone misleads:
two equally poor places are perfectly coupled. So D is what is classed.

References:
    [CCD1] Mathematical Problems in Engineering 2022, 2969206, table 4 (values). [CCD2] Acta Geographica Sinica 2021
    76(4) 781, table 1 (ten classes). [CCD3] Journal of Natural Resources 2020 35(9) 2044, table 2 (lag types).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from insight.arrays import Numbers, Table, table, weights
from telemetry.errors import Invalid

FLOOR: Final = 0.001
"""A subsystem at zero would make everything zero: it is lifted to here, and the answer says so."""
SYNCHRONOUS: Final = 0.1
"""Composites that differ by no more than this rise together [CCD3]."""
TOLERANCE: Final = 1e-9
"""So that 0.3 + 0.1 is not above 0.4."""


class Coordination(StrEnum):
    """The ten classes of D, each a tenth wide, its upper bound inside [CCD2]."""

    EXTREME_DISORDER = "extreme disorder"
    SERIOUS_DISORDER = "serious disorder"
    MODERATE_DISORDER = "moderate disorder"
    MILD_DISORDER = "mild disorder"
    NEAR_DISORDER = "near disorder"
    BARELY = "barely coordinated"
    PRIMARY = "primary coordination"
    INTERMEDIATE = "intermediate coordination"
    GOOD = "good coordination"
    QUALITY = "quality coordination"


class Stage(StrEnum):
    """The four classes of C, upper bound inside [CCD2]."""

    LOW = "low coupling"
    ANTAGONISM = "antagonism"
    RUNNING_IN = "running-in"
    HIGH = "high coupling"


class Lag(StrEnum):
    """Which side is behind [CCD3]."""

    RURAL = "rural lags"
    URBAN = "urbanisation lags"
    NONE = "synchronous"


@dataclass(frozen=True, slots=True)
class Coupled:
    """Village and city composites, coupled."""

    coupling: float
    development: float
    coordination: float
    stage: Stage
    grade: Coordination
    lag: Lag
    floored: bool
    """One of the composites was zero and stands at `FLOOR`."""


@dataclass(frozen=True, slots=True)
class Degrees:
    """C, T and D of many places; one entry each."""

    coupling: Numbers
    development: Numbers
    coordination: Numbers


def degrees(systems: Table, shares: tuple[float, ...] | None = None) -> Degrees:
    """C, T and D of n subsystems per row; NaN where one of them is NaN.

    Equation (14): C = n (prod U)^(1/n) / sum U. Equation (15): T = sum a_k U_k. Equation (16): D = sqrt(C T).

    Args:
        systems: One row per place, one column per subsystem, from 0 to 1.
        shares: The weight of each subsystem in T; None = all the same.

    Raises:
        Invalid: for a value outside 0 to 1, or fewer than two subsystems.
    """
    values = table("composites", systems, gaps=True)
    count = values.shape[1]
    if count < 2 or ((values < 0) | (values > 1)).any():  # noqa: PLR2004 -- coupling is of two at least
        raise Invalid("composites", "outside 0 to 1, or fewer than two", "two or more composites from 0 to 1")
    part = weights("shares", shares or (1.0,) * count, count)
    lifted = np.maximum(values, FLOOR)
    coupling = np.minimum(count * np.exp(np.log(lifted).mean(axis=1)) / lifted.sum(axis=1), 1.0)
    development = lifted @ part
    return Degrees(coupling, development, np.sqrt(coupling * development))


def coupled(urban: float, rural: float, urban_share: float = 0.5) -> Coupled:
    """C, T and D of a city and a village, with class and lag type; equations (14) to (16) for two subsystems.

    Raises:
        Invalid: for a composite outside 0 to 1.
    """
    found = degrees([[urban, rural]], (urban_share, 1 - urban_share))
    grade = float(found.coordination[0])
    return Coupled(
        float(found.coupling[0]),
        float(found.development[0]),
        grade,
        stage(float(found.coupling[0])),
        graded(grade),
        lag(urban, rural),
        floored=min(urban, rural) < FLOOR,
    )


def graded(coordination: float) -> Coordination:
    """The class of a D."""
    return tuple(Coordination)[_class(coordination, tuple(step / 10 for step in range(1, 10)))]


def stage(coupling: float) -> Stage:
    """The class of a C."""
    return tuple(Stage)[_class(coupling, (0.3, 0.5, 0.8))]


def lag(urban: float, rural: float) -> Lag:
    """Which of two composites is behind by more than `SYNCHRONOUS`."""
    if abs(urban - rural) <= SYNCHRONOUS + TOLERANCE:
        return Lag.NONE
    return Lag.RURAL if urban > rural else Lag.URBAN


def _class(value: float, uppers: tuple[float, ...]) -> int:
    return sum(value > upper + TOLERANCE for upper in uppers)
