"""SZY 206-2016: what meters of water use report. The frame is drawn in `devices/stations/szy206.py`.

    kind                  each value                              becomes
    1  rain               3 bytes, 0.1 mm                         rainfall_total
    2  level              4 bytes, mm                             river_level
    3  flow and volume    5 bytes, 0.001 of the station's unit    supply_flow, in the unit of the profile
                          and 5 bytes, m3                         supply_volume
    4  velocity           3 bytes, mm/s                           flow_velocity
    5  gate               3 bytes, cm                             gate_opening
    7  air pressure       3 bytes, hPa                            air_pressure
    8  wind               3 bytes, 0.01 m/s                       wind_speed
    9  water temperature  2 bytes, 0.1 Cel                        water_temperature
    11 soil moisture      2 bytes, 0.1 %                          soil_moisture_vwc_10cm
    12 evaporation        3 bytes, 0.1 mm                         evaporation_pan
    15 water pressure     4 bytes, 0.01 kPa                       supply_pressure

Digits are BCD, lowest byte first; all AA is no value. Several instruments of a kind are the channels `1`, `2` and so
on. Flow that comes in tens of bytes has its volume beside it, any other is flow alone. TP has no month: the one nearest
to receipt. The scales of level, gate and both pressures are those of the older SL 427, and no frame has confirmed them:
a measure's `gain` sets them right. Origins read values by `$.rain`, or `$.level1`, `$.flow2` where there are several.

Not read, and kept in quarantine as UNSUPPORTED: 6 power, 10 quality, 13 alarms and 14 several kinds in one, whose
layout is not known; functions but C0; divided frames, which are pictures. The direction of wind is a code that is not
known.
"""

from types import MappingProxyType
from typing import Final, NamedTuple

from devices.codecs.port import Context, Example, Speech
from devices.origins import located
from devices.stations import bcd, beijing, szy206
from devices.stations.observed import Observation, samples_of
from telemetry.errors import Reason, Rejected
from telemetry.model import Measure, Origin, Profile, Sample

__all__ = ["EXAMPLES", "READS_JSON", "decode"]

READS_JSON: Final = False


class _Value(NamedTuple):
    name: str
    size: int
    decimals: int
    metric: str
    unit: str | None


_FLOW: Final = _Value("flow", 5, 3, "supply_flow", None)
_VOLUME: Final = _Value("volume", 5, 0, "supply_volume", "m3")
_KINDS: Final = MappingProxyType({
    1: (_Value("rain", 3, 1, "rainfall_total", "mm"),),
    2: (_Value("level", 4, 3, "river_level", "m"),),
    3: (_FLOW, _VOLUME),
    4: (_Value("velocity", 3, 3, "flow_velocity", "m/s"),),
    5: (_Value("gate", 3, 2, "gate_opening", "m"),),
    7: (_Value("air_pressure", 3, 0, "air_pressure", "hPa"),),
    8: (_Value("wind", 3, 2, "wind_speed", "m/s"),),
    9: (_Value("water_temperature", 2, 1, "water_temperature", "Cel"),),
    11: (_Value("soil_moisture", 2, 1, "soil_moisture_vwc_10cm", "%"),),
    12: (_Value("evaporation", 3, 1, "evaporation_pan", "mm"),),
    15: (_Value("water_pressure", 4, 2, "supply_pressure", "kPa"),),
})  # fmt: skip
_WIND: Final = 8
_STATES: Final = 4
_TIME: Final = 5


def decode(payload: bytes, context: Context) -> list[Sample]:
    """See Codec."""
    packet = szy206.only(payload)
    if packet.station != context.device:
        raise Rejected(Reason.FOREIGN_DEVICE, f"a frame of {packet.station} on the topic of {context.device!r}")
    if packet.function == szy206.LINK:
        raise Rejected(Reason.EMPTY, "the station only says that it is there")
    values = _KINDS.get(packet.kind)
    if packet.function != szy206.REPORT or packet.is_divided or values is None:
        what = f"function {packet.function:02X}H, kind {packet.kind}" + (", divided" if packet.is_divided else "")
        raise Rejected(Reason.UNSUPPORTED, f"{what}: only reports (C0H) of {', '.join(map(str, _KINDS))} are read")
    data, tail = packet.data[: -_STATES - _TIME], packet.data[-_TIME:]
    at = beijing.nearest(bcd.digits(tail[3::-1], "time of the report"), context.received_at)
    return samples_of(_observations(packet.kind, values, data, at), context)


def _observations(kind: int, values: tuple[_Value, ...], data: bytes, at: int) -> list[Observation]:
    if values[0] is _FLOW and len(data) % sum(value.size for value in values):
        values = (_FLOW,)
    size = sum(value.size for value in values)
    count, rest = divmod(len(data), size)
    if rest:
        raise Rejected(Reason.MALFORMED, f"{len(data)} bytes of data, where {values[0].name} has {size} each")
    found = []
    for number in range(count):
        channel = None if count == 1 else str(number + 1)
        position = number * size
        for value in values:
            part = data[position : position + value.size]
            position += value.size
            if kind == _WIND and not bcd.is_missing(part):
                # The upper half of the last byte is the direction, in a code that is not known.
                part = part[:-1] + bytes((part[-1] & 0x0F,))
            told = bcd.from_low(part, value.decimals, value.name)
            if told is not None:
                name = value.name + (channel or "")
                found.append(Observation(name, told, at, value.metric, value.unit, channel))
    return found


