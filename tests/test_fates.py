"""Whatever happens in between: every reading is stored once, and the ledger says so to the unit.

The whole worker, on a real broker, a real store and a real registry, through schedules drawn at random: publishes,
duplicates, corrections, a store or registry that is away or fails after it has written, kills at the worst moments,
restarts of worker and broker, floods beyond a rate.
"""

import contextlib
import datetime as dt
import json
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import paho.mqtt.client as paho
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from devices.message import uplink
from ingest.rates import Rate
from ingest.worker import Worker
from telemetry.errors import RegistryUnavailable, StoreUnavailable
from telemetry.metrics import METRICS
from telemetry.model import LedgerLine, Reading
from telemetry.registry import Registry, Settling, Standing, open_registry
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.ports import Buckets, FoldQuery, Identity, RawQuery, Refused
from tests import village
from tests.mosquitto import Mosquitto, mosquitto
from tests.workplace import client_of, eventually, publish, worker_on

T0: Final = 1_795_420_800_000
DEVICES: Final = ("station-1", "station-2", "probe-1")
BAD: Final = b'{"values": {"air_temperature": "warm"}}'
POINTS: Final = ("before the look-up", "before the write", "after the write", "before the books", "after the books")
ALWAYS: Final = (dt.date(2020, 1, 1), dt.date(2200, 1, 1))


class Killed(BaseException):
    """Stands for the end of the process at this line."""


@dataclass
class Fate:
    """What is to happen at which point, how often; shared by all that can fail."""

    away: dict[str, int] = field(default_factory=dict)
    """How often a point fails as its part does when it is away."""
    kill_at: str | None = None

    def meet(self, point: str, fault: Exception) -> None:
        if self.kill_at == point:
            self.kill_at = None
            raise Killed(point)
        if self.away.get(point, 0) > 0:
            self.away[point] -= 1
            raise fault


class UnsteadyWriter:
    """The store's writing side, under a fate."""

    def __init__(self, store: EmbeddedStore, fate: Fate) -> None:
        self._store = store
        self._fate = fate

    def write(self, batch: Sequence[Reading]) -> Sequence[Refused]:
        """See ReadingWriter."""
        self._fate.meet("before the write", StoreUnavailable("away"))
        refused = self._store.write(batch)
        self._fate.meet("after the write", StoreUnavailable("no answer"))
        return refused


class UnsteadyReader:
    """The store's reading side, of which a settlement needs two questions, under a fate."""

    def __init__(self, store: EmbeddedStore, fate: Fate) -> None:
        self._store = store
        self._fate = fate

    def existing(self, identities: Collection[Identity]) -> dict[Identity, float]:
        """See ReadingReader."""
        self._fate.meet("before the look-up", StoreUnavailable("away"))
        return self._store.existing(identities)

    def latest(self, devices: Collection[str] | None, metrics: Collection[str] | None) -> list[Reading]:
        """See ReadingReader."""
        return self._store.latest(devices, metrics)

    def folded(self, queries: Sequence[FoldQuery]) -> list[list[Buckets]]:
        """See ReadingReader."""
        return self._store.folded(queries)

    def raw(self, query: RawQuery) -> list[Reading]:
        """See ReadingReader."""
        return self._store.raw(query)

    def names(self, metric: str) -> list[str]:
        """See ReadingReader."""
        return self._store.names(metric)

    def check(self) -> None:
        """See ReadingReader."""
        self._store.check()


class UnsteadyBook:
    """The registry's positions, under a fate."""

    def __init__(self, registry: Registry, fate: Fate) -> None:
        self._spools = registry.spools
        self._fate = fate

    def enter(self, spool: str, name: str, at: int) -> Standing:
        """See PositionBook."""
        return self._spools.enter(spool, name, at)

    def leave(self, spool: str) -> None:
        """See PositionBook."""
        self._spools.leave(spool)

    def standing(self, spool: str, at: int) -> Standing:
        """See PositionBook."""
        return self._spools.standing(spool, at)

    @contextlib.contextmanager
    def settling(self, spool: str, at: int) -> Iterator[Settling]:
        """See PositionBook."""
        self._fate.meet("before the books", RegistryUnavailable("away"))
        with self._spools.settling(spool, at) as books:
            yield books
        self._fate.meet("after the books", RegistryUnavailable("no answer"))


