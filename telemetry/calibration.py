"""Calibrations: what a device's values, or other quantities computed from them, come to, and since when.

A curve takes a value in the catalogue's unit of its input, after unit conversion and the profile's own gain and offset,
and gives one in the catalogue's unit of its metric. Outside of what it was made from it does not go on: it holds its
last value, or in the case of a rating goes on a little, and says that this is estimated.
Pure: no clock, no network, no store.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import NamedTuple, Protocol

import msgspec

__all__ = [
    "Calibrated",
    "Calibration",
    "Computed",
    "Course",
    "Curve",
    "Linear",
    "Polynomial",
    "Rating",
    "Recalibrated",
    "Recalibration",
    "Segment",
    "Table",
    "by_series",
    "current",
    "end",
    "entered",
    "lasting",
    "periods",
]

BEYOND = 1.5
"""A rating is extrapolated to so many times its measured range (domain rule for stage and discharge), no further."""
_LARGEST = 1e300
"""No curve leaves the numbers that a store can hold."""


class Computed(NamedTuple):
    """What a curve gives."""

    value: float
    estimated: bool
    """The input lies outside of what the curve was made from."""


class Linear(msgspec.Struct, frozen=True, tag_field="kind", tag="linear"):
    """y = gain * x + offset."""

    gain: float = 1.0
    offset: float = 0.0

    def computed(self, x: float) -> Computed:
        return _held(self.gain * x + self.offset)


class Polynomial(msgspec.Struct, frozen=True, tag_field="kind", tag="polynomial"):
    """y = c0 + c1 x + c2 x2 + ..."""

    coefficients: tuple[float, ...]

    def computed(self, x: float) -> Computed:
        value = 0.0
        for coefficient in reversed(self.coefficients):
            value = value * x + coefficient
        return _held(value)


class Table(msgspec.Struct, frozen=True, tag_field="kind", tag="table"):
    """Straight lines between points of ascending x: a reservoir's storage by its stage, a sensor's certificate."""

    points: tuple[tuple[float, float], ...]

    def computed(self, x: float) -> Computed:
        points = self.points
        place = bisect_right(points, x, key=_x)
        if place == 0:
            return Computed(points[0][1], estimated=True)
        x0, y0 = points[place - 1]
        if place == len(points):
            return Computed(y0, estimated=x > x0)
        x1, y1 = points[place]
        return Computed(y0 + (y1 - y0) * ((x - x0) / (x1 - x0)), estimated=False)


class Segment(msgspec.Struct, frozen=True):
    """Of a rating: Q = a (z - z0)^b for low <= z <= high."""

    low: float
    high: float
    a: float
    z0: float
    """Stage at which this segment's discharge would cease."""
    b: float

    def discharge(self, z: float) -> float:
        """m3/s; 0 at z0 and below."""
        return self.a * float(max(0.0, z - self.z0) ** self.b)


class Rating(msgspec.Struct, frozen=True, tag_field="kind", tag="rating"):
    """Discharge by stage, a power law for each segment of the stage, in ascending order and without gaps."""

    segments: tuple[Segment, ...]

    @property
    def reach(self) -> float:
        """Up to which stage it is extrapolated."""
        lowest = self.segments[0].low
        return lowest + BEYOND * (self.segments[-1].high - lowest)

    def computed(self, x: float) -> Computed:
        """At the stage x; 0, and not estimated, where the bed is dry."""
        first, last = self.segments[0], self.segments[-1]
        if x <= first.z0:
            return Computed(0.0, estimated=False)
        place = bisect_right(self.segments, x, key=_low)
        segment = self.segments[max(place - 1, 0)]
        return Computed(segment.discharge(min(x, self.reach)), estimated=not first.low <= x <= last.high)


Curve = Linear | Polynomial | Table | Rating


@dataclass(frozen=True, slots=True)
class Calibration:
    """A curve of one series, from an instant on until the next one begins."""

    device: str
    metric: str
    """What it gives."""
    curve: Curve | None
    """None = none from then on: the device's own value holds, and nothing is computed from another metric any more."""
    valid_from: int
    """Milliseconds; readings measured then or later, until the next calibration of the series begins."""
    computed_from: str | None = None
    """The metric of the same device that goes in; None = the metric itself, as the device says it."""
    channel: str | None = None
    """Of the series, `<device>:<channel>`; None = the device's own."""
    source: str = ""
    """Where it can be looked up: a certificate, a report of gaugings."""
    entered_by: str = ""
    entered_at: int = 0
    """Milliseconds."""
    superseded_at: int | None = None
    """When another one with the same beginning took its place; None = it holds."""

    @property
    def input(self) -> str:
        """The metric that goes in."""
        return self.computed_from or self.metric

    @property
    def place(self) -> tuple[str, str, str | None, int]:
        """Of two with the same one, only one holds."""
        return self.device, self.metric, self.channel, self.valid_from

    @property
    def series(self) -> str:
        """Whose readings it touches."""
        return self.device if self.channel is None else f"{self.device}:{self.channel}"


