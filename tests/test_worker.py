"""The worker on a real Mosquitto, a real store and a real registry."""

import datetime as dt
import json
import time
from collections.abc import Sequence
from functools import partial

import pytest

from devices.message import uplink
from ingest.backlog import SpoolLimits
from ingest.mqtt import Broker, Subscription
from ingest.worker import Limits, Worker
from telemetry import replay_request
from telemetry.announcement import decode
from telemetry.errors import BrokerUnavailable, Reason, StoreUnavailable
from telemetry.instant import day_of
from telemetry.model import Quality, Reading
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.ports import RawQuery, Refused
from tests.mosquitto import Mosquitto, free_port
from tests.village import VILLAGE
from tests.workplace import at_work, client_of, eventually, publish, wall_clock, worker_on

T0 = 1_795_420_800_000


class TroubledStore:
    """A writer in front of the real one that fails a given number of times first."""

    def __init__(self, store: EmbeddedStore, failures: int) -> None:
        self._store = store
        self.failures = failures

    def write(self, batch: Sequence[Reading]) -> Sequence[Refused]:
        """See ReadingWriter."""
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("the disk is away")
        return self._store.write(batch)


class BrokenStore:
    """A writer with a fault in its program."""

    def write(self, batch: Sequence[Reading]) -> Sequence[Refused]:
        """See ReadingWriter."""
        raise ZeroDivisionError(len(batch))


def native(at: int, **values: float) -> bytes:
    return json.dumps({"at": at, "values": values}).encode()


def temperatures(store: EmbeddedStore, device: str = "station-1") -> list[float]:
    query = RawQuery(("air_temperature",), (device,), 0, 2**62, limit=100_000)
    return [reading.value for reading in store.raw(query)]


def fates(registry: Registry, device: str) -> tuple[int, int, int, int, int]:
    today = day_of(wall_clock())
    tomorrow = today + dt.timedelta(days=1)
    lines = registry.ledger.find(devices=[device], start=today, stop=tomorrow, limit=10)
    return (
        sum(line.received for line in lines),
        sum(line.stored for line in lines),
        sum(line.duplicate for line in lines),
        sum(line.quarantined for line in lines),
        sum(line.in_flight for line in lines),
    )


def test_what_is_published_is_stored(broker: Mosquitto, registry: Registry, store: EmbeddedStore) -> None:
    with at_work(worker_on(broker, registry, store, store)), client_of(broker) as client:
        publish(client, *[(uplink("station-1"), native(T0 + i, air_temperature=i / 10)) for i in range(100)])
        eventually(lambda: len(temperatures(store)) == 100)

    assert [i / 10 for i in range(100)] == temperatures(store)


