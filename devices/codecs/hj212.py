"""HJ 212-2017: what monitors of air, water and sewage report. The frame is drawn in `devices/stations/hj212.py`.

    CP=&&DataTime=20160801084000;w01018-Rtd=42.1,w01018-Flag=N;w21003-Rtd=1.60,w21003-Flag=D&&
         |                       |      |        |            |
         collection, Beijing     |      |        |            the next factor
                                 |      |        flag: N normal; all others mark the value as DEVICE
                                 factor statistic

    2011  real time   -Rtd                     the device's own series, at DataTime or at the factor's SampleTime
    2051  minutes     -Avg (-Min, -Max, -Cou)  channel `minute`, at DataTime, the start of the interval
    2061  hour        likewise                 channel `hour`
    2031  day         likewise; noise: -Data   channel `day`
    2021  running     SB1-RS                   no metric: an origin says what equipment it is
    2041  hours run   SB1-RT                   likewise

Names for origins: `$['w01018-Rtd']`, and with the interval where there is one, `$['w01018-Max-hour']`. Extremes,
amounts (`-Cou`) and values converted to standard conditions (`-Zs...`) are read where an origin names them. A factor
that has no metric is a sample of its own name, so the worker refuses it by that name. Logs, serial numbers and flags
of the instrument (`-Info`, `-SN`, `-EFlag`) are no observations. Packets of one message stand behind each other, or
each alone where it has a DataTime.
"""

import re
from collections.abc import Sequence
from math import isfinite
from types import MappingProxyType
from typing import Final, NamedTuple

from devices.codecs.port import Context, Example, Speech
from devices.origins import located
from devices.stations import beijing, hj212
from devices.stations.observed import Observation, Use, samples_of
from telemetry.errors import Invalid, Reason, Rejected
from telemetry.model import Measure, Origin, Profile, Quality, Sample

__all__ = ["EXAMPLES", "READS_JSON", "decode", "report"]

READS_JSON: Final = False


class _Command(NamedTuple):
    main: tuple[str, ...]
    """The statistics that are the value."""
    interval: str | None = None


_COMMANDS: Final = MappingProxyType({
    "2011": _Command(("Rtd",)),
    "2021": _Command(("RS",)),
    "2031": _Command(("Avg", "Data"), "day"),
    "2041": _Command(("RT",), "day"),
    "2051": _Command(("Avg",), "minute"),
    "2061": _Command(("Avg",), "hour"),
})  # fmt: skip

_FACTORS: Final = MappingProxyType({
    "w00000": ("effluent_flow", "L/s"),
    "w01001": ("water_ph", "[pH]"),
    "w01003": ("turbidity", "[NTU]"),
    "w01009": ("dissolved_oxygen", "mg/L"),
    "w01010": ("water_temperature", "Cel"),
    "w01012": ("suspended_solids", "mg/L"),
    "w01014": ("conductivity", "uS/cm"),
    "w01017": ("bod5", "mg/L"),
    "w01018": ("cod", "mg/L"),
    "w01019": ("cod_mn", "mg/L"),
    "w21001": ("total_nitrogen", "mg/L"),
    "w21003": ("ammonia_nitrogen", "mg/L"),
    "w21007": ("nitrate_nitrogen", "mg/L"),
    "w21011": ("total_phosphorus", "mg/L"),
    "w21017": ("fluoride", "mg/L"),
    "a01001": ("air_temperature", "Cel"),
    "a01002": ("air_relative_humidity", "%"),
    "a01006": ("air_pressure", "kPa"),
    "a01007": ("wind_speed", "m/s"),
    "a01008": ("wind_direction", "deg"),
    # The standard's table has ng/m3 for dust, stations send ug/m3 or mg/m3: the profile's measure says which.
    "a34002": ("pm10", None),
    "a34004": ("pm25", None),
    "LA": ("noise_level", "dB"),
})  # fmt: skip
"""Metric and unit of a factor: HJ 212-2017 annex B; w01003 is used in the field."""
_BY_METRIC: Final = MappingProxyType({metric: (factor, unit) for factor, (metric, unit) in _FACTORS.items()})
_OF_SURFACE_WATER: Final = MappingProxyType({"w00000": ("river_discharge", "L/s")})
_SURFACE_WATER: Final = "21"