@dataclass(frozen=True, slots=True)
class Course:
    """The curves of one series one after another."""

    begins: tuple[int, ...]
    curves: tuple[Curve | None, ...]

    def at(self, at: int) -> Curve | None:
        """The one that holds at this instant; None = before the first, or none any more."""
        place = bisect_right(self.begins, at)
        return self.curves[place - 1] if place else None

    def has_ended(self, at: int) -> bool:
        """Somebody has said that none holds at this instant."""
        return self.at(at) is None and bisect_right(self.begins, at) > 0


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What calibrations there are for the values of one series."""

    own: Course | None = None
    """Of the metric itself."""
    derived: Mapping[str, Course] = field(default_factory=dict)
    """By metric, what else is computed from it."""


@dataclass(slots=True)
class Recalibrated:
    """What became of the stored readings that a calibration touches."""

    start: int
    """From when on readings were looked at: the calibration's beginning, or the oldest that are kept."""
    stop: int | None
    """Until when, or None = to the newest."""
    readings: int = 0
    """Looked at: the inputs."""
    changed: int = 0
    """Stored readings that have another value or other flags now."""
    added: int = 0
    """Computed readings that were not there before."""
    left: int = 0
    """Left as they are, for nothing known makes their value: neither a unit nor a calibration of before."""
    written: bool = False
    """False = a dry run: nothing was changed."""


class Recalibration(Protocol):
    """Enters calibrations of a house and computes its readings anew. Not thread-safe: one at a time."""

    def __call__(self, calibration: Calibration, *, dry_run: bool) -> Recalibrated:
        """Keep it, and bring stored readings in line with it; the same one again changes nothing.

        Raises:
            Invalid: Not a calibration of this device; says what is wrong with it.
            Conflict: The metric of this device is calibrated in another way already.
            StoreUnavailable: Or `RegistryUnavailable`: it is kept, perhaps, and the same one again goes on.
        """
        ...


def current(calibrations: Iterable[Calibration]) -> list[Calibration]:
    """Those that hold."""
    return [one for one in calibrations if one.superseded_at is None]


def lasting(calibrations: Iterable[Calibration]) -> list[Calibration]:
    """Those that hold and have no end; of any devices."""
    newest: dict[tuple[str, str, str | None], Calibration] = {}
    for one in sorted(current(calibrations), key=attrgetter("valid_from")):
        newest[one.device, one.metric, one.channel] = one
    return [one for one in newest.values() if one.curve is not None]


def entered(known: Iterable[Calibration], new: Calibration) -> list[Calibration]:
    """Those of a device as they are when this one has been entered."""
    return [
        replace(one, superseded_at=new.entered_at) if one.superseded_at is None and one.place == new.place else one
        for one in known
    ] + [new]


def by_series(calibrations: Iterable[Calibration]) -> dict[tuple[str, str | None], Calibrated]:
    """Of one device, by the metric that goes in and its channel; in any order, superseded ones left out."""
    found: dict[tuple[str, str | None], Calibrated] = {}
    for (source, channel), group in groupby(sorted(current(calibrations), key=_by_input), key=_series):
        mine = list(group)
        courses = {metric: _course(one for one in mine if one.metric == metric) for metric in {c.metric for c in mine}}
        own = courses.pop(source, None)
        found[source, channel or None] = Calibrated(own, courses)
    return found


def periods(calibrations: Sequence[Calibration]) -> list[tuple[Calibration, int | None]]:
    """Each with its end, None = it has none; of several series, ordered by metric, channel and beginning."""
    ordered = sorted(calibrations, key=lambda one: (one.metric, one.channel or "", one.valid_from, one.entered_at))
    return [(one, end(one, ordered)) for one in ordered]


def end(one: Calibration, all_: Iterable[Calibration]) -> int | None:
    """When the next one of its series begins; None = it goes on."""
    later = (
        other.valid_from
        for other in current(all_)
        if (other.metric, other.channel) == (one.metric, one.channel) and other.valid_from > one.valid_from
    )
    return min(later, default=None)


def _course(calibrations: Iterable[Calibration]) -> Course:
    ordered = sorted(calibrations, key=attrgetter("valid_from"))
    return Course(tuple(one.valid_from for one in ordered), tuple(one.curve for one in ordered))


def _series(calibration: Calibration) -> tuple[str, str]:
    return calibration.input, calibration.channel or ""


def _by_input(calibration: Calibration) -> tuple[str, str, int]:
    return *_series(calibration), calibration.valid_from


def _held(value: float) -> Computed:
    held = max(-_LARGEST, min(value, _LARGEST))
    return Computed(held, estimated=held != value)


_x = itemgetter(0)
_low = attrgetter("low")
