"""Sparkplug B 3.0: births, which name every metric, and data, which name them or give the aliases of the birth.

    metric "Soil/Temperature" = 11.4 at 08:00    a value of the document {"Soil/Temperature": 11.4} of that time
    metric with alias 7                          by `context.names` that which the birth has called 7
    metric "Pump/Starts" without a datatype      likewise of the datatype with which it was born

The origins of the profile are read in that document (`$['Soil/Temperature']`); without any, a metric that is called
like one of the catalogue is that one, `soil_temperature:2` that of a channel. A value must be in the field that its
datatype asks for, and within it. `is_null` and `is_transient` are no observation; what is historical has to say its own
time. The property `Quality` of 0 (bad) or 500 (stale) is the device's own doubt.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from devices.bounds import channel, check_count, instant
from devices.codecs.port import Context, Example, Speech
from devices.origins import located, mapped, nothing, number
from devices.sparkplug import BIRTH_COUNT, PLAIN, Metric, Named, Payload, is_short, parsed
from telemetry.errors import Reason, Rejected
from telemetry.model import Measure, Origin, Profile, Quality, Sample

__all__ = ["EXAMPLES", "READS_JSON", "decode", "samples"]

READS_JSON: Final = False

_FIELDS: Final = {
    1: ("Int8", "int_value", 8, True),
    2: ("Int16", "int_value", 16, True),
    3: ("Int32", "int_value", 32, True),
    4: ("Int64", "long_value", 64, True),
    5: ("UInt8", "int_value", 8, False),
    6: ("UInt16", "int_value", 16, False),
    7: ("UInt32", "int_value", 32, False),
    8: ("UInt64", "long_value", 64, False),
    9: ("Float", "float_value", 0, False),
    10: ("Double", "double_value", 0, False),
    11: ("Boolean", "boolean_value", 0, False),
    12: ("String", "string_value", 0, False),
    13: ("DateTime", "long_value", 0, False),
    14: ("Text", "string_value", 0, False),
    15: ("UUID", "string_value", 0, False),
}
"""By datatype: its name, the field of the wire that holds it, and of integers the bits and whether they are signed."""
_DATE: Final = 13
_NO_NUMBER: Final[dict[str, object]] = {}
"""In the place of what is no number: an origin that asks for it is told so."""
_METRIC_ID: Final = re.compile(r"[a-z][a-z0-9_]*")

_Document = dict[str, object]


def decode(payload: bytes, context: Context) -> list[Sample]:
    """See Codec."""
    return samples(parsed(payload), context)


def samples(told: Payload, context: Context) -> list[Sample]:
    """See Codec. Of a payload that names nothing of what the profile reports: `Rejected(EMPTY)`."""
    documents: dict[tuple[int | None, bool], _Document] = {}
    for metric in told.metrics:
        name, datatype = _named(metric, context)
        if metric.null or metric.transient or name == BIRTH_COUNT:
            continue
        document = documents.setdefault((_time(metric, told, name), metric.bad), {})
        if name in document:
            raise Rejected(Reason.MALFORMED, f"{name[:80]!r} comes twice for one time")
        document[name] = _value(metric, name, datatype)
    read: list[Sample] = []
    for (at, bad), document in documents.items():
        found = _samples(document, context.speech, at)
        read += [msgspec.structs.replace(sample, quality=Quality.DEVICE) for sample in found] if bad else found
    if not read:
        raise _empty(context.speech, sorted({name for document in documents.values() for name in document}))
    check_count(len(read))
    return read


def _named(metric: Metric, context: Context) -> Named:
    """Name and datatype, by the birth where the metric itself does not say."""
    key = metric.alias if metric.name is None else metric.name
    if key is None:
        raise Rejected(Reason.MALFORMED, "a metric has neither a name nor an alias")
    born = context.names.get(key)
    if born is None and (metric.name is None or is_short(metric)):
        raise Rejected(
            Reason.UNKNOWN_BIRTH,
            f"{'alias ' if metric.name is None else ''}{key!r:.80}: the birth that says what it is is not known; "
            "a rebirth was asked for",
        )
    if born is None:
        return Named(metric.name or "", metric.datatype)
    if metric.datatype and born.datatype and metric.datatype != born.datatype:
        raise Rejected(
            Reason.MALFORMED,
            f"{born.name[:80]!r} comes with datatype {metric.datatype}, but was born with {born.datatype}",
        )
    return Named(born.name, metric.datatype or born.datatype)


def _time(metric: Metric, told: Payload, name: str) -> int | None:
    if metric.at is None and metric.historical:
        raise Rejected(Reason.BAD_TIME, f"{name[:80]!r} is historical and does not say of when")
    at = told.at if metric.at is None else metric.at
    return None if at is None else instant(at)


def _value(metric: Metric, name: str, datatype: int) -> object:
    """What `devices.origins` makes a number of."""
    if not metric.field:
        raise Rejected(Reason.MALFORMED, f"{name[:80]!r} has no value, and does not say that it is null")
    known = _FIELDS.get(datatype)
    if known is None:
        return metric.value if datatype == 0 and metric.field in PLAIN else _NO_NUMBER
    title, field, bits, signed = known
    if field != metric.field:
        raise Rejected(Reason.MALFORMED, f"{name[:80]!r} is {title}, but its value is in {metric.field}")
    if datatype == _DATE:
        return _NO_NUMBER
    if bits and isinstance(metric.value, int):
        return _whole(metric.value, name, title, bits, signed=signed)
    return metric.value


def _whole(value: int, name: str, title: str, bits: int, *, signed: bool) -> int:
    """An integer; a negative one comes in two's complement, of its own width or of that of the field."""
    width = 64 if bits == 64 else 32  # noqa: PLR2004 - the two fields of the wire
    if signed and value >= 1 << (width - 1):
        value -= 1 << width
    elif signed and 1 << (bits - 1) <= value < 1 << bits:
        value -= 1 << bits
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    if not low <= value <= high:
        raise Rejected(Reason.MALFORMED, f"{name[:80]!r} is {title}, but its value is {value}")
    return value


