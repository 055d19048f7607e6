"""Where a fault plays: a broker and a store of its own, a worker as a process, and devices that go on sending."""

import contextlib
import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.chaos import account
from bench.chaos.account import Account
from bench.chaos.disk import small_disk
from bench.chaos.proxy import Proxy, proxy
from bench.chaos.sender import DEVICES, METRIC, Sender, device_of
from bench.chaos.worker import INGEST, WorkerProcess
from bench.memory import Course, watched
from devices.message import uplink
from rurban.settings import Settings
from telemetry import store as stores
from telemetry.errors import RegistryUnavailable
from telemetry.metrics import METRICS
from telemetry.model import Device, LedgerLine, Measure, Profile
from telemetry.registry import Registry, open_registry
from tests import village
from tests.influxdb import InfluxDb
from tests.mosquitto import Mosquitto, mosquitto
from tests.store_contract import places_of
from tests.workplace import client_of, publish, wall_clock

_LOOK_S: Final = 0.1
_QUIET_S: Final = 1.0
_DRAIN_S: Final = 240.0
_LAST: Final = "last-one"
_ALL_DAYS: Final = (dt.date(2020, 1, 1), dt.date(2200, 1, 1))


@dataclass(slots=True)
class Scene:
    """The open parts, for a fault to spoil and to mend."""

    data_dir: Path
    broker: Mosquitto
    network: Proxy
    influx: InfluxDb | None
    registry: Registry
    worker: WorkerProcess
    sender: Sender
    look_s: float = _LOOK_S
    """How often the ledger is asked how far the worker is."""
    struck: float = 0.0
    """Seconds of the worker's memory course."""
    mended: float = 0.0
    recovered: float = 0.0
    owed: int = 0
    """Acknowledged to the senders when the fault was mended."""
    standstill: float = 0.0
    """The longest time in seconds in which the ledger knew of nothing new that was stored, while devices sent."""
    kills: list[float] = field(default_factory=list)
    """When the broker was killed, on the monotonic clock."""
    course: Course = field(default_factory=Course)
    _stored: int = 0
    _moved: float = 0.0

    @property
    def database(self) -> InfluxDb:
        """The store, where it is a server."""
        if self.influx is None:
            raise LookupError("this scene plays on the embedded store, which is no server")
        return self.influx

    def kill_broker(self) -> None:
        """What it had not saved by now is gone."""
        self.broker.kill()
        self.kills.append(time.monotonic())

    def ledger(self) -> LedgerLine | None:
        """The fates of the numbered readings so far; None = the registry cannot answer now."""
        total, last = self.registry.ledger.total, [_LAST]
        try:
            everything, apart = (
                total(devices=devices, start=_ALL_DAYS[0], stop=_ALL_DAYS[1]) for devices in (None, last)
            )
        except RegistryUnavailable:
            return None
        return LedgerLine(
            everything.day,
            "",
            everything.received - apart.received,
            everything.stored - apart.stored,
            everything.duplicate - apart.duplicate,
            everything.quarantined - apart.quarantined,
            everything.in_flight - apart.in_flight,
        )

    def go_on(self, seconds: float) -> None:
        """Let the house work, and the devices send."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, self.look_s))
            self._look()

    def strike(self) -> None:
        """From here on the fault counts."""
        self.struck = self.struck or self.course.seconds()

    def mend(self) -> None:
        """The fault is over: how long until the house has caught up with what had come until now?"""
        self.mended, self.owed, self.recovered = self.course.seconds(), len(self.sender.acknowledged), 0.0

    def _look(self) -> None:
        now, line = self.course.seconds(), self.ledger()
        if line is not None and line.stored != self._stored:
            self._stored, self._moved = line.stored, now
        self.standstill = max(self.standstill, now - self._moved)
        if self.mended and not self.recovered and self._stored >= self.owed:
            self.recovered = now

    def drained(self) -> bool:
        """Wait until the worker has settled all there is; False = it did not within four minutes.

        The last message of all comes from a device of its own: when it is settled, so is what came before.
        """
        with client_of(self.broker) as client:
            publish(client, (uplink(_LAST), b'{"values":{"%s":1}}' % METRIC.encode()))
        deadline = time.monotonic() + _DRAIN_S
        seen, since = -1, time.monotonic()
        while time.monotonic() < deadline and self.worker.ended is None:
            time.sleep(self.look_s)
            self._look()
            line = self.ledger()
            if line is None or line.received != seen or line.in_flight or not self._last_is_settled():
                seen, since = -1 if line is None else line.received, time.monotonic()
            elif time.monotonic() - since > _QUIET_S:
                return True
        return False

    def _last_is_settled(self) -> bool:
        return bool(self.registry.ledger.total(devices=[_LAST], start=_ALL_DAYS[0], stop=_ALL_DAYS[1]).stored)


@dataclass(frozen=True, slots=True)
class Stage:
    """What a scene is made of."""

    rate: int
    """Messages per second."""
    words: Sequence[str] = tuple(INGEST)
    """The worker's command."""
    devices: int = DEVICES
    metrics: Sequence[str] = (METRIC,)
    """A reading of each is in each message."""
    influx: InfluxDb | None = None
    """None = the embedded store."""
    settings: Mapping[str, object] = field(default_factory=dict)
    broker_conf: str = ""
    small_disk: bool = False
    """The data folder is a file system of its own that is soon full."""


