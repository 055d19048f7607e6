"""The worker's own counters, for Prometheus."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ingest.settling import Progress


class WorkerCollector(Collector):
    """Reads the worker's progress whenever Prometheus asks."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

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
