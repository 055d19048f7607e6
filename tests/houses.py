"""A whole house in this process, on a broker of the test's own: what `rurban ingest` and `rurban api` are made of."""

import contextlib
import json
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

from ingest.mqtt import Bus
from ingest.worker import Worker
from rurban import house as composition
from rurban.house import House
from rurban.serving import Server, web
from rurban.settings import Settings
from telemetry.store import Address
from tests.mosquitto import Mosquitto, free_port
from tests.workplace import at_work, eventually


@dataclass(frozen=True)
class Running:
    """Worker at work, API served."""

    house: House
    worker: Worker
    address: str
    """Of the API: host:port."""

    def stream(self, path: str, headers: Mapping[str, str] | None = None) -> HTTPResponse:
        """The answer, open: whoever asks closes it."""
        request = urllib.request.Request(f"http://{self.address}{path}", headers=dict(headers or {}))
        answer: HTTPResponse = urllib.request.urlopen(request, timeout=10)  # noqa: S310 (http, one line above)
        return answer

    def text(self, path: str) -> str:
        with self.stream(path) as answer:
            return answer.read().decode()

    def json(self, path: str) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.text(path))
        return body


@contextlib.contextmanager
def house_on(
    broker: Mosquitto, data_dir: Path, prepare: Callable[[House], None], store: Address | None = None
) -> Iterator[Running]:
    """`prepare` fills the registry before anything listens. `store` is an InfluxDB; None = the embedded store."""
    settings = Settings(
        data_dir=data_dir, mqtt_host=broker.host, mqtt_port=broker.port, http_port=free_port(), log_level="WARNING"
    )
    if store is not None:
        where = {"store": "influxdb", "influxdb_url": store.url, "influxdb_bucket": store.bucket}
        settings = settings.model_copy(update=where)
    with contextlib.ExitStack() as stack:
        house = stack.enter_context(composition.opened(settings))
        prepare(house)
        bus = Bus(composition.broker(settings), "test-bus", clock=house.clock)
        stack.callback(bus.close)
        settling = stack.enter_context(composition.settlement(house, settings.mqtt_client_id, bus.tell))
        worker = composition.worker(house, settling, bus.tell)
        server = Server(web(house, bus, worker, {}), settings)
        bus.start()
        eventually(lambda: bus.connected)
        stack.enter_context(at_work(contextlib.nullcontext(worker)))
        stack.enter_context(_served(server))
        yield Running(house, worker, f"{settings.http_host}:{settings.http_port}")


@contextlib.contextmanager
def _served(server: Server) -> Iterator[None]:
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        eventually(lambda: server.started)
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=60)