@dataclass(frozen=True, slots=True)
class Played:
    """How it went."""

    account: Account
    drained: bool
    recovery_s: float | None
    """From the end of the fault until all that had come by then was stored by the ledger; None = it never was."""
    standstill_s: float
    """The longest time in which nothing was stored."""
    mb_before: float
    mb_during: float
    mb_after: float
    """Highest resident memory of the worker."""
    memory: list[tuple[int, float]]
    """Highest of each second, MB."""
    seconds: float
    rate: float
    """Messages per second that were sent."""


@contextlib.contextmanager
def opened(stage: Stage, folder: Path) -> Iterator[tuple[Scene, Settings]]:
    """All parts up, the worker listening, nothing sent yet."""
    data_dir = folder / "data"
    data_dir.mkdir()
    with contextlib.ExitStack() as stack:
        if stage.small_disk:
            stack.enter_context(small_disk(data_dir))
        registry = stack.enter_context(open_registry(f"sqlite:///{data_dir / 'registry.sqlite'}"))
        _register(registry, stage)
        broker = stack.enter_context(mosquitto(folder, extra_conf=stage.broker_conf))
        network = stack.enter_context(proxy(broker.port))
        chosen: dict[str, object] = {"data_dir": data_dir, "mqtt_port": network.port, **stage.settings}
        if stage.influx is not None:
            address = stage.influx.new_database()
            chosen |= {"store": "influxdb", "influxdb_url": address.url, "influxdb_bucket": address.bucket}
        own = {name: value for name, value in chosen.items() if name != "data_dir"}
        worker = WorkerProcess(data_dir, folder / "worker.log", stage.words, own)
        stack.callback(worker.kill)
        worker.start()
        sender = Sender(broker.port, stage.rate, devices=stage.devices, metrics=stage.metrics)
        yield Scene(data_dir, broker, network, stage.influx, registry, worker, sender), Settings.model_validate(chosen)


def play(stage: Stage, folder: Path, fault: Callable[[Scene], None]) -> Played:
    """Run the fault while devices send, let the house drain, and compare what was sent with what is stored."""
    began = time.monotonic()
    with opened(stage, folder) as (scene, settings):
        with watched(lambda: scene.worker.pid) as scene.course:
            scene.sender.start()
            started = time.monotonic()
            fault(scene)
            sending_s = time.monotonic() - started
            scene.sender.stop()
            standstill = scene.standstill
            drained = scene.drained()
            scene.worker.stop()
        judged = _judged(scene, settings)
        course, forever = scene.course, float("inf")
        return Played(
            account=judged,
            drained=drained,
            recovery_s=scene.recovered - scene.mended if scene.recovered else None,
            standstill_s=standstill,
            mb_before=course.highest(0, scene.struck),
            mb_during=course.highest(scene.struck, scene.mended),
            mb_after=course.highest(scene.mended, forever),
            memory=course.by_second(),
            seconds=time.monotonic() - began,
            rate=len(scene.sender.times) / sending_s,
        )


def _judged(scene: Scene, settings: Settings) -> Account:
    store = stores.opened(
        settings.store_place, zone=settings.zone, metrics=METRICS, places_of=places_of, clock=wall_clock
    )
    with contextlib.closing(store):
        rows, counted = account.read_back(store)
    ledger = scene.ledger()
    if ledger is None:
        raise RegistryUnavailable("the registry cannot answer after the fault: there is nothing to compare with")
    sender = scene.sender
    return account.settled(sender.times, sender.acknowledged, rows, counted, ledger, kills=scene.kills)


def _register(registry: Registry, stage: Stage) -> None:
    registry.places.put(village.REGIONS)
    measures = tuple(Measure(metric) for metric in stage.metrics)
    registry.devices.put_profiles([Profile("numbered", "", "native_json", measures)])
    names = [device_of(number, stage.devices) for number in range(stage.devices)] + [_LAST]
    registry.devices.put([Device(name, "numbered", village.VILLAGE) for name in names])
