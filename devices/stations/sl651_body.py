"""The body of an SL 651-2014 message: groups of station, time and elements, and observations.

It is drawn in `devices/codecs/sl651.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from devices.bounds import check_count, instant
from devices.stations import bcd, beijing
from devices.stations.observed import Observation, Use
from devices.stations.sl651 import Packet, sent_at
from devices.stations.sl651_elements import BITS, ELEMENTS, FAULTS, RESERVOIR, Element, element
from telemetry.errors import Invalid, Reason, Rejected
from telemetry.model import Quality, Sample

_HEAD: Final = 8
_TIME: Final = 0xF0
_ADDRESS: Final = 0xF1
_RAIN: Final = 0xF4
_LEVELS: Final = range(0xF5, 0xFD)
_STEP: Final = 0x04
_STEP_BYTES: Final = 3
_STATE: Final = 0x45
_OWN: Final = 0xFF
"""An identifier of the maker's own, of one byte more."""
_MINUTE: Final = 60_000
_FIVE_MINUTES: Final = 300_000
_BITS: Final = 12
_SWITCHES: Final = {0x4C: ("pump_state", "pump"), 0x4D: ("irrigation_valve", "valve")}
_GATES: Final = 0x4E
_WITHOUT_CLASS: Final = frozenset({0x46, 0x4C, 0x4D, 0x4E})
_COMPASS: Final = 16
_SHUT: Final = 444.0
_OPEN_WITHOUT_HEIGHT: Final = frozenset({555.0, 888.0, 999.0})
_RAIN_STATION: Final = 0x50
_WRITTEN: Final = {"rainfall_total": (0x26, 3, 1), "station_voltage": (0x38, 2, 2)}
"""Of what is written as well as read: identifier, bytes and decimals (annex C: N(6,1), N(4,2))."""
_CENTURY: Final = (946_656_000_000, 3_155_731_200_000)
"""2000 to 2069 in Beijing: of the years of two digits, those that are of this century."""


@dataclass(slots=True)
class _Place:
    """Whose elements come next, and of when."""

    at: int
    device: str | None = None
    station_class: int = 0
    gate: str | None = None


