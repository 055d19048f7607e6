"""SenML in JSON (RFC 8428 section 5, `application/senml+json`): an array of records.

What they mean is in `devices.senml`.

[{"bn": "urn:dev:ow:10e2073a01080063:", "bt": 1795420800, "n": "air_temperature", "u": "Cel", "v": 21.5},
 {"n": "air_relative_humidity", "u": "%RH", "v": 64}]
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from devices.codecs.port import Context, Example
from devices.json_text import decoded
from devices.senml import resolve, to_pack, to_samples
from telemetry.errors import Reason
from telemetry.model import Sample

__all__ = ["EXAMPLES", "READS_JSON", "decode", "encode"]

READS_JSON: Final = True

_DECODER: Final = msgspec.json.Decoder(list[dict[str, object]])
_ENCODER: Final = msgspec.json.Encoder()


def decode(payload: bytes, context: Context) -> list[Sample]:
    """See Codec."""
    pack = decoded(_DECODER, payload)
    return to_samples(resolve(pack, context.received_at))


def encode(samples: Sequence[Sample]) -> bytes:
    """See Codec. Raises `Invalid` for what SenML has no words for."""
    return _ENCODER.encode(to_pack(samples))


_NOW: Final = 1_795_420_800_000
_OW: Final = "urn:dev:ow:10e2073a01080063"

EXAMPLES: Final = (
    Example(
        source="RFC 8428 section 5.1.1: one value, about now; here the last part of the name is read as the metric",
        payload=b'[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]',
        samples=(Sample("10e2073a01080063", 23.1, None, "Cel", None, "urn:dev:ow"),),
    ),
    Example(
        source="RFC 8428 section 5.1.2: two values of one device",
        payload=b'[{"bn":"urn:dev:ow:10e2073a01080063:","n":"voltage","u":"V","v":120.1},'
        b'{"n":"current","u":"A","v":1.2}]',
        samples=(Sample("voltage", 120.1, None, "V", None, _OW), Sample("current", 1.2, None, "A", None, _OW)),
        encodes=True,
    ),
    Example(
        source="RFC 8428 section 5.1.2: base time, base unit and an older version; resolved in order of time",
        payload=b'[{"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage",'
        b'"u":"V","v":120.1},{"n":"current","t":-5,"v":1.2},{"n":"current","t":-4,"v":1.3},'
        b'{"n":"current","t":-3,"v":1.4},{"n":"current","t":-2,"v":1.5},{"n":"current","t":-1,"v":1.6},'
        b'{"n":"current","v":1.7}]',
        samples=(
            *(
                Sample("current", value, 1_276_020_071_001 + 1000 * n, "A", None, "urn:dev:ow:10e2073a0108006")
                for n, value in enumerate((1.2, 1.3, 1.4, 1.5, 1.6))
            ),
            Sample("voltage", 120.1, 1_276_020_076_001, "V", None, "urn:dev:ow:10e2073a0108006"),
            Sample("current", 1.7, 1_276_020_076_001, "A", None, "urn:dev:ow:10e2073a0108006"),
        ),
    ),
    Example(
        source="RFC 8428 section 5.1.5: string, boolean and data; only the boolean is a number beside the temperature",
        payload=b'[{"bn":"urn:dev:ow:10e2073a01080063:","n":"temp","u":"Cel","v":23.1},'
        b'{"n":"label","vs":"Machine Room"},{"n":"open","vb":false},{"n":"nfv-reader","vd":"aGkgCg"}]',
        samples=(Sample("temp", 23.1, None, "Cel", None, _OW), Sample("open", 0.0, None, None, None, _OW)),
    ),
    Example(
        source="RFC 8428 section 5.1.7: a record of base fields alone, ratios (core-wg/senml-spec ex9.gen.json)",
        payload=b'[{"bn":"urn:dev:ow:10e2073a01080063:"},{"n":"temp","u":"Cel","v":23.1},{"n":"heat","u":"/","v":1}]',
        samples=(Sample("temp", 23.1, None, "Cel", None, _OW), Sample("heat", 1.0, None, "1", None, _OW)),
    ),
    Example(
        source="naming of this project: channels, and a percentage as SenML has it",
        payload=b'[{"n":"soil_moisture_vwc_10cm.a","u":"/100","t":1795420800,"v":31.5}]',
        samples=(Sample("soil_moisture_vwc_10cm", 31.5, _NOW, "%", "a"),),
        encodes=True,
    ),
    Example(
        source="RFC 8428 section 12.1: % is the absolute ratio, not a percentage",
        payload=b'[{"n":"leaf_wetness","u":"%","v":0.5}]',
        samples=(Sample("leaf_wetness", 0.5, None, "1"),),
    ),
    Example(
        source="RFC 8428 section 4.2: a sum is in the unit times seconds; here a day's energy beside the power",
        payload=b'[{"n":"energy_import","u":"W","t":-2,"v":500,"s":3600000}]',
        samples=(
            Sample("energy_import", 500.0, _NOW - 2000, "W"),
            Sample("energy_import", 3_600_000.0, _NOW - 2000, "W.s", "sum"),
        ),
    ),
    Example(
        source="RFC 8428 section 4.5.4: base value and base sum count where the record has none",
        payload=b'[{"bv":20,"n":"air_temperature","u":"Cel","v":1.5},{"bs":100,"n":"pv_power","u":"W","s":1}]',
        samples=(
            Sample("air_temperature", 21.5, None, "Cel"),
            Sample("pv_power", 101.0, None, "W.s", "sum"),
        ),
    ),
    Example(
        source="RFC 8428 section 12.1: positions",
        payload=b'[{"bn":"truck-1/vehicle_position","bt":1795420800,"u":"lat","v":37.49},{"u":"lon","v":118.25}]',
        samples=(
            Sample("vehicle_position", 37.49, _NOW, "lat", "lat", "truck-1"),
            Sample("vehicle_position", 118.25, _NOW, "lon", "lon", "truck-1"),
        ),
    ),
    Example("section 4.4: must be understood", b'[{"n":"a","v":1,"x_":2}]', rejected=Reason.UNSUPPORTED),
    Example("section 4.4: newer version", b'[{"bver":11,"n":"a","v":1}]', rejected=Reason.UNSUPPORTED),
    Example("section 4.4: two versions", b'[{"n":"a","v":1},{"bver":5,"n":"a","v":1}]', rejected=Reason.MALFORMED),
    Example("section 4.2: two values", b'[{"n":"a","v":1,"vb":true}]', rejected=Reason.MALFORMED),
    Example("section 4.2: no value", b'[{"n":"a","u":"Cel"}]', rejected=Reason.MALFORMED),
    Example("section 4.5.1: no name", b'[{"v":1}]', rejected=Reason.MALFORMED),
    Example("section 4.5.1: other characters", '[{"n":"气温","v":1}]'.encode(), rejected=Reason.MALFORMED),
    Example("true is no number", b'[{"n":"a","v":true}]', rejected=Reason.MALFORMED),
    Example("an object is no pack", b'{"n":"a","v":1}', rejected=Reason.MALFORMED),
    Example("padded data", b'[{"n":"a","vd":"aGk="}]', rejected=Reason.MALFORMED),
    Example("strings only", b'[{"n":"a","vs":"x"}]', rejected=Reason.EMPTY),
    Example("an empty pack", b"[]", rejected=Reason.EMPTY),
    Example("beyond a double", b'[{"n":"a","v":1e999}]', rejected=Reason.NOT_FINITE),
    Example("beyond a double with its base", b'[{"bv":1e308,"n":"a","v":1e308}]', rejected=Reason.NOT_FINITE),
    Example("no number in JSON", b'[{"n":"a","v":NaN}]', rejected=Reason.NOT_FINITE),
    Example("before 1970", b'[{"n":"a","v":1,"t":-1795420801}]', rejected=Reason.BAD_TIME),
    Example("after 2200", b'[{"n":"a","v":1,"t":7289654400}]', rejected=Reason.BAD_TIME),
    Example("too many", b'[{"bn":"a","v":1}' + b',{"v":1}' * 10_000 + b"]", rejected=Reason.TOO_LARGE),
)
"""Documentation and tests at once."""
