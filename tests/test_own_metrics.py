"""What the house tells Prometheus of itself."""

from prometheus_client import CollectorRegistry, generate_latest

from ingest.settling import Progress
from rurban.own_metrics import QuarantineCollector, WorkerCollector
from telemetry.errors import Reason, RegistryUnavailable
from telemetry.model import Quarantined
from telemetry.registry import Registry, Used


def told(*collectors: WorkerCollector | QuarantineCollector) -> set[str]:
    collected = CollectorRegistry()
    for collector in collectors:
        collected.register(collector)
    return {line for line in generate_latest(collected).decode().splitlines() if not line.startswith("#")}


def test_the_worker_tells_what_it_limits_and_what_it_holds() -> None:
    lines = told(WorkerCollector(Progress(quarantined=9, rate_limited=7, pending=2, pending_bytes=300), lambda: 0))

    assert {
        "rurban_ingest_quarantined_total 9.0",
        "rurban_ingest_rate_limited_total 7.0",
        "rurban_ingest_in_flight 2.0",
        "rurban_ingest_in_flight_bytes 300.0",
    } <= lines


def test_the_quarantine_tells_what_it_holds(registry: Registry) -> None:
    registry.quarantine.add([Quarantined("a", b"12345", Reason.MALFORMED, "", 0)])

    assert {"rurban_quarantine_bytes 5.0", "rurban_quarantine_messages 1.0"} == told(
        QuarantineCollector(registry.quarantine.used)
    )


def test_a_registry_that_is_away_does_not_silence_the_worker() -> None:
    def away() -> Used:
        raise RegistryUnavailable("the registry database cannot answer")

    assert "rurban_ingest_batches_total 4.0" in told(
        QuarantineCollector(away), WorkerCollector(Progress(batches=4), lambda: 0)
    )