class _Bytes:
    """What is left of a body."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, size: int, what: str) -> bytes:
        part = self._data[self._at : self._at + size]
        if len(part) < size:
            raise Rejected(Reason.MALFORMED, f"{what} at byte {self._at} of the body is cut short")
        self._at += size
        return part


def observations(message: Packet) -> list[Observation]:
    """All of them; `Rejected(MALFORMED)` where a group is not what it should be, `Rejected(BAD_TIME)`."""
    place = _Place(sent_at(message))
    left = _Bytes(message.body)
    left.take(_HEAD, "head")
    seq = int.from_bytes(message.serial, "big")
    found: list[Observation] = []
    for one in _elements(left, message, place):
        found.append(one._replace(seq=seq, device=place.device))
        # A few bytes say much: stop before all of it is taken apart.
        check_count(len(found))
    return _doubted(found)


def written(samples: Sequence[Sample], station: str, sent: int) -> bytes:
    """The body of a timed report of a rain gauge, whose samples are of one whole minute and have one number."""
    first = samples[0]
    at, serial = first.at, first.seq
    if (
        at is None
        or serial is None
        or at % _MINUTE
        or not all(_CENTURY[0] <= time < _CENTURY[1] for time in (at, sent))
    ):
        raise Invalid("sample", f"at {at}, number {serial}", "one whole minute of 2000 to 2069, and a number")
    if not 0 <= serial < 1 << 16:
        raise Invalid("seq", str(serial), "0 to 65535")
    elements = b"".join(_element(sample, at, serial) for sample in samples)
    own = bytes((_ADDRESS, _ADDRESS)) + bytes.fromhex(station) + bytes((_RAIN_STATION,))
    observed = bytes((_TIME, _TIME)) + bcd.written(beijing.short(at)[:10])
    return serial.to_bytes(2, "big") + bcd.written(beijing.short(sent)) + own + observed + elements


def _element(sample: Sample, at: int, serial: int) -> bytes:
    if sample.metric not in _WRITTEN:
        raise Invalid("metric", f"{sample.metric!r} is not written in this format", ", ".join(_WRITTEN))
    guide, size, decimals = _WRITTEN[sample.metric]
    unit = ELEMENTS[guide].unit
    if sample != Sample(sample.metric, sample.value, at, sample.unit, seq=serial) or sample.unit not in (None, unit):
        raise Invalid(
            "sample", repr(sample), f"good, of {at} and number {serial}, in {unit}, without channel or device"
        )
    return bytes((guide, size << 3 | decimals)) + bcd.signed(sample.value, size, decimals, sample.metric)


def _elements(left: _Bytes, message: Packet, place: _Place) -> Iterator[Observation]:
    while left:
        guide, layout = left.take(2, "identifier")
        if guide == layout == _ADDRESS:
            _begin(left, message, place)
            if message.function in _SWITCHES or message.function == _GATES:
                yield from _switches(left, message.function, place.at)
        elif guide == layout == _TIME:
            place.at = beijing.read(bcd.digits(left.take(5, "time"), "time of observation"))
        elif guide == _STEP:
            yield from _series(left, layout, place)
        elif guide == _RAIN or guide in _LEVELS:
            yield from _batch(left.take(layout >> 3, f"batch {guide:02X}"), guide, place)
        elif guide == _STATE:
            yield from _state(left.take(layout >> 3, "state"), place.at)
        else:
            yield from _one(left, guide, layout, place)


def _begin(left: _Bytes, message: Packet, place: _Place) -> None:
    """A group of a station: the elements behind it are its own."""
    address = left.take(5, "address of the station").hex().upper()
    place.device = None if address == message.station else address
    if message.function not in _WITHOUT_CLASS:
        place.station_class = left.take(1, "class of the station")[0]
    place.gate = None


def _one(left: _Bytes, guide: int, layout: int, place: _Place) -> Iterator[Observation]:
    if guide == _OWN:
        what = Element(f"FF{layout:02X}")
        layout = left.take(1, "identifier")[0]
    else:
        what = element(guide, place.station_class)
    value = bcd.number(left.take(layout >> 3, what.name), layout & 7, what.name)
    if value is not None:
        yield from _told(what, value, place)


def _told(what: Element, value: float, place: _Place) -> Iterator[Observation]:
    told: float | None = value
    channel = what.channel
    if what.name == "GN":
        place.gate = str(int(value))
    elif what.name == "GH":
        channel, told = place.gate, _height(value)
    elif what.name == "QZ":
        channel = place.gate or channel
    elif what.name == "UC":
        told = (value - 1) * 360 / _COMPASS if 1 <= value <= _COMPASS else None
    if told is not None:
        yield Observation(what.name, told, place.at, what.metric, what.unit, channel, what.use)


def _height(value: float) -> float | None:
    """Of a gate: 444 is shut, and 555 (no gate), 888 (out of the water) and 999 (fully open) are no height."""
    if value == _SHUT:
        return 0.0
    return None if value in _OPEN_WITHOUT_HEIGHT else value


def _series(left: _Bytes, layout: int, place: _Place) -> Iterator[Observation]:
    """Values of one element in even steps, to the end of the body."""
    if layout >> 3 != _STEP_BYTES:
        raise Rejected(Reason.MALFORMED, f"a step of {layout >> 3} bytes; days, hours and minutes are {_STEP_BYTES}")
    days, hours, minutes = (int(bcd.digits(bytes((part,)), "step")) for part in left.take(_STEP_BYTES, "step"))
    step_s = (days * 24 * 60 + hours * 60 + minutes) * 60
    if not step_s:
        # The hour in twelve parts, whose identifier says it all.
        return
    guide, layout = left.take(2, "identifier")
    what = element(guide, place.station_class)
    if what.every_s == step_s:
        # Windows that follow each other are the rain, once; on a channel of their own, for it may be told by DRP, too.
        what = what._replace(metric="rainfall_interval", channel=what.name, use=Use.ALWAYS)
    if not layout >> 3:
        raise Rejected(Reason.MALFORMED, f"values of {what.name} of no length")
    while left:
        value = bcd.number(left.take(layout >> 3, what.name), layout & 7, what.name)
        if value is not None:
            yield from _told(what, value, place)
        place.at = instant(place.at + step_s * 1000)


def _batch(data: bytes, guide: int, place: _Place) -> Iterator[Observation]:
    """The twelve parts of an hour."""
    size = 1 if guide == _RAIN else 2
    for number in range(len(data) // size):
        part = data[number * size : (number + 1) * size]
        at = instant(place.at + number * _FIVE_MINUTES)
        if part == b"\xff" * size:
            continue
        count = int.from_bytes(part, "big")
        if guide == _RAIN:
            yield Observation("DRP", count / 10, at, "rainfall_interval", "mm")
        else:
            gauge = guide - _LEVELS.start + 1
            metric = "reservoir_level" if place.station_class == RESERVOIR else "river_level"
            channel = "relative" if gauge == 1 else f"relative-{gauge}"
            yield Observation(f"DRZ{gauge}", count / 100, at, metric, "m", channel)


def _state(data: bytes, at: int) -> Iterator[Observation]:
    if bcd.is_missing(data):
        return
    bits = int.from_bytes(data, "big")
    for number in range(_BITS):
        value = float(bits >> number & 1)
        known = BITS.get(number)
        yield Observation(f"ZT{number}", value, at, use=Use.ASKED)
        if known is not None:
            told = value if known.one else 1.0 - value
            yield Observation(known.metric, told, at, known.metric, use=Use.REPORTED)


def _switches(left: _Bytes, function: int, at: int) -> Iterator[Observation]:
    """Pumps, valves and gates: a bit each, of gates their height too. How many there are, only gates say."""
    count = left.take(1, "number of switches")[0]
    if function in _SWITCHES:
        metric, name = _SWITCHES[function]
        for number, bit in enumerate(_set(left.take(count, name)), 1):
            yield Observation(f"{name}{number}", bit, at, metric, channel=str(number), use=Use.REPORTED)
        return
    left.take((count + 7) // 8, "state of gates")
    for number in range(1, count + 1):
        height = bcd.number(left.take(2, "height of a gate"), 0, "height of a gate")
        if height is not None:
            yield Observation(f"gate{number}", height, at, "gate_opening", "cm", str(number))


def _set(data: bytes) -> list[float]:
    return [float(byte >> bit & 1) for byte in data for bit in range(8)]


def _doubted(found: list[Observation]) -> list[Observation]:
    """With the values of an instrument that the state of its station calls faulty marked."""
    faulty = {(one.device, metric) for one in found if one.value and one.name in FAULTS for metric in FAULTS[one.name]}
    return [one._replace(quality=Quality.DEVICE) if (one.device, one.metric) in faulty else one for one in found]
