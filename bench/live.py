"""From a publish to the browser: how long until a reading is an event of the live stream, at a steady rate.

The house is `rurban up` in a process of its own, with its embedded broker; publisher and listener are in this one.
"""

import json
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from devices.message import uplink
from telemetry.instant import iso
from telemetry.registry import open_registry
from tests import village
from tests.mosquitto import HOST, free_port
from tests.processes import rurban

T0 = 1_795_420_800_000
_START_S = 30.0


@dataclass(frozen=True, slots=True)
class Delays:
    """Milliseconds from the publish to the event, of all messages."""

    rate: int
    p50: float
    p99: float
    worst: float


def measure(rate: int = 2000, seconds: int = 10) -> Delays:
    """Publish so many messages a second for so long, and listen."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with open_registry(f"sqlite:///{folder / 'registry.sqlite'}") as registry:
            village.settle(registry)
        http_port, mqtt_port = free_port(), free_port()
        with rurban("up", data_dir=folder, http_port=http_port, mqtt_port=mqtt_port, log_level="WARNING"):
            _until_ready(http_port)
            return _measured(http_port, mqtt_port, rate, rate * seconds)


def _measured(http_port: int, mqtt_port: int, rate: int, messages: int) -> Delays:
    heard: dict[str, float] = {}
    listening, done = threading.Event(), threading.Event()

    def listen() -> None:
        with urllib.request.urlopen(
            f"http://{HOST}:{http_port}/api/v1/live?device=probe-1", timeout=_START_S
        ) as stream:
            for line in stream:
                listening.set()
                if line.startswith(b"data: "):
                    heard[json.loads(line[6:])["at"]] = time.perf_counter()
                    if len(heard) == messages:
                        break
        done.set()

    threading.Thread(target=listen, daemon=True).start()
    listening.wait(_START_S)
    sent = _published(mqtt_port, rate, messages)
    if not done.wait(_START_S):
        raise TimeoutError(f"{len(heard)} of {messages} events came")
    delays = sorted((heard[at] - began) * 1000 for at, began in sent.items())
    return Delays(rate, delays[messages // 2], delays[messages * 99 // 100], delays[-1])


def _published(port: int, rate: int, messages: int) -> dict[str, float]:
    """By the reading's time, when it was published."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(1000)
    client.connect(HOST, port)
    client.loop_start()
    sent: dict[str, float] = {}
    began = time.perf_counter()
    for number in range(messages):
        pause = began + number / rate - time.perf_counter()
        if pause > 0:
            time.sleep(pause)
        at = T0 + number
        sent[iso(at)] = time.perf_counter()
        payload = json.dumps({"at": at, "values": {"air_temperature": number % 40}}).encode()
        client.publish(uplink("probe-1"), payload, qos=1)
    client.disconnect()
    client.loop_stop()
    return sent


def _until_ready(port: int) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/ready", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("the house did not become ready")
