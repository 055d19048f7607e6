"""Measures the import of history: from a file into the embedded store, beside a bare append of the same readings.

    python -m bench.history [--readings 5000000]

The import counts everything, from opening the file to the last merge: reading, registry, checks, duplicates, ledger.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import duckdb
import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

from rurban.historian import history_import
from rurban.house import House, opened
from rurban.settings import Settings
from telemetry.history import BadRow, Wanted
from telemetry.model import Device, Level, Profile, Region

DEVICES = 200
KINDS = {
    "air_temperature": 20.0,
    "air_relative_humidity": 60.0,
    "wind_speed": 8.0,
    "air_pressure": 1010.0,
    "par": 800.0,
}
"""Metrics, and around which value each wanders."""
START = 1_704_067_200_000
"""2024-01-01T00:00Z."""
STEP_MS = 600_000
PIECE = 65_536
_PLACE = "370522000000"


@dataclass(frozen=True, slots=True)
class Rate:
    """One line of the table."""

    what: str
    readings_per_s: float
    stored: int


def measure(readings: int) -> list[Rate]:
    """Each way on a store of its own, one after another."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = _table(readings)
        as_csv, as_parquet = folder / "history.csv", folder / "history.parquet"
        csv.write_csv(table, as_csv, csv.WriteOptions(quoting_style="none"))
        parquet.write_table(table, as_parquet, row_group_size=1_000_000)
        bare = readings / _timed(partial(_bare, folder / "bare.duckdb", table))
        found = [Rate("bare append into DuckDB", bare, readings)]
        del table
        found += _imports(folder / "csv", {"long CSV": as_csv, "the same file again": as_csv}, readings)
        found += _imports(folder / "parquet", {"Parquet": as_parquet}, readings)
    return found


def _table(readings: int) -> pa.Table:
    """In the order of time, as a logger writes; made of as many series as there are, so cut to whole instants."""
    devices = [f"station-{number:04}" for number in range(DEVICES)]
    instants = max(1, readings // (DEVICES * len(KINDS)))
    rng = np.random.default_rng(1)
    walk = np.cumsum(rng.uniform(-0.2, 0.2, (instants, DEVICES * len(KINDS))), axis=0)
    value = np.round(np.abs(walk % 40 - 20) + np.tile(list(KINDS.values()), DEVICES), 2)
    at = START + np.arange(instants) * STEP_MS
    return pa.table(
        {
            "device": pa.array(np.tile(np.repeat(devices, len(KINDS)), instants)),
            "metric": pa.array(np.tile(list(KINDS), DEVICES * instants)),
            "at": pa.array(np.repeat(at, DEVICES * len(KINDS)), pa.timestamp("ms", tz="UTC")),
            "value": value.ravel(),
        }
    )


def _bare(path: Path, table: pa.Table) -> None:
    """What DuckDB itself takes: series by number, no look at anything, in transactions as large as the import's."""
    with duckdb.connect(path, config={"memory_limit": "256MB", "threads": 2}) as connection:
        connection.execute("CREATE TABLE readings (series INTEGER, at_ms BIGINT, value DOUBLE, quality INTEGER)")
        numbers = np.arange(DEVICES * len(KINDS), dtype=np.int32)
        for first in range(0, table.num_rows, PIECE):
            piece = table.slice(first, PIECE)
            series = np.take(numbers, np.arange(first, first + piece.num_rows), mode="wrap")
            rows = {
                "series": series,
                "at": piece["at"].cast(pa.int64()),
                "value": piece["value"],
                "quality": series * 0,
            }
            connection.register("piece", pa.table(rows))
            connection.execute("INSERT INTO readings SELECT * FROM piece")
        connection.execute("CHECKPOINT")


def _imports(folder: Path, files: dict[str, Path], readings: int) -> list[Rate]:
    """One after another into one house; the store's merge and closing belong to the first."""
    found = []
    for what, file in files.items():
        with file.open("rb") as source:
            stored = 0

            def run(source: BinaryIO = source, name: str = file.name) -> None:
                nonlocal stored
                with _house(folder) as house:
                    stored = history_import(house)(source, name, Wanted(), _Nobody()).stored

            found.append(Rate(what, readings / _timed(run), stored))
    return found


@contextmanager
def _house(folder: Path) -> Iterator[House]:
    with opened(Settings(data_dir=folder)) as house:
        if not house.registry.devices.all():
            house.registry.places.put([Region(_PLACE, Level.COUNTY, "利津县")])
            house.registry.devices.put_profiles([Profile("probe", "Any quantity", "native_json", (), open=True)])
            house.registry.devices.put([Device(f"station-{each:04}", "probe", _PLACE) for each in range(DEVICES)])
        yield house


class _Nobody:
    def bad(self, row: BadRow) -> None:
        raise AssertionError(row)

    def reached(self, rows: int, share: float) -> None:
        pass


def _timed(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def main() -> None:
    """Print a line per way."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--readings", type=int, default=5_000_000)
    for rate in measure(asked.parse_args().readings):
        print(f"{rate.what:>24} {rate.readings_per_s:>12,.0f} readings/s, {rate.stored:,} stored")


if __name__ == "__main__":
    main()