_STATION: Final = "5303810D00"
_AT: Final = 1_731_113_100_000
"""2024-11-09 08:45 in Beijing."""
_TOLD: Final = Context(device=_STATION, received_at=_AT + 600_000)
_ASKED: Final = Context(
    device=_STATION,
    received_at=_AT + 600_000,
    speech=Speech(
        origins=located(
            Profile("canal-meter", "", "szy206", (Measure("canal_flow", unit="m3/h", origins=(Origin("$.flow"),)),))
        )
    ),
)


def _frame(kind: int, data: str, time: str = "00 45 08 09 0A", control: int = 0xB0, function: int = 0xC0) -> bytes:
    head = bytes((control | kind,)) + bytes.fromhex(_STATION) + bytes((function,))
    return szy206.framed(head + bytes.fromhex(f"{data} 0000 0000 {time}"))


_PUBLISHED: Final = "frame of a field meter in the tests of hm1212/szy206-protocol"
_FIELD: Final = bytes.fromhex("681A68B35303810D00C00059000000826110000001106000004508090A3516")

EXAMPLES: Final = (
    Example(
        source=_PUBLISHED + ": flow 5.900, volume 106182, on the 9th at 08:45",
        payload=_FIELD,
        samples=(Sample("supply_flow", 5.9, _AT), Sample("supply_volume", 106_182.0, _AT, "m3")),
        context=_TOLD,
    ),
    Example(
        source="the same frame as the origins of a profile read it",
        payload=_FIELD,
        samples=(Sample("canal_flow", 5.9, _AT),),
        context=_ASKED,
    ),
    Example(
        source=_PUBLISHED + ": a meter that has no flow",
        payload=bytes.fromhex("681568B34406070001C0AAAAAAAAAA004040000000000101E516"),
        rejected=Reason.EMPTY,
        context=Context("4406070001", _AT),
    ),
    Example(
        source="three gauges of level: below zero, none, and above; the report is of last month",
        payload=_frame(2, "50020080 AAAAAAAA 90040100", "00 00 23 31 00"),
        samples=(
            Sample("river_level", -0.25, _AT - 9 * 86_400_000 + 51_300_000, "m", "1"),
            Sample("river_level", 10.49, _AT - 9 * 86_400_000 + 51_300_000, "m", "3"),
        ),
        context=_TOLD,
    ),
    Example(
        source="two meters with their volumes",
        payload=_frame(3, "0010000000 1200000000 0020000000 3400000000"),
        samples=(
            Sample("supply_flow", 1.0, _AT, None, "1"),
            Sample("supply_volume", 12.0, _AT, "m3", "1"),
            Sample("supply_flow", 2.0, _AT, None, "2"),
            Sample("supply_volume", 34.0, _AT, "m3", "2"),
        ),
        context=_TOLD,
    ),
    Example(
        source="wind with a direction, which is not read",
        payload=_frame(8, "500340"),
        samples=(Sample("wind_speed", 3.5, _AT, "m/s"),),
        context=_TOLD,
    ),
    Example(
        source="water below zero, with a bare minus",
        payload=_frame(9, "05F0"),
        samples=(Sample("water_temperature", -0.5, _AT, "Cel"),),
        context=_TOLD,
    ),
    Example("a link is kept", _frame(0, "F2", function=0x02), rejected=Reason.EMPTY, context=_TOLD),
    Example("quality", _frame(10, "000000"), rejected=Reason.UNSUPPORTED, context=_TOLD),
    Example("an alarm", _frame(2, "00000000", function=0x81), rejected=Reason.UNSUPPORTED, context=_TOLD),
    Example("a part of a picture", szy206.framed(bytes.fromhex("F02A" + _STATION + "61 FFD8")),
            rejected=Reason.UNSUPPORTED, context=_TOLD),
    Example("another station", _FIELD, rejected=Reason.FOREIGN_DEVICE),
    Example("three bytes of level", _frame(2, "000000"), rejected=Reason.MALFORMED, context=_TOLD),
    Example("no decimal digits", _frame(2, "0B000000"), rejected=Reason.MALFORMED, context=_TOLD),
    Example("no such time", _frame(2, "00000000", "00 45 28 09 0A"), rejected=Reason.BAD_TIME, context=_TOLD),
    Example("a bit has turned", _FIELD[:-2] + b"\x36\x16", rejected=Reason.MALFORMED, context=_TOLD),
    Example("cut short", _FIELD[:-3], rejected=Reason.MALFORMED, context=_TOLD),
    Example("two frames", _FIELD + _FIELD, rejected=Reason.MALFORMED, context=_TOLD),
    Example("nothing", b"", rejected=Reason.MALFORMED, context=_TOLD),
)  # fmt: skip
"""Documentation and tests at once."""
