"""A worker at work in a thread, on real parts, and a client that publishes to it."""

import contextlib
import datetime as dt
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from ingest import settle
from ingest.backlog import SpoolLimits
from ingest.checks import Checks, ClockLimits
from ingest.directory import CurrentDirectory
from ingest.edge_nodes import EdgeNodes
from ingest.mqtt import Broker, Subscription
from ingest.pipeline import Pipeline
from ingest.rates import Rate
from ingest.replay import Replayer
from ingest.settle import Books, PositionBook, Settlement
from ingest.settling import Progress
from ingest.sources import FAMILIES, filters, former, subscribed
from ingest.worker import Limits, Worker
from rurban.house import RegistryDirectory
from telemetry import replay_request
from telemetry.registry import Registry
from telemetry.store.ports import ReadingReader, ReadingWriter
from tests.mosquitto import Mosquitto


def wall_clock() -> int:
    return time.time_ns() // 1_000_000


def settlement_on(  # noqa: PLR0913 - a test names what it is about
    registry: Registry,
    writer: ReadingWriter,
    reader: ReadingReader,
    folder: Path,
    *,
    name: str = "worker",
    announce: Callable[[str, bytes], None] | None = None,
    limits: SpoolLimits | None = None,
    positions: PositionBook | None = None,
    clock: Callable[[], int] = wall_clock,
) -> contextlib.AbstractContextManager[Settlement]:
    """What waits is given up for its age only where `limits` say so: the readings of most tests are of 2026."""
    books = Books(positions or registry.spools, registry.quarantine, registry.ledger)
    limits = limits or SpoolLimits(most_age_ms=AGELESS)
    return settle.opened(
        folder, name, writer=writer, reader=reader, books=books, clock=clock, limits=limits, announce=announce
    )


AGELESS = 2**60


@contextlib.contextmanager
def worker_on(  # noqa: PLR0913 - a test names what it is about
    broker: Mosquitto | Broker,
    registry: Registry,
    writer: ReadingWriter,
    reader: ReadingReader,
    *,
    folder: Path | None = None,
    announce: Callable[[str, bytes], None] | None = None,
    limits: Limits | None = None,
    spool_limits: SpoolLimits | None = None,
    positions: PositionBook | None = None,
    beat: Callable[[Progress], None] | None = None,
    client_id: str = "worker",
    share: str = "",
    mqtt5: bool = False,
    keepalive_s: int = 60,
    rate: Rate | None = None,
    families: Collection[str] = FAMILIES,
    tell: Callable[[str, bytes], None] | None = None,
) -> Iterator[Worker]:
    """A worker that does not run yet, with its spool in this folder; None = beside what its broker keeps."""
    if folder is None:
        assert isinstance(broker, Mosquitto), "without a broker of the test's own, name a folder"
        folder = broker.folder
    place = broker if isinstance(broker, Broker) else Broker(broker.host, broker.port)
    directory = CurrentDirectory(RegistryDirectory(registry), wall_clock)
    nodes = EdgeNodes(tell, whole=not share)
    pipeline = Pipeline(directory, Checks(ClockLimits()), rate=rate, edge_nodes=nodes)
    with settlement_on(
        registry, writer, reader, folder, name=client_id, announce=announce, limits=spool_limits, positions=positions
    ) as settlement:
        yield Worker(
            subscription=Subscription(
                replace(place, mqtt5=mqtt5, keepalive_s=keepalive_s),
                client_id,
                [subscribed(topic, share) for topic in (*filters(families), replay_request.TOPIC)],
                clock=wall_clock,
                former=[subscribed(topic, share) for topic in former(families)],
            ),
            pipeline=pipeline,
            settlement=settlement,
            replayer=Replayer(registry.quarantine, pipeline),
            newest=partial(reader.latest, None, None),
            clock=wall_clock,
            limits=limits,
            beat=beat,
        )


@contextlib.contextmanager
def at_work(made: contextlib.AbstractContextManager[Worker]) -> Iterator[Worker]:
    """Working and subscribed; stopped with the context."""
    with made as worker:
        thread = threading.Thread(target=worker.run)
        thread.start()
        try:
            eventually(lambda: worker.progress.connected)
            yield worker
        finally:
            worker.stop()
            thread.join(timeout=60)


@contextlib.contextmanager
def client_of(broker: Mosquitto | Broker) -> Iterator[paho.Client]:
    """A plain MQTT client with a thread of its own."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(1000)
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
        info.wait_for_publish(timeout=60)


def booked(registry: Registry, messages: int) -> bool:
    """So many readings and refusals are settled, and none waits: a worker whose store stalls acknowledges earlier."""
    total = registry.ledger.total(start=dt.date(1970, 1, 1), stop=dt.date(2200, 1, 1))
    return total.stored + total.duplicate + total.quarantined == messages and not total.in_flight


def eventually(condition: Callable[[], bool], *, within_s: float = 60.0) -> None:
    """Return as soon as the condition holds; an assertion error when it does not in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)