_ASIDE: Final = frozenset({"Flag", "EFlag", "SampleTime", "Info", "SN", "LastTime"})
_NORMAL: Final = "N"
_FLAGS: Final = MappingProxyType({Quality.GOOD: _NORMAL, Quality.DEVICE: "D"})
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
_SHOWN: Final = 40


def decode(payload: bytes, context: Context) -> list[Sample]:
    """See Codec."""
    packets = hj212.packets(payload)
    if not packets:
        raise Rejected(Reason.EMPTY, "no frame")
    first = packets[0]
    exchange = [(packet.station, packet.command, packet.head.get("QN")) for packet in packets]
    if len(set(exchange)) > 1:
        raise Rejected(Reason.MALFORMED, "the frames are of several messages: each wants a payload of its own")
    if first.station != context.device:
        raise Rejected(Reason.FOREIGN_DEVICE, f"a frame of {first.station!r} on the topic of {context.device!r}")
    command = _COMMANDS.get(first.command)
    if command is None:
        known = ", ".join(_COMMANDS)
        raise Rejected(Reason.UNSUPPORTED, f"command {first.command[:8]!r} carries no observations; those are {known}")
    observations: list[Observation] = []
    at: int | None = None
    for packet in packets:
        items = _items(packet.content)
        if "DataTime" in items:
            at = beijing.read(items.pop("DataTime"))
        if at is None:
            raise Rejected(Reason.BAD_TIME, f"no DataTime in what is told {packet.place}".rstrip())
        observations += _observations(items, command, at, packet.head.get("ST", ""))
    _check_once(observations)
    return samples_of(observations, context)


def report(samples: Sequence[Sample], station: str, sent: int) -> bytes:
    """See Reporter: in real time, all samples of one whole second."""
    at = samples[0].at if samples else None
    if at is None or at % 1000:
        raise Invalid("at", str(at), "samples of one whole second")
    items = ";".join(_written(sample, at) for sample in samples)
    return hj212.told(station, f"DataTime={beijing.long(at)[:14]};{items}", sent)


def _written(sample: Sample, at: int) -> str:
    factor, unit = _BY_METRIC.get(sample.metric, (None, None))
    if factor is None:
        raise Invalid("metric", f"{sample.metric!r} is no factor of this format", ", ".join(_BY_METRIC))
    if sample != Sample(sample.metric, sample.value, at, sample.unit, quality=sample.quality) or (
        sample.unit not in (None, unit) or sample.quality not in _FLAGS or not isfinite(sample.value)
    ):
        raise Invalid("sample", repr(sample), f"a finite value of {at} in {unit}, without number, channel or device")
    return f"{factor}-Rtd={sample.value!r},{factor}-Flag={_FLAGS[sample.quality]}"


def _items(content: str) -> dict[str, str]:
    items: dict[str, str] = {}
    for item in re.split("[;,]", content):
        name, _, value = (part.strip() for part in item.partition("="))
        if not name:
            continue
        if name in items:
            raise Rejected(Reason.MALFORMED, f"{name[:_SHOWN]!r} comes twice")
        items[name] = value
    return items


def _observations(items: dict[str, str], command: _Command, at: int, kind: str) -> list[Observation]:
    """What stands in one packet."""
    found = []
    for name, text in items.items():
        factor, _, statistic = name.partition("-")
        if not statistic or statistic in _ASIDE or not text:
            continue
        is_main = statistic in command.main
        sampled = items.get(f"{factor}-SampleTime") if command.interval is None else None
        metric, unit = _factor(factor, kind) if is_main else (None, None)
        found.append(
            Observation(
                name=name if command.interval is None else f"{name}-{command.interval}",
                value=_value(name, text),
                at=beijing.read(sampled) if sampled else at,
                metric=metric,
                unit=unit,
                channel=command.interval,
                use=Use.ALWAYS if is_main else Use.ASKED,
                quality=Quality.GOOD if items.get(f"{factor}-Flag", _NORMAL) == _NORMAL else Quality.DEVICE,
            )
        )
    return found


