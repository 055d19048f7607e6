"""A worker that is killed loses nothing that the broker had given it, and doubles nothing."""

import datetime as dt
import json
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from devices.message import uplink
from telemetry.metrics import METRICS
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.ports import RawQuery
from tests.mosquitto import Mosquitto
from tests.processes import rurban
from tests.workplace import client_of, eventually, publish

T0 = 1_795_420_800_000
MESSAGES = 3000
KILLS = 5


def reports(numbers: range) -> list[tuple[str, bytes]]:
    return [
        (uplink("station-1"), json.dumps({"at": T0 + i, "values": {"air_temperature": i % 40}}).encode())
        for i in numbers
    ]


def _listening(log: Path, before: int) -> bool:
    return log.read_bytes().count(b"listening") > before


def settled(registry: Registry, device: str) -> int:
    lines = registry.ledger.find(
        devices=[device], start=dt.date(2020, 1, 1), stop=dt.date(2200, 1, 1), limit=10, after=None
    )
    return sum(line.received for line in lines)


@pytest.mark.timeout(600)  # it starts six workers
def test_three_thousand_messages_through_five_kills_are_three_thousand_readings(
    broker: Mosquitto, registry: Registry, tmp_path: Path
) -> None:
    data_dir = tmp_path
    log = data_dir / "rurban.log"
    each = MESSAGES // (KILLS + 1)
    with client_of(broker) as client:
        for kill in range(KILLS + 1):
            starts = log.read_bytes().count(b"listening") if log.exists() else 0
            with rurban("ingest", data_dir=data_dir, mqtt_port=broker.port, batch_messages=20) as worker:
                eventually(partial(_listening, log, starts))
                publish(client, *reports(range(kill * each, kill * each + each // 2)))
                if kill < KILLS:
                    worker.kill()
                    worker.wait()
                publish(client, *reports(range(kill * each + each // 2, (kill + 1) * each)))
                if kill == KILLS:
                    publish(client, (uplink("station-2"), json.dumps({"values": {"air_temperature": 1}}).encode()))
                    eventually(lambda: settled(registry, "station-2") == 1)

    query = RawQuery(("air_temperature",), ("station-1",), 0, 2**62, limit=2 * MESSAGES)
    with EmbeddedStore.open(data_dir / "readings.duckdb", zone=ZoneInfo("Asia/Shanghai"), metrics=METRICS) as store:
        stored = [(reading.at - T0, reading.value) for reading in store.raw(query)]

    line = registry.ledger.total(devices=["station-1"], start=dt.date(2020, 1, 1), stop=dt.date(2200, 1, 1))
    assert [(i, float(i % 40)) for i in range(MESSAGES)] == stored
    assert (MESSAGES, 0, line.stored + line.duplicate) == (line.stored, line.in_flight, line.received)
