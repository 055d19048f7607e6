"""Files of history for tests, and an import of them into real parts at a fixed time."""

import io
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from rurban.historian import history_import
from rurban.house import House
from rurban.settings import Settings
from telemetry.history import BadRow, Imported, Wanted
from telemetry.registry import Registry
from telemetry.store.ports import Store

NOW = 1_795_420_800_000
"""2026-11-23T08:00:00Z."""


@dataclass
class Heard:
    """Keeps what an import tells."""

    rows: list[BadRow] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)

    def bad(self, row: BadRow) -> None:
        self.rows.append(row)

    def reached(self, rows: int, share: float) -> None:
        _ = rows
        self.shares.append(share)


def csv_of(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def parquet_of(**columns: Iterable[object]) -> bytes:
    target = io.BytesIO()
    parquet.write_table(pa.table(columns), target)
    return target.getvalue()


def imported(
    file: bytes, registry: Registry, store: Store, wanted: Wanted | None = None, keep_days: int = 0
) -> tuple[Imported, Heard]:
    heard = Heard()
    with tempfile.TemporaryDirectory() as folder:
        house = House(Settings(data_dir=Path(folder), keep_days=keep_days), registry, store, lambda: NOW)
        return history_import(house)(io.BytesIO(file), "file.csv", wanted or Wanted(), heard), heard
