"""Three workers as processes on one broker, one InfluxDB and one PostgreSQL; one is killed, one is stopped."""

import contextlib
import datetime as dt
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.message import uplink
from telemetry.metrics import METRICS
from telemetry.registry import Registry, open_registry
from telemetry.store import Address
from telemetry.store.influx import InfluxStore
from telemetry.store.ports import RawQuery
from tests import influxdb, postgres, village
from tests.mosquitto import Mosquitto
from tests.processes import rurban
from tests.store_contract import places_of
from tests.workplace import client_of, eventually, publish, wall_clock

T0 = 1_795_420_800_000
DEVICES = ("station-1", "station-2", "probe-1")
ALWAYS = (dt.date(2020, 1, 1), dt.date(2200, 1, 1))


def reports(numbers: range) -> list[tuple[str, bytes]]:
    return [
        (uplink(DEVICES[i % 3]), json.dumps({"at": T0 + i, "values": {"air_temperature": i % 40}}).encode())
        for i in numbers
    ]


@pytest.fixture
def shared() -> Iterator[tuple[Registry, str, Address]]:
    url = postgres.registry_url("postgresql", Path())
    with open_registry(url) as registry:
        village.settle(registry)
        yield registry, url, influxdb.shared().new_database()


def test_every_reading_once_and_the_ledger_exact_though_one_worker_is_killed_and_one_stands_still(
    broker: Mosquitto, shared: tuple[Registry, str, Address], tmp_path: Path
) -> None:
    """Every third reading is published twice at once, so that two workers have it at the same time."""
    registry, url, address = shared
    settings = {
        "registry_url": url,
        "store": "influxdb",
        "influxdb_url": address.url,
        "influxdb_bucket": address.bucket,
        "mqtt_port": broker.port,
        "mqtt_group": "county",
        "batch_messages": 25,
    }
    messages = reports(range(1500))
    doubled = [message for number, one in enumerate(messages) for message in ([one, one] if number % 3 == 0 else [one])]
    parts = [doubled[first : first + 400] for first in range(0, len(doubled), 400)]
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(client_of(broker))

        def started(name: str) -> subprocess.Popen[bytes]:
            log = tmp_path / f"{name}.log"
            before = log.read_bytes().count(b"listening") if log.exists() else 0
            process = stack.enter_context(rurban("ingest", data_dir=tmp_path, log=log, mqtt_client_id=name, **settings))
            eventually(lambda: log.read_bytes().count(b"listening") > before, within_s=180)
            return process

        one, two, _three = (started(name) for name in ("one", "two", "three"))
        publish(client, *parts[0])
        one.kill()
        one.wait()
        publish(client, *parts[1])
        two.send_signal(signal.SIGSTOP)
        publish(client, *parts[2], *parts[3])
        started("one")
        two.send_signal(signal.SIGCONT)
        publish(client, *parts[4])
        store = stack.enter_context(InfluxStore(address, places_of, metrics=METRICS, clock=wall_clock))

        def line() -> tuple[int, int, int]:
            total = registry.ledger.total(start=ALWAYS[0], stop=ALWAYS[1])
            return total.received, total.stored, total.in_flight

        def everything_is_in() -> bool:
            """More than was published may be received: what a killed worker held comes again, ahead of the rest."""
            received, stored, in_flight = line()
            return received >= len(doubled) and stored >= len(messages) and in_flight == 0

        eventually(everything_is_in, within_s=180)
        found = store.raw(RawQuery(("air_temperature",), DEVICES, 0, 2**62, limit=10_000))

    assert [(T0 + i, float(i % 40)) for i in range(1500)] == [(reading.at, reading.value) for reading in found]
    total = registry.ledger.total(start=ALWAYS[0], stop=ALWAYS[1])
    assert (1500, 0, 0, total.received - 1500) == (total.stored, total.quarantined, total.in_flight, total.duplicate)
