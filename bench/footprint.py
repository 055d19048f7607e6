"""The worker's memory with 50 000 devices, each of which has spoken, and while its store is away.

The worker is `rurban ingest`, a process of its own; what is measured is its resident memory by the kernel.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.chaos.scene import Scene, Stage, opened
from bench.memory import watched
from tests import influxdb
from tests.influxdb import InfluxDb

DEVICES: Final = 50_000
METRICS: Final = ("air_temperature", "air_relative_humidity", "soil_temperature")
_RATES: Final = {"influxdb": 2000, "embedded": 5000}
"""Messages a second, which each store takes with half the machine: most of them begin a series."""
_LOOK_S: Final = 1.0
"""The sum over so many devices costs the machine that is measured."""
_MOST_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Footprint:
    """Highest resident memory, MB."""

    store: str
    metrics: int
    """That each device reports."""
    at_rest: float
    """It listens, and no device has spoken yet."""
    spoken: float
    """All have, or as many as could within a minute."""
    heard: int
    """How many devices that is."""
    growth: float | None
    """While its store was away, over `spoken`; None = it was not taken away."""
    course: list[tuple[int, float]]
    """Highest of each second."""


def on_influxdb(outage_s: float, metrics: int) -> Footprint:
    """With the store away for so long at the end; each device reports so many metrics.

    A new series costs InfluxDB 1.6 about a third of a millisecond: three of each device are most of a minute.
    """
    return _measured("influxdb", influxdb.shared(), METRICS[:metrics], outage_s)


def on_duckdb() -> Footprint:
    """The store is within the worker and cannot be away."""
    return _measured("embedded", None, METRICS, 0.0)


def _measured(store: str, influx: InfluxDb | None, metrics: Sequence[str], outage_s: float) -> Footprint:
    stage = Stage(rate=_RATES[store], influx=influx, devices=DEVICES, metrics=metrics)
    with tempfile.TemporaryDirectory() as folder, opened(stage, Path(folder)) as (scene, _):
        with watched(lambda: scene.worker.pid) as course:
            scene.course, scene.look_s = course, _LOOK_S
            scene.go_on(_LOOK_S)
            at_rest = course.highest()
            scene.sender.start()
            _until(scene, lambda: _received(scene) >= DEVICES * len(metrics))
            spoken, heard = course.highest(), min(DEVICES, _received(scene) // len(metrics))
            growth = _outage(scene, outage_s) - spoken if influx is not None else None
            scene.sender.stop()
            scene.drained()
        return Footprint(store, len(metrics), at_rest, spoken, heard, growth, course.by_second())


def _outage(scene: Scene, outage_s: float) -> float:
    """The highest from its beginning until all that came meanwhile is stored."""
    began = scene.course.seconds()
    scene.database.stop()
    scene.go_on(outage_s)
    scene.database.start()
    scene.mend()
    _until(scene, lambda: scene.recovered > 0)
    return scene.course.highest(began)


def _received(scene: Scene) -> int:
    line = scene.ledger()
    return 0 if line is None else line.received


def _until(scene: Scene, condition: Callable[[], bool]) -> None:
    """Or until the minute is over: on a busy machine that many new series take longer."""
    deadline = scene.course.seconds() + _MOST_S
    while not condition() and scene.course.seconds() < deadline:
        scene.go_on(_LOOK_S)
