"""Cayenne Low Power Payload: records of a few bytes, without names, times or a count; numbers are big-endian.

    | channel 1 | type 1 | data, its length and scale by the type | channel 1 | type 1 | data | ...

    03 67 01 10    channel 3, type 0x67 temperature, 0x0110 = 272 tenths of a degree
    02 68 6C       channel 2, type 0x68 humidity, 0x6C = 108 halves of a percent

A record is `<quantity>` on a channel, and the quantity names no metric: that a temperature is the soil's at 10 cm says
the profile, whose paths are read in this document (as the decoder of The Things Stack writes it, too):

    {"temperature_3": 27.2, "relative_humidity_2": 54, "gps_1": {"latitude": 42.35, "longitude": -87.9, "altitude": 10}}

so the origin `$.temperature_3` with the channel `10cm` makes the series `<device>:10cm`. Records of no origin are
passed over. Without any origin each record is a sample of its quantity on the channel of its number (`3`, `1.x`).
Units are those of the format. Type 0x85, unixtime, is the time of the records behind it, and of those before the first.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from devices.bounds import check_count, instant
from devices.codecs.port import Context, Example, Speech
from devices.origins import located, mapped, nothing
from telemetry.errors import Invalid, Reason, Rejected
from telemetry.model import Measure, Origin, Profile, Quality, Sample

__all__ = ["EXAMPLES", "READS_JSON", "Place", "decode", "encode", "place"]

READS_JSON: Final = False


class _Field(NamedTuple):
    """One number of a record."""

    size: int
    divisor: int
    unit: str | None = None
    signed: bool = False
    axis: str = ""


class _Type(NamedTuple):
    number: int
    quantity: str
    fields: tuple[_Field, ...]


def _axes(unit: str | None, divisor: int, *names: str, size: int = 2, signed: bool = True) -> tuple[_Field, ...]:
    return tuple(_Field(size, divisor, unit, signed, name) for name in names)


_UNIXTIME: Final = _Type(133, "unixtime", (_Field(4, 1, "s"),))
_TYPES: Final = (
    _Type(0, "digital_in", (_Field(1, 1),)),
    _Type(1, "digital_out", (_Field(1, 1),)),
    _Type(2, "analog_in", (_Field(2, 100, signed=True),)),
    _Type(3, "analog_out", (_Field(2, 100, signed=True),)),
    _Type(100, "generic", (_Field(4, 1),)),
    _Type(101, "luminosity", (_Field(2, 1, "lx"),)),
    _Type(102, "presence", (_Field(1, 1),)),
    _Type(103, "temperature", (_Field(2, 10, "Cel", signed=True),)),
    _Type(104, "relative_humidity", (_Field(1, 2, "%"),)),
    _Type(113, "accelerometer", _axes("[g]", 1000, "x", "y", "z")),
    _Type(115, "barometric_pressure", (_Field(2, 10, "hPa"),)),
    _Type(116, "voltage", (_Field(2, 100, "V"),)),
    _Type(117, "current", (_Field(2, 1000, "A"),)),
    _Type(118, "frequency", (_Field(4, 1, "Hz"),)),
    _Type(120, "percentage", (_Field(1, 1, "%"),)),
    _Type(121, "altitude", (_Field(2, 1, "m", signed=True),)),
    _Type(125, "concentration", (_Field(2, 1, "[ppm]"),)),
    _Type(128, "power", (_Field(2, 1, "W"),)),
    _Type(130, "distance", (_Field(4, 1000, "m"),)),
    _Type(131, "energy", (_Field(4, 1000, "kW.h"),)),
    _Type(132, "direction", (_Field(2, 1, "deg"),)),
    _UNIXTIME,
    _Type(134, "gyrometer", _axes("deg/s", 100, "x", "y", "z")),
    _Type(135, "colour", _axes(None, 1, "red", "green", "blue", size=1, signed=False)),
    _Type(
        136,
        "gps",
        (
            *_axes("deg", 10_000, "latitude", "longitude", size=3),
            *_axes("m", 100, "altitude", size=3),
        ),
    ),
    _Type(142, "switch", (_Field(1, 1),)),
)
"""Divisors and widths: CayenneLPP.h of ElectronicCats/CayenneLPP; quantities: the decoder of The Things Stack."""
_BY_NUMBER: Final = {kind.number: kind for kind in _TYPES}
_BY_QUANTITY: Final = {kind.quantity: kind for kind in _TYPES if kind is not _UNIXTIME}


class Place(NamedTuple):
    """A record of one number: how `encode` names it."""

    quantity: str
    channel: str
    unit: str | None


class _Record(NamedTuple):
    channel: int
    kind: _Type
    values: tuple[float, ...]


def decode(payload: bytes, context: Context) -> list[Sample]:
    """See Codec."""
    origins = context.speech.origins
    samples: list[Sample] = []
    seen: set[str] = set()
    for at, records in _blocks(payload):
        names = [f"{record.kind.quantity}_{record.channel}" for record in records]
        seen.update(names)
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise Rejected(Reason.MALFORMED, f"{twice} comes twice for one time")
        if origins:
            document = {name: _content(record) for name, record in zip(names, records, strict=True)}
            samples += mapped(document, origins, at=at, units=_units(records))
        else:
            samples += [sample for record in records for sample in _samples(record, at)]
    if not samples:
        raise nothing(origins, ", ".join(sorted(seen))) if seen else Rejected(Reason.EMPTY, "no record")
    check_count(len(samples))
    return samples


def place(path: str) -> Place:
    """The record at which a path of a profile points; `Invalid` where that is none of a single number."""
    quantity, _, channel = path.removeprefix("$.").rpartition("_")
    kind = _BY_QUANTITY.get(quantity)
    if kind is None or len(kind.fields) > 1 or not channel.isdecimal():
        raise Invalid("path", f"{path!r} is no record of one number", "such as $.temperature_3")
    return Place(quantity, channel, kind.fields[0].unit)


def encode(samples: Sequence[Sample]) -> bytes:
    """See Codec. Samples of a quantity on the channel of its number, those of one record behind each other.

    Raises:
        Invalid: The sample says what this format has no words for, such as a time that is no whole second.
    """
    payload = bytearray()
    at: int | None = None
    rest = list(samples)
    while rest:
        first = rest[0]
        if first.at != at:
            payload += _time(first.at)
            at = first.at
        number, kind = _place(first)
        own, rest = rest[: len(kind.fields)], rest[len(kind.fields) :]
        wanted = [_sample(kind, number, field, 0.0, at) for field in kind.fields]
        if [_identity(sample) for sample in own] != [_identity(sample) for sample in wanted]:
            raise Invalid("sample", f"{own!r} is no record of {kind.quantity!r}", f"all of {wanted!r}, in order")
        payload += bytes((number, kind.number))
        for sample, field in zip(own, kind.fields, strict=True):
            payload += _written(sample.value, field)
    return bytes(payload)


def _blocks(payload: bytes) -> Iterator[tuple[int | None, list[_Record]]]:
    """The records by their time."""
    at: int | None = None
    block: list[_Record] = []
    for record in _records(payload):
        if record.kind is not _UNIXTIME:
            block.append(record)
            continue
        if at is not None:
            yield at, block
            block = []
        at = instant(record.values[0] * 1000)
    yield at, block


def _records(payload: bytes) -> Iterator[_Record]:
    position = 0
    while position < len(payload):
        kind = _BY_NUMBER.get(payload[position + 1]) if position + 1 < len(payload) else None
        if kind is None:
            wrong = f"no type follows the channel at byte {position}"
            if position + 1 < len(payload):
                wrong = f"type {payload[position + 1]} at byte {position + 1} is unknown, and so is its length"
            raise Rejected(Reason.MALFORMED, wrong)
        channel = payload[position]
        position += 2
        values = []
        for field in kind.fields:
            part = payload[position : position + field.size]
            if len(part) < field.size:
                raise Rejected(Reason.MALFORMED, f"{kind.quantity} of channel {channel} is cut short")
            values.append(int.from_bytes(part, "big", signed=field.signed) / field.divisor)
            position += field.size
        yield _Record(channel, kind, tuple(values))


def _content(record: _Record) -> object:
    if len(record.values) == 1:
        return record.values[0]
    return {field.axis: value for field, value in zip(record.kind.fields, record.values, strict=True)}


def _units(records: Sequence[_Record]) -> dict[tuple[str | int, ...], str]:
    """By the keys under which a number stands in the document."""
    return {
        (f"{record.kind.quantity}_{record.channel}", *filter(None, (field.axis,))): field.unit
        for record in records
        for field in record.kind.fields
        if field.unit is not None
    }


def _samples(record: _Record, at: int | None) -> list[Sample]:
    fields = zip(record.kind.fields, record.values, strict=True)
    return [_sample(record.kind, record.channel, field, value, at) for field, value in fields]


def _sample(kind: _Type, number: int, field: _Field, value: float, at: int | None) -> Sample:
    channel = f"{number}.{field.axis}" if field.axis else str(number)
    return Sample(kind.quantity, value, at, field.unit, channel)


def _place(sample: Sample) -> tuple[int, _Type]:
    kind = _BY_QUANTITY.get(sample.metric)
    if kind is None:
        raise Invalid("metric", f"{sample.metric!r} is no quantity of this format", ", ".join(_BY_QUANTITY))
    number = (sample.channel or "").partition(".")[0]
    if not number.isdecimal() or str(int(number)) != number or int(number) > 255:  # noqa: PLR2004 - one byte
        raise Invalid("channel", f"{sample.channel!r} is no channel of this format", "0 to 255")
    return int(number), kind


def _identity(sample: Sample) -> object:
    if sample.device is not None or sample.quality != Quality.GOOD or sample.seq is not None:
        raise Invalid("sample", f"{sample!r} cannot be said", "a good value of the topic's device, without a number")
    return sample.metric, sample.channel, sample.unit, sample.at


def _written(value: float, field: _Field) -> bytes:
    try:
        return round(value * field.divisor).to_bytes(field.size, "big", signed=field.signed)
    except (OverflowError, ValueError) as error:
        raise Invalid("value", f"{value} cannot be written", f"{field.size} bytes of 1/{field.divisor}") from error


def _time(at: int | None) -> bytes:
    if at is None or at % 1000 or at // 1000 >= 2**32:
        raise Invalid("at", f"{at} ms cannot be written here", "whole seconds until 2106 for all samples, or none")
    return bytes((0, _UNIXTIME.number)) + (at // 1000).to_bytes(4, "big")


_SOIL: Final = Context(
    device="device-1",
    received_at=1_795_420_800_000,
    speech=Speech(
        origins=located(
            Profile(
                "soil-probe",
                "Soil probe",
                "cayenne_lpp",
                (
                    Measure("soil_temperature", origins=(Origin("$.temperature_3", "10cm"), Origin("$.temperature_4"))),
                    Measure("air_relative_humidity", origins=(Origin("$.relative_humidity_2"),)),
                    Measure("vehicle_position", origins=(Origin("$.gps_1.latitude", "lat"),)),
                    Measure("reservoir_level", origins=(Origin("$.gps_1.altitude"),)),
                ),
            )
        )
    ),
)
_LIBRARY: Final = "ElectronicCats/CayenneLPP, README and test/aunit/main.cpp"

EXAMPLES: Final = (
    Example(
        source="Cayenne documentation, device with two temperature sensors: 27.2 and 25.5 degrees",
        payload=bytes.fromhex("03670110 056700FF"),
        samples=(Sample("temperature", 27.2, None, "Cel", "3"), Sample("temperature", 25.5, None, "Cel", "5")),
        encodes=True,
    ),
    Example(
        source="the same records as a profile reads them",
        payload=bytes.fromhex("03670110 02686C 056700FF 040200FF"),
        samples=(
            Sample("soil_temperature", 27.2, None, "Cel", "10cm"),
            Sample("air_relative_humidity", 54.0, None, "%"),
        ),
        context=_SOIL,
    ),
    Example(
        source=_LIBRARY + ": below zero",
        payload=bytes.fromhex("0567FFD1"),
        samples=(Sample("temperature", -4.7, None, "Cel", "5"),),
        encodes=True,
    ),
    Example(
        source=_LIBRARY + ": power and energy",
        payload=bytes.fromhex("05800D7A 018300795B30"),
        samples=(Sample("power", 3450.0, None, "W", "5"), Sample("energy", 7953.2, None, "kW.h", "1")),
        encodes=True,
    ),
    Example(
        source="Cayenne documentation, device with GPS: 42.3519, -87.9094, 10 m",
        payload=bytes.fromhex("018806765FF2960A0003E8"),
        samples=(
            Sample("gps", 42.3519, None, "deg", "1.latitude"),
            Sample("gps", -87.9094, None, "deg", "1.longitude"),
            Sample("gps", 10.0, None, "m", "1.altitude"),
        ),
        encodes=True,
    ),
    Example(
        source="parts of a record by their paths, each in its unit",
        payload=bytes.fromhex("018806765FF2960A0003E8"),
        samples=(
            Sample("vehicle_position", 42.3519, None, "deg", "lat"),
            Sample("reservoir_level", 10.0, None, "m"),
        ),
        context=_SOIL,
    ),
    Example(
        source="type 133: the time of the records behind it, at the end that of all",
        payload=bytes.fromhex("03670110 00856B040080"),
        samples=(Sample("temperature", 27.2, 1_795_424_384_000, "Cel", "3"),),
    ),
    Example(
        source="encoding: each time once",
        payload=bytes.fromhex("00856B040080 00020064 01020065 00856B040084 00020064"),
        samples=(
            Sample("analog_in", 1.0, 1_795_424_384_000, None, "0"),
            Sample("analog_in", 1.01, 1_795_424_384_000, None, "1"),
            Sample("analog_in", 1.0, 1_795_424_388_000, None, "0"),
        ),
        encodes=True,
    ),
    Example("nothing", b"", rejected=Reason.EMPTY),
    Example("a time alone", bytes.fromhex("00856B040080"), rejected=Reason.EMPTY),
    Example("no record that the profile names", bytes.fromhex("050200FF"), rejected=Reason.EMPTY, context=_SOIL),
    Example("cut short", bytes.fromhex("036701"), rejected=Reason.MALFORMED),
    Example("a channel alone", bytes.fromhex("0367011002"), rejected=Reason.MALFORMED),
    Example("a type of unknown length", bytes.fromhex("03F00110"), rejected=Reason.MALFORMED),
    Example("one channel twice", bytes.fromhex("03670110 03670111"), rejected=Reason.MALFORMED),
    Example("too many", bytes.fromhex("0085000F4240 00020064") * 10_001, rejected=Reason.TOO_LARGE),
)
"""Documentation and tests at once."""
