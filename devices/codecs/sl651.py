"""SL 651-2014 in HEX/BCD: what hydrological stations report. The frame is drawn in `devices/stations/sl651.py`.

    serial 2 | sent 6 | F1F1 station 5, class 1 | F0F0 observed 5 | element | element | ...

    39 23 00010490      element: 39 = water level, 23 = 00100 011: 4 bytes, 3 decimals; 10.490 m. FF before the digits =
                        below zero, all FF or AA = not measured
    F4 60 00 .. FF      12 x 1 byte: rain of five minutes each in 0.1 mm, FF = no value; the time is that of the first
    F5 C0 0415 .. FFFF  12 x 2 bytes: level above the station's own zero in 0.01 m, each five minutes
    04 18 000005 39 23  step of days, hours, minutes, one identifier, then its values (31H, 38H)
    45 20 00000400      the station's state, bits

Times are BCD of Beijing; a group F1F1 for another station (a relay) begins that station's elements, and a group F0F0
those of another time. Which metric an element is says `devices/stations/sl651_elements.py`; what has none is a sample
of its identifier, so the worker refuses it by that name. Origins read elements by these names: `$.Z`, `$.P1`, `$.ZT4`.

    31 even steps, 32 timed, 33 triggered, 34 hourly, 37 and 3A asked, 38 asked for a period, 44 pumps' supply
    30 test: as 32, on channel `test` and marked DEVICE: no fold takes it
    46 state: as bits; 4C pumps, 4D valves, 4E gates: a channel each, `pump_state`, `irrigation_valve`, `gate_opening`

Observations by hand (35, 39) are text after SL 330 and pictures (36) are none; both are refused as UNSUPPORTED, and so
are answers to commands. The serial number of a report is the number by which lost ones are told. A quantity that comes
twice for one time (Z and ZU of a reservoir) has the second one's name as channel.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from devices.codecs.port import Context, Example, Speech
from devices.origins import located
from devices.stations import sl651
from devices.stations.observed import Observation, samples_of
from devices.stations.sl651_body import observations, written
from telemetry.errors import Invalid, Reason, Rejected
from telemetry.model import Measure, Origin, Profile, Quality, Sample

__all__ = ["EXAMPLES", "READS_JSON", "decode", "report"]

READS_JSON: Final = False

_ADDRESS: Final = re.compile(r"[0-9A-F]{10}")
_CENTRE: Final = b"\x01"
_PASSWORD: Final = b"\x03\xe8"
_TEST: Final = 0x30
_REFUSED: Final = {
    sl651.KEEP: (Reason.EMPTY, "the station only says that it is there"),
    0x35: (Reason.UNSUPPORTED, "observations by hand are text after SL 330, which is not read"),
    0x36: (Reason.UNSUPPORTED, "a picture holds no readings"),
    0x39: (Reason.UNSUPPORTED, "observations by hand are text after SL 330, which is not read"),
}
_READ: Final = frozenset({_TEST, 0x31, 0x32, 0x33, 0x34, 0x37, 0x38, 0x3A, 0x44, 0x46, 0x4C, 0x4D, 0x4E})


def decode(payload: bytes, context: Context) -> list[Sample]:
    """See Codec."""
    packets = sl651.packets(payload)
    if not packets:
        raise Rejected(Reason.EMPTY, "no frame")
    message = sl651.joined(packets)
    if message.station != context.device:
        raise Rejected(Reason.FOREIGN_DEVICE, f"a frame of {message.station} on the topic of {context.device!r}")
    if message.function not in _READ:
        reason, why = _REFUSED.get(message.function, (Reason.UNSUPPORTED, "it carries no observations"))
        raise Rejected(reason, f"function {message.function:02X}H: {why}")
    found = observations(message)
    if message.function == _TEST:
        found = [_tried(one) for one in found]
    return samples_of(list(_apart(found)), context)


def report(samples: Sequence[Sample], station: str, sent: int) -> bytes:
    """See Reporter: of a rain gauge."""
    if not samples or _ADDRESS.fullmatch(station) is None:
        raise Invalid("report", f"{len(samples)} samples of {station!r}", "some, of ten hexadecimal digits in capitals")
    head = _CENTRE + bytes.fromhex(station) + _PASSWORD + bytes((sl651.TIMED,))
    return sl651.framed(head, written(samples, station, sent))


def _tried(one: Observation) -> Observation:
    channel = "test" if one.channel is None else f"test-{one.channel}"
    return one._replace(channel=channel, quality=one.quality | Quality.DEVICE)


def _apart(found: list[Observation]) -> Iterator[Observation]:
    """No two of one series at one time."""
    seen = set()
    for one in found:
        identity = (one.metric, one.channel, one.at, one.device)
        if one.metric is not None and identity in seen:
            yield one._replace(channel="-".join(filter(None, (one.channel, one.name))))
        else:
            yield one
        seen.add(identity)


_STATION: Final = "0011223344"
_AT: Final = 1_500_346_800_000
"""2017-07-18 11:00 in Beijing."""
_CLASSIC: Final = Context(device=_STATION, received_at=_AT + 60_000)
_REPORTING: Final = Context(
    device=_STATION,
    received_at=_AT + 60_000,
    speech=Speech(metrics=frozenset({"river_level", "pump_state", "door_open", "irrigation_valve"})),
)
_ASKED: Final = Context(
    device=_STATION,
    received_at=_AT + 60_000,
    speech=Speech(
        origins=located(
            Profile(
                "intake",
                "",
                "sl651",
                (
                    Measure("rainfall_interval", origins=(Origin("$.P1"),)),
                    Measure("canal_level", origins=(Origin("$.Z"),)),
                    Measure("outage_state", origins=(Origin("$.ZT0"),)),
                ),
            )
        )
    ),
)
_HEAD: Final = bytes.fromhex("05 0011223344 03E8")
_OWN: Final = "F1F1 0011223344"
_NOON: Final = "F0F0 1707181100"


def _frame(function: int, body: str, *, packets: tuple[int, int] | None = None, serial: str = "0034") -> bytes:
    begun = "" if packets is not None and packets[1] > 1 else f"{serial} 170718110016"
    return sl651.framed(_HEAD + bytes((function,)), bytes.fromhex(begun + body), packets=packets)


def _read(metric: str, value: float, unit: str | None = None, channel: str | None = None, after_min: int = 0) -> Sample:
    return Sample(metric, value, _AT + after_min * 60_000, unit, channel, seq=52)


_PUBLISHED: Final = "worked frame of SL 651 in HEX, toymoban.com news 686475"
_TIMED: Final = bytes.fromhex(
    "7E7E05001122334403E832002B020034170718110016F1F1001122334448F0F017071811002019000040261900004039230001049038121099"
    "03A421"
)
_PACKETS: Final = (
    _frame(0x38, f"{_OWN} 48 {_NOON} 0418 000100 3923 0001", packets=(3, 1)),
    _frame(0x38, "0490 0001", packets=(3, 2)),
    _frame(0x38, "0510", packets=(3, 3)),
)
_HOURLY: Final = _frame(0x34, f"{_OWN} 48 {_NOON} F460 0005FE{'00' * 8}FF F5C0 04150416{'FFFF' * 10} 2619 001234")

EXAMPLES: Final = (
    Example(
        source=_PUBLISHED + ", 32H, class H: PJ 4.0, PT 4.0, Z 10.490, VT 10.99; any metric is reported",
        payload=_TIMED,
        samples=(
            _read("rainfall_total", 4.0, "mm"),
            _read("river_level", 10.49, "m"),
            _read("station_voltage", 10.99, "V"),
        ),
        context=_CLASSIC,
    ),
    Example(
        source=_PUBLISHED + ", 30H: a test, which no fold takes; its clock is in 2059",
        payload=bytes.fromhex(
            "7E7E010012345678123430002B020003591011154947F1F1001234567848F0F05910111549201900000526190000053923000001273812"
            "11150320FA"
        ),
        samples=tuple(
            Sample(metric, value, 2_833_084_140_000, unit, "test", quality=Quality.DEVICE, seq=3)
            for metric, value, unit in (
                ("rainfall_total", 0.5, "mm"),
                ("river_level", 0.127, "m"),
                ("station_voltage", 11.15, "V"),
            )
        ),
        context=Context("0012345678", _AT),
    ),
    Example(
        source="an hour (34H): rain and relative level in twelve parts, most of them silent",
        payload=_HOURLY,
        samples=(
            _read("rainfall_interval", 0.0, "mm"),
            _read("rainfall_interval", 0.5, "mm", after_min=5),
            _read("rainfall_interval", 25.4, "mm", after_min=10),
            *(_read("rainfall_interval", 0.0, "mm", after_min=minute) for minute in range(15, 55, 5)),
            _read("river_level", 10.45, "m", "relative"),
            _read("river_level", 10.46, "m", "relative", after_min=5),
            _read("rainfall_total", 123.4, "mm"),
        ),
        context=_CLASSIC,
    ),
    Example(
        source="triggered (33H) at a reservoir below zero; what has no value, no metric, or comes twice",
        payload=_frame(
            0x33,
            f"{_OWN} 4B {_NOON} 3B23 FF000250 391B FF0010 3A23 FFFFFFFF 021A AAAAAA"
            " 0112 2500 3308 05 3308 00 FF0119 000012",
        ),
        samples=(
            _read("reservoir_level", -0.25, "m"),
            _read("reservoir_level", -0.01, "m", "Z"),
            _read("AC", 25.0, "m2"),
            _read("wind_direction", 90.0, "deg"),
            _read("FF01", 1.2),
        ),
        context=_CLASSIC,
    ),
    Example(
        source="even steps (31H): rain of five minutes each five minutes is the rain; one is missing",
        payload=_frame(0x31, f"{_OWN} 50 {_NOON} 0418 000005 2219 000005 FFFFFF 000010"),
        samples=(
            _read("rainfall_interval", 0.5, "mm", "PN05"),
            _read("rainfall_interval", 1.0, "mm", "PN05", after_min=10),
        ),
        context=_CLASSIC,
    ),
    Example(
        source="a period that was asked for (38H), level by the hour, in three packets",
        payload=_PACKETS[0] + _PACKETS[1] + _PACKETS[2],
        samples=(_read("river_level", 10.49, "m"), _read("river_level", 10.51, "m", after_min=60)),
        context=_CLASSIC,
    ),
    Example(
        source="state in a timed report: the gauge of the level is faulty, the pump runs, the door is shut",
        payload=_frame(0x32, f"{_OWN} 44 {_NOON} 3923 00010490 4520 000000C1 3812 1099"),
        samples=(
            Sample("river_level", 10.49, _AT, "m", quality=Quality.DEVICE, seq=52),
            _read("door_open", 0.0),
            _read("pump_state", 1.0),
        ),
        context=_REPORTING,
    ),
    Example(
        source="the same report as the origins of a profile read it",
        payload=_frame(0x32, f"{_OWN} 44 {_NOON} 3923 00010490 4520 00000001 3812 1099 1A19 000015"),
        samples=(_read("canal_level", 10.49, "m"), _read("outage_state", 1.0), _read("rainfall_interval", 1.5, "mm")),
        context=_ASKED,
    ),
    Example(
        source="state alone (46H) has the time of sending",
        payload=_frame(0x46, f"{_OWN} 4520 00000480"),
        samples=(Sample("door_open", 0.0, _AT + 16_000, seq=52), Sample("pump_state", 0.0, _AT + 16_000, seq=52)),
        context=_REPORTING,
    ),
    Example(
        source="gates of a sluice in groups: number, height, flow; 444 is shut, 999 open as far as it goes",
        payload=_frame(
            0x32,
            f"{_OWN} 5A {_NOON} 0A10 0001 0912 0150 3123 00002500 0A10 0002 091A 044400"
            " 0A10 0003 091A 099900 2723 00007000",
        ),
        samples=(
            _read("gate_opening", 1.5, "m", "1"),
            _read("canal_flow", 2.5, "m3/s", "1"),
            _read("gate_opening", 0.0, "m", "2"),
            _read("canal_flow", 7.0, "m3/s"),
        ),
        context=_CLASSIC,
    ),
    Example(
        source="valves (4DH): a bit each",
        payload=_frame(0x4D, f"{_OWN} 01 05"),
        samples=tuple(
            Sample("irrigation_valve", value, _AT + 16_000, None, str(number), seq=52)
            for number, value in enumerate((1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0), 1)
        ),
        context=_REPORTING,
    ),
    Example(
        source="gates (4EH), two of them open",
        payload=_frame(0x4E, f"{_OWN} 02 03 0120 0035"),
        samples=(
            Sample("gate_opening", 120.0, _AT + 16_000, "cm", "1", seq=52),
            Sample("gate_opening", 35.0, _AT + 16_000, "cm", "2", seq=52),
        ),
        context=_CLASSIC,
    ),
    Example(
        source="a relay: behind its own elements those of another station, of another time",
        payload=_frame(0x32, f"{_OWN} 48 {_NOON} 3923 00010490 F1F1 0011223355 47 F0F0 1707181105 0E1A 000412"),
        samples=(
            _read("river_level", 10.49, "m"),
            Sample("groundwater_depth", 4.12, _AT + 300_000, "m", device="0011223355", seq=52),
        ),
        context=_CLASSIC,
    ),
    Example(
        source=_PUBLISHED + ", 2FH: a link is kept",
        payload=bytes.fromhex("7E7E01001234567812342F0008020003591011155111036BCA"),
        rejected=Reason.EMPTY,
        context=Context("0012345678", _AT),
    ),
    Example("a picture", _frame(0x36, f"{_OWN} 48 {_NOON} F3F3 FFD8FF"), rejected=Reason.UNSUPPORTED, context=_CLASSIC),
    Example("by hand", _frame(0x35, "F2F2 5044"), rejected=Reason.UNSUPPORTED, context=_CLASSIC),
    Example("an answer", _frame(0x4A, _OWN), rejected=Reason.UNSUPPORTED, context=_CLASSIC),
    Example("another station", _TIMED, rejected=Reason.FOREIGN_DEVICE),
    Example("nothing has a value", _frame(0x32, f"{_OWN} 48 {_NOON} 3923 FFFFFFFF"), rejected=Reason.EMPTY,
            context=_CLASSIC),
    Example("windows of rain alone", _frame(0x32, f"{_OWN} 48 {_NOON} 1F19 000010"), rejected=Reason.UNKNOWN_METRIC,
            context=_CLASSIC),
    Example("a bit has turned", _TIMED[:-2] + b"\xa4\x20", rejected=Reason.MALFORMED, context=_CLASSIC),
    Example("a packet alone", _PACKETS[1], rejected=Reason.MALFORMED, context=_CLASSIC),
    Example("a packet twice", _PACKETS[0] + _PACKETS[0], rejected=Reason.MALFORMED, context=_CLASSIC),
    Example("two messages", _TIMED + _HOURLY, rejected=Reason.MALFORMED, context=_CLASSIC),
    Example("an element cut short", _frame(0x32, f"{_OWN} 48 {_NOON} 3923 0001"), rejected=Reason.MALFORMED,
            context=_CLASSIC),
    Example("no decimal digits", _frame(0x32, f"{_OWN} 48 {_NOON} 3923 0001049A"), rejected=Reason.MALFORMED,
            context=_CLASSIC),
    Example("no body", _frame(0x32, ""), rejected=Reason.EMPTY, context=_CLASSIC),
    Example("no such time", _frame(0x32, f"{_OWN} 48 F0F0 1713181100 3923 00010490"), rejected=Reason.BAD_TIME,
            context=_CLASSIC),
    Example("a step of four bytes", _frame(0x31, f"{_OWN} 48 {_NOON} 0420 00000005 3923"), rejected=Reason.MALFORMED,
            context=_CLASSIC),
    Example("nothing", b"", rejected=Reason.EMPTY, context=_CLASSIC),
)  # fmt: skip
"""Documentation and tests at once."""