def test_what_is_sent_twice_is_kept_once_and_counted(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    message = (uplink("station-1"), native(T0, air_temperature=1.5))
    with at_work(worker_on(broker, registry, store, store)) as worker, client_of(broker) as client:
        publish(client, message, message)
        eventually(lambda: worker.progress.messages == 2 and worker.progress.pending == 0)

    assert ([1.5], (2, 1, 1, 0, 0)) == (temperatures(store), fates(registry, "station-1"))


def test_what_cannot_be_read_is_quarantined_and_acknowledged(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    with at_work(worker_on(broker, registry, store, store)) as worker, client_of(broker) as client:
        publish(
            client,
            (uplink("station-1"), b"{broken"),
            (uplink("nobody"), native(T0, air_temperature=1)),
            (uplink("station-1"), native(T0, air_temperature=2)),
        )
        eventually(lambda: worker.progress.messages == 3 and worker.progress.pending == 0)
    kept = registry.quarantine.find(
        device=None, reason=None, replayed=None, start=None, stop=None, limit=10, after=None
    )

    assert ({(Reason.MALFORMED, b"{broken"), (Reason.UNKNOWN_DEVICE, native(T0, air_temperature=1))}, [2.0]) == (
        {(item.reason, item.payload) for item in kept},
        temperatures(store),
    )


def test_a_batch_that_the_store_refuses_is_kept_and_written_later(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    troubled = TroubledStore(store, failures=2)
    with at_work(worker_on(broker, registry, troubled, store)) as worker, client_of(broker) as client:
        publish(client, *[(uplink("station-1"), native(T0 + i, air_temperature=i)) for i in range(20)])
        eventually(lambda: fates(registry, "station-1")[4] > 0)
        received, stored, _, _, in_flight = fates(registry, "station-1")
        eventually(lambda: len(temperatures(store)) == 20 and worker.progress.pending == 0)

    assert received == stored + in_flight
    assert (0, None, (20, 20, 0, 0, 0)) == (
        troubled.failures,
        worker.progress.failing_since,
        fates(registry, "station-1"),
    )


def test_what_was_not_stored_before_a_stop_comes_again(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    broken = TroubledStore(store, failures=10_000)
    with at_work(worker_on(broker, registry, broken, store)) as worker, client_of(broker) as client:
        publish(client, *[(uplink("station-1"), native(T0 + i, air_temperature=i)) for i in range(50)])
        eventually(lambda: worker.progress.failing_since is not None)
    with at_work(worker_on(broker, registry, store, store)):
        eventually(lambda: len(temperatures(store)) == 50)

    assert [float(i) for i in range(50)] == temperatures(store)


def test_a_batch_is_bounded_by_its_readings_too(broker: Mosquitto, registry: Registry, store: EmbeddedStore) -> None:
    """Packs of many readings: a batch of messages alone would hold thousands of each."""
    limits = Limits(batch_readings=100, batch_age_s=5.0)
    with at_work(worker_on(broker, registry, store, store, limits=limits)) as worker, client_of(broker) as client:
        packs = [
            json.dumps([{"at": T0 + 1000 * (50 * pack + row), "values": {"air_temperature": 20}} for row in range(50)])
            for pack in range(40)
        ]
        publish(client, *[(uplink("station-1"), pack.encode()) for pack in packs])
        eventually(lambda: worker.progress.readings == 2000 and not worker.progress.pending)

        assert worker.progress.batches == 20


def test_the_worker_comes_back_after_the_broker_restarts(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    with at_work(worker_on(broker, registry, store, store)) as worker:
        broker.stop()
        eventually(lambda: not worker.progress.connected)
        broker.start()
        with client_of(broker) as client:
            publish(client, (uplink("station-1"), native(T0, air_temperature=4)))
        eventually(lambda: temperatures(store) == [4.0])
        again = worker.progress.connected

    assert (True, False) == (again, worker.progress.running)


def test_an_error_that_nobody_foresaw_ends_the_worker_instead_of_hanging_it(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    with worker_on(broker, registry, BrokenStore(), store) as worker, client_of(broker) as client:
        client.publish(uplink("station-1"), native(T0, air_temperature=1), qos=1, retain=True).wait_for_publish(
            timeout=10
        )
        with pytest.raises(ZeroDivisionError):
            worker.run()

    assert not worker.progress.running
    with at_work(worker_on(broker, registry, store, store)):
        eventually(lambda: temperatures(store) == [1.0])


def test_stored_readings_are_announced_for_their_county(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    told: list[tuple[str, bytes]] = []
    worker = worker_on(broker, registry, store, store, announce=lambda topic, payload: told.append((topic, payload)))
    with at_work(worker), client_of(broker) as client:
        publish(client, (uplink("station-1"), native(T0, air_temperature=4)))
        eventually(lambda: bool(told))

    assert ("rurban/v1/stored/370522", [("station-1", 4.0, VILLAGE)]) == (
        told[0][0],
        [(item.device, item.value, item.region) for item in decode(told[0][1])],
    )


def test_a_retained_message_without_a_time_is_a_reading_once_however_often_the_worker_starts(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    untimed = json.dumps({"values": {"air_temperature": 4}}).encode()
    with client_of(broker) as client:
        with at_work(worker_on(broker, registry, store, store)):
            for device, payload in (("station-1", untimed), ("station-2", native(T0, air_temperature=5))):
                client.publish(uplink(device), payload, qos=1, retain=True).wait_for_publish(timeout=60)
            eventually(lambda: temperatures(store) == [4.0] and temperatures(store, "station-2") == [5.0])
        for _ in range(2):
            with at_work(worker_on(broker, registry, store, store)) as worker:
                eventually(partial(settled, worker, 2))
        kept = registry.quarantine.find(device="station-1", limit=10)
        with at_work(worker_on(broker, registry, store, store)):
            publish(client, (replay_request.TOPIC, replay_request.encode(kept[0].id or 0)))
            eventually(lambda: "still refused: bad_time" in registry.quarantine.one(kept[0].id or 0).outcome)

    assert ([4.0], [5.0]) == (temperatures(store), temperatures(store, "station-2"))
    assert [(Reason.BAD_TIME, untimed)] * 2 == [(item.reason, item.payload) for item in kept]


def test_a_missing_broker_is_named() -> None:
    port = free_port()
    subscription = Subscription(Broker("127.0.0.1", port), "worker", ["rurban/v1/+/up"], clock=wall_clock)

    with pytest.raises(BrokerUnavailable, match=f"no MQTT broker at 127.0.0.1:{port}"):
        subscription.connect()


def test_mqtt_5_keeps_the_session_of_a_worker_that_is_away(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    messages = [(uplink("station-1"), native(T0 + i, air_temperature=i)) for i in range(30)]
    with client_of(broker) as client:
        with at_work(worker_on(broker, registry, store, store, mqtt5=True)):
            publish(client, *messages[:10])
            eventually(lambda: len(temperatures(store)) == 10)
        publish(client, *messages[10:])
        with at_work(worker_on(broker, registry, store, store, mqtt5=True)) as worker:
            eventually(lambda: len(temperatures(store)) == 30)

    assert (20, (30, 30, 0, 0, 0)) == (worker.progress.messages, fates(registry, "station-1"))


def test_workers_of_one_group_share_the_messages(broker: Mosquitto, registry: Registry, store: EmbeddedStore) -> None:
    made = [
        worker_on(broker, registry, store, store, client_id=name, share="$share/county/") for name in ("one", "two")
    ]
    with at_work(made[0]) as first, at_work(made[1]) as second, client_of(broker) as client:
        publish(client, *[(uplink("station-1"), native(T0 + i, air_temperature=i)) for i in range(100)])
        eventually(lambda: len(temperatures(store)) == 100)

    assert (100, True, True) == (
        first.progress.messages + second.progress.messages,
        first.progress.messages > 0,
        second.progress.messages > 0,
    )


def settled(worker: Worker, messages: int) -> bool:
    return worker.progress.messages == messages and worker.progress.pending == 0


def test_a_redelivery_keeps_the_doubt_and_a_correction_is_marked(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    """21, then 99 (a step, out of range) and 99 again, then 21.5 for the first instant."""
    first, wild = native(T0, air_temperature=21), native(T0 + 60_000, air_temperature=99)
    with at_work(worker_on(broker, registry, store, store)) as worker, client_of(broker) as client:
        for number, payload in enumerate((first, wild, wild, native(T0, air_temperature=21.5)), start=1):
            publish(client, (uplink("station-1"), payload))
            eventually(partial(settled, worker, number))
    query = RawQuery(("air_temperature",), ("station-1",), 0, 2**62, 10)
    doubt = Quality.RANGE | Quality.STEP

    assert [(21.5, Quality.DUPLICATE_TIME), (99.0, doubt)] == [
        (reading.value, Quality(reading.quality) & ~Quality.LATE) for reading in store.raw(query)
    ]
    assert (4, 2, 2, 0, 0) == fates(registry, "station-1")


def test_a_worker_that_is_full_keeps_its_connection_and_takes_no_more(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    troubled = TroubledStore(store, failures=10_000)
    limits, spool_limits = Limits(batch_messages=10, pending_messages=30), SpoolLimits(most_bytes=1)
    most = 0
    made = worker_on(broker, registry, troubled, store, limits=limits, spool_limits=spool_limits, keepalive_s=2)
    with at_work(made) as worker, client_of(broker) as client:
        publish(client, *[(uplink("station-1"), native(T0 + i, air_temperature=i % 40)) for i in range(300)])
        end = time.monotonic() + 4
        while time.monotonic() < end:
            most = max(most, worker.progress.pending)
            time.sleep(0.01)
        troubled.failures = 0
        eventually(lambda: len(temperatures(store)) == 300)

    assert (True, 300) == (most <= 40, worker.progress.messages)


def test_a_worker_is_full_of_bytes_before_it_is_full_of_messages(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    """Messages of 20 kB: at most 100 kB of them and one more wait for a store that is away."""
    troubled = TroubledStore(store, failures=10_000)
    padding = " " * 20_000
    limits, spool_limits = Limits(pending_bytes=100_000), SpoolLimits(most_bytes=1)
    made = worker_on(broker, registry, troubled, store, limits=limits, spool_limits=spool_limits)
    with at_work(made) as worker, client_of(broker) as client:
        messages = [native(T0 + i, air_temperature=i) + padding.encode() for i in range(40)]
        publish(client, *[(uplink("station-1"), payload) for payload in messages])
        eventually(lambda: worker.progress.pending_bytes >= 100_000)
        most = worker.progress.pending_bytes
        troubled.failures = 0
        eventually(lambda: len(temperatures(store)) == 40 and not worker.progress.pending)

    assert (True, 0) == (100_000 <= most < 121_000, worker.progress.pending_bytes)