@dataclass(frozen=True)
class Publish:
    """So many new readings, then some that were published before, the same or corrected."""

    fresh: int
    again: int
    corrected: int
    bad: int


@dataclass(frozen=True)
class Away:
    """A point fails so many times."""

    point: str
    times: int


@dataclass(frozen=True)
class Kill:
    """The worker dies at this point, and another takes its place."""

    point: str


@dataclass(frozen=True)
class Restart:
    """In order: of the worker, or of the broker beneath it."""

    broker: bool


@dataclass(frozen=True)
class Flood:
    """So many messages at once under one name that nobody has registered."""

    messages: int


few = st.integers(0, 40)
steps = st.one_of(
    st.builds(Publish, fresh=st.integers(1, 60), again=few, corrected=st.integers(0, 5), bad=st.integers(0, 3)),
    st.builds(Away, point=st.sampled_from(POINTS), times=st.integers(1, 2)),
    st.builds(Kill, point=st.sampled_from(POINTS)),
    st.builds(Restart, broker=st.booleans()),
    st.builds(Flood, messages=st.integers(50, 300)),
)
RATE: Final = Rate(per_s=1000, burst=2000)
"""More than a device sends here; an invented name has the tenth part of it, and at once the hundredth."""


class Scene:
    """One schedule, played on parts of its own; the broker is shared, the session is not."""

    def __init__(self, broker: Mosquitto, folder: Path, name: str, client: paho.Client) -> None:
        self._broker = broker
        self._folder = folder
        self._name = name
        self._client = client
        self._fate = Fate()
        self._next = count()
        self._published: dict[tuple[str, int], float] = {}
        self.sent = 0
        self.bad = 0
        self._stack = contextlib.ExitStack()
        self._pool = self._stack.enter_context(ThreadPoolExecutor(1))
        self.registry = self._stack.enter_context(open_registry(f"sqlite:///{folder / 'registry.sqlite'}"))
        village.settle(self.registry)
        self.store = self._stack.enter_context(
            EmbeddedStore.open(folder / "readings.duckdb", zone=ZoneInfo("UTC"), metrics=METRICS)
        )
        self._made = contextlib.ExitStack()
        self._worker, self._work = self._started()

    def play(self, step: Publish | Away | Kill | Restart | Flood) -> None:
        match step:
            case Publish():
                self._publish(step)
            case Away(point, times):
                self._fate.away[point] = times
            case Kill(point):
                self._fate.kill_at = point
                self._publish(Publish(5, 1, 0, 0))
                self._see_it_die()
                self._worker, self._work = self._started()
            case Flood(messages):
                self.bad += messages
                self.sent += messages
                publish(self._client, *[(uplink("nobody"), BAD)] * messages)
            case Restart(broker):
                if broker:
                    self._broker.stop()
                    self._broker.start()
                    eventually(self._client.is_connected)
                else:
                    self._stop()
                    self._worker, self._work = self._started()

    def end(self) -> None:
        """Let everything that was published come to its end, and close."""
        publish(self._client, *self._payloads(DEVICES[0], [(self._new(DEVICES[0]), 1.0)]))
        worker = self._worker
        last = max(at for device, at in self._published if device == DEVICES[0])
        eventually(
            lambda: (
                bool(self.store.existing([Identity(DEVICES[0], "air_temperature", last)]))
                and not worker.progress.pending
                and not worker.progress.waiting.outcomes
            ),
            within_s=60,
        )
        self._stop()

    def close(self) -> None:
        """Also in the middle of a schedule."""
        self._stop()
        self._stack.close()

    def readings(self) -> dict[tuple[str, int], float]:
        query = RawQuery(("air_temperature",), DEVICES, 0, 2**62, limit=100_000)
        return {(reading.device, reading.at): reading.value for reading in self.store.raw(query)}

    @property
    def expected(self) -> dict[tuple[str, int], float]:
        return self._published

    def _new(self, device: str) -> int:
        at = T0 + 1000 * next(self._next)
        self._published[device, at] = 1.0
        return at

    def _publish(self, step: Publish) -> None:
        messages = []
        for number in range(step.fresh):
            device = DEVICES[number % len(DEVICES)]
            messages += self._payloads(device, [(self._new(device), 1.0)])
        known = list(self._published)
        for number in range(step.again):
            device, at = known[number * 7919 % len(known)]
            messages += self._payloads(device, [(at, self._published[device, at])])
        for number in range(step.corrected):
            device, at = known[number * 104_729 % len(known)]
            self._published[device, at] += 0.5
            messages += self._payloads(device, [(at, self._published[device, at])])
        messages += [(uplink(DEVICES[0]), BAD)] * step.bad
        self.bad += step.bad
        self.sent += len(messages)
        publish(self._client, *messages)

    def _payloads(self, device: str, rows: Sequence[tuple[int, float]]) -> list[tuple[str, bytes]]:
        topic = uplink(device)
        return [(topic, json.dumps({"at": at, "values": {"air_temperature": v}}).encode()) for at, v in rows]

    def _started(self) -> tuple[Worker, Future[None]]:
        worker = self._made.enter_context(
            worker_on(
                self._broker,
                self.registry,
                UnsteadyWriter(self.store, self._fate),
                UnsteadyReader(self.store, self._fate),
                folder=self._folder,
                client_id=self._name,
                positions=UnsteadyBook(self.registry, self._fate),
                rate=RATE,
            )
        )
        work = self._pool.submit(worker.run)
        eventually(lambda: worker.progress.connected or work.done())
        return worker, work

    def _stop(self) -> None:
        """An end in order, unless a kill that was due comes first."""
        self._worker.stop()
        self._fate.away.clear()
        with contextlib.suppress(Killed):
            self._work.result(timeout=60)
        self._made.close()

    def _see_it_die(self) -> None:
        with pytest.raises(Killed):
            self._work.result(timeout=60)
        self._made.close()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="module")
