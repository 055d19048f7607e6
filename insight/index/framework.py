"""What the index of a place is made of: dimensions, indicators, goalposts and weights, as data.

Pure: no clock, no network, no store. All goalposts and weights are defaults that nobody has confirmed: a county or its
experts replace them by a framework of their own, with a version of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from insight.arrays import Numbers
from insight.figures import STATISTICS
from insight.measures import COMPARABLES
from telemetry.errors import Invalid
from telemetry.model import Better

UNVERIFIED: Final = "default, unverified"


class Dimension(StrEnum):
    """The six sides of a digital village."""

    INFRASTRUCTURE = "infrastructure"
    PRODUCTION = "production"
    ENVIRONMENT = "environment"
    SERVICE = "service"
    GOVERNANCE = "governance"
    RESILIENCE = "resilience"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One column of the index."""

    id: str
    """A measure, taken from readings, or a statistic, declared."""
    dimension: Dimension
    worst: float
    """Scores 0."""
    best: float
    """Scores 1."""
    weight: float = 1.0
    """Within its dimension."""
    source: str = UNVERIFIED
    """Of goalposts and weight."""

    @property
    def better(self) -> Better:
        """Which way it points: the way its goalposts do."""
        return Better.HIGHER if self.best > self.worst else Better.LOWER


@dataclass(frozen=True, slots=True)
class Framework:
    """An index: its indicators, what its dimensions count, and when it may be published."""

    id: str
    version: int
    indicators: tuple[Indicator, ...]
    dimensions: Mapping[Dimension, float]
    """Weights between dimensions; they are made to add up to 1."""
    least_valid: float = 0.7
    """Share of the indicators that must have a value."""
    source: str = UNVERIFIED

    def __post_init__(self) -> None:
        """Raise `Invalid` for weights or goalposts that make no index."""
        ids = [one.id for one in self.indicators]
        used = {one.dimension for one in self.indicators}
        if not ids or len(ids) != len(set(ids)):
            raise Invalid(f"framework {self.id}", "no indicators, or one twice", "each indicator once")
        if used != set(self.dimensions) or any(weight <= 0 for weight in self.dimensions.values()):
            raise Invalid(f"framework {self.id}", "dimensions", "a positive weight for each one that has indicators")
        for one in self.indicators:
            if one.weight <= 0 or one.worst == one.best:
                raise Invalid(
                    f"framework {self.id}, {one.id}", "weight or goalposts", "weight > 0, worst and best differ"
                )

    @property
    def weights(self) -> Numbers:
        """Of the indicators, adding up to 1 in each dimension."""
        given = np.array([one.weight for one in self.indicators])
        return np.asarray(given / (self.membership @ given)[self.columns], np.float64)

    @property
    def shares(self) -> Numbers:
        """Of the dimensions, in their order, adding up to 1."""
        given = np.array(list(self.dimensions.values()), np.float64)
        return np.asarray(given / given.sum(), np.float64)

    @property
    def columns(self) -> npt.NDArray[np.int64]:
        """For each indicator, the position of its dimension."""
        order = {dimension: place for place, dimension in enumerate(self.dimensions)}
        return np.array([order[one.dimension] for one in self.indicators], np.int64)

    @property
    def membership(self) -> Numbers:
        """Dimensions x indicators: 1 where an indicator belongs."""
        belongs = np.arange(len(self.dimensions))[:, None] == self.columns
        return np.asarray(belongs, np.float64)


def checked(framework: Framework, known: Iterable[str] = ()) -> Framework:
    """The framework, if every indicator is a measure or a statistic whose direction its goalposts follow.

    Args:
        framework: What is checked.
        known: Further indicator ids that somebody declares.

    Raises:
        Invalid: naming the indicator and what is wrong.
    """
    directions = {row.id: row.better for row in COMPARABLES.values()} | {
        row.id: row.better for row in STATISTICS.values()
    }
    for one in framework.indicators:
        better = directions.get(one.id)
        if better is None and one.id not in set(known):
            raise Invalid(f"framework {framework.id}", f"{one.id!r} is unknown", "a comparable measure or a statistic")
        if better is not None and one.better is not better:
            raise Invalid(f"framework {framework.id}, {one.id}", "goalposts point the other way", f"{better} is better")
    return framework


_I, _P, _E = Dimension.INFRASTRUCTURE, Dimension.PRODUCTION, Dimension.ENVIRONMENT
_S, _G, _R = Dimension.SERVICE, Dimension.GOVERNANCE, Dimension.RESILIENCE
# fmt: off
DIGITAL_VILLAGE: Final = Framework("digital-village", 1, (
    Indicator("voltage_in_band", _I, 80, 100),
    Indicator("outage_minutes", _I, 3000, 0),
    Indicator("water_assured_days", _I, 80, 100),
    Indicator("silent_minutes", _I, 240, 0),
    Indicator("broadband_coverage", _I, 0, 100),
    Indicator("road_access", _I, 0, 100),
    Indicator("irrigation_per_rain", _P, 3, 0),
    Indicator("vaccination_coverage", _P, 50, 100),
    Indicator("production_informatisation", _P, 0, 100),
    Indicator("traceability", _P, 0, 100),
    Indicator("online_sales_share", _P, 0, 50),
    Indicator("polluted_air_hours", _E, 50, 0),
    Indicator("pm25", _E, 75, 10),
    Indicator("surface_water_met", _E, 0, 100),
    Indicator("noise_level", _E, 70, 40),
    Indicator("drinking_water_per_person", _S, 20, 120),
    Indicator("water_samples_met", _S, 50, 100),
    Indicator("electricity_per_household", _S, 0, 10),
    Indicator("parcels_received_per_person", _S, 0, 0.3),
    Indicator("online_service_rate", _S, 0, 100),
    Indicator("ecommerce_stations", _S, 0, 100),
    Indicator("internet_users", _S, 0, 100),
    Indicator("affairs_disclosure", _G, 0, 100),
    Indicator("bright_eyes_coverage", _G, 0, 100),
    Indicator("data_completeness", _G, 0, 100),
    Indicator("water_assurance", _R, 80, 100),
    Indicator("groundwater_depth", _R, 30, 3),
    Indicator("emergency_plan", _R, 0, 100),
), MappingProxyType(dict.fromkeys(Dimension, 1.0)))
# fmt: on
"""The platform's own proposal; six dimensions that count the same."""
