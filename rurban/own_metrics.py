"""The house's own counters, for Prometheus: of this process's worker, of the registry's ledger and its quarantine."""

import logging
from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ingest.settling import Progress
from telemetry.errors import RegistryUnavailable
from telemetry.model import LedgerLine
from telemetry.recount import Recount
from telemetry.registry import Registry, Used

logger = logging.getLogger(__name__)


class WorkerCollector(Collector):
    """Reads the worker's progress whenever Prometheus asks."""

    def __init__(self, progress: Progress, clock: Callable[[], int]) -> None:
        self._progress = progress
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        progress = self._progress
        yield CounterMetricFamily("rurban_ingest_messages", "MQTT messages received", progress.messages)
        yield CounterMetricFamily("rurban_ingest_readings", "Readings written to the store", progress.readings)
        yield CounterMetricFamily("rurban_ingest_duplicates", "Readings that were stored already", progress.duplicates)
        yield CounterMetricFamily("rurban_ingest_quarantined", "Readings refused to quarantine", progress.quarantined)
        yield CounterMetricFamily(
            "rurban_ingest_rate_limited",
            "Messages beyond their source's rate, among the quarantined",
            progress.rate_limited,
        )
        yield CounterMetricFamily("rurban_ingest_batches", "Batches settled", progress.batches)
        yield GaugeMetricFamily(
            "rurban_ingest_in_flight", "Messages received and not yet acknowledged", progress.pending
        )
        yield GaugeMetricFamily(
            "rurban_ingest_in_flight_bytes", "Bytes of payload in these messages", progress.pending_bytes
        )
        yield GaugeMetricFamily("rurban_ingest_running", "1 = the worker works", float(progress.running))
        yield GaugeMetricFamily("rurban_ingest_connected", "1 = connected to the broker", float(progress.connected))
        yield GaugeMetricFamily(
            "rurban_ingest_failing", "1 = the last batch could not be settled yet", float(bool(progress.failure))
        )
        yield GaugeMetricFamily(
            "rurban_ingest_refusing", "1 = nothing more is taken: the spool is full", float(bool(progress.refusing))
        )
        yield from self._waiting()

    def _waiting(self) -> Iterator[Metric]:
        """What waits on the disk for the store."""
        waiting = self._progress.waiting
        age_s = 0.0 if waiting.oldest_at is None else max(0, self._clock() - waiting.oldest_at) / 1000
        yield GaugeMetricFamily("rurban_spool_batches", "Batches that wait on the disk for the store", waiting.outcomes)
        yield GaugeMetricFamily("rurban_spool_bytes", "What they take on the disk", waiting.bytes)
        yield GaugeMetricFamily("rurban_spool_limit_bytes", "What they may take", waiting.most_bytes)
        yield GaugeMetricFamily("rurban_spool_oldest_seconds", "Age of the oldest reading that waits", age_s)
        yield GaugeMetricFamily(
            "rurban_spool_damaged_records", "Records that the disk has not given back as written", waiting.damaged
        )
        if waiting.hours_left is not None:
            yield GaugeMetricFamily(
                "rurban_spool_seconds_left",
                "Until it is full, at the rate of the last five minutes; absent = it does not grow",
                waiting.hours_left * 3600,
            )


class LedgerCollector(Collector):
    """Reads the ledger's sums of all days, and the last recount, whenever Prometheus asks.

    They are of the whole registry, whichever worker wrote them: of several processes that show them, one is enough.
    """

    def __init__(self, registry: Registry, clock: Callable[[], int]) -> None:
        self._registry = registry
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """While the registry is away, only that."""
        try:
            ever, recounts = self._registry.ledger.ever(), self._registry.recounts.newest()
        except RegistryUnavailable as error:
            logger.warning("the ledger is missing in /metrics: %s", error)
            yield GaugeMetricFamily("rurban_ledger_readable", "1 = the registry answers", 0.0)
            return
        yield GaugeMetricFamily("rurban_ledger_readable", "1 = the registry answers", 1.0)
        yield from _of_ledger(ever)
        for recount in recounts:
            yield from _of_recount(recount, self._clock())


def _of_ledger(ever: LedgerLine) -> Iterator[Metric]:
    """Counters where nothing ever takes back what was counted; what a replay moves is a gauge."""
    yield CounterMetricFamily("rurban_ledger_stored", "Readings stored, on all days", ever.stored)
    yield CounterMetricFamily(
        "rurban_ledger_duplicate", "Readings that were stored already, on all days", ever.duplicate
    )
    yield GaugeMetricFamily(
        "rurban_ledger_quarantined", "Readings refused and not replayed successfully, on all days", ever.quarantined
    )
    yield GaugeMetricFamily("rurban_ledger_in_flight", "Readings that workers hold and cannot settle", ever.in_flight)
    yield GaugeMetricFamily(
        "rurban_ledger_received", "stored + duplicate + quarantined + in_flight, on all days", ever.received
    )


def _of_recount(recount: Recount, now: int) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "rurban_ledger_difference", "Readings by which ledger and store differ, at the last recount", recount.off_by
    )
    yield GaugeMetricFamily(
        "rurban_ledger_differing_devices", "Devices whose readings differ, at the last recount", recount.differing
    )
    yield GaugeMetricFamily(
        "rurban_ledger_recount_age_seconds", "Since the last recount began", (now - recount.at) / 1000
    )


class QuarantineCollector(Collector):
    """Asks the registry whenever Prometheus asks; says nothing while the registry is away."""

    def __init__(self, used: Callable[[], Used]) -> None:
        self._used = used

    def collect(self) -> Iterator[Metric]:
        try:
            used = self._used()
        except RegistryUnavailable as error:
            # The other counters are never needed more than now.
            logger.warning("Prometheus is not told of the quarantine: %s", error)
            return
        yield GaugeMetricFamily("rurban_quarantine_bytes", "Payload kept in quarantine", used.payload_bytes)
        yield GaugeMetricFamily("rurban_quarantine_messages", "Messages kept in quarantine", used.messages)
