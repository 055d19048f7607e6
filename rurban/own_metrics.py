"""The worker's own counters, for Prometheus."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ingest.settling import Progress


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
        yield CounterMetricFamily("rurban_ingest_batches", "Batches settled", progress.batches)
        yield GaugeMetricFamily(
            "rurban_ingest_in_flight", "Messages received and not yet acknowledged", progress.pending
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
