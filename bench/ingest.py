"""Messages per second from the broker into the store, acknowledged after the write, beside a bare paho loop.

What it has stored the worker announces on the same broker, as in a running house. Both drain the same backlog from the
same Mosquitto, in turn, in one run: quote the ratio, not the rate.
"""

import contextlib
import json
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from devices.message import uplink
from ingest.mqtt import Broker, Bus
from ingest.sources import UPLINKS
from rurban.running import in_background, until_settled
from telemetry.metrics import METRICS
from telemetry.model import Device, Measure, Profile
from telemetry.registry import open_registry
from telemetry.store import Store
from telemetry.store.embedded import EmbeddedStore
from tests import village
from tests.mosquitto import Mosquitto, mosquitto
from tests.workplace import eventually, wall_clock, worker_on

DEVICES = 300
PACK = 50
THREE = ("air_temperature", "air_relative_humidity", "air_pressure")


@dataclass(frozen=True, slots=True)
class Rates:
    """Messages per second, round by round."""

    bare: list[float]
    worker: list[float]

    @property
    def ratio(self) -> float:
        return median(worker / bare for worker, bare in zip(self.worker, self.bare, strict=True))


def _backlog(broker: Mosquitto, client_id: str, messages: list[tuple[str, bytes]]) -> None:
    """Open a session for this client id and let the broker queue the messages for it."""
    subscriber = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=False)
    subscribed = threading.Event()
    subscriber.on_connect = lambda client, *_: client.subscribe(UPLINKS, 1)
    subscriber.on_subscribe = lambda *_: subscribed.set()
    subscriber.connect(broker.host, broker.port)
    subscriber.loop_start()
    subscribed.wait()
    subscriber.disconnect()
    subscriber.loop_stop()
    sender = paho.Client(CallbackAPIVersion.VERSION2)
    sender.max_inflight_messages_set(1000)
    sender.connect(broker.host, broker.port)
    sender.loop_start()
    infos = [sender.publish(topic, payload, qos=1) for topic, payload in messages]
    infos[-1].wait_for_publish()
    sender.disconnect()
    sender.loop_stop()


def _bare(broker: Mosquitto, count: int) -> float:
    """Seconds in which a loop that only counts and acknowledges drains the backlog."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="bare", clean_session=False)
    seen = 0

    def on_message(client: paho.Client, _data: object, _message: object) -> None:
        nonlocal seen
        seen += 1
        if seen == count:
            client.disconnect()

    client.on_message = on_message
    started = time.perf_counter()
    client.connect(broker.host, broker.port)
    client.loop_forever()
    return time.perf_counter() - started


def embedded(folder: Path) -> Store:
    return EmbeddedStore.open(folder / "readings.duckdb", zone=ZoneInfo("UTC"), metrics=METRICS)


def _worker(broker: Mosquitto, folder: Path, count: int, opened: Callable[[Path], Store]) -> float:
    """Seconds in which the worker drains the backlog into the store, has announced it and acknowledged all of it."""
    with (
        open_registry(f"sqlite:///{folder / 'registry.sqlite'}") as registry,
        contextlib.closing(opened(folder)) as store,
        contextlib.closing(Bus(Broker(broker.host, broker.port), "worker-bus", clock=wall_clock)) as bus,
    ):
        bus.start()
        eventually(lambda: bus.connected)
        registry.places.put(village.REGIONS)
        measures = tuple(Measure(name, interval_s=1) for name in THREE)
        registry.devices.put_profiles(
            [Profile("three", "", "native_json", measures), Profile("pack", "", "senml_json", measures)]
        )
        for kind in ("three", "pack"):
            registry.devices.put([Device(f"{kind}-{i}", kind, village.VILLAGE) for i in range(DEVICES)])
        with worker_on(broker, registry, store, store, announce=bus.tell) as worker:
            started = time.perf_counter()
            with in_background(worker):
                until_settled(worker, count, _nothing)
                return time.perf_counter() - started


def _nothing(_: int) -> None:
    """Shown as a table at the end."""


def three_readings(count: int, start: int) -> list[tuple[str, bytes]]:
    """One message a second from every device, from `start` on; three readings in each."""
    return [
        (
            uplink(f"three-{i % DEVICES}"),
            json.dumps(
                {
                    "at": start + i // DEVICES * 1000,
                    "values": {THREE[0]: 20 + i % 7 / 10, THREE[1]: 60 + i % 11, THREE[2]: 1013 + i % 5 / 10},
                }
            ).encode(),
        )
        for i in range(count)
    ]


def packs(count: int, start: int) -> list[tuple[str, bytes]]:
    """SenML packs of 50 readings, one a second; a pack every 50 seconds from every device."""
    rows = [{"t": second, "v": 20 + second % 7 / 10} for second in range(1, PACK)]
    messages = []
    for i in range(count):
        name, begin = f"pack-{i % DEVICES}", start / 1000 + i // DEVICES * PACK
        base: dict[str, object] = {"bn": f"{name}:", "bt": begin, "n": THREE[0], "u": "Cel", "v": 21}
        pack = [base, *({"n": THREE[0], "u": "Cel", **row} for row in rows)]
        messages.append((uplink(name), json.dumps(pack).encode()))
    return messages


@dataclass(frozen=True, slots=True)
class Load:
    """What devices send, and how many seconds one message of a device tells of."""

    messages: Callable[[int, int], list[tuple[str, bytes]]]
    seconds: int


THREE_READINGS = Load(three_readings, 1)
PACKS = Load(packs, PACK)


def measure(
    count: int,
    rounds: int,
    told: Callable[[str], None],
    opened: Callable[[Path], Store] = embedded,
    load: Load = THREE_READINGS,
) -> Rates:
    """Drain `count` messages per round, bare loop and worker in turn."""
    rates = Rates([], [])
    # As a worker that catches up: what it takes in was measured in the last minutes.
    round_ms = (count // DEVICES + 1) * load.seconds * 1000
    begin = wall_clock() - rounds * round_ms
    with tempfile.TemporaryDirectory() as name, mosquitto(Path(name)) as broker:
        folder = Path(name)
        for turn in range(rounds):
            messages = load.messages(count, begin + turn * round_ms)
            _backlog(broker, "bare", messages)
            rates.bare.append(count / _bare(broker, count))
            _forget(broker, "bare")
            _backlog(broker, "worker", messages)
            rates.worker.append(count / _worker(broker, folder, count, opened))
            _forget(broker, "worker")
            told(f"round {turn + 1}: bare {rates.bare[-1]:,.0f} msg/s, worker {rates.worker[-1]:,.0f} msg/s")
    return rates


def _forget(broker: Mosquitto, client_id: str) -> None:
    """End the session at the broker, so that it queues nothing more for this client."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True)
    client.connect(broker.host, broker.port)
    client.loop_start()
    while not client.is_connected():
        time.sleep(0.01)
    client.disconnect()
    client.loop_stop()
