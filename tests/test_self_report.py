"""What a house keeps of itself in InfluxDB, on a real server."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devices.message import uplink
from ingest.settling import Progress
from rurban import house as composition
from rurban.self_report import ANEW_MS, SelfReport, registry_lines, reporting
from telemetry.calibration import Calibration, Linear
from telemetry.registry import Registry
from telemetry.store import Address
from telemetry.store.influx_server import InfluxServer
from tests import influxdb, village
from tests.houses import house_on
from tests.mosquitto import Mosquitto, free_port
from tests.workplace import client_of, eventually, publish

AT = 1_790_000_000_000
DAY_MS = 86_400_000


def found(address: Address, statement: str) -> list[dict[str, Any]]:
    """The rows of all series, tags and columns together."""
    (result,) = json.loads(influxdb.shared().ask(statement, address.bucket))["results"]
    return [
        one.get("tags", {}) | dict(zip(one["columns"], row, strict=True))
        for one in result.get("series", [])
        for row in one["values"]
    ]


@contextmanager
def report_of(registry: Registry, address: Address, times: list[int], progress: Progress) -> Iterator[SelfReport]:
    """Tells at these times, one after the other."""
    server = InfluxServer(address)
    try:
        yield SelfReport(server, registry, progress, "worker-1", iter(times).__next__)
    finally:
        server.close()


def test_places_and_devices_are_told_once_and_again_when_the_registry_changes(registry: Registry) -> None:
    address = influxdb.shared().new_database()
    with report_of(registry, address, [AT, AT + 10_000, AT + 20_000], Progress()) as report:
        report.tell()
        report.tell()
        device = registry.devices.all()[0]
        registry.devices.put([replace(device, name="Renamed")])
        report.tell()
    told = found(address, f'SELECT "name" FROM "rurban_device" WHERE "device" = \'{device.id}\'')  # noqa: S608

    assert [(AT, device.name), (AT + 20_000, "Renamed")] == [(row["time"], row["name"]) for row in told]


def test_places_and_devices_are_told_anew_each_day_lest_they_be_forgotten(registry: Registry) -> None:
    address = influxdb.shared().new_database()
    with report_of(registry, address, [AT, AT + ANEW_MS - 1, AT + ANEW_MS], Progress()) as report:
        for _ in range(3):
            report.tell()
    told = {row["time"] for row in found(address, 'SELECT "due" FROM "rurban_place"')}

    assert {AT, AT + ANEW_MS} == told


def test_the_worker_tells_what_it_has_counted(registry: Registry) -> None:
    address = influxdb.shared().new_database()
    progress = Progress(connected=True, messages=7, readings=20, duplicates=1, quarantined=2, batches=3, pending=4)
    with report_of(registry, address, [AT], progress) as report:
        report.tell()
    (row,) = found(address, 'SELECT * FROM "rurban_worker"')

    assert {
        "time": AT,
        "worker": "worker-1",
        "messages": 7,
        "readings": 20,
        "duplicates": 1,
        "quarantined": 2,
        "batches": 3,
        "pending": 4,
        "connected": 1,
        "failing": 0,
    } == row


def test_readings_due_add_up_over_the_devices_of_a_place_that_are_in_use(registry: Registry) -> None:
    devices = registry.devices.all()
    profiles = {profile.id: profile for profile in registry.devices.profiles()}
    retired, *others = devices
    registry.devices.put([replace(retired, valid_to=AT)])
    due = sum(
        3600 / measure.interval_s
        for device in others
        for measure in profiles[device.profile].measures
        if measure.interval_s
    )
    lines = list(registry_lines(registry, AT))
    places = [float(line.partition("due=")[2].split()[0]) for line in lines if line.startswith("rurban_place,")]

    assert due == pytest.approx(sum(places))
    assert ["yes"] == [line.partition("open=")[2][:3] for line in lines if "device=probe-1," in line]
    assert [] == [line for line in lines if f"device={retired.id}," in line]


def test_what_is_computed_is_due_as_often_as_what_it_is_computed_from(registry: Registry) -> None:
    def due() -> float:
        lines = registry_lines(registry, AT)
        return sum(float(line.partition("due=")[2].split()[0]) for line in lines if line.startswith("rurban_place,"))

    before = due()
    for valid_from in (0, 1_000):
        curve = Linear(1.0, -0.5)
        registry.calibrations.put(
            Calibration("station-1", "ground_surface_temperature", curve, valid_from, computed_from="air_temperature")
        )

    assert 60.0 == due() - before


def test_a_name_that_line_protocol_cannot_carry_gives_way_to_the_code(registry: Registry) -> None:
    place = next(region for region in registry.places.all() if region.level.value == "village")
    registry.places.put([replace(place, name="back\\ slash", name_en="")])
    address = influxdb.shared().new_database()
    with report_of(registry, address, [AT], Progress()) as report:
        report.tell()
    (row,) = found(address, f'SELECT "label", "due" FROM "rurban_place" WHERE "region" = \'{place.code}\'')  # noqa: S608

    assert f"{place.code} {place.code}" == row["label"]


def test_what_a_house_tells_of_itself_is_no_reading(broker: Mosquitto, tmp_path: Path) -> None:
    address = influxdb.shared().new_database()
    with house_on(broker, tmp_path, lambda house: village.settle(house.registry), address) as running:
        with client_of(broker) as client:
            publish(client, (uplink("station-1"), b'{"values": {"air_temperature": 21.5}}'))
        eventually(lambda: running.worker.progress.readings == 1)
        with composition.reporting_on(running.house, running.worker):
            eventually(lambda: bool(found(address, 'SELECT "readings" FROM "rurban_worker"')))
        latest = running.house.store.latest(None, None)

        assert {1} == {row["readings"] for row in found(address, 'SELECT "readings" FROM "rurban_worker"')}
        assert ["air_temperature"] == [reading.metric for reading in latest]
        assert [] == running.house.store.names("rurban_place")


def test_an_influxdb_that_is_away_is_told_in_the_log_and_hinders_nobody(
    registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = Address(f"http://127.0.0.1:{free_port()}", "rurban", timeout_s=1.0)
    with reporting(nowhere, registry, Progress(), "worker-1", lambda: AT):
        eventually(lambda: "boards are not told" in caplog.text)


def test_a_house_on_the_embedded_store_tells_nobody(broker: Mosquitto, tmp_path: Path) -> None:
    with (
        house_on(broker, tmp_path, lambda house: village.settle(house.registry)) as running,
        composition.reporting_on(running.house, running.worker),
    ):
        assert "rurban-self-report" not in {thread.name for thread in threading.enumerate()}
