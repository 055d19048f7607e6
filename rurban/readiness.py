"""What `/ready` asks: each part answers with a word of detail, or with what is wrong."""

from collections.abc import Callable, Mapping

from ingest.mqtt import Bus
from ingest.worker import Worker
from telemetry.errors import BrokerUnavailable, StoreUnavailable
from telemetry.registry import Registry
from telemetry.store.ports import ReadingReader

Probe = Callable[[], str]


def probes(
    registry: Registry, reader: ReadingReader, bus: Bus, worker: Worker | None, clock: Callable[[], int]
) -> Mapping[str, Probe]:
    """By the part's name; a probe raises the fault of its part when that part is not ready."""
    found: dict[str, Probe] = {
        "registry": lambda: f"version {registry.devices.version()}",
        "store": lambda: _store(reader),
        "bus": lambda: _bus(bus),
    }
    if worker is not None:
        found["worker"] = lambda: _worker(worker, clock)
    return found


def _store(reader: ReadingReader) -> str:
    reader.check()
    return "answers"


def _bus(bus: Bus) -> str:
    if not bus.connected:
        raise BrokerUnavailable("not connected to the MQTT broker")
    return "connected"


def _worker(worker: Worker, clock: Callable[[], int]) -> str:
    progress = worker.progress
    if not progress.running:
        raise StoreUnavailable("the worker has stopped; the log says why, and a restart goes on where it was")
    if not progress.connected:
        raise BrokerUnavailable("the worker is not connected to the MQTT broker")
    if progress.failing_since is not None:
        seconds = (clock() - progress.failing_since) / 1000
        raise StoreUnavailable(
            f"nothing stored for {seconds:.0f} s, {progress.pending} messages wait: {progress.failure}"
        )
    return f"{progress.pending} messages in flight"
