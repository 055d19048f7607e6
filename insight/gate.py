"""When a number may be said, and why not: coverage, counts, small places.

Pure: no clock, no network, no store. A comparison is fair or refused: below the gate the answer is a reason and what
would be needed, never a number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from insight.declared import Declared, Place
from insight.measures import Comparable, Normaliser, Weight
from insight.measures.parts import divides, divisor

SMALL_CELL: Final = 5
"""Households or farms below which a public answer would speak of people one can name (k-anonymity, k = 5)."""


class Lack(StrEnum):
    """Why there is no number: the bounded set."""

    SMALL_CELL = "small_cell"
    NO_DEVICES = "no_devices"
    FEW_DEVICES = "few_devices"
    NO_READINGS = "no_readings"
    FEW_READINGS = "few_readings"
    COVERAGE_UNKNOWN = "coverage_unknown"
    LOW_COVERAGE = "low_coverage"
    NO_DENOMINATOR = "no_denominator"
    ZERO_DENOMINATOR = "zero_denominator"
    NO_BENCHMARK = "no_benchmark"
    ZERO_BENCHMARK = "zero_benchmark"
    OTHER_UNIT = "other_unit"
    FEW_PLACES = "few_places"
    FEW_INDICATORS = "few_indicators"
    SHORT_HISTORY = "short_history"
    NOT_DECLARED = "not_declared"
    OTHER_YEAR = "other_year"


WORDS: Final[Mapping[Lack, tuple[str, str]]] = MappingProxyType(
    {
        Lack.SMALL_CELL: ("too few households or farms to publish", "户数或经营主体过少,不予公开"),
        Lack.NO_DEVICES: ("no device measures this here", "当地无相应监测设备"),
        Lack.FEW_DEVICES: ("too few devices", "监测设备数量不足"),
        Lack.NO_READINGS: ("no good reading in this period", "该时段无有效数据"),
        Lack.FEW_READINGS: ("too few readings", "有效数据量不足"),
        Lack.COVERAGE_UNKNOWN: ("nobody knows how much data was due", "应到数据量未知"),
        Lack.LOW_COVERAGE: ("too much of the expected data is missing", "数据完整率不足"),
        Lack.NO_DENOMINATOR: ("the number to divide by is not declared", "缺少分母统计数"),
        Lack.ZERO_DENOMINATOR: ("there is nothing to divide by", "分母为零"),
        Lack.NO_BENCHMARK: ("there is no benchmark", "无可用对标"),
        Lack.ZERO_BENCHMARK: ("the benchmark is zero, so there is no ratio", "对标值为零,无法求比"),
        Lack.OTHER_UNIT: ("the benchmark is in another unit", "对标单位不一致"),
        Lack.FEW_PLACES: ("too few places have a number", "有数据的地区过少"),
        Lack.FEW_INDICATORS: ("too few indicators are valid", "有效指标数量不足"),
        Lack.SHORT_HISTORY: ("the history is too short", "历史数据过短"),
        Lack.NOT_DECLARED: ("nobody has declared it", "尚未填报"),
        Lack.OTHER_YEAR: ("no number of the same year is declared", "缺少同一年份的填报数据"),
    }
)
"""Each reason in English and Chinese."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no number, and what would be needed for one."""

    lack: Lack
    needed: str
    have: float | None = None
    want: float | None = None

    @property
    def words(self) -> str:
        """One sentence for people."""
        return f"{WORDS[self.lack][0]}: {self.needed}"


