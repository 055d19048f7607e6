"""A worker on a real Mosquitto hears devices that speak by other systems' topics."""

import json
from collections.abc import Sequence
from functools import partial

import pytest

from devices.message import uplink
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


def odd(*paths: str) -> Profile:
    measures = zip(("air_temperature", "air_relative_humidity", "pump_state"), paths, strict=False)
    return Profile(
        "odd", "Odd device", "json_paths", tuple(Measure(metric, origins=(Origin(path),)) for metric, path in measures)
    )


TASMOTA = b'{"Time":"2026-11-23T16:00:00","AM2301":{"Temperature":21.4,"Humidity":60.2,"DewPoint":13.4},"TempUnit":"C"}'


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


@pytest.mark.parametrize(
    ("profile", "device", "messages", "values"),
    [
        (
            odd("$.AM2301.Temperature", "$.AM2301.Humidity"),
            "pump-house",
            {"tele/pump-house/SENSOR": TASMOTA},
            {21.4, 60.2},
        ),
        (odd("$.apower"), "plug-3", {"plug-3/status/switch:0": b'{"id":0,"apower":7.5}'}, {7.5}),
        (
            odd("$.temperature", "$.humidity"),
            "barn",
            {"homeassistant/sensor/barn/state": b'{"temperature": 21.5, "humidity": "60"}'},
            {21.5, 60.0},
        ),
        (odd("$"), "roof", {"homeassistant/sensor/roof/state": b"-3.5"}, {-3.5}),
        (
            odd("$.air_temperature", "$.air_humidity", "$.pump"),
            "greenhouse",
            {
                "greenhouse/sensor/air_temperature/state": b"25.5",
                "greenhouse/sensor/air_humidity/state": b"70",
                "greenhouse/binary_sensor/pump/state": b"ON",
            },
            {25.5, 70.0, 1.0},
        ),
        (odd("$.t"), "odd-1", {"rurban/v1/odd-1/up": b'{"t": "19"}'}, {19.0}),
    ],
    ids=["tasmota", "shelly", "home assistant, JSON", "home assistant, plain", "esphome", "generic JSON"],
)
@pytest.mark.parametrize("share", ["", "$share/workers/"])
def test_a_device_of_home_automation_is_heard_once(  # noqa: PLR0913 - what a test is given
    *,
    profile: Profile,
    device: str,
    messages: dict[str, bytes],
    values: set[float],
    share: str,
    broker: Mosquitto,
    registry: Registry,
    store: EmbeddedStore,
) -> None:
    registry.devices.put_profiles([profile])
    registry.devices.put([Device(device, profile.id, VILLAGE)])
    with at_work(worker_on(broker, registry, store, store, share=share)) as worker, client_of(broker) as client:
        publish(client, *messages.items(), (uplink("probe-1"), b'{"at": 1795420800000, "values": {"rssi": -97}}'))
        eventually(lambda: bool(rows(store, ["rssi"], ["probe-1"])) and worker.progress.pending == 0)
    found = rows(store, ["air_temperature", "air_relative_humidity", "pump_state"], [device])

    assert values == {value for _, _, value in found}
    assert len(messages) + 1 == worker.progress.messages


def test_what_an_esphome_device_had_retained_without_a_time_is_no_new_reading(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    registry.devices.put_profiles([odd("$.t")])
    registry.devices.put([Device("greenhouse", "odd", VILLAGE)])
    with client_of(broker) as client:
        client.publish("greenhouse/sensor/t/state", b"25", qos=1, retain=True).wait_for_publish(timeout=60)
        with at_work(worker_on(broker, registry, store, store)) as worker:
            eventually(lambda: worker.progress.messages == 1 and worker.progress.pending == 0)
            publish(client, ("greenhouse/sensor/t/state", b"26"))
            eventually(lambda: worker.progress.messages == 2 and worker.progress.pending == 0)

    assert {26.0} == {value for _, _, value in rows(store, ["air_temperature"], ["greenhouse"])}


@pytest.mark.parametrize("share", ["", "$share/workers/"])
@pytest.mark.parametrize("mqtt5", [False, True])
def test_a_family_that_is_no_longer_wanted_is_heard_no_more(
    *, share: str, mqtt5: bool, broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    """Its subscription would go on with the worker's session at the broker."""
    registry.devices.put_profiles([odd("$.t")])
    registry.devices.put([Device("odd-1", "odd", VILLAGE)])
    hear = partial(worker_on, broker, registry, store, store, share=share, mqtt5=mqtt5)
    with client_of(broker) as client:
        with at_work(hear()) as worker:
            publish(client, ("tele/odd-1/SENSOR", b'{"t": 1}'))
            eventually(lambda: worker.progress.messages == 1 and worker.progress.pending == 0)
        with at_work(hear(families=())) as worker:
            # When this has gone through, the broker has read what the worker sent before it.
            publish(client, (uplink("odd-1"), b'{"t": 2}'))
            eventually(lambda: worker.progress.messages == 1 and worker.progress.pending == 0)
            publish(client, ("tele/odd-1/SENSOR", b'{"t": 3}'), (uplink("odd-1"), b'{"t": 4}'))
            eventually(lambda: worker.progress.messages > 1 and worker.progress.pending == 0)
            eventually(lambda: 4.0 in {value for _, _, value in rows(store, ["air_temperature"], ["odd-1"])})

    assert {1.0, 2.0, 4.0} == {value for _, _, value in rows(store, ["air_temperature"], ["odd-1"])}
