"""Replays that the worker is asked for on the bus: at once, or when the store is back."""

import paho.mqtt.client as paho

from devices.message import uplink
from ingest.worker import Worker
from telemetry import replay_request
from telemetry.model import Device, Quality
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.ports import RawQuery
from tests.mosquitto import Mosquitto
from tests.test_worker import T0, TroubledStore, fates, native, temperatures
from tests.village import VILLAGE
from tests.workplace import at_work, client_of, eventually, publish, worker_on


def test_a_quarantined_message_is_replayed_after_its_device_is_registered(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    with at_work(worker_on(broker, registry, store, store)) as worker, client_of(broker) as client:
        publish(client, (uplink("late-1"), native(T0, air_temperature=4, soil_ph=7)))
        eventually(lambda: worker.progress.quarantined == 1)
        (kept,) = registry.quarantine.find(
            device="late-1", reason=None, replayed=None, start=None, stop=None, limit=10, after=None
        )
        registry.devices.put([Device("late-1", "probe", VILLAGE)])
        publish(client, (replay_request.TOPIC, replay_request.encode(kept.id or 0)))
        eventually(lambda: temperatures(store, "late-1") == [4.0])
        eventually(lambda: registry.quarantine.one(kept.id or 0).replayed_at is not None)

    assert ((2, 2, 0, 0, 0), "2 readings stored") == (
        fates(registry, "late-1"),
        registry.quarantine.one(kept.id or 0).outcome,
    )


def test_a_replay_that_is_refused_again_says_why(broker: Mosquitto, registry: Registry, store: EmbeddedStore) -> None:
    with at_work(worker_on(broker, registry, store, store)) as worker, client_of(broker) as client:
        publish(client, (uplink("late-1"), native(T0, air_temperature=4)))
        eventually(lambda: worker.progress.quarantined == 1)
        (kept,) = registry.quarantine.find(
            device="late-1", reason=None, replayed=None, start=None, stop=None, limit=10, after=None
        )
        wanted = replay_request.encode(kept.id or 0)
        publish(client, (replay_request.TOPIC, wanted), (replay_request.TOPIC, b"nonsense"))
        eventually(lambda: "still refused: unknown_device" in registry.quarantine.one(kept.id or 0).outcome)

    assert (None, (1, 0, 0, 1, 0)) == (
        registry.quarantine.one(kept.id or 0).replayed_at,
        fates(registry, "late-1"),
    )


def put_off(registry: Registry) -> list[int]:
    """Messages whose outcome is that their replay waits."""
    found = registry.quarantine.find(replayed=False, limit=100)
    return [item.id or 0 for item in found if item.outcome.startswith(replay_request.PUT_OFF)]


def quarantined(registry: Registry, client: paho.Client, worker: Worker, number: int) -> list[int]:
    """So many messages of late-1, one a second, refused while nobody knew it; their numbers, oldest first."""
    publish(client, *[(uplink("late-1"), native(T0 + i * 1000, air_temperature=i)) for i in range(number)])
    eventually(lambda: worker.progress.quarantined == number)
    registry.devices.put([Device("late-1", "probe", VILLAGE)])
    return sorted(item.id or 0 for item in registry.quarantine.find(device="late-1", limit=number))


def test_replays_asked_for_while_the_store_is_away_are_carried_out_when_it_is_back(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    troubled = TroubledStore(store, failures=0)
    with at_work(worker_on(broker, registry, troubled, store)) as worker, client_of(broker) as client:
        numbers = quarantined(registry, client, worker, 30)
        troubled.failures = 10_000
        wanted = [(replay_request.TOPIC, replay_request.encode(number)) for number in numbers]
        publish(client, (uplink("station-1"), native(T0, air_temperature=4)))
        # Only a worker that has seen the store fail can say so of what it is asked for.
        eventually(lambda: worker.progress.failing_since is not None)
        publish(client, *wanted, *wanted[:5])
        eventually(lambda: sorted(put_off(registry)) == numbers and worker.progress.pending == 0)
        troubled.failures = 0
        eventually(lambda: temperatures(store) == [4.0])
        eventually(lambda: len(temperatures(store, "late-1")) == 30 and put_off(registry) == [])

    assert ([float(i) for i in range(30)], (30, 30, 0, 0, 0)) == (
        temperatures(store, "late-1"),
        fates(registry, "late-1"),
    )


def test_what_comes_now_does_not_wait_for_all_that_is_replayed(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    with at_work(worker_on(broker, registry, store, store)) as worker, client_of(broker) as client:
        numbers = quarantined(registry, client, worker, 100)
        wanted = [(replay_request.TOPIC, replay_request.encode(number)) for number in numbers]
        publish(client, *wanted, (uplink("station-1"), native(T0, air_temperature=4)))
        eventually(lambda: temperatures(store) == [4.0])
        left = len(registry.strangers.owed("late-1", 1000))
        eventually(lambda: registry.strangers.owed("late-1", 1000) == [])

    assert 0 < left
    assert ([float(i) for i in range(100)], (100, 100, 0, 0, 0)) == (
        temperatures(store, "late-1"),
        fates(registry, "late-1"),
    )


def test_a_worker_that_starts_carries_out_what_an_earlier_one_put_off(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    troubled = TroubledStore(store, failures=10_000)
    with client_of(broker) as client:
        with at_work(worker_on(broker, registry, troubled, store)) as worker:
            (number,) = quarantined(registry, client, worker, 1)
            publish(client, (replay_request.TOPIC, replay_request.encode(number)))
            eventually(lambda: worker.progress.failing_since is not None)
        with at_work(worker_on(broker, registry, store, store)):
            eventually(lambda: temperatures(store, "late-1") == [0.0])
            eventually(lambda: registry.quarantine.one(number).outcome == "1 readings stored")


def test_the_doubt_of_a_reading_that_is_replayed_at_the_second_try_stays(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    troubled = TroubledStore(store, failures=0)
    with at_work(worker_on(broker, registry, troubled, store)) as worker, client_of(broker) as client:
        numbers = quarantined(registry, client, worker, 1)
        publish(client, (uplink("late-1"), native(T0 - 1000, air_temperature=40)))
        eventually(lambda: temperatures(store, "late-1") == [40.0])
        troubled.failures = 1
        publish(client, (replay_request.TOPIC, replay_request.encode(numbers[0])))
        eventually(lambda: temperatures(store, "late-1") == [40.0, 0.0])
    query = RawQuery(("air_temperature",), ("late-1",), 0, 2**62, 10)

    assert [0, Quality.STEP] == [reading.quality & Quality.STEP for reading in store.raw(query)]
