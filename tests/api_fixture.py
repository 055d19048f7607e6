"""The API on a real registry and a real store, with a village's two hours of readings in it, at a fixed time."""

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.testclient import TestClient

import api
from api.live import LiveHub
from api.services import Services
from devices.profiles import ProfileFile
from ingest.recognition import Recognition
from rurban.historian import history_import
from rurban.house import House
from rurban.recalibrating import recalibration
from rurban.settings import Settings
from telemetry.errors import BrokerUnavailable
from telemetry.model import Device, Measure, Profile, Quality, Reading
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.ports import ReadingReader, Store
from tests.village import STREET, VILLAGE

NOW = 1_795_420_800_000
"""2026-11-23T08:00:00Z, 16:00 in Shanghai."""
MINUTE = 60_000
HOUR = 60 * MINUTE
START = NOW - 2 * HOUR
LARGEST_IMPORT = 100_000
GAP = range(30, 40)
SPIKE = 50
"""Minutes in which station-1 is silent, and in which it is out of its range."""
TEMPERATURES = [
    Reading("station-1", "air_temperature", START + i * MINUTE, 20 + i / 100, 20 + i / 100, 0, START + i * MINUTE + 900)
    if i != SPIKE
    else Reading("station-1", "air_temperature", START + i * MINUTE, 99.0, 99.0, int(Quality.RANGE), START + i * MINUTE)
    for i in range(120)
    if i not in GAP
]
OTHERS = [
    *(
        Reading("station-2", "air_temperature", START + i * MINUTE, 10.0, 10.0, 0, START + i * MINUTE)
        for i in range(120)
    ),
    Reading("soil-1", "soil_temperature", START, 8.0, 8.0, 0, START),
    Reading("soil-1:2", "soil_temperature", START, 12.0, 12.0, 0, START),
    Reading("probe-1", "air_pressure", START, 1013.0, 1013.0, 0, START),
    *(
        Reading(gauge, "rainfall_interval", START + hour * HOUR, 5.0, 5.0, 0, START + hour * HOUR)
        for gauge in ("gauge-1", "gauge-2")
        for hour in (1, 2)
    ),
    *(
        Reading("station-1", "rainfall_total", START + hour * HOUR, count, count, 0, START + hour * HOUR)
        for hour, count in enumerate((9990.0, 9995.0, 600.0))
    ),
]


@dataclass
class Bus:
    """Stands for the MQTT bus: remembers what was published, or is away."""

    away: bool = False
    published: list[tuple[str, bytes]] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes) -> None:
        if self.away:
            raise BrokerUnavailable("MQTT broker at 127.0.0.1:1: not connected")
        self.published.append((topic, payload))


@dataclass(frozen=True)
class Served:
    """The API and its parts."""

    client: TestClient
    app: FastAPI
    registry: Registry
    store: Store
    live: LiveHub
    bus: Bus

    def get(self, path: str) -> dict[str, Any]:
        answer = self.client.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def lines(self, query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"/series?{query}")["series"]
        return found


def _folder() -> Path:
    """Where imports have their spool; gone with the process."""
    folder = tempfile.mkdtemp(prefix="rurban-api-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def served(  # noqa: PLR0913 (each with its default)
    registry: Registry,
    store: Store,
    *,
    token: str | None = None,
    probes: Mapping[str, Callable[[], str]] | None = None,
    reader: ReadingReader | None = None,
    now: int = NOW,
    profile_files: Mapping[str, ProfileFile] | None = None,
) -> Served:
    """Everything but the readings."""
    bus, live = Bus(), LiveHub(boot="boot")
    house = House(Settings(data_dir=_folder()), registry, store, lambda: now)
    services = Services(
        registry=registry,
        reader=reader or store,
        live=live,
        publish=bus.publish,
        clock=lambda: now,
        probes=probes or {"store": lambda: "answers"},
        metrics=CollectorRegistry(),
        zone=ZoneInfo("Asia/Shanghai"),
        history=history_import(house),
        recalibration=recalibration(house, pause=lambda _: None),
        recogniser=Recognition(),
        largest_import=LARGEST_IMPORT,
        profile_files=profile_files or {},
        token=token,
    )
    app = api.create(services)
    return Served(TestClient(app, raise_server_exceptions=False), app, registry, store, live, bus)


@pytest.fixture
def house(registry: Registry, store: EmbeddedStore) -> Iterator[Served]:
    """With two hours of readings of the village and the street."""
    gauge = Profile("gauge", "Rain gauge", "native_json", (Measure("rainfall_interval", interval_s=3600),))
    registry.devices.put_profiles([gauge])
    registry.devices.put([Device(f"gauge-{number}", "gauge", VILLAGE) for number in (1, 2)])
    registry.devices.put([Device("silent-1", "station", STREET)])
    store.write(TEMPERATURES + OTHERS)
    found = served(registry, store)
    with found.client:
        yield found
