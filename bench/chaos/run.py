"""One fault after another, each on parts of its own."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.chaos.faults import FAULTS, Fault, Scale
from bench.chaos.scene import Played, Stage, play
from telemetry.errors import Unknown
from tests.influxdb import InfluxDb


@dataclass(frozen=True, slots=True)
class Verdict:
    """A fault, and how it went."""

    name: str
    fault: Fault
    scale: Scale
    played: Played

    @property
    def kept(self) -> bool:
        """The promise: nothing lost, nothing doubled, the ledger exact, and all of it settled in the end."""
        return self.played.account.clean and self.played.drained


def known(names: Iterable[str]) -> list[str]:
    """Those faults, all if none is named; `Unknown` for one that there is not."""
    chosen = list(names) or list(FAULTS)
    for name in chosen:
        if name not in FAULTS:
            raise Unknown("fault", f"{name}; there are {', '.join(FAULTS)}")
    return chosen


def verdicts(names: Iterable[str], scaled: Callable[[Scale], Scale], told: Callable[[str], None]) -> Iterator[Verdict]:
    """Each as soon as it is known."""
    chosen = known(names)
    with _database(needed=any(FAULTS[name].influx for name in chosen)) as influx:
        for name in chosen:
            fault = FAULTS[name]
            scale = scaled(fault.scale)
            told(f"{name}: {fault.title}, {scale.rate:,} messages/s")
            yield Verdict(name, fault, scale, _played(fault, scale, influx if fault.influx else None))


def _played(fault: Fault, scale: Scale, influx: InfluxDb | None) -> Played:
    stage = Stage(
        rate=scale.rate,
        words=fault.words,
        influx=influx,
        settings=fault.settings,
        broker_conf=fault.broker_conf,
        small_disk=fault.small_disk,
    )
    with tempfile.TemporaryDirectory(prefix="rurban-chaos-") as folder:
        return play(stage, Path(folder), lambda scene: fault.strike(scene, scale))


@contextmanager
def _database(*, needed: bool) -> Iterator[InfluxDb | None]:
    """One server for all faults; each has a database of its own in it."""
    if not needed:
        yield None
        return
    server = InfluxDb()
    try:
        server.start()
        yield server
    finally:
        server.remove()
