"""ChirpStack v4 events in JSON (topic `application/<application>/device/<DevEUI>/event/up` and `.../status`).

    {"deduplicationId": "3ac7e3c4-...",               one id however many gateways have heard the uplink
     "time": "2026-11-23T08:00:00.123456789+00:00",   when it was received: the readings' time
     "deviceInfo": {"devEui": "a84041000181c061"},    the device of the topic
     "fCnt": 17, "fPort": 2,                          the readings' sequence number
     "data": "A2cBEAVnAP8=",                          the payload in base64, read by the profile's codec
     "object": {"temperature": {"3": 27.2}},          or what the codec in ChirpStack's own device profile made of it,
                                                      read instead where the profile's codec reads JSON
     "rxInfo": [{"gatewayId": "...", "rssi": -97, "snr": 7.5}, ...]}    the best of each: `rssi` and `snr`

    {"time": "...", "margin": 15, "batteryLevel": 75.3}    status: `battery_level`

A field that is 0 may be missing, as protobuf leaves such fields out. The same event delivered again has the same time,
and so the same readings. Signal and battery become readings where the profile reports them.
"""

import base64
from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import NAMESPACE_OID, uuid5

import msgspec

from devices.bounds import parsed
from devices.codecs import cayenne_lpp, json_paths
from devices.codecs.port import Context, Example, Speech
from devices.json_text import decoded
from devices.origins import located
from devices.uplinks import NO_OBJECT, Known, Uplink, address, best, samples_of
from telemetry.errors import Reason, Rejected
from telemetry.instant import iso
from telemetry.model import Measure, Origin, Profile, Sample

__all__ = ["EXAMPLES", "READS_JSON", "Reception", "decode", "event"]

READS_JSON: Final = True


class _DeviceInfo(msgspec.Struct, gc=False):
    devEui: str  # noqa: N815 - as the event spells it


class _Reception(msgspec.Struct, gc=False):
    rssi: float | None = None
    snr: float = 0.0


class _Event(msgspec.Struct, gc=False):
    time: str
    deviceInfo: _DeviceInfo  # noqa: N815 - likewise
    fCnt: int | None = None  # noqa: N815
    fPort: int | None = None  # noqa: N815
    data: str = ""
    object: msgspec.Raw = NO_OBJECT
    rxInfo: list[_Reception] = []  # noqa: N815
    margin: int | None = None
    batteryLevel: float | None = None  # noqa: N815
    batteryLevelUnavailable: bool = False  # noqa: N815


_DECODER: Final = msgspec.json.Decoder(_Event)


class Reception(NamedTuple):
    """How one gateway has heard an uplink."""

    gateway: str
    """Its EUI."""
    rssi: float
    """dBm."""
    snr: float
    """dB."""


def decode(payload: bytes, context: Context) -> list[Sample]:
    """See Codec."""
    event = decoded(_DECODER, payload)
    if address(event.deviceInfo.devEui) != context.device:
        raise Rejected(
            Reason.FOREIGN_DEVICE, f"an event of {event.deviceInfo.devEui[:32]!r} on the topic of {context.device!r}"
        )
    heard = bool(event.rxInfo)
    return samples_of(
        Uplink(
            at=parsed(event.time),
            seq=0 if event.fCnt is None and heard else event.fCnt,
            data=event.data,
            object=event.object,
            known=_known(event),
        ),
        context,
    )


def event(device: str, data: bytes, at: int, seq: int, heard: Sequence[Reception]) -> bytes:
    """The event of one uplink of this DevEUI, received at this instant [ms UTC] by these gateways."""
    return msgspec.json.encode({
        "deduplicationId": str(uuid5(NAMESPACE_OID, f"{device} {seq}")),
        "time": iso(at),
        "deviceInfo": {"tenantName": "ChirpStack", "applicationName": "farm", "devEui": device},
        "fCnt": seq,
        "fPort": 2,
        "data": base64.b64encode(data).decode(),
        "rxInfo": [{"gatewayId": each.gateway, "rssi": each.rssi, "snr": each.snr} for each in heard],
    })  # fmt: skip


def _known(event: _Event) -> tuple[Known, ...]:
    return (
        Known("rssi", best([each.rssi for each in event.rxInfo]), "dBm"),
        Known("snr", best([each.snr for each in event.rxInfo]), "dB"),
        Known("battery_level", None if event.batteryLevelUnavailable else event.batteryLevel, "%"),
    )