def _factor(code: str, kind: str) -> tuple[str | None, str | None]:
    table = _OF_SURFACE_WATER if kind == _SURFACE_WATER and code in _OF_SURFACE_WATER else _FACTORS
    return table.get(code, (None, None))


def _value(name: str, text: str) -> float:
    if _NUMBER.fullmatch(text) is None:
        raise Rejected(Reason.MALFORMED, f"{name[:_SHOWN]}={text[:_SHOWN]!r} is no number")
    value = float(text)
    if not isfinite(value):
        raise Rejected(Reason.NOT_FINITE, f"{name[:_SHOWN]} is beyond a double")
    return value


def _check_once(observations: list[Observation]) -> None:
    names = [one.name for one in observations]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Rejected(Reason.MALFORMED, f"{twice[:_SHOWN]!r} comes twice in one message")


_STATION: Final = "010000A8900016F000169DC0"
_AT: Final = 1_470_012_000_000
"""2016-08-01 08:40:00 in Beijing."""
_TOLD: Final = Context(device=_STATION, received_at=_AT + 60_000)
_ASKED: Final = Context(
    device=_STATION,
    received_at=_AT + 60_000,
    speech=Speech(
        origins=located(
            Profile(
                "sewage-works",
                "",
                "hj212",
                (
                    Measure("pump_state", origins=(Origin("$['SB1-RS']", "blower"),)),
                    Measure("cod", origins=(Origin("$['w01018-Max-hour']", "max"),)),
                    Measure("supply_volume", "m3", origins=(Origin("$['w00000-Cou-hour']"),)),
                ),
            )
        )
    ),
)


def _frame(command: str, content: str, head: str = "Flag=5", kind: str = "32") -> bytes:
    told = f"QN=20160801084000001;ST={kind};CN={command};PW=123456;MN={_STATION};{head};CP=&&{content}&&"
    return hj212.framed(told)


def _lower(frame: bytes) -> bytes:
    return frame[:-6] + frame[-6:].strip().lower()


_TIME: Final = "DataTime=20160801084000"

_FIRST: Final = _frame("2061", f"{_TIME};w01018-Avg=40.5,w01018-Flag=N", "Flag=7;PNUM=2;PNO=1")
_SECOND: Final = _frame("2061", "w21001-Avg=9.75,w21001-Flag=T", "Flag=7;PNUM=2;PNO=2")
_HOUR: Final = _frame("2061", f"{_TIME};w01018-Min=38.0,w01018-Avg=40.5,w01018-Max=44.0;w00000-Cou=3960,w00000-Avg=1.1")

