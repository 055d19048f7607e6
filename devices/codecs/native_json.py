"""The native format: JSON with one time and several values, or a list of such objects.

    {"at": "2026-11-23T08:00:00Z",            ISO 8601 with an offset, or milliseconds since 1970 as a number;
                                              without it the time of receipt is taken, and the same message delivered
                                              again becomes a second reading
     "seq": 17,                               not needed; the sender's count of its messages, from which lost ones are
                                              told; anything but a whole number from 0 to 2**53 - 1 is as good as none
     "values": {"air_temperature": 21.5,      "<metric>", or "<metric>:<channel>" where a device has several probes;
                "soil_temperature:10cm": 9,   null = no observation
                "door_open": null},
     "units": {"air_temperature": "Cel"}}     not needed; a metric without one is in the unit of the device's profile

Values are numbers: a state is 0 or 1, not true or false. Unknown fields are ignored.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from devices.bounds import channel, check_count, instant, parsed
from devices.codecs.port import Context, Example
from devices.json_text import decoded
from telemetry.errors import Invalid, Reason, Rejected
from telemetry.instant import iso
from telemetry.model import Quality, Sample

__all__ = ["EXAMPLES", "READS_JSON", "decode", "encode"]

READS_JSON: Final = True


class _Message(msgspec.Struct, gc=False):
    values: dict[str, float | None]
    at: str | int | float | None = None
    units: dict[str, str] | None = None
    seq: object = None
    """Of any type: what was measured is not refused for it."""


_LARGEST: Final = 2**53 - 1
"""The largest whole number that every JSON library reads exactly (RFC 8259 section 6)."""
_DECODER: Final = msgspec.json.Decoder(_Message | list[_Message])
_ENCODER: Final = msgspec.json.Encoder()


def decode(payload: bytes, context: Context) -> list[Sample]:
    """See Codec. Samples name no device: this format speaks for the device of its topic."""
    _ = context
    samples: list[Sample] = []
    for message in _messages(payload):
        at = message.at
        if at is not None:
            at = parsed(at) if isinstance(at, str) else instant(at)
        units = message.units
        seq = message.seq if type(message.seq) is int and 0 <= message.seq <= _LARGEST else None
        for key, value in message.values.items():
            if value is None:
                continue
            probe = None
            metric = key
            if ":" in key or not key:
                metric, probe = _split(key)
            unit = units.get(metric) if units else None
            samples.append(Sample(metric, value, at, unit, probe, None, Quality.GOOD, seq))
    if not samples:
        raise Rejected(Reason.EMPTY, "no value in 'values'")
    check_count(len(samples))
    return samples


def encode(samples: Sequence[Sample]) -> bytes:
    """See Codec. One object, or a list of them where times, numbers or units differ.

    Raises:
        Invalid: The sample says what this format has no words for: a device, a doubt, a value that is not finite.
    """
    messages: list[_Message] = []
    for sample in samples:
        _check(sample)
        key = sample.metric if sample.channel is None else f"{sample.metric}:{sample.channel}"
        at = None if sample.at is None else iso(instant(sample.at))
        message = messages[-1] if messages else None
        if message is None or not _fits(message, key, at, sample):
            message = _Message({}, at, {}, sample.seq)
            messages.append(message)
        message.values[key] = sample.value
        if sample.unit is not None and message.units is not None:
            message.units[sample.metric] = sample.unit
    written = [_written(message) for message in messages]
    return _ENCODER.encode(written[0] if len(written) == 1 else written)


def _messages(payload: bytes) -> list[_Message]:
    content = decoded(_DECODER, payload)
    return content if isinstance(content, list) else [content]


def _split(key: str) -> tuple[str, str | None]:
    metric, colon, name = key.partition(":")
    if not metric:
        raise Rejected(Reason.MALFORMED, f"{key[:64]!r} names no metric; write <metric> or <metric>:<channel>")
    return metric, channel(name) if colon else None


def _check(sample: Sample) -> None:
    if sample.device is not None:
        raise Invalid("device", "this format speaks for the device of its topic only", "None")
    if sample.quality != Quality.GOOD:
        raise Invalid("quality", f"{sample.quality!r} cannot be said in this format", "GOOD")
    if not -float("inf") < sample.value < float("inf"):
        raise Invalid("value", f"{sample.value} is no JSON number", "a finite number")
    if not sample.metric or ":" in sample.metric:
        raise Invalid("metric", f"{sample.metric!r} cannot be a key", "text without ':'")
    if sample.seq is not None and not 0 <= sample.seq <= _LARGEST:
        raise Invalid("seq", f"{sample.seq} is out of range", f"0 to {_LARGEST}")
    if sample.channel is not None:
        channel(sample.channel)


def _fits(message: _Message, key: str, at: str | None, sample: Sample) -> bool:
    if message.at != at or message.seq != sample.seq or key in message.values:
        return False
    used = any(other.partition(":")[0] == sample.metric for other in message.values)
    return not used or (message.units or {}).get(sample.metric) == sample.unit


def _written(message: _Message) -> dict[str, object]:
    fields: dict[str, object] = {} if message.at is None else {"at": message.at}
    if message.seq is not None:
        fields["seq"] = message.seq
    fields["values"] = message.values
    if message.units:
        fields["units"] = message.units
    return fields


_AT: Final = 1_795_420_800_000
_DESIGN: Final = "The way of a reading: native JSON (docs of this project)"

EXAMPLES: Final = (
    Example(
        source=_DESIGN,
        payload=b'{"at":"2026-11-23T08:00:00Z","values":{"air_temperature":21.5}}',
        samples=(Sample("air_temperature", 21.5, _AT),),
        encodes=True,
    ),
    Example(
        source=_DESIGN + ": an offset, a sequence number, an unknown field",
        payload=b'{"seq":17,"at":"2026-11-23T16:00:00.250+08:00","fw":"1.2","values":{"pump_state":1}}',
        samples=(Sample("pump_state", 1.0, _AT + 250, seq=17),),
    ),
    Example(
        source="encoding: another number begins another object",
        payload=b'[{"at":"2026-11-23T08:00:00Z","seq":1,"values":{"rssi":-97.0}},'
        b'{"at":"2026-11-23T08:00:00Z","seq":2,"values":{"snr":7.5}}]',
        samples=(Sample("rssi", -97.0, _AT, seq=1), Sample("snr", 7.5, _AT, seq=2)),
        encodes=True,
    ),
    Example(
        source="what is no number of a message does not spoil its values",
        payload=b'[{"seq":"17","values":{"rssi":-97}},{"seq":-1,"values":{"rssi":-96}},{"seq":1.5,"values":{"rssi":-95}}]',
        samples=(Sample("rssi", -97.0), Sample("rssi", -96.0), Sample("rssi", -95.0)),
    ),
    Example(
        source=_DESIGN + ": a list, channels, units, times in milliseconds",
        payload=b'[{"at":1795420800000,"values":{"soil_temperature:10cm":48.2,"soil_temperature:40cm":50.0},'
        b'"units":{"soil_temperature":"degF"}},{"values":{"rssi":-97}}]',
        samples=(
            Sample("soil_temperature", 48.2, _AT, "degF", "10cm"),
            Sample("soil_temperature", 50.0, _AT, "degF", "40cm"),
            Sample("rssi", -97.0),
        ),
    ),
    Example(
        source="encoding: another time or another unit of the same metric begins another object",
        payload=b'[{"at":"2026-11-23T08:00:00Z","values":{"soil_ec:a":1.5},"units":{"soil_ec":"dS/m"}},'
        b'{"at":"2026-11-23T08:00:00Z","values":{"soil_ec:b":2.0}}]',
        samples=(Sample("soil_ec", 1.5, _AT, "dS/m", "a"), Sample("soil_ec", 2.0, _AT, None, "b")),
        encodes=True,
    ),
    Example(
        source=_DESIGN + ": null is no observation",
        payload=b'{"values":{"water_ph":null,"turbidity":3.5}}',
        samples=(Sample("turbidity", 3.5),),
    ),
    Example("only nulls", b'{"values":{"water_ph":null}}', rejected=Reason.EMPTY),
    Example("an empty list", b"[]", rejected=Reason.EMPTY),
    Example("no JSON", b"hello", rejected=Reason.MALFORMED),
    Example("nothing", b"", rejected=Reason.MALFORMED),
    Example("cut short", b'{"at":"2026-11-23T08:00:00Z","val', rejected=Reason.MALFORMED),
    Example("no values", b'{"at":"2026-11-23T08:00:00Z"}', rejected=Reason.MALFORMED),
    Example("text is no number", b'{"values":{"air_temperature":"21.5"}}', rejected=Reason.MALFORMED),
    Example("neither is true", b'{"values":{"pump_state":true}}', rejected=Reason.MALFORMED),
    Example("no metric", b'{"values":{":a":1}}', rejected=Reason.MALFORMED),
    Example("no channel", b'{"values":{"soil_ec:":1}}', rejected=Reason.MALFORMED),
    Example("nested without end", b'{"values":{"a":1},"x":' + b"[" * 20_000, rejected=Reason.MALFORMED),
    Example("beyond a double", b'{"values":{"air_temperature":1e999}}', rejected=Reason.NOT_FINITE),
    Example("no number in JSON", b'{"values":{"air_temperature":-Infinity}}', rejected=Reason.NOT_FINITE),
    Example("no offset", b'{"at":"2026-11-23T08:00:00","values":{"rssi":1}}', rejected=Reason.BAD_TIME),
    Example("no time", b'{"at":"yesterday","values":{"rssi":1}}', rejected=Reason.BAD_TIME),
    Example("more than a time", b'{"at":"2026-11-23T08:00:00Z\\u0000x","values":{"rssi":1}}', rejected=Reason.BAD_TIME),
    Example("before 1970", b'{"at":-1,"values":{"rssi":1}}', rejected=Reason.BAD_TIME),
    Example("after 2200 when rounded", b'{"at":7289654399999.9,"values":{"rssi":1}}', rejected=Reason.BAD_TIME),
    Example("after 2200", b'{"at":"2201-01-01T00:00:00Z","values":{"rssi":1}}', rejected=Reason.BAD_TIME),
    Example(
        "too many", b'[{"values":{"rssi":1}}' + b',{"values":{"rssi":1}}' * 10_000 + b"]", rejected=Reason.TOO_LARGE
    ),
)
"""Documentation and tests at once."""
