"""The faults, each a row of one table: what breaks, for how long, and while how much is sent."""

import random
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from bench.chaos import disk
from bench.chaos.scene import Scene
from bench.chaos.shifted import DAY_MS
from bench.chaos.worker import INGEST, SHIFTED

_BEFORE_S: Final = 3.0
_AFTER_S: Final = 3.0
_LIFE_S: Final = (0.2, 1.2)
"""How long a worker lives before it is killed, from its subscription or from its start."""
_KILLED_AT_START: Final = 0.2
"""Share of the kills that do not wait until the worker listens."""
_AUTOSAVE_S: Final = 1


@dataclass(frozen=True, slots=True)
class Scale:
    """How hard it strikes."""

    rate: int
    """Messages per second, a reading in each."""
    seconds: float
    """How long one blow lasts."""
    times: int = 1
    calm_s: float = _BEFORE_S
    """How long all is well before and after."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One row."""

    title: str
    strike: Callable[[Scene, Scale], None]
    scale: Scale
    influx: bool = False
    """False = on the embedded store."""
    words: list[str] = field(default_factory=lambda: INGEST)
    settings: Mapping[str, object] = field(default_factory=dict)
    broker_conf: str = ""
    small_disk: bool = False


def _around(blow: Callable[[Scene, Scale], None]) -> Callable[[Scene, Scale], None]:
    """Calm, so many blows, calm."""

    def strike(scene: Scene, scale: Scale) -> None:
        scene.go_on(scale.calm_s)
        for _ in range(scale.times):
            scene.strike()
            blow(scene, scale)
            scene.mend()
            scene.go_on(scale.calm_s)

    return strike


def _store_down(scene: Scene, scale: Scale) -> None:
    scene.database.stop()
    scene.go_on(scale.seconds)
    scene.database.start()


def _store_hangs(scene: Scene, scale: Scale) -> None:
    scene.database.pause()
    scene.go_on(scale.seconds)
    scene.database.resume()


def _broker_restarted(scene: Scene, scale: Scale) -> None:
    scene.broker.stop()
    scene.go_on(scale.seconds)
    scene.broker.start()


def _broker_killed(scene: Scene, scale: Scale) -> None:
    scene.kill_broker()
    scene.go_on(scale.seconds)
    scene.broker.start()


def _broker_killed_behind(scene: Scene, scale: Scale) -> None:
    """While no worker is there, so that messages wait at the broker."""
    scene.worker.kill()
    scene.go_on(scale.calm_s)
    scene.kill_broker()
    scene.go_on(scale.seconds)
    scene.broker.start()
    scene.worker.start()


def _worker_killed(scene: Scene, scale: Scale) -> None:
    chance = random.Random(scale.times)  # noqa: S311 -- when to kill
    scene.go_on(scale.calm_s)
    scene.strike()
    for _ in range(scale.times - 1):
        scene.worker.kill()
        scene.worker.start(waiting=chance.random() > _KILLED_AT_START)
        scene.go_on(chance.uniform(*_LIFE_S) * scale.seconds)
    scene.worker.kill()
    scene.worker.start()
    scene.mend()
    scene.go_on(scale.calm_s)


def _network_cut(scene: Scene, scale: Scale) -> None:
    scene.network.cut()
    scene.go_on(scale.seconds)
    scene.network.mend()


def _network_stalled(scene: Scene, scale: Scale) -> None:
    scene.network.stall()
    scene.go_on(scale.seconds)
    scene.network.mend()


def _disk_full(scene: Scene, scale: Scale) -> None:
    disk.fill(scene.data_dir, scene.worker.running)
    scene.go_on(scale.seconds)
    disk.free(scene.data_dir, scene.worker.running)


def _device_clocks(scene: Scene, scale: Scale) -> None:
    scene.sender.skew_ms = DAY_MS
    scene.go_on(scale.seconds)
    scene.sender.skew_ms = 0


def _house_clock(scene: Scene, scale: Scale) -> None:
    scene.worker.send(signal.SIGUSR1)
    scene.go_on(scale.seconds)
    scene.worker.send(signal.SIGUSR2)


FAULTS: Final[Mapping[str, Fault]] = {
    "store_down": Fault("InfluxDB stopped", _around(_store_down), Scale(5000, 60), influx=True),
    "store_hangs": Fault(
        "InfluxDB answers nothing (SIGSTOP)",
        _around(_store_hangs),
        Scale(2000, 15),
        influx=True,
        settings={"influxdb_timeout_s": 4},
    ),
    "broker_restarted": Fault("broker restarted (SIGTERM)", _around(_broker_restarted), Scale(2000, 1, 3)),
    "broker_killed": Fault(
        "broker killed, worker at work",
        _around(_broker_killed),
        Scale(2000, 1, 3),
        broker_conf=f"autosave_interval {_AUTOSAVE_S}",
    ),
    "broker_killed_behind": Fault(
        "broker killed while no worker is there",
        _around(_broker_killed_behind),
        Scale(2000, 1),
        broker_conf=f"autosave_interval {_AUTOSAVE_S}",
    ),
    "worker_killed": Fault("worker killed (SIGKILL)", _worker_killed, Scale(2000, 1, 20)),
    "worker_killed_influxdb": Fault("worker killed (SIGKILL)", _worker_killed, Scale(2000, 1, 20), influx=True),
    "network_cut": Fault("network to the broker cut", _around(_network_cut), Scale(2000, 2, 3)),
    "network_stalled": Fault("network to the broker stalled", _around(_network_stalled), Scale(2000, 15)),
    "disk_full": Fault("disk full", _around(_disk_full), Scale(2000, 10), small_disk=True),
    "device_clocks": Fault("devices' clocks a day ahead, and back", _around(_device_clocks), Scale(2000, 5)),
    "house_clock": Fault("worker's clock a day ahead, and back", _around(_house_clock), Scale(2000, 5), words=SHIFTED),
}
