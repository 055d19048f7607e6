"""One value a topic, named by the level before the last: ESPHome, and what else publishes so.

    greenhouse/sensor/soil_temperature/state    18.4
    greenhouse/binary_sensor/pump/state         ON
               a document with that one name:   {"soil_temperature": 18.4}

The profile's codec reads the document: with `json_paths` the origin `$.soil_temperature` is that value.
"""

import json
from typing import Final

from devices.codecs import json_paths
from devices.codecs.port import Context, Example, Speech
from devices.origins import located
from telemetry.errors import Reason, Rejected
from telemetry.model import Measure, Origin, Profile, Sample

__all__ = ["EXAMPLES", "READS_JSON", "decode"]

READS_JSON: Final = True

_LEVELS: Final = 2


def decode(payload: bytes, context: Context) -> list[Sample]:
    """See Codec."""
    content = context.speech.content
    levels = context.topic.split("/")
    if content is None or len(levels) < _LEVELS:
        raise Rejected(Reason.UNSUPPORTED, "nothing says what the value is, or how it is to be read")
    value = json_paths.document(payload)
    written = json.dumps(value).encode() if isinstance(value, str) else payload
    inside = Speech(None, context.speech.origins, context.speech.metrics)
    named = b"".join((b"{", json.dumps(levels[-2]).encode(), b":", written, b"}"))
    return content.decode(named, Context(context.device, context.received_at, inside, context.topic))


def _context(name: str) -> Context:
    measures = (
        Measure("soil_temperature", origins=(Origin("$.soil_temperature"),)),
        Measure("pump_state", origins=(Origin("$['Pump 1']"),)),
    )
    origins = located(Profile("greenhouse", "Greenhouse", "json_paths", measures))
    return Context("greenhouse", 1_795_420_800_000, Speech(json_paths, origins), f"greenhouse/sensor/{name}/state")


_SOIL: Final = _context("soil_temperature")
_PUMP: Final = _context("Pump 1")

EXAMPLES: Final = (
    Example("ESPHome, sensor", b"18.4", samples=(Sample("soil_temperature", 18.4),), context=_SOIL),
    Example("ESPHome, binary sensor", b"ON", samples=(Sample("pump_state", 1.0),), context=_PUMP),
    Example("text in quotes", b' "19" ', samples=(Sample("soil_temperature", 19.0),), context=_SOIL),
    Example("ESPHome, a sensor without a state", b"nan", rejected=Reason.EMPTY, context=_SOIL),
    Example("a value nobody asked for", b"-61", rejected=Reason.EMPTY, context=_context("wifi_signal")),
    Example("no number", b"warm", rejected=Reason.MALFORMED, context=_SOIL),
    Example("nothing", b"", rejected=Reason.MALFORMED, context=_SOIL),
    Example("two documents", b'1}{"a":2', rejected=Reason.MALFORMED, context=_SOIL),
    Example("a topic without levels", b"18.4", rejected=Reason.UNSUPPORTED),
)
"""Documentation and tests at once."""
