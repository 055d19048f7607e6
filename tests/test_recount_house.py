"""A whole house counted: what workers do agrees with the ledger, what is done behind its back is found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from devices.message import uplink
from telemetry import replay_request
from telemetry.instant import DAY_MS, HOUR_MS, day_of
from telemetry.metrics import METRICS
from telemetry.model import Device, Reading
from telemetry.recount import EXTRA, MISSING, DayCounts, Difference, Recount, Recounter
from telemetry.registry import Registry, open_registry
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.influx import InfluxStore
from telemetry.store.influx_address import Address
from telemetry.store.ports import Store
from telemetry.store.retention import kept_since
from tests import influxdb, village
from tests.mosquitto import Mosquitto
from tests.postgres import DATABASES, registry_url
from tests.store_contract import places_of
from tests.test_worker import native
from tests.workplace import at_work, client_of, eventually, publish, wall_clock, worker_on

KEEP_DAYS = 30
NOW = wall_clock()
T0 = NOW - 5 * DAY_MS
YEAR_2100 = 4_102_444_800_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A store, and how to take one instant of one series and metric out of it behind everybody's back."""

    store: Store
    delete: Callable[[str, str, int], None]


@pytest.fixture(params=["embedded", "influx"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    if request.param == "embedded":
        since = partial(kept_since, KEEP_DAYS, wall_clock)
        with EmbeddedStore.open(
            tmp_path / "readings.duckdb", zone=ZoneInfo("Asia/Shanghai"), metrics=METRICS, kept_since=since
        ) as embedded:
            yield Kept(embedded, partial(deleted_from_duckdb, embedded))
        return
    address = influxdb.shared().new_database()
    keeping = Address(address.url, address.bucket, keep_days=KEEP_DAYS)
    with InfluxStore(keeping, places_of, metrics=METRICS, clock=wall_clock) as influx:
        yield Kept(influx, partial(deleted_from_influxdb, address))


def deleted_from_duckdb(store: EmbeddedStore, device: str, metric: str, at: int) -> None:
    store.merge()
    gone = store._root.execute(
        "DELETE FROM main USING series s WHERE s.id = main.series AND s.device = ? AND s.metric = ? AND at_ms = ?",
        [device, metric, at],
    )
    assert [(1,)] == gone.fetchall()


def deleted_from_influxdb(address: Address, device: str, metric: str, at: int) -> None:
    statement = f"DELETE FROM {metric} WHERE device = '{device}' AND time = {at}ms"  # noqa: S608 (names of this test)
    influxdb.shared().ask(statement, address.bucket)


@pytest.fixture(params=DATABASES)
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    with open_registry(registry_url(request.param, tmp_path)) as opened:
        village.settle(opened)
        yield opened


def recounted(registry: Registry, store: Store) -> Recount:
    known = [device.id for device in registry.devices.all()]
    recounter = Recounter(registry.ledger, store.counter, known, pause=lambda _: None)
    return recounter.recount(wall_clock, days_since=day_of(kept_since(KEEP_DAYS, wall_clock)))


def eventful(registry: Registry, broker: Mosquitto, store: Store) -> None:
    """Everything that may become of a message, at a worker's hands."""
    measured = [native(T0 + minute * 60_000, air_temperature=minute, rainfall_total=minute) for minute in range(20)]
    late = [native(T0 - 7 * HOUR_MS + minute * 60_000, air_temperature=minute) for minute in range(5)]
    corrected = [native(T0 + 60_000, air_temperature=17.5), native(T0 + 60_000, air_temperature=18.5)]
    strange = [
        native(YEAR_2100, air_temperature=3),
        native(T0 - 60 * DAY_MS, air_temperature=3),
        b"{nonsense",
        native(T0, no_such_metric=1),
    ]
    first = [(uplink("station-1"), payload) for payload in (*measured, *late, *measured, *corrected, *strange)]
    channels = [(uplink("probe-1"), b'{"at": %d, "values": {"soil_temperature:1": 9, "soil_temperature:2": 8}}' % T0)]
    unknown = [(uplink("late-1"), native(T0, air_temperature=4, soil_ph=7))]
    messages = [*first, *channels, *unknown, *unknown]
    with at_work(worker_on(broker, registry, store, store)) as worker, client_of(broker) as client:
        publish(client, *messages)
        eventually(lambda: worker.progress.messages == len(messages) and not worker.progress.pending)
        registry.devices.put([Device("late-1", "probe", village.VILLAGE)])
        refused = registry.quarantine.find(device="late-1", limit=10)
        publish(client, *((replay_request.TOPIC, replay_request.encode(item.id or 0)) for item in refused))
        eventually(lambda: len(registry.quarantine.find(device="late-1", replayed=True, limit=10)) == len(refused))
        publish(client, first[3], *unknown)
        eventually(lambda: worker.progress.messages == len(messages) + len(refused) + 2 and not worker.progress.pending)


def test_a_healthy_house_agrees_and_what_is_done_behind_its_back_is_found(
    broker: Mosquitto, registry: Registry, kept: Kept
) -> None:
    eventful(registry, broker, kept.store)
    healthy = recounted(registry, kept.store)
    ((today, written),) = registry.ledger.stored_by_day("station-1").items()
    kept.delete("station-1", "air_temperature", T0 + 180_000)
    kept.store.write(
        [
            Reading(series, "air_temperature", T0 + place, 1.0, 1.0, 0, NOW - 2 * DAY_MS)
            for place, series in enumerate(("station-2", "station-2:roof"))
        ]
    )
    found = recounted(registry, kept.store)

    assert (3, 50, 0, ()) == (healthy.devices, healthy.readings, healthy.differing, healthy.differences)
    assert written == 46
    assert (4, 51, 2, 3) == (found.devices, found.readings, found.differing, found.off_by)
    assert (
        Difference("station-2", 0, 2, +2, (DayCounts(day_of(NOW - 2 * DAY_MS), 0, 2),)),
        Difference("station-1", 46, 45, -1, (DayCounts(today, 46, 45),)),
    ) == found.differences
    assert [EXTRA, MISSING] == [one.advice for one in found.differences]
