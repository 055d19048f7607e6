"""What this house said of a month or year that is over, and whether the present still says so. Pure: no clock."""

import math
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from telemetry.window import Unit, Window, edges

_SAME = 1e-9
"""Relative; readings and their rollups add up in another order."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A number that was said of a place and period, or that there is none."""

    subject: str
    """A measure, or an index and how it was scored."""
    region: str
    benchmark: str
    """What the place was held against; empty = nothing."""
    start: int
    stop: int
    formula: int
    """Version of the definition."""
    value: float | None
    """None = it was refused."""
    benchmark_value: float | None
    said_at: int
    """Milliseconds, as all instants."""


def is_over(start: int, stop: int, zone: ZoneInfo, now: int) -> bool:
    """Whether this is one whole month or year of the zone's calendar that has ended."""
    return stop <= now and any(
        edges(Window(1, unit, zone), start, stop) == (start, stop) for unit in (Unit.MONTH, Unit.YEAR)
    )


def differs(one: Statement, other: Statement) -> bool:
    """Whether two statements of the same thing are not the same: in a number, or in how it was computed."""
    pairs = ((one.value, other.value), (one.benchmark_value, other.benchmark_value))
    return one.formula != other.formula or not all(_same(here, there) for here, there in pairs)


def _same(here: float | None, there: float | None) -> bool:
    if here is None or there is None:
        return here is there
    return math.isclose(here, there, rel_tol=_SAME, abs_tol=_SAME)
