"""A worker on a real Mosquitto hears devices that speak by other systems' topics."""

import json
from collections.abc import Sequence

import pytest

from telemetry.model import Device, Measure, Origin, Profile
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.ports import RawQuery
from tests.mosquitto import Mosquitto
from tests.village import VILLAGE
from tests.workplace import at_work, client_of, eventually, publish, worker_on

EUI = "a84041000181c061"
AT = "2026-11-23T08:00:00.5Z"
T0 = 1_795_420_800_500
SOIL = (
    Measure("soil_temperature", origins=(Origin("$.temperature_3", "10cm"), Origin("$.temperature_5", "40cm"))),
    Measure("rssi"),
)
LPP = Profile("lpp", "Soil probe", "cayenne_lpp", SOIL)
PATHS = Profile("paths", "Soil probe", "json_paths", SOIL)


def rows(store: EmbeddedStore, metrics: Sequence[str], series: Sequence[str]) -> set[tuple[str, int, float]]:
    query = RawQuery(tuple(metrics), tuple(series), 0, 2**62, limit=1000)
    return {(reading.device, reading.at, reading.value) for reading in store.raw(query)}


def chirpstack(number: int, **fields: object) -> bytes:
    gateways = [{"gatewayId": "a", "rssi": -90 - number}, {"gatewayId": "b", "rssi": -110}]
    event = {"deduplicationId": "3ac7e3c4", "time": AT, "deviceInfo": {"devEui": EUI}, "fCnt": number}
    return json.dumps(event | {"rxInfo": gateways} | fields).encode()


def things(number: int, **fields: object) -> bytes:
    gateways = [{"gateway_ids": {"gateway_id": "a"}, "rssi": -90 - number}, {"gateway_ids": {}, "rssi": -110}]
    message = {"received_at": AT, "f_cnt": number, "rx_metadata": gateways}
    ids = {"device_id": f"eui-{EUI}", "dev_eui": EUI.upper(), "application_ids": {"application_id": "farm"}}
    return json.dumps({"end_device_ids": ids, "received_at": AT, "uplink_message": message | fields}).encode()


OBJECT = {"temperature_3": 27.2, "temperature_5": 25.5}


@pytest.mark.parametrize(
    "spoken",
    [
        (LPP, f"application/farm/device/{EUI}/event/up", chirpstack(7, data="A2cBEAVnAP8=", fPort=2)),
        (
            PATHS,
            f"application/farm/device/{EUI.upper()}/event/up",
            chirpstack(7, object=OBJECT, data="AA=="),
        ),
        (LPP, f"v3/farm@tenant/devices/eui-{EUI}/up", things(7, frm_payload="A2cBEAVnAP8=", f_port=2)),
        (PATHS, f"v3/farm@tenant/devices/eui-{EUI}/up", things(7, decoded_payload=OBJECT, frm_payload="AA==")),
    ],
    ids=["chirpstack, bytes", "chirpstack, object", "the things stack, bytes", "the things stack, object"],
)
def test_an_uplink_that_comes_twice_is_stored_once(
    spoken: tuple[Profile, str, bytes], broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    profile, topic, payload = spoken
    registry.devices.put_profiles([profile])
    registry.devices.put([Device(EUI, profile.id, VILLAGE)])
    with at_work(worker_on(broker, registry, store, store)) as worker, client_of(broker) as client:
        publish(client, (topic, payload), (topic, payload))
        eventually(lambda: worker.progress.messages == 2 and worker.progress.pending == 0)
    heard = registry.heard.find()[EUI]

    assert {(f"{EUI}:10cm", T0, 27.2), (f"{EUI}:40cm", T0, 25.5), (EUI, T0, -97.0)} == rows(
        store, ["soil_temperature", "rssi"], [EUI, f"{EUI}:10cm", f"{EUI}:40cm"]
    )
    assert heard.numbered
