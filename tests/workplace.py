"""A worker at work in a thread, on real parts, and a client that publishes to it."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ingest.checks import Checks, ClockLimits
from ingest.directory import CurrentDirectory
from ingest.mqtt import Broker, Subscription
from ingest.pipeline import Pipeline
from ingest.replay import Replayer
from ingest.settle import Settlement, show_in_flight
from ingest.settling import Progress
from ingest.sources import UPLINKS
from ingest.worker import Limits, Worker
from rurban.house import RegistryDirectory
from telemetry import replay_request
from telemetry.registry import Registry
from telemetry.store.ports import ReadingReader, ReadingWriter
from tests.mosquitto import Mosquitto


def wall_clock() -> int:
    return time.time_ns() // 1_000_000


def worker_on(  # noqa: PLR0913 - a test names what it is about
    broker: Mosquitto | Broker,
    registry: Registry,
    writer: ReadingWriter,
    reader: ReadingReader,
    *,
    announce: Callable[[str, bytes], None] | None = None,
    limits: Limits | None = None,
    beat: Callable[[Progress], None] | None = None,
    client_id: str = "worker",
    share: str = "",
    mqtt5: bool = False,
    keepalive_s: int = 60,
) -> Worker:
    pipeline = Pipeline(CurrentDirectory(RegistryDirectory(registry)), Checks(ClockLimits()))
    settlement = Settlement(writer, reader, registry, announce=announce)
    return Worker(
        subscription=Subscription(
            Broker(broker.host, broker.port, mqtt5=mqtt5, keepalive_s=keepalive_s),
            client_id,
            [share + UPLINKS, share + replay_request.TOPIC],
            clock=wall_clock,
        ),
        pipeline=pipeline,
        settlement=settlement,
        replayer=Replayer(registry.quarantine, pipeline, settlement, clock=wall_clock),
        hold=partial(show_in_flight, registry.ledger, client_id),
        clock=wall_clock,
        limits=limits,
        beat=beat,
    )


@contextlib.contextmanager
def at_work(worker: Worker) -> Iterator[Worker]:
    """Working and subscribed; stopped with the context."""
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        eventually(lambda: worker.progress.connected)
        yield worker
    finally:
        worker.stop()
        thread.join(timeout=30)


@contextlib.contextmanager
def client_of(broker: Mosquitto | Broker) -> Iterator[paho.Client]:
    """A plain MQTT client with a thread of its own."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect(broker.host, broker.port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def publish(client: paho.Client, *messages: tuple[str, bytes]) -> None:
    """QoS 1; returns when the broker has all."""
    infos = [client.publish(topic, payload, qos=1) for topic, payload in messages]
    for info in infos:
        info.wait_for_publish(timeout=30)


def eventually(condition: Callable[[], bool], *, within_s: float = 20.0) -> None:
    """Return as soon as the condition holds; an assertion error when it does not in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)
