"""The Things Stack v3 uplinks in JSON (topic `v3/<application>@<tenant>/devices/<device id>/up`).

    {"end_device_ids": {"device_id": "eui-70b3d57ed0051a2b", ...},    the device of the topic
     "received_at": "2026-11-23T08:00:00.350Z",
     "uplink_message": {
       "received_at": "2026-11-23T08:00:00.123456789Z",    when the network server had it: the readings' time
       "f_cnt": 17, "f_port": 2,                           the readings' sequence number
       "frm_payload": "A2cBEAVnAP8=",                      the payload in base64, read by the profile's codec
       "decoded_payload": {"temperature_3": 27.2},         or what a payload formatter made of it, read instead where
                                                           the profile's codec reads JSON
       "rx_metadata": [{"gateway_ids": {...}, "rssi": -97, "snr": 7.5}, ...],    the best of each: `rssi` and `snr`
       "last_battery_percentage": {"f_cnt": 12, "value": 75.5, "received_at": "..."}}}    `battery_level`, of its time

Fields that are 0 are missing. Several gateways are one uplink. Signal and battery become readings where the profile
reports them. What somebody simulates in the console (`"simulated": true`) was measured by nobody, and is refused.
"""

from typing import Final

import msgspec

from devices.bounds import parsed
from devices.codecs import cayenne_lpp, json_paths
from devices.codecs.port import Context, Example, Speech
from devices.json_text import decoded
from devices.origins import located
from devices.uplinks import NO_OBJECT, Known, Uplink, address, best, samples_of
from telemetry.errors import Reason, Rejected
from telemetry.model import Measure, Origin, Profile, Sample

__all__ = ["EXAMPLES", "READS_JSON", "decode"]

READS_JSON: Final = True


class _Ids(msgspec.Struct, gc=False):
    device_id: str


class _Reception(msgspec.Struct, gc=False):
    rssi: float | None = None
    snr: float = 0.0


class _Battery(msgspec.Struct, gc=False):
    received_at: str
    value: float = 0.0


class _Message(msgspec.Struct, gc=False):
    received_at: str | None = None
    f_cnt: int = 0
    frm_payload: str = ""
    decoded_payload: msgspec.Raw = NO_OBJECT
    rx_metadata: list[_Reception] = []
    last_battery_percentage: _Battery | None = None


class _Event(msgspec.Struct, gc=False):
    end_device_ids: _Ids
    uplink_message: _Message
    received_at: str | None = None
    simulated: bool = False


_DECODER: Final = msgspec.json.Decoder(_Event)


def decode(payload: bytes, context: Context) -> list[Sample]:
    """See Codec."""
    event = decoded(_DECODER, payload)
    named = event.end_device_ids.device_id
    if address(named) != context.device:
        raise Rejected(Reason.FOREIGN_DEVICE, f"an uplink of {named[:64]!r} on the topic of {context.device!r}")
    if event.simulated:
        raise Rejected(Reason.UNSUPPORTED, "simulated in the console: nobody has measured this")
    message = event.uplink_message
    at = message.received_at or event.received_at
    return samples_of(
        Uplink(
            at=None if at is None else parsed(at),
            seq=message.f_cnt,
            data=message.frm_payload,
            object=message.decoded_payload,
            known=_known(message),
        ),
        context,
    )


def _known(message: _Message) -> list[Known]:
    battery = message.last_battery_percentage
    known = [
        Known("rssi", best([each.rssi for each in message.rx_metadata]), "dBm"),
        Known("snr", best([each.snr for each in message.rx_metadata]), "dB"),
    ]
    if battery is not None:
        known.append(Known("battery_level", battery.value, "%", parsed(battery.received_at)))
    return known


_AT: Final = 1_795_420_800_000
_DEVICE: Final = "70b3d57ed0051a2b"


def _context(codec: str, path: str) -> Context:
    measures = (Measure("soil_temperature", origins=(Origin(path),)), *map(Measure, ("rssi", "snr", "battery_level")))
    profile = Profile("soil-probe", "", codec, measures)
    content = cayenne_lpp if codec == "cayenne_lpp" else json_paths
    reported = frozenset(measure.metric for measure in profile.measures)
    return Context(_DEVICE, _AT, Speech(content, located(profile), reported))