def client(broker: Mosquitto) -> Iterator[paho.Client]:
    with client_of(broker) as connected:
        yield connected


NUMBERS = count()


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # A schedule with real parts takes a second: the first that fails says enough.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(schedule=st.lists(steps, min_size=3, max_size=10))
def test_every_reading_is_stored_once_and_the_ledger_is_exact(
    broker: Mosquitto, client: paho.Client, tmp_path_factory: pytest.TempPathFactory, schedule: list[object]
) -> None:
    scene = Scene(broker, tmp_path_factory.mktemp("scene"), f"worker-{next(NUMBERS)}", client)
    try:
        for step in schedule:
            assert isinstance(step, Publish | Away | Kill | Restart | Flood)
            scene.play(step)
        scene.end()
        line = scene.registry.ledger.total(start=ALWAYS[0], stop=ALWAYS[1])
        book = scene.registry.quarantine
        refused = sum(book.counts().values()) + sum(counted.readings for counted in book.counted(limit=10))

        assert scene.expected == scene.readings()
        assert exact(line, stored=len(scene.expected), least=scene.sent)
        assert refused == line.quarantined >= scene.bad
    finally:
        scene.close()


def exact(line: LedgerLine, *, stored: int, least: int) -> bool:
    """Nothing is in flight, the sum is right, what is stored is what the store holds, and all came at least once."""
    settled = line.stored + line.duplicate + line.quarantined
    return (line.received, line.stored, line.in_flight) == (settled, stored, 0) and line.received >= least
