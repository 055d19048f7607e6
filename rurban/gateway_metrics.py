"""The gateway's own counters, for Prometheus, on a port of their own on loopback."""

import contextlib
from collections.abc import Iterator

from prometheus_client import start_http_server
from prometheus_client.core import CollectorRegistry, CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ingest.stations import Gateway
from telemetry.errors import Invalid

_HOST = "127.0.0.1"


class GatewayCollector(Collector):
    """Reads the gateway's traffic whenever Prometheus asks."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def collect(self) -> Iterator[Metric]:
        traffic = self._gateway.traffic
        yield GaugeMetricFamily("rurban_gateway_connections", "Stations connected now", traffic.connections)
        yield GaugeMetricFamily(
            "rurban_gateway_waiting", "Messages that the broker has not acknowledged yet", self._gateway.waiting
        )
        for name, told, count in (
            ("accepted", "Connections taken", traffic.accepted),
            ("refused", "Connections refused: too many, or from elsewhere", traffic.refused),
            ("noise", "Connections ended because no frames came over them", traffic.noise),
            ("frames", "Intact frames", traffic.frames),
            ("published", "Messages that the broker has acknowledged", traffic.published),
            ("unanswered", "Messages whose station was not answered, for the broker was away", traffic.unanswered),
            ("answers", "Frames sent to stations", traffic.answers),
        ):
            yield CounterMetricFamily(f"rurban_gateway_{name}", told, count)


@contextlib.contextmanager
def served(gateway: Gateway, port: int) -> Iterator[None]:
    """`/metrics` on this port; `Invalid` where it is taken."""
    registry = CollectorRegistry()
    registry.register(GatewayCollector(gateway))
    try:
        server, thread = start_http_server(port, _HOST, registry)
    except OSError as error:
        wrong = f"cannot listen on {_HOST}:{port}: {error}"
        raise Invalid("RURBAN_GATEWAY_METRICS_PORT", wrong, "a free port, or 0") from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
