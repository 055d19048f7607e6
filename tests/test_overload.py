"""More than the store can take: the broker keeps it, the worker stays small, a device's loop is its own affair."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from devices.message import uplink
from ingest.rates import Rate
from ingest.worker import Limits
from telemetry.announcement import decode
from telemetry.errors import Reason
from telemetry.model import Device, Reading
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.ports import RawQuery, Refused
from tests.mosquitto import Mosquitto
from tests.test_worker import T0, fates, native
from tests.village import VILLAGE
from tests.workplace import at_work, booked, client_of, eventually, publish, wall_clock, worker_on

FLOOD = 6000
PENDING = 200
ORDINARY = [f"calm-{number}" for number in range(50)]


class SlowStore:
    """A writer in front of the real one that takes its time for each reading, and nothing while it does not flow."""

    def __init__(self, store: EmbeddedStore, reading_s: float) -> None:
        self._store = store
        self.reading_s = reading_s
        self.watch: Callable[[], object] = object
        self.flowing = threading.Event()
        self.flowing.set()

    def write(self, batch: Sequence[Reading]) -> Sequence[Refused]:
        """See ReadingWriter."""
        self.watch()
        self.flowing.wait(60)
        time.sleep(len(batch) * self.reading_s)
        return self._store.write(batch)


def stored(store: EmbeddedStore, devices: Sequence[str]) -> list[Reading]:
    return list(store.raw(RawQuery(("air_temperature",), tuple(devices), 0, 2**62, limit=100_000)))


def test_a_flood_is_stored_whole_by_a_worker_that_stays_small_and_is_prompt_again_after_it(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore
) -> None:
    """As many at once as a publisher can send, however slow it is, into a store that takes none meanwhile."""
    slow = SlowStore(store, reading_s=0.0005)
    limits = Limits(batch_messages=50, pending_messages=PENDING, pending_bytes=20_000)
    held: list[tuple[int, int]] = []
    payloads = [native(T0 + 1000 * number, air_temperature=20) for number in range(FLOOD)]
    with at_work(worker_on(broker, registry, slow, store, limits=limits)) as worker, client_of(broker) as client:
        slow.watch = lambda: held.append((worker.progress.pending, worker.progress.pending_bytes))
        slow.flowing.clear()
        publish(client, *[(uplink("station-1"), payload) for payload in payloads])
        waiting = FLOOD - worker.progress.messages
        slow.flowing.set()
        eventually(lambda: worker.progress.readings == FLOOD and not worker.progress.pending)
        sent = time.monotonic()
        publish(client, (uplink("station-2"), native(T0, air_temperature=20)))
        eventually(lambda: len(stored(store, ["station-2"])) == 1)
        took_s = time.monotonic() - sent

    assert FLOOD == len(stored(store, ["station-1"]))
    assert waiting > 10 * PENDING
    assert max(number for number, _ in held) <= PENDING
    assert max(size for _, size in held) <= 20_000 + max(map(len, payloads))
    assert (FLOOD, FLOOD, 0, 0, 0) == fates(registry, "station-1")
    assert took_s < 5


@pytest.fixture
def peopled(registry: Registry) -> Registry:
    """With fifty ordinary devices."""
    registry.devices.put([Device(name, "station", VILLAGE) for name in ORDINARY])
    return registry


def test_a_device_in_a_loop_delays_nobody_and_its_excess_is_counted(
    broker: Mosquitto, peopled: Registry, store: EmbeddedStore
) -> None:
    """Ten thousand messages of one device would keep this store busy for twenty seconds."""
    delays_ms: list[int] = []

    def announced(_topic: str, payload: bytes) -> None:
        delays_ms.extend(wall_clock() - item.at for item in decode(payload) if item.device in ORDINARY)

    slow = SlowStore(store, reading_s=0.002)
    made = worker_on(broker, peopled, slow, store, announce=announced, rate=Rate(per_s=50, burst=200))
    looping = json.dumps({"values": {"air_temperature": 20}}).encode()
    with at_work(made) as worker, client_of(broker) as loop, client_of(broker) as calm:
        for _ in range(5):
            for _ in range(2000):
                loop.publish(uplink("probe-1"), looping, qos=1)
            publish(calm, *[(uplink(name), native(wall_clock(), air_temperature=20)) for name in ORDINARY])
        eventually(lambda: booked(peopled, 10_250) and not worker.progress.pending)
    received, kept, duplicate, refused, in_flight = fates(peopled, "probe-1")
    counted = peopled.quarantine.counted(limit=10)

    assert Counter(dict.fromkeys(ORDINARY, 5)) == Counter(reading.device for reading in stored(store, ORDINARY))
    assert (250, True) == (len(delays_ms), max(delays_ms) < 5000), max(delays_ms)
    assert (10_000, 0, 0) == (received, duplicate, in_flight)
    assert 200 <= kept < 2500
    assert kept == len(stored(store, ["probe-1"]))
    assert refused == worker.progress.rate_limited == sum(line.readings for line in counted)
    assert {("probe-1", Reason.RATE_LIMITED)} == {(line.device, line.reason) for line in counted}
    assert [] == peopled.quarantine.find(limit=10)
