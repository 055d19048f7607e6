"""What every test of the store contract shares: a catalogue, readings, and the store under test, opened and reopened.

A further implementation is one more parameter of the fixture `subject`.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import pytest

from telemetry.model import Fold, Kind, Metric, Reading
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.influx import InfluxStore
from telemetry.store.influx_address import Address
from telemetry.store.influx_lines import PlacesOf
from telemetry.store.ports import Buckets, FoldQuery, Member, ReadingReader, Store
from tests import influxdb
from tests.workplace import wall_clock

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_767_196_800_000
"""2026-01-01T00:00+08:00, the beginning of a day in Shanghai."""


def metric(metric_id: str, kind: Kind, fold: Fold, across: Fold) -> Metric:
    return Metric(metric_id, "1", -1e9, 1e9, kind, fold, across, "test", metric_id, metric_id)


AIR = metric("air", Kind.GAUGE, Fold.MEAN, Fold.MEAN)
RAIN = metric("rain", Kind.INTERVAL_SUM, Fold.SUM, Fold.MEAN)
METER = metric("meter", Kind.COUNTER, Fold.INCREASE, Fold.SUM)
WIND = metric("wind", Kind.GAUGE, Fold.DIRECTION, Fold.DIRECTION)
VALVE = metric("valve", Kind.STATE, Fold.LAST, Fold.MAX)
CATALOGUE = {row.id: row for row in (AIR, RAIN, METER, WIND, VALVE)}


class Merging(Store, Protocol):
    """A store that puts in its place what was written: by itself, or now."""

    def merge(self) -> None: ...


@dataclass(slots=True)
class Subject:
    """The store under test."""

    store: Merging
    reopen_store: Callable[[], Merging]

    def settle(self) -> None:
        """Let the store put everything in its final place now."""
        self.store.merge()

    def reopen(self) -> None:
        """Close it and open it again on the same data."""
        self.store.close()
        self.store = self.reopen_store()


def embedded(path: Path, zone: ZoneInfo = SHANGHAI) -> EmbeddedStore:
    return EmbeddedStore.open(path, zone=zone, metrics=CATALOGUE)


def places_of(devices: Collection[str]) -> dict[str, dict[str, str]]:
    """Of every device the same."""
    codes = {"city": "3705", "county": "370522", "town": "370522101", "region": "370522101201"}
    return {device: codes | {"setting": "rural"} for device in devices}


def influx(path: Path) -> InfluxStore:
    """On a database of its own, whose address the file at `path` remembers."""
    if not path.exists():
        path.write_text(influxdb.shared().new_database().bucket)
    return on_influx(Address(influxdb.shared().url, path.read_text()))


def on_influx(address: Address, places: PlacesOf = places_of) -> InfluxStore:
    return InfluxStore(address, places, metrics=CATALOGUE, clock=wall_clock)


STORES: dict[str, Callable[[Path], Merging]] = {"embedded": embedded, "influx": influx}


@pytest.fixture(params=STORES)
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    open_store = partial(STORES[request.param], tmp_path / "contract.store")
    opened = Subject(open_store(), open_store)
    yield opened
    opened.store.close()


def reading(  # noqa: PLR0913 (a reading has that many parts)
    at: int,
    value: float,
    metric: Metric = AIR,
    device: str = "station-1",
    *,
    quality: int = 0,
    raw: float | None = None,
    received_at: int | None = None,
) -> Reading:
    received_at = at + 1500 if received_at is None else received_at
    return Reading(device, metric.id, at, value, value if raw is None else raw, quality, received_at)


def every(
    step: int, values: Sequence[float], metric: Metric = AIR, device: str = "station-1", start: int = START
) -> list[Reading]:
    """One reading per value, the first at `start`."""
    return [reading(start + index * step, value, metric, device) for index, value in enumerate(values)]


def buckets(  # noqa: PLR0913 (a question, each part with its default)
    store: ReadingReader,
    metric: Metric,
    edges: Sequence[int],
    *,
    devices: Sequence[str] = ("station-1",),
    fold: Fold | None = None,
    rollover_at: float | None = None,
    suspect: bool = False,
    as_of: int | None = None,
) -> Buckets:
    """All devices in one line."""
    members = tuple(Member(device, "all", rollover_at) for device in devices)
    query = FoldQuery(metric, members, tuple(edges), fold or metric.fold, metric.across, suspect, as_of)
    ((line,),) = store.folded([query])
    return line