def _samples(document: _Document, speech: Speech, at: int | None) -> list[Sample]:
    if speech.origins:
        return mapped(document, speech.origins, at=at)
    return list(_of_equal_name(document, speech, at))


def _of_equal_name(document: _Document, speech: Speech, at: int | None) -> Iterator[Sample]:
    for name, content in document.items():
        metric, colon, own = name.partition(":")
        if _METRIC_ID.fullmatch(metric) is None or not speech.reports(metric):
            continue
        value = number(content, repr(name[:80]))
        if value is not None:
            yield Sample(metric, value, at, None, channel(own) if colon else None)


def _empty(speech: Speech, names: list[str]) -> Rejected:
    found = ", ".join(names)[:200]
    if not names:
        return Rejected(Reason.EMPTY, "no value")
    if speech.origins:
        return nothing(speech.origins, found)
    return Rejected(Reason.EMPTY, f"nothing is called like a metric that the profile reports; there is: {found}")


_AT: Final = 1_795_420_800_000
_MAPPED: Final = Profile(
    "edge",
    "Edge node",
    "sparkplug_b",
    (
        Measure("soil_temperature", origins=(Origin("$['Soil/Temperature']"), Origin("$['Soil/T2']", "2"))),
        Measure("pump_state", origins=(Origin("$.Pump"),)),
    ),
)
_BORN: Final = Context(
    "edge",
    _AT,
    Speech(None, located(_MAPPED), frozenset({"soil_temperature", "pump_state"})),
    names={1: Named("Soil/Temperature", 9), 3: Named("Pump", 11), "Soil/T2": Named("Soil/T2", 2)},
)
_EQUAL: Final = Context("edge", _AT, Speech(metrics=frozenset({"soil_temperature", "pump_state"})))

