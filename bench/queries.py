"""What two everyday questions cost over HTTP, on a store that is filled: a year by the hour, and a village's latest.

The house is `rurban up` on the file that `bench.store` has left; one client on one connection asks for other devices
each time.
"""

import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from bench.live import until_ready
from bench.store import KINDS, START, STEP_MS, station
from telemetry.instant import iso
from telemetry.model import Device, Measure, Profile
from telemetry.registry import open_registry
from tests import village
from tests.mosquitto import HOST, free_port
from tests.processes import rurban

_YEAR_MS: Final = 365 * 86_400_000
_TIMES: Final = 200
_PATIENCE_S: Final = 30
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Answers:
    """Milliseconds from question to the last byte of the answer, as the client sees it."""

    readings: int
    devices: int
    series_p50: float
    series_p99: float
    latest_p50: float
    latest_p99: float


def measure(file: Path, folder: Path, readings: int, series: int, times: int = _TIMES) -> Answers:
    """On this store, which is moved to the folder."""
    devices = series // len(KINDS)
    shutil.move(file, folder / "readings.duckdb")
    with open_registry(f"sqlite:///{folder / 'registry.sqlite'}") as registry:
        registry.places.put(village.REGIONS)
        measures = tuple(Measure(kind, interval_s=STEP_MS / 1000) for kind in KINDS)
        registry.devices.put_profiles([Profile("station", "", "native_json", measures)])
        registry.devices.put([Device(station(number), "station", village.VILLAGE) for number in range(devices)])
    http_port = free_port()
    with rurban("up", data_dir=folder, http_port=http_port, mqtt_port=free_port(), log_level="WARNING"):
        until_ready(http_port)
        connection = HTTPConnection(HOST, http_port, timeout=_PATIENCE_S)
        chance = random.Random(1)  # noqa: S311 -- which devices to ask for
        last = START + readings // series * STEP_MS
        year = {"start": iso(max(START, last - _YEAR_MS)), "stop": iso(last), "every": "1h"}

        def series_of_a_year() -> None:
            device = station(chance.randrange(devices))
            _ask(connection, "/api/v1/series", {"metric": "air_temperature", "device": device, **year})

        yearly = _taken(series_of_a_year, times)
        latest = _taken(lambda: _ask(connection, "/api/v1/latest", {"region": village.VILLAGE}), times)
        connection.close()
    return Answers(
        readings, devices, _share(yearly, 0.5), _share(yearly, 0.99), _share(latest, 0.5), _share(latest, 0.99)
    )


def _ask(connection: HTTPConnection, path: str, question: dict[str, str]) -> None:
    connection.request("GET", f"{path}?{urlencode(question)}")
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != _OK:
        raise ValueError(f"{path} answers {answer.status}: {body[:200]!r}")


def _taken(question: Callable[[], None], times: int) -> list[float]:
    """Sorted; the first answer, which opens the connection and fills caches, is not among them."""
    question()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        question()
        taken.append((time.perf_counter() - began) * 1000)
    return sorted(taken)


def _share(taken: list[float], share: float) -> float:
    return taken[int(len(taken) * share)]
