"""What a comparable measure is: a number that means the same in a hamlet and in a city.

Pure: no clock, no network, no store. Equation numbers are those of `docs/comparison.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from telemetry.model import Better, Fold

UNVERIFIED: Final = "default, unverified"
EVERY_METRIC: Final = ()
"""Of `Comparable.metrics`: whatever the devices of the place are due to report."""


class Normaliser(StrEnum):
    """What is divided by what."""

    AS_MEASURED = "as measured"
    PERSON = "per person"
    HOUSEHOLD = "per household"
    MU = "per mu"
    RAIN = "per mm of rain"
    DEGREE_DAY = "per degree day"
    IN_BAND = "share of hours in band"
    OUT_OF_BAND = "share of hours out of band"
    DAYS_IN_BAND = "share of days in band"
    OUTAGE = "outage minutes per household"
    SAMPLES = "share of samples within limits"
    COMPLETENESS = "share of expected data"
    SILENCE = "minutes without any data"
    DECLARED = "as declared"


FORMULAS: Final[Mapping[Normaliser, str]] = MappingProxyType(
    {
        Normaliser.AS_MEASURED: "(1.1) mean over time of the mean of the place's devices",
        Normaliser.PERSON: "(1.2) amount / (persons x days)",
        Normaliser.HOUSEHOLD: "(1.3) amount / (households x days)",
        Normaliser.MU: "(1.4) amount / (cultivated mu x days)",
        Normaliser.RAIN: "(1.5) depth of irrigation, at 1.5 mm per m3/mu, / depth of rain",
        Normaliser.DEGREE_DAY: "(1.6) amount / (households x degree days), a day's being how far its mean temperature "
        "is outside the band",
        Normaliser.IN_BAND: "(1.7) 100 x device-hours inside the band / device-hours observed",
        Normaliser.OUT_OF_BAND: "(1.8) 100 x device-hours outside the band / device-hours observed",
        Normaliser.DAYS_IN_BAND: "(1.9) 100 x device-days without too many hours out of the band / device-days",
        Normaliser.OUTAGE: "(1.10) household-minutes without power / households observed, per observed year of 8760 h",
        Normaliser.SAMPLES: "(1.11) 100 x samples with all reported values within their limits / samples; a sample is "
        "what a device that reports the first metric says in one bucket",
        Normaliser.COMPLETENESS: "(1.12) 100 x mean share of the due readings that came and are good",
        Normaliser.SILENCE: "(1.13) minutes in which no device that was due said anything / days",
        Normaliser.DECLARED: "(1.14) the number that somebody declared for the year",
    }
)
"""In words, with the equation's number."""


class Weight(StrEnum):
    """What a region counts by when regions are put together: what the measure is per, or whom it concerns."""

    PERSONS = "persons"
    HOUSEHOLDS = "households"
    MU = "mu"
    FARMS = "farms"


@dataclass(frozen=True, slots=True)
class Limit:
    """A band of one metric, bounds inside; None = open on that side."""

    metric: str
    low: float | None
    high: float | None
    source: str = UNVERIFIED

    @property
    def verified(self) -> bool:
        """Whether somebody has read the number in the source."""
        return "unverified" not in self.source


@dataclass(frozen=True, slots=True)
class Comparable:
    """One row of the table of comparable measures."""

    id: str
    metrics: tuple[str, ...]
    """Of the catalogue; the first is the one that is divided. `EVERY_METRIC` = all of them."""
    normaliser: Normaliser
    unit: str
    """UCUM, with what is counted in braces: `L/{person}/d`."""
    better: Better
    weigh_by: Weight
    name_en: str
    name_zh: str
    limits: tuple[Limit, ...] = ()
    """Bands, for shares, samples and degree days."""
    longest_h: float | None = None
    """Of shares of days: out of the band for so many hours, a day has failed."""
    divided_by: tuple[str, ...] = ()
    """Metrics to divide by; the first that the place has is used."""
    factor: float = 1.0
    """From the metric's unit to the measure's."""
    every: str = "1h"
    """The buckets that the readings are folded into first, at least; `window` gives them for slower devices."""
    fold: Fold | None = None
    """Over time within a device, instead of the metric's own."""
    source: str = UNVERIFIED
    version: int = 1
    """Of the formula: grows when the same readings would give another number."""

    @property
    def formula(self) -> str:
        """In words, with the number of the equation."""
        return FORMULAS[self.normaliser]

    def asked(self) -> tuple[tuple[str, Fold | None], ...]:
        """The metrics whose readings are needed, each with the fold over time that replaces its own, if any.

        Empty of a measure of `EVERY_METRIC`. Of `divided_by`, the first that the place has will do.
        """
        own = tuple((metric, self.fold if place == 0 else None) for place, metric in enumerate(self.metrics))
        return own + tuple((metric, None) for metric in self.divided_by)

    def window(self, slowest_s: float | None) -> str:
        """The buckets to fold into, where the slowest device is due so many seconds apart (None = on event).

        Of a comparison, the slowest of both sides: they must have the same buckets.
        Silence is looked for in hours whoever is slow: those that are due less often do not make it.
        """
        return self.every if self.normaliser is Normaliser.SILENCE else window_of(self.every, slowest_s)

    @property
    def verified(self) -> bool:
        """Whether formula and limits were all read in their sources; else it is shown as a default."""
        return "unverified" not in self.source and all(limit.verified for limit in self.limits)


_LADDER: Final[Mapping[str, float]] = MappingProxyType(
    {"1h": 3600, "2h": 7200, "3h": 10_800, "4h": 14_400, "6h": 21_600, "8h": 28_800, "12h": 43_200}
    | {f"{days}d": days * 86_400 for days in (1, 2, 5, 10, 20)}
    | {"1mo": 31 * 86_400, "1y": 366 * 86_400}
)
"""Windows and their longest length in seconds, ascending."""


def window_of(every: str, slowest_s: float | None) -> str:
    """The shortest window, no shorter than `every`, in which each device is due at least once.

    In shorter ones a device that reports daily would seem silent in 23 hours of 24.

    Args:
        every: Of the ladder of windows from `1h` to `1y`.
        slowest_s: The longest expected interval among the devices; None = on event.
    """
    shortest = max(_LADDER[every], slowest_s or 0.0)
    return next((window for window, length in _LADDER.items() if length >= shortest), "1y")