EXAMPLES: Final[tuple[Example, ...]] = (
    Example(
        source="a birth, by the origins of a profile: Float, Int16 and Boolean",
        payload=bytes.fromhex(
            "088088adbba03412120a056264536571188088adbba0342008580012210a144e6f646520436f6e74726f6c2f52656269"
            "727468188088adbba034200b700012220a10536f696c2f54656d70657261747572651001188088adbba0342009650000"
            "3841121a0a07536f696c2f54321002188088adbba034200250fdffffff0f12130a0450756d701003188088adbba03420"
            "0b700112140a054d6f64656c188088adbba034200c7a0253371800"
        ),
        samples=(
            Sample("soil_temperature", 11.5, _AT),
            Sample("soil_temperature", -3.0, _AT, None, "2"),
            Sample("pump_state", 1.0, _AT),
        ),
        context=_BORN,
    ),
    Example(
        source="data by alias, each at its own time",
        payload=bytes.fromhex("088088adbba034120e1001188088adbba0346500004441120b100318f48badbba03470001807"),
        samples=(
            Sample("soil_temperature", 12.25, _AT),
            Sample("pump_state", 0.0, _AT + 500),
        ),
        context=_BORN,
    ),
    Example(
        source="every datatype that is a number, by equal names; an Int8 in the two's complement of its own width",
        payload=bytes.fromhex(
            "088088adbba03412210a13736f696c5f74656d70657261747572653a6938188088adbba034200150fb0112250a14736f"
            "696c5f74656d70657261747572653a693136188088adbba034200250d4fdffff0f12250a14736f696c5f74656d706572"
            "61747572653a693332188088adbba034200350ffffffff0f122a0a14736f696c5f74656d70657261747572653a693634"
            "188088adbba034200458feffffffffffffffff0112210a13736f696c5f74656d70657261747572653a7538188088adbb"
            "a034200550c80112230a14736f696c5f74656d70657261747572653a753136188088adbba034200650e0d40312250a14"
            "736f696c5f74656d70657261747572653a753332188088adbba03420075080d0acf30e12260a14736f696c5f74656d70"
            "657261747572653a753634188088adbba03420085880808080802012260a12736f696c5f74656d70657261747572653a"
            "64188088adbba034200a699a9999999999b93f12220a12736f696c5f74656d70657261747572653a73188088adbba034"
            "200c7a03332e35121f0a12736f696c5f74656d70657261747572653a62188088adbba034200b70011801"
        ),
        samples=(
            Sample("soil_temperature", -5.0, _AT, None, "i8"),
            Sample("soil_temperature", -300.0, _AT, None, "i16"),
            Sample("soil_temperature", -1.0, _AT, None, "i32"),
            Sample("soil_temperature", -2.0, _AT, None, "i64"),
            Sample("soil_temperature", 200.0, _AT, None, "u8"),
            Sample("soil_temperature", 60000.0, _AT, None, "u16"),
            Sample("soil_temperature", 4000000000.0, _AT, None, "u32"),
            Sample("soil_temperature", 1099511627776.0, _AT, None, "u64"),
            Sample("soil_temperature", 0.1, _AT, None, "d"),
            Sample("soil_temperature", 3.5, _AT, None, "s"),
            Sample("soil_temperature", 1.0, _AT, None, "b"),
        ),
        context=_EQUAL,
    ),
    Example(
        source="is_null is no observation",
        payload=bytes.fromhex(
            "088088adbba034121d0a10736f696c5f74656d7065726174757265188088adbba0342009380112170a0a70756d705f73"
            "74617465188088adbba034200b70011801"
        ),
        samples=(Sample("pump_state", 1.0, _AT),),
        context=_EQUAL,
    ),
    Example(
        source="historical, at its own time; what is transient is not kept",
        payload=bytes.fromhex(
            "088088adbba03412220a10736f696c5f74656d70657261747572651880d09392a03420092801650000184112190a0a70"
            "756d705f7374617465188088adbba034200b300170011801"
        ),
        samples=(Sample("soil_temperature", 9.5, _AT - 86_400_000),),
        context=_EQUAL,
    ),
    Example(
        source="the property Quality is 0: the sender's own doubt",
        payload=bytes.fromhex(
            "088088adbba03412310a10736f696c5f74656d7065726174757265188088adbba03420094a0f0a075175616c69747912"
            "040803180065000018411801"
        ),
        samples=(Sample("soil_temperature", 9.5, _AT, quality=Quality.DEVICE),),
        context=_EQUAL,
    ),
    Example(
        source="data by name, whose datatype only the birth says",
        payload=bytes.fromhex("088088adbba03412140a07536f696c2f5432188088adbba03450fbff031804"),
        samples=(Sample("soil_temperature", -5.0, _AT, None, "2"),),
        context=_BORN,
    ),
    Example(
        source="an integer by name, whose datatype nobody says: 65531 or -5",
        payload=bytes.fromhex("088088adbba03412140a07536f696c2f5432188088adbba03450fbff031804"),
        rejected=Reason.UNKNOWN_BIRTH,
        context=_EQUAL,
    ),
    Example(
        source="an alias without a birth",
        payload=bytes.fromhex("088088adbba034120e1009188088adbba034650000803f1801"),
        rejected=Reason.UNKNOWN_BIRTH,
        context=_EQUAL,
    ),
    Example(
        source="Float, but an integer on the wire",
        payload=bytes.fromhex("088088adbba034121d0a10736f696c5f74656d7065726174757265188088adbba034200950091801"),
        rejected=Reason.MALFORMED,
        context=_EQUAL,
    ),
    Example(
        source="UInt8 of 256",
        payload=bytes.fromhex("088088adbba034121e0a10736f696c5f74656d7065726174757265188088adbba03420055080021801"),
        rejected=Reason.MALFORMED,
        context=_EQUAL,
    ),
    Example(
        source="another datatype than that of the birth",
        payload=bytes.fromhex("088088adbba03412141001188088adbba034200a6900000000000022401801"),
        rejected=Reason.MALFORMED,
        context=_BORN,
    ),
    Example(
        source="DateTime where a number should be",
        payload=bytes.fromhex(
            "088088adbba03412220a10736f696c5f74656d7065726174757265188088adbba034200d588088adbba0341801"
        ),
        rejected=Reason.MALFORMED,
        context=_EQUAL,
    ),
    Example(
        source="historical, without a time",
        payload=bytes.fromhex("088088adbba034121b0a10736f696c5f74656d70657261747572652009280165000018411801"),
        rejected=Reason.BAD_TIME,
        context=_EQUAL,
    ),
    Example(
        source="neither a value nor null",
        payload=bytes.fromhex("088088adbba034121b0a10736f696c5f74656d7065726174757265188088adbba03420091801"),
        rejected=Reason.MALFORMED,
        context=_EQUAL,
    ),
    Example(
        source="one metric twice for one time",
        payload=bytes.fromhex(
            "088088adbba03412200a10736f696c5f74656d7065726174757265188088adbba0342009650000803f12200a10736f69"
            "6c5f74656d7065726174757265188088adbba034200965000000401801"
        ),
        rejected=Reason.MALFORMED,
        context=_EQUAL,
    ),
    Example(
        source="NaN",
        payload=bytes.fromhex(
            "088088adbba03412240a10736f696c5f74656d7065726174757265188088adbba034200a69000000000000f87f1801"
        ),
        rejected=Reason.NOT_FINITE,
        context=_EQUAL,
    ),
    Example(
        source="a time after the year 2200",
        payload=bytes.fromhex(
            "088088adbba03412280a10736f696c5f74656d70657261747572651880808080808080808001200a69000000000000f03f1801"
        ),
        rejected=Reason.BAD_TIME,
        context=_EQUAL,
    ),
    Example(
        source="a will: nothing but bdSeq",
        payload=bytes.fromhex("12120a056264536571188088adbba03420085804"),
        rejected=Reason.EMPTY,
        context=_EQUAL,
    ),
    Example(
        source="nothing of what is wanted",
        payload=bytes.fromhex("088088adbba03412140a045261696e188088adbba0342009650000803f1801"),
        rejected=Reason.EMPTY,
        context=_BORN,
    ),
    Example("no protobuf", b"\xff", rejected=Reason.MALFORMED, context=_EQUAL),
    Example("nothing", b"", rejected=Reason.EMPTY, context=_EQUAL),
)
"""Documentation and tests at once."""