_EUI: Final = "a84041000181c061"
_AT: Final = 1_795_420_800_000
_LINK: Final = (Measure("rssi"), Measure("snr"), Measure("battery_level"))


def _context(content: str, path: str) -> Context:
    profile = Profile("soil-probe", "", content, (Measure("soil_temperature", origins=(Origin(path),)), *_LINK))
    codec = cayenne_lpp if content == "cayenne_lpp" else json_paths
    reported = frozenset(measure.metric for measure in profile.measures)
    return Context(_EUI, _AT, Speech(codec, located(profile), reported))


_RAW: Final = _context("cayenne_lpp", "$.temperature_3")
_OBJECT: Final = _context("json_paths", "$.temperatureSensor['3']")
_HEAD: Final = (
    b'{"deduplicationId":"3ac7e3c4-4401-4b8d-9386-a5c902f9202d","time":"2026-11-23T08:00:00.123456789+00:00",'
)
_INFO: Final = (
    b'"deviceInfo":{"tenantName":"ChirpStack","applicationName":"farm","devEui":"a84041000181c061","tags":{}},'
)
_RX: Final = (
    b'"rxInfo":[{"gatewayId":"0016c001f153a14c","uplinkId":4217106255,"rssi":-97,"snr":7.5,"context":"ABYjLQ=="},'
    b'{"gatewayId":"0016c001f153a14d","uplinkId":9,"rssi":-103,"snr":9.2}],'
)
_SHAPE: Final = "ChirpStack v4, integration.proto in JSON"


def _signal(seq: int) -> tuple[Sample, Sample]:
    return Sample("rssi", -97.0, _AT + 123, "dBm", seq=seq), Sample("snr", 9.2, _AT + 123, "dB", seq=seq)


EXAMPLES: Final = (
    Example(
        source=_SHAPE + ": raw bytes by the profile's codec; two gateways have heard one uplink",
        payload=_HEAD + _INFO + _RX + b'"devAddr":"00189440","dr":1,"fCnt":17,"fPort":2,"data":"A2cBEAVnAP8="}',
        samples=(Sample("soil_temperature", 27.2, _AT + 123, "Cel", seq=17), *_signal(17)),
        context=_RAW,
    ),
    Example(
        source=_SHAPE + ": the decoded object; a first frame counter of 0 is left out",
        payload=_HEAD + _INFO + _RX + b'"fPort":2,"data":"A2cBEA==","object":{"temperatureSensor":{"3":27.2}}}',
        samples=(Sample("soil_temperature", 27.2, _AT + 123, seq=0), *_signal(0)),
        context=_OBJECT,
    ),
    Example(
        source=_SHAPE + ": a status event",
        payload=_HEAD + _INFO + b'"margin":15,"externalPowerSource":false,"batteryLevel":75.5}',
        samples=(Sample("battery_level", 75.5, _AT + 123, "%"),),
        context=_RAW,
    ),
    Example(
        source="an uplink without a payload tells of the signal",
        payload=_HEAD + _INFO + _RX + b'"fCnt":18}',
        samples=_signal(18),
        context=_RAW,
    ),
    Example("a mains-powered device", _HEAD + _INFO + b'"margin":15}', rejected=Reason.EMPTY, context=_RAW),
    Example("another device", _HEAD + b'"deviceInfo":{"devEui":"00"}}', rejected=Reason.FOREIGN_DEVICE, context=_RAW),
    Example("no time", b"{" + _INFO + b'"fCnt":1}', rejected=Reason.MALFORMED, context=_RAW),
    Example("a local time", b'{"time":"2026-11-23T08:00",' + _INFO[:-1] + b"}", rejected=Reason.BAD_TIME, context=_RAW),
    Example("no base64", _HEAD + _INFO + b'"data":"A2c?"}', rejected=Reason.MALFORMED, context=_RAW),
    Example("a payload cut short", _HEAD + _INFO + b'"data":"A2cB"}', rejected=Reason.MALFORMED, context=_RAW),
    Example("an object of another shape", _HEAD + _INFO + b'"object":{"t":1}}', rejected=Reason.EMPTY, context=_OBJECT),
    Example("nothing says how to read it", _HEAD + _INFO + b'"data":"A2c="}', rejected=Reason.UNSUPPORTED,
            context=Context(_EUI, _AT)),
    Example("no event", b"[]", rejected=Reason.MALFORMED, context=_RAW),
)  # fmt: skip
"""Documentation and tests at once."""