EXAMPLES: Final = (
    Example(
        source="HJ 212-2017, real time of a sewage outlet: a fault of the ammonia analyser, a silent one, a metal",
        payload=_frame(
            "2011",
            f"{_TIME};w00000-Rtd=1.1,w00000-Flag=N;w01018-Rtd=42.1,w01018-Flag=N;"
            "w21003-Rtd=1.60,w21003-Flag=D;w21011-Rtd=,w21011-Flag=B;w20111-Rtd=0.02,w20111-EFlag=A01",
        ),
        samples=(
            Sample("effluent_flow", 1.1, _AT, "L/s"),
            Sample("cod", 42.1, _AT, "mg/L"),
            Sample("ammonia_nitrogen", 1.6, _AT, "mg/L", quality=Quality.DEVICE),
            Sample("w20111-Rtd", 0.02, _AT),
        ),
        context=_TOLD,
    ),
    Example(
        source="surface water, an analyser that takes its time; without a line end, the checksum in small letters",
        payload=_lower(
            _frame("2011", f"{_TIME};w00000-Rtd=830;w21003-SampleTime=20160801080000,w21003-Rtd=.4", kind="21")
        ),
        samples=(
            Sample("river_discharge", 830.0, _AT, "L/s"),
            Sample("ammonia_nitrogen", 0.4, _AT - 2_400_000, "mg/L"),
        ),
        context=_TOLD,
    ),
    Example(
        source="an hour: means on a channel of their own, so that no fold mixes them with what is told in real time",
        payload=_HOUR,
        samples=(
            Sample("cod", 40.5, _AT, "mg/L", "hour"),
            Sample("effluent_flow", 1.1, _AT, "L/s", "hour"),
        ),
        context=_TOLD,
    ),
    Example(
        source="the same hour as the origins of a profile read it",
        payload=_HOUR,
        samples=(Sample("cod", 44.0, _AT, None, "max"), Sample("supply_volume", 3960.0, _AT)),
        context=_ASKED,
    ),
    Example(
        source="a message in two packets, the second over range",
        payload=_FIRST + _SECOND,
        samples=(
            Sample("cod", 40.5, _AT, "mg/L", "hour"),
            Sample("total_nitrogen", 9.75, _AT, "mg/L", "hour", quality=Quality.DEVICE),
        ),
        context=_TOLD,
    ),
    Example(
        source="ten minutes of air: dust in the unit of the profile",
        payload=_frame("2051", f"{_TIME};a34004-Avg=31;a01006-Avg=101.325"),
        samples=(Sample("pm25", 31.0, _AT, None, "minute"), Sample("air_pressure", 101.325, _AT, "kPa", "minute")),
        context=_TOLD,
    ),
    Example(
        source="noise of a day",
        payload=_frame("2031", f"{_TIME};LA-Data=55.2,LA-DayData=58.0", kind="23"),
        samples=(Sample("noise_level", 55.2, _AT, "dB", "day"),),
        context=_TOLD,
    ),
    Example(
        source="what runs: the profile says what the equipment is",
        payload=_frame("2021", f"{_TIME};SB1-RS=1;SB2-RS=0"),
        samples=(Sample("pump_state", 1.0, _AT, None, "blower"),),
        context=_ASKED,
    ),
    Example(
        source="hours run, of equipment that nobody has named",
        payload=_frame("2041", f"{_TIME};SB1-RT=1.5"),
        samples=(Sample("SB1-RT-day", 1.5, _AT, None, "day"),),
        context=_TOLD,
    ),
    Example(
        source="HJ 212-2017 annex A, the checksum's own example: a command",
        payload=b"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;"
        b"CP=&&RtdInterval=30&&1C80\r\n",
        rejected=Reason.UNSUPPORTED,
        context=_TOLD,
    ),
    Example("no value", _frame("2011", f"{_TIME};w01018-Flag=N"), rejected=Reason.EMPTY, context=_TOLD),
    Example("extremes alone", _frame("2061", f"{_TIME};w01018-Max=4"), rejected=Reason.UNKNOWN_METRIC, context=_TOLD),
    Example("nothing the profile names", _frame("2011", f"{_TIME};w01018-Rtd=4"), rejected=Reason.EMPTY,
            context=_ASKED),
    Example("another station", _frame("2011", f"{_TIME};w01018-Rtd=4"), rejected=Reason.FOREIGN_DEVICE),
    Example("no time", _SECOND, rejected=Reason.BAD_TIME, context=_TOLD),
    Example("no such day", _frame("2011", "DataTime=20160231000000;w01018-Rtd=4"), rejected=Reason.BAD_TIME,
            context=_TOLD),
    Example("no number", _frame("2011", f"{_TIME};w01018-Rtd=clear"), rejected=Reason.MALFORMED, context=_TOLD),
    Example("beyond a double", _frame("2011", f"{_TIME};w01018-Rtd=1e999"), rejected=Reason.NOT_FINITE, context=_TOLD),
    Example("twice", _frame("2011", f"{_TIME};w01018-Rtd=4;w01018-Rtd=5"), rejected=Reason.MALFORMED, context=_TOLD),
    Example("twice, in two packets", _FIRST + _FIRST, rejected=Reason.MALFORMED, context=_TOLD),
    Example("two messages", _FIRST + _HOUR.replace(b"001;ST", b"002;ST"), rejected=Reason.MALFORMED, context=_TOLD),
    Example("a bit has turned", _FIRST.replace(b"40.5", b"40.7"), rejected=Reason.MALFORMED, context=_TOLD),
    Example("cut short", _FIRST[:-8], rejected=Reason.MALFORMED, context=_TOLD),
    Example("no parameters", hj212.framed("QN=1;CN=2011"), rejected=Reason.MALFORMED, context=_TOLD),
    Example("nothing", b"", rejected=Reason.EMPTY, context=_TOLD),
)  # fmt: skip
"""Documentation and tests at once."""
