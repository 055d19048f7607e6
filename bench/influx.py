"""InfluxDB: what the worker writes into it, and what `/series` costs beside the same InfluxQL sent by hand.

A real server of the bench's own; both sides of every ratio in one run.
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import urllib3

from bench import ingest
from telemetry.metrics import METRICS
from telemetry.model import Reading
from telemetry.series import Source, folded
from telemetry.store import Store
from telemetry.store.influx import InfluxStore
from telemetry.window import parse
from tests import influxdb
from tests.store_contract import places_of
from tests.workplace import wall_clock

YEAR_MS = 365 * 86_400_000
START = 1_735_689_600_000
"""2025-01-01T00:00Z."""
STEP_MS = 600_000
TIMES = 30


def opened(_folder: Path) -> Store:
    """On an empty database."""
    address = influxdb.shared().new_database()
    return InfluxStore(address, places_of, metrics=METRICS, clock=wall_clock)


def worker_rates(count: int, rounds: int, told: Callable[[str], None]) -> tuple[ingest.Rates, ingest.Rates]:
    """Messages of three readings, and SenML packs of 50."""
    three = ingest.measure(count, rounds, told, opened, ingest.THREE_READINGS)
    return three, ingest.measure(count // 5, rounds, told, opened, ingest.PACKS)


@dataclass(frozen=True, slots=True)
class QueryTimes:
    """Medians in milliseconds."""

    question: str
    by_hand: float
    store: float

    @property
    def ratio(self) -> float:
        return self.store / self.by_hand


def query_times() -> list[QueryTimes]:
    """A year by the hour of one device from rollups, and a day by the hour from its readings."""
    address = influxdb.shared().new_database()
    with contextlib.closing(InfluxStore(address, places_of, metrics=METRICS, clock=wall_clock)) as store:
        readings = [
            Reading("d-1", "air_temperature", at, 20 + at % 7, 20 + at % 7, 0, at)
            for at in range(START, START + YEAR_MS, STEP_MS)
        ]
        for first in range(0, len(readings), 5000):
            store.write(readings[first : first + 5000])
        store.merge()
        where = f"device = 'd-1' AND time >= {START}ms AND time < {START + YEAR_MS}ms"
        rolled = (
            f'SELECT sum("n"), min("low"), max("high"), sum("total") FROM air_temperature WHERE {where} '  # noqa: S608
            'AND "n" > 0 GROUP BY time(1h), device fill(none)'
        )
        single = (
            f'SELECT count("value"), sum("value"), min("value"), max("value") FROM air_temperature WHERE {where} '  # noqa: S608
            'AND "quality" & 63 = 0 GROUP BY time(20m), device fill(none)'
        )
        return [
            QueryTimes(
                "a year by the hour, from rollups",
                _by_hand(address.url, address.hourly.bucket, rolled),
                _by_store(store, "1h"),
            ),
            QueryTimes(
                "a year by 20 minutes, from readings",
                _by_hand(address.url, address.bucket, single),
                _by_store(store, "20m"),
            ),
        ]


def _by_hand(url: str, database: str, statement: str) -> float:
    pool = urllib3.PoolManager()
    question = f"{url}/query?{urlencode({'db': database, 'q': statement, 'epoch': 'ms'})}"
    return _median_ms(lambda: pool.request("GET", question))


def _by_store(store: Store, every: str) -> float:
    metric, window = METRICS["air_temperature"], parse(every, ZoneInfo("UTC"))
    sources = [Source("d-1", "d-1", 600.0)]
    return _median_ms(lambda: folded(store, metric, sources, window, START, START + YEAR_MS, now=START + YEAR_MS))


def _median_ms(act: Callable[[], object]) -> float:
    act()
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        act()
        taken.append((time.perf_counter() - began) * 1000)
    return median(taken)
