"""What `/ready` asks: each part answers with a word of detail, or with what is wrong."""

from collections.abc import Callable, Mapping

from ingest.backlog import Waiting
from ingest.mqtt import Bus
from ingest.worker import Worker
from telemetry.errors import BrokerUnavailable, SpoolUnavailable, StoreUnavailable
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
    waits = words(progress.waiting, clock())
    if progress.refusing:
        raise SpoolUnavailable(f"nothing more is taken: {progress.refusing}; {waits}")
    if progress.failing_since is not None:
        seconds = (clock() - progress.failing_since) / 1000
        raise StoreUnavailable(f"nothing stored for {seconds:.0f} s: {progress.failure}; {waits}")
    if progress.waiting.damaged:
        raise SpoolUnavailable(f"{progress.waiting.damaged} records of the spool are damaged; {waits}")
    return f"{progress.pending} messages in flight; {waits}"


def words(waiting: Waiting, now: int) -> str:
    """What waits on the disk for the store."""
    if not waiting.outcomes:
        return "nothing waits on the disk"
    size = (
        f"{waiting.outcomes} batches wait on the disk, {waiting.bytes / 1e6:.1f} of {waiting.most_bytes / 1e6:.0f} MB"
    )
    oldest = "" if waiting.oldest_at is None else f", the oldest since {(now - waiting.oldest_at) / 1000:.0f} s"
    left = "" if waiting.hours_left is None else f", full in {waiting.hours_left:.1f} h at this rate"
    return size + oldest + left
