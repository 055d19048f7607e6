"""Measures the embedded store: upserts in time order and in random order, size on disk, memory, and its queries.

    python -m bench.store [--readings 20000000] [--series 380] [--order ordered|random]

Each order runs in a process of its own, so that the memory figure is the store's. Two rates are given: `upserts/s`
counts the time in `write` and in the merge that is left at the end; `with building` counts everything, also making the
`Reading` objects, which the store's users do anyway.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from telemetry.metrics import METRICS
from telemetry.model import Fold, Reading
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.ports import FoldQuery, Identity, Member
from telemetry.window import edges, parse

START = 1_735_689_600_000
"""2025-01-01T00:00Z."""
STEP_MS = 600_000
A_YEAR = 365 * 86_400_000 // STEP_MS
"""Readings of one series."""
BATCH = 5_000
ORDERS = ("ordered", "random")
ZONE = ZoneInfo("Asia/Shanghai")
KINDS = ("air_temperature", "soil_moisture_vwc_10cm", "supply_volume", "active_power", "air_relative_humidity")


def station(number: int) -> str:
    """Of as many as there are series, divided by the kinds of reading."""
    return f"station-{number:05}"


@dataclass(frozen=True, slots=True)
class Result:
    """What one run measured; times in milliseconds, sizes as named."""

    order: str
    readings: int
    upserts_per_s: float
    with_building_per_s: float
    worst_write_ms: float
    bytes_per_reading: float
    peak_rss_mb: float
    open_ms: float
    year_hourly_p99_ms: float
    village_latest_p99_ms: float
    existing_p99_ms: float


def measure(readings: int, order: str, folder: Path, *, series: int, seed: int = 1) -> Result:
    """Write so many readings of so many series to a new store in `folder`, then query it."""
    path = folder / f"{order}.duckdb"
    writing = building = worst = 0.0
    with _opened(path) as store:
        batches = _batches(readings, order, series, seed)
        while True:
            began = time.perf_counter()
            batch = next(batches, None)
            built = time.perf_counter()
            building += built - began
            if batch is None:
                break
            store.write(batch)
            took = time.perf_counter() - built
            writing, worst = writing + took, max(worst, took)
        began = time.perf_counter()
        store.merge()
        writing += time.perf_counter() - began
    size = path.stat().st_size
    began = time.perf_counter()
    with _opened(path) as store:
        opened = time.perf_counter() - began
        queries = _queries(store, readings, series, seed)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rates = (readings / writing, readings / (writing + building))
    return Result(order, readings, *rates, worst * 1e3, size / readings, peak, opened * 1e3, *queries)


def series_of(readings: int) -> int:
    """Among how many series so many readings are a year of each, or as much as there is."""
    return max(1, readings // A_YEAR // len(KINDS)) * len(KINDS)


def run(readings: int, folder: Path, orders: tuple[str, ...] = ORDERS) -> list[Result]:
    """Measure each order in a process of its own; `<order>.duckdb` stays in the folder."""
    results = []
    for order in orders:
        command = [sys.executable, "-m", "bench.store", "--readings", str(readings)]
        words = ["--series", str(series_of(readings)), "--order", order, "--in", str(folder)]
        done = subprocess.run([*command, *words], check=True, capture_output=True, text=True)
        results.append(Result(**json.loads(done.stdout)))
    return results


def main() -> None:
    """Print one row per order."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--readings", type=int, default=20_000_000)
    asked.add_argument("--series", type=int, help="as many as have a year each unless told otherwise")
    asked.add_argument("--order", choices=ORDERS, help="only this one")
    asked.add_argument("--in", dest="folder", type=Path, help="measure in this process and folder; print JSON")
    options = asked.parse_args()
    if options.folder:
        series = options.series or series_of(options.readings)
        print(json.dumps(asdict(measure(options.readings, options.order, options.folder, series=series))))
        return
    with tempfile.TemporaryDirectory() as folder:
        for result in run(options.readings, Path(folder), (options.order,) if options.order else ORDERS):
            for name, value in asdict(result).items():
                print(f"{name:>24} {value if isinstance(value, str) else format(value, ',.1f')}")
            print()


def _opened(path: Path) -> EmbeddedStore:
    return EmbeddedStore.open(path, zone=ZONE, metrics=METRICS)


def _batches(readings: int, order: str, series: int, seed: int) -> Iterator[list[Reading]]:
    """Values as sensors send them: a walk with two decimals, delays of seconds, one in a hundred in doubt."""
    rng = random.Random(seed)  # noqa: S311 -- made-up readings
    names = [(station(number // len(KINDS)), KINDS[number % len(KINDS)]) for number in range(series)]
    walk = [rng.uniform(10, 30) for _ in names]
    # A multiplier that shares no factor with the count visits every number once, in no order that a store could use.
    stride = 1 if order == "ordered" else _coprime(readings)
    for first in range(0, readings, BATCH):
        batch = []
        for place in range(first, min(first + BATCH, readings)):
            number = place * stride % readings
            which = number % series
            at = START + number // series * STEP_MS
            walk[which] = value = round(walk[which] + rng.random() - 0.49, 2)
            quality = 1 if rng.random() < 0.01 else 0  # noqa: PLR2004 -- one in a hundred
            batch.append(Reading(*names[which], at, value, value, quality, at + 200 + int(rng.random() * 4000)))
        yield batch


def _coprime(readings: int) -> int:
    stride = int(readings * 0.6180339887) | 1
    while any(stride % prime == 0 for prime in (2, 3, 5, 7, 11, 13)):
        stride += 2
    return stride


def _queries(store: EmbeddedStore, readings: int, series: int, seed: int) -> tuple[float, float, float]:
    rng = random.Random(seed)  # noqa: S311 -- which devices to ask for
    metric = METRICS["air_temperature"]
    devices = series // len(KINDS)
    last = START + readings // series * STEP_MS
    year = edges(parse("1h", ZONE), max(START, last - 365 * 86_400_000), last)

    def year_hourly() -> None:
        device = station(rng.randrange(devices))
        store.folded([FoldQuery(metric, (Member(device, device),), year, Fold.MEAN, Fold.MEAN)])

    def village_latest() -> None:
        store.latest([station(rng.randrange(devices)) for _ in range(30)], None)

    def existing() -> None:
        instants = [last - rng.randrange(1, 300) * STEP_MS for _ in range(BATCH)]
        store.existing([Identity(station(at % devices), metric.id, at) for at in instants])

    return _p99(year_hourly, 200), _p99(village_latest, 200), _p99(existing, 50)


def _p99(question: Callable[[], None], times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        question()
        taken.append(time.perf_counter() - began)
    return sorted(taken)[int(times * 0.99)] * 1e3


if __name__ == "__main__":
    main()
