"""How simulated devices speak: which message their samples are, by the codec of their profile.

| codec | as | topic |
|---|---|---|
| `cayenne_lpp` | a LoRaWAN node, behind ChirpStack | `application/<application>/device/<DevEUI>/event/up` |
| `sl651`, `hj212` | a station, behind the gateway of stations | `dtu/<protocol>/<address>` |
| `sparkplug_b` | a device behind its gateway, an edge node | `spBv1.0/<group>/DDATA/<edge node>/<device>` |
| any other that is written | a device on MQTT | `rurban/v1/<device>/up` |

Pure: a message depends on what is told, and on nothing that was told before.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

from devices import edge
from devices.codecs import REPORTERS, WRITERS, cayenne_lpp, chirpstack
from devices.message import station, uplink
from devices.sparkplug import NAMESPACE
from telemetry.errors import Invalid
from telemetry.model import Device, Profile, Sample

APPLICATION: Final = "7f5ae3ec-9d6f-4f1c-8a32-6f5b5d0f3a11"
"""Of the county's nodes in ChirpStack."""
CLOCK_MS: Final = {"sl651": 60_000}
"""By codec: the step of its clock, where it is longer than a second."""
GROUP: Final = "370502"
"""Of the edge nodes in Sparkplug B: the district."""
_MOST_GATEWAYS: Final = 3
_SERIALS: Final = 65_535
"""Of SL 651, from 1 on."""


class Told(NamedTuple):
    """What one device has to say at one moment."""

    device: str
    values: list[tuple[str, float]]
    """By metric, in the catalogue's units."""
    at: int
    """When they were measured, by the device's clock; milliseconds UTC, like all times here."""
    number: int
    """Of its messages, one more each time."""
    sent: int
    """When it is sent for the first time."""
    skew: int
    """How far its clock is ahead."""


Voice: TypeAlias = Callable[[Told], tuple[str, bytes]]
"""Topic and payload; the same ones when it is told again."""


def voice(profile: Profile, devices: Sequence[Device]) -> Voice:
    """How the devices of a profile speak; `Invalid` where its origins or gateways are not such as can be written."""
    if profile.codec == "cayenne_lpp":
        return _node(profile)
    if profile.codec in REPORTERS:
        return _station(profile.codec)
    if profile.codec == "sparkplug_b":
        return _behind(devices)
    return _plain(profile.codec)


def _plain(codec: str) -> Voice:
    encode = WRITERS[codec].encode

    def speak(told: Told) -> tuple[str, bytes]:
        at = told.at
        return uplink(told.device), encode([Sample(metric, value, at) for metric, value in told.values])

    return speak


def _station(codec: str) -> Voice:
    report = REPORTERS[codec].report
    step = CLOCK_MS.get(codec, 1000)

    def speak(told: Told) -> tuple[str, bytes]:
        at = told.at - told.at % step
        seq = told.number % _SERIALS + 1 if codec == "sl651" else None
        samples = [Sample(metric, value, at, seq=seq) for metric, value in told.values]
        return station(codec, told.device), report(samples, told.device, told.sent + told.skew)

    return speak


def _node(profile: Profile) -> Voice:
    places = {row.metric: cayenne_lpp.place(row.origins[0].path) for row in profile.measures if row.origins}

    def speak(told: Told) -> tuple[str, bytes]:
        values, at = dict(told.values), told.at
        samples = [Sample(where.quantity, values[metric], at, where.unit, where.channel)
                   for metric, where in places.items() if metric in values]  # fmt: skip
        heard = _heard(told.number, values["rssi"], values["snr"])
        event = chirpstack.event(told.device, cayenne_lpp.encode(samples), told.sent, told.number, heard)
        return f"application/{APPLICATION}/device/{told.device}/event/up", event

    return speak


def _behind(devices: Sequence[Device]) -> Voice:
    nodes: dict[str, str] = {}
    for device in devices:
        if device.gateway is None:
            raise Invalid(f"gateway of {device.id}", "is none", "the edge node that speaks for it")
        nodes[device.id] = device.gateway

    def speak(told: Told) -> tuple[str, bytes]:
        topic = f"{NAMESPACE}/{GROUP}/DDATA/{nodes[told.device]}/{told.device}"
        return topic, edge.told(told.values, told.at, told.sent)

    return speak


def _heard(number: int, rssi: float, snr: float) -> list[chirpstack.Reception]:
    """One to three gateways, the nearest one first."""
    return [
        chirpstack.Reception(f"0016c001f153a14{far}", rssi - 7.0 * far, snr - 1.5 * far)
        for far in range(1 + number % _MOST_GATEWAYS)
    ]
