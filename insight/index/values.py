"""Where the numbers of an index come from: readings where a sensor measures, a declared number where none does.

Pure: no clock, no network, no store.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from insight.assessment import Assessment
from insight.declared import Declared
from insight.gate import Refusal
from insight.index.framework import Framework
from telemetry.errors import Invalid


class Origin(StrEnum):
    """What a number rests on."""

    READINGS = "readings"
    DECLARED = "declared"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class IndicatorValue:
    """The number of one indicator, and what it rests on."""

    indicator: str
    origin: Origin
    value: float | None = None
    assessment: Assessment | None = None
    """With its readings, or with the reason why they gave no number."""
    declared: Declared | None = None
    """With year, source and who entered it."""

    @property
    def refusal(self) -> Refusal | None:
        """Why readings gave no number, also where a declared one stands in for them."""
        return self.assessment.refusal if self.assessment else None


def indicator_values(
    framework: Framework, assessments: Iterable[Assessment], declared: Mapping[str, Declared]
) -> tuple[IndicatorValue, ...]:
    """One entry for each indicator of the framework, in its order: readings first, then what is declared.

    Raises:
        Invalid: for two assessments of one measure, or of different places.
    """
    by_measure: dict[str, Assessment] = {}
    for one in assessments:
        if one.measure.id in by_measure or any(other.place != one.place for other in by_measure.values()):
            raise Invalid("index", f"{one.measure.id} of {one.place} beside others", "each measure of one place once")
        by_measure[one.measure.id] = one
    return tuple(_value(one.id, by_measure.get(one.id), declared.get(one.id)) for one in framework.indicators)


def _value(indicator: str, measured: Assessment | None, declared: Declared | None) -> IndicatorValue:
    if measured is not None and measured.value is not None:
        return IndicatorValue(indicator, Origin.READINGS, measured.value, measured)
    if declared is not None:
        return IndicatorValue(indicator, Origin.DECLARED, declared.value, measured, declared)
    return IndicatorValue(indicator, Origin.NONE, None, measured)