_RAW: Final = _context("cayenne_lpp", "$.temperature_3")
_OBJECT: Final = _context("json_paths", "$.temperature_3")
_HEAD: Final = (
    b'{"end_device_ids":{"device_id":"eui-70b3d57ed0051a2b","application_ids":{"application_id":"farm"},'
    b'"dev_eui":"70B3D57ED0051A2B","dev_addr":"260BABCD"},"correlation_ids":["as:up:01HX6YGQ7E0V83YRZ7K4S5J4ZN"],'
    b'"received_at":"2026-11-23T08:00:00.350Z",'
)
_TIME: Final = b'"received_at":"2026-11-23T08:00:00.123456789Z"'
_RX: Final = (
    b'"rx_metadata":[{"gateway_ids":{"gateway_id":"mast-1"},"timestamp":3895211423,"rssi":-97,"channel_rssi":-97,'
    b'"snr":7.5},{"gateway_ids":{"gateway_id":"mast-2"},"rssi":-103,"snr":9.2}]'
)
_SHAPE: Final = "The Things Stack documentation, data formats"


def _uplink(*fields: bytes) -> bytes:
    return _HEAD + b'"uplink_message":{' + b",".join(fields) + b"}}"


def _signal(seq: int) -> tuple[Sample, Sample]:
    return Sample("rssi", -97.0, _AT + 123, "dBm", seq=seq), Sample("snr", 9.2, _AT + 123, "dB", seq=seq)


EXAMPLES: Final = (
    Example(
        source=_SHAPE + ": raw bytes by the profile's codec; two gateways have heard one uplink",
        payload=_uplink(_TIME, b'"f_port":2,"f_cnt":17,"frm_payload":"A2cBEAVnAP8="', _RX),
        samples=(Sample("soil_temperature", 27.2, _AT + 123, "Cel", seq=17), *_signal(17)),
        context=_RAW,
    ),
    Example(
        source=_SHAPE + ": the decoded payload; a first frame counter of 0 is left out",
        payload=_uplink(_TIME, b'"f_port":2,"frm_payload":"A2cBEA==","decoded_payload":{"temperature_3":27.2}', _RX),
        samples=(Sample("soil_temperature", 27.2, _AT + 123, seq=0), *_signal(0)),
        context=_OBJECT,
    ),
    Example(
        source=_SHAPE + ": the battery when it last told; the time of the stack where the network server has none",
        payload=_uplink(b'"f_cnt":18,"last_battery_percentage":{"f_cnt":12,"value":75.5,'
                        b'"received_at":"2026-11-23T07:00:00Z"},"rx_metadata":[{"rssi":-97}]'),
        samples=(
            Sample("rssi", -97.0, _AT + 350, "dBm", seq=18),
            Sample("snr", 0.0, _AT + 350, "dB", seq=18),
            Sample("battery_level", 75.5, _AT - 3_600_000, "%", seq=18),
        ),
        context=_RAW,
    ),
    Example("nothing but a number", _uplink(_TIME, b'"f_cnt":18'), rejected=Reason.EMPTY, context=_RAW),
    Example("simulated", _uplink(_TIME, b'"frm_payload":"A2cBEA=="')[:-1] + b',"simulated":true}',
            rejected=Reason.UNSUPPORTED, context=_RAW),
    Example("another device", b'{"end_device_ids":{"device_id":"x"},"uplink_message":{}}',
            rejected=Reason.FOREIGN_DEVICE, context=_RAW),
    Example("a join", _HEAD + b'"join_accept":{"session_key_id":"AXBSH1Pk6Z0G166"}}', rejected=Reason.MALFORMED,
            context=_RAW),
    Example("a local time", _uplink(b'"received_at":"2026-11-23T08:00:00"'), rejected=Reason.BAD_TIME, context=_RAW),
    Example("no base64", _uplink(_TIME, b'"frm_payload":"A2c?"'), rejected=Reason.MALFORMED, context=_RAW),
    Example("a payload cut short", _uplink(_TIME, b'"frm_payload":"A2cB"'), rejected=Reason.MALFORMED, context=_RAW),
    Example("a decoded payload of another shape", _uplink(_TIME, b'"decoded_payload":{"t":1}'), rejected=Reason.EMPTY,
            context=_OBJECT),
    Example("no object", b"[]", rejected=Reason.MALFORMED, context=_RAW),
)  # fmt: skip
"""Documentation and tests at once."""
