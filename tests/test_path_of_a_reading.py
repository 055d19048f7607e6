"""The way of one reading, from the packet to the browser, step by step as the design draws it; every part is real."""

import json
from http.client import HTTPResponse
from pathlib import Path

import pytest

from devices.message import uplink
from ingest.mqtt import Subscription
from rurban import house as composition
from rurban.house import House
from telemetry.model import Device, Measure, Profile, Quality, Reading
from telemetry.store.ports import RawQuery
from tests import influxdb, village
from tests.houses import house_on
from tests.mosquitto import Mosquitto
from tests.village import VILLAGE
from tests.workplace import client_of, eventually, publish

DEVICE = "imported-1"
# It measures in degrees Fahrenheit and shows half a degree too much.
MEASURE = Measure("air_temperature", unit="[degF]", interval_s=600, offset=-0.5)


def prepared(house: House) -> None:
    village.settle(house.registry)
    house.registry.devices.put_profiles([Profile("imported", "", "native_json", (MEASURE,))])
    house.registry.devices.put([Device(DEVICE, "imported", VILLAGE)])


def event(stream: HTTPResponse) -> dict[str, object]:
    """The data of the next server-sent event."""
    line = stream.readline()
    while not line.startswith(b"data: "):
        line = stream.readline()
    data: dict[str, object] = json.loads(line.removeprefix(b"data: "))
    return data


@pytest.mark.parametrize("kind", ["embedded", "influxdb"])
def test_the_way_of_a_reading_from_the_packet_to_http(broker: Mosquitto, tmp_path: Path, kind: str) -> None:
    address = influxdb.shared().new_database() if kind == "influxdb" else None
    with (
        house_on(broker, tmp_path, prepared, address) as running,
        client_of(broker) as sensor,
        running.stream(f"/api/v1/live?device={DEVICE}") as live,
    ):
        store, registry = running.house.store, running.house.registry
        at = running.house.clock() // 600_000 * 600_000
        eventually(lambda: "rurban_live_listeners 1.0" in running.text("/metrics"))

        # MQTT PUBLISH
        publish(sensor, (uplink(DEVICE), json.dumps({"at": at, "values": {"air_temperature": 71.6}}).encode()))

        # -> Message -> source table -> codec -> [Sample] -> registry (device, unit, calibration) -> checks -> [Reading]
        eventually(lambda: running.worker.progress.readings == 1)

        # -> batch -> store.write
        (reading,) = store.raw(RawQuery(("air_temperature",), (DEVICE,), at, at + 1, limit=10))
        assert reading == Reading(DEVICE, "air_temperature", at, 21.5, 71.6, Quality.GOOD, reading.received_at)

        # -> acknowledge: nothing waits for the worker any more
        eventually(lambda: running.worker.progress.pending == 0)

        # -> announce -> live stream
        told = event(live)
        assert (DEVICE, VILLAGE, 21.5, "Cel", []) == tuple(
            told[name] for name in ("device", "region", "value", "unit", "quality")
        )

        # -> HTTP: the newest reading, the reading as stored, its bucket, its fate
        (newest,) = running.json(f"/api/v1/latest?device={DEVICE}")["readings"]
        assert (21.5, "Cel", False, False) == tuple(newest[name] for name in ("value", "unit", "suspect", "offline"))

        query = f"/api/v1/series?metric=air_temperature&region={VILLAGE}&start=-1h"
        (line,) = running.json(query)["series"]
        (point,) = line["points"]
        assert (21.5, 71.6, told["at"]) == (point["value"], point["raw"], point["at"])

        (line,) = running.json(f"{query}&every=1d&by=region")["series"]
        days = [(day["value"], day["count"]) for day in line["points"] if day["count"]]
        assert (VILLAGE, [(21.5, 1)]) == (line["group"], days)

        (fate,) = running.json(f"/api/v1/ledger?device={DEVICE}")["lines"]
        assert (1, 1, 0, 0, 0) == tuple(
            fate[name] for name in ("received", "stored", "duplicate", "quarantined", "in_flight")
        )
        assert [] == registry.quarantine.find(limit=1)

    # Acknowledged for good: whoever takes over the worker's session gets nothing again.
    settings = running.house.settings
    again = Subscription(
        composition.broker(settings), settings.mqtt_client_id, [uplink("+")], clock=running.house.clock
    )
    again.connect()
    redelivered = again.receive(timeout_s=0.5)
    again.close()

    assert [] == redelivered
