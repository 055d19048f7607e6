"""JSON of any shape, whose values stand where the profile says: the `origins` of its measures (docs/formats.md).

    {"sensors": {"soil": {"t": 11.4}}, "ts": 1795420800}     origin: path $.sensors.soil.t, at $.ts
    21.5                                                     origin: path $
    ON                                                       likewise: a bare word is text

How values and times may be written is in `devices.origins`.
"""

from typing import Final

import msgspec

from devices.codecs.port import Context, Example, Speech
from devices.json_text import decoded
from devices.origins import located, mapped, nothing
from telemetry.errors import Reason, Rejected
from telemetry.model import Measure, Origin, Profile, Sample

__all__ = ["EXAMPLES", "READS_JSON", "decode", "document"]

READS_JSON: Final = True

_DECODER: Final = msgspec.json.Decoder()
_BARE: Final = 64
"""Bytes of the longest payload that is taken for a bare word."""
_MARKS: Final = b'{["'


def decode(payload: bytes, context: Context) -> list[Sample]:
    """See Codec. Samples name no device: what is here speaks for the device of its topic."""
    content = document(payload)
    samples = mapped(content, context.speech.origins)
    if not samples:
        raise nothing(context.speech.origins, _shown(content))
    return samples


def document(payload: bytes) -> object:
    """What the payload says. Raise `Rejected`: MALFORMED, or NOT_FINITE for a number that JSON cannot hold."""
    text = payload.strip()
    if text[:1] in _MARKS or not text or len(text) > _BARE:
        return decoded(_DECODER, payload)
    try:
        return _DECODER.decode(text)
    except ValueError:  # no JSON: a word
        try:
            return text.decode()
        except UnicodeDecodeError as error:
            raise Rejected(Reason.MALFORMED, "neither JSON nor text in UTF-8") from error


def _shown(content: object) -> str:
    if isinstance(content, dict):
        return ", ".join(map(str, content)) or "an empty object"
    return f"a list of {len(content)}" if isinstance(content, list) else repr(content)[:40]


_AT: Final = 1_795_420_800_000


def _context(*measures: Measure) -> Context:
    return Context("device-1", _AT, Speech(origins=located(Profile("odd", "Odd device", "json_paths", measures))))


_ODD: Final = _context(
    Measure("soil_temperature", origins=(Origin("$.soil.t", "10cm", "$.ts"),)),
    Measure("pump_state", origins=(Origin("$.relay"),)),
    Measure("turbidity", origins=(Origin("$.log[*].ntu", at="$.log[*].at"),)),
)
_BARE_VALUE: Final = _context(Measure("pump_state", origins=(Origin("$"),)))

EXAMPLES: Final[tuple[Example, ...]] = (
    Example(
        source="a value, its time and what nobody asked for",
        payload=b'{"ts": 1795420800, "soil": {"t": "11.4", "ph": 7}, "fw": [1, 2]}',
        samples=(Sample("soil_temperature", 11.4, _AT, None, "10cm"),),
        context=_ODD,
    ),
    Example(
        source="several values under one path, each with its time",
        payload=b'{"log":[{"ntu":3,"at":"2026-11-23T08:00:00Z"},{"ntu":4,"at":"2026-11-23T08:01:00Z"}],"relay":"ON"}',
        samples=(Sample("pump_state", 1.0), Sample("turbidity", 3.0, _AT), Sample("turbidity", 4.0, _AT + 60_000)),
        context=_ODD,
    ),
    Example("a number alone", b" 1 ", samples=(Sample("pump_state", 1.0),), context=_BARE_VALUE),
    Example("a word alone", b"off", samples=(Sample("pump_state", 0.0),), context=_BARE_VALUE),
    Example("nothing of what is wanted", b'{"ph":7}', rejected=Reason.EMPTY, context=_ODD),
    Example("no observation", b"unavailable", rejected=Reason.EMPTY, context=_BARE_VALUE),
    Example("text where a number should be", b'{"relay":"jammed"}', rejected=Reason.MALFORMED, context=_ODD),
    Example("an object where a number should be", b'{"relay":{}}', rejected=Reason.MALFORMED, context=_ODD),
    Example("cut short", b'{"soil":{"t":11', rejected=Reason.MALFORMED, context=_ODD),
    Example("nothing", b"", rejected=Reason.MALFORMED, context=_ODD),
    Example("no text", b"\xff\xfe", rejected=Reason.MALFORMED, context=_BARE_VALUE),
    Example("beyond a double", b'{"relay":1e999}', rejected=Reason.NOT_FINITE, context=_ODD),
    Example("a local time", b'{"soil":{"t":1},"ts":"2026-11-23T08:00:00"}', rejected=Reason.BAD_TIME, context=_ODD),
    Example("a profile without origins", b'{"relay":1}', rejected=Reason.UNKNOWN_METRIC),
    Example("too many", b'{"log":[' + b'{"ntu":1},' * 10_000 + b'{"ntu":1}]}', rejected=Reason.TOO_LARGE, context=_ODD),
)
"""Documentation and tests at once."""