@dataclass(frozen=True, slots=True)
class Tally:
    """What took part in a value."""

    devices: int
    """That said at least one good thing."""
    due: int
    """Devices that measure this here, silent ones included."""
    readings: int
    excluded: int
    """Readings in doubt, left out."""
    coverage: float | None
    """Share of the due readings that took part, 0 to 1; None = unknown, as of devices that report on event."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The limits; all but the coverage and the small cell are defaults, unverified."""

    coverage: float = 0.7
    """Publish a village's value only from here on."""
    devices: int = 1
    readings: int = 24
    """Asked for only where more were due: of what is reported once a year, one is all."""
    small_cell: int = SMALL_CELL
    """Public answers about fewer households or farms are suppressed."""
    places: float = 0.7
    """A group speaks only if so much of its persons, households or land lives in places that have a value."""

    def refusal(self, measure: Comparable, place: Place, tally: Tally, *, public: bool) -> Refusal | None:
        """The first reason that forbids a number, in the order in which one would mend them; None = it may be said."""
        return (
            (self.suppressed(measure, place) if public else None)
            or self._silent(tally)
            or self._uncovered(measure, tally)
            or _undivided(measure, divisor(measure, place))
        )

    def suppressed(self, measure: Comparable, place: Place) -> Refusal | None:
        """Whether a public answer would speak of a handful of people; who is not counted might be a handful.

        Barns go by farms; land by farms where they are declared, else by households, who share a village's fields. How
        many there are is not told: with few, that is half of the answer.
        """
        counted, word = place.households, "households"
        if measure.weigh_by is Weight.FARMS or (measure.weigh_by is Weight.MU and place.farms is not None):
            counted, word = place.farms, "farms"
        if counted is not None and counted.value >= self.small_cell:
            return None
        told = f"{self.small_cell} {word} or more" + ("" if counted else "; their number is not declared")
        return Refusal(Lack.SMALL_CELL, told, None, self.small_cell)

    def _silent(self, tally: Tally) -> Refusal | None:
        if tally.due == 0:
            return Refusal(Lack.NO_DEVICES, f"{self.devices} device that measures it", 0, self.devices)
        if tally.readings == 0:
            needed = f"{self.readings} good readings; {tally.excluded} in doubt are there"
            return Refusal(Lack.NO_READINGS, needed, 0, self.readings)
        if tally.devices < self.devices:
            return Refusal(Lack.FEW_DEVICES, f"{self.devices} devices that report", tally.devices, self.devices)
        due = tally.readings / tally.coverage if tally.coverage else None
        if tally.readings < self.readings and (due is None or due >= self.readings):
            return Refusal(Lack.FEW_READINGS, f"{self.readings} good readings", tally.readings, self.readings)
        return None

    def _uncovered(self, measure: Comparable, tally: Tally) -> Refusal | None:
        if measure.normaliser in {Normaliser.COMPLETENESS, Normaliser.SILENCE}:
            return None
        if tally.coverage is None:
            return Refusal(Lack.COVERAGE_UNKNOWN, "an expected interval in the device's profile", None, self.coverage)
        if tally.coverage < self.coverage:
            needed = f"{self.coverage:.0%} of the expected data, {tally.coverage:.0%} is there"
            return Refusal(Lack.LOW_COVERAGE, needed, tally.coverage, self.coverage)
        return None


def _undivided(measure: Comparable, declared: Declared | None) -> Refusal | None:
    if not divides(measure):
        return None
    if declared is None:
        return Refusal(Lack.NO_DENOMINATOR, f"a declared number for {measure.normaliser}, with year and source")
    if declared.value == 0:
        return Refusal(Lack.ZERO_DENOMINATOR, f"more than zero for {measure.normaliser}", 0.0)
    return None


def hidden(households: Mapping[str, float | None], small_cell: int = SMALL_CELL) -> frozenset[str]:
    """The places of one parent that a public table must leave out.

    Where just one is small, its number could be had by taking the others from the parent's total: so the next smallest
    one is left out with it. Places whose households nobody has declared are left out, too.
    """
    small = {code for code, count in households.items() if count is None or count < small_cell}
    rest = sorted((count or 0.0, code) for code, count in households.items() if code not in small)
    if len(small) == 1 and rest:
        small.add(rest[0][1])
    return frozenset(small)
