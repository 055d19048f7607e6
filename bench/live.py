"""From a publish to the browser, at a steady rate: until the live stream has it, and until the API gives it out.

The house is `rurban up` in a process of its own, with its embedded broker; publisher and listener are in this one.
"""

import json
import tempfile
import threading
import time
import urllib.request
from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection
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
_DEVICE = "probe-1"
_ASK_EVERY_S = 0.01


@dataclass(frozen=True, slots=True)
class Delays:
    """Milliseconds from the publish, of all messages."""

    rate: int
    p50: float
    p99: float
    p999: float
    worst: float


def measure(rate: int = 2000, seconds: int = 8) -> tuple[Delays, Delays]:
    """Publish so many messages a second for so long and listen, then once more and ask: live event, readable."""
    messages = rate * seconds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with open_registry(f"sqlite:///{folder / 'registry.sqlite'}") as registry:
            village.settle(registry)
        http_port, mqtt_port = free_port(), free_port()
        with rurban("up", data_dir=folder, http_port=http_port, mqtt_port=mqtt_port, log_level="WARNING"):
            until_ready(http_port)
            live = _live(http_port, mqtt_port, rate, messages)
            return live, _readable(http_port, mqtt_port, rate, messages, T0 + messages)


def until_ready(port: int) -> None:
    """Return when the house at this port says that it is ready; `TimeoutError` after half a minute."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/ready", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError("the house did not become ready")


def _live(http_port: int, mqtt_port: int, rate: int, messages: int) -> Delays:
    heard: dict[str, float] = {}
    listening, done = threading.Event(), threading.Event()

    def listen() -> None:
        with urllib.request.urlopen(
            f"http://{HOST}:{http_port}/api/v1/live?device={_DEVICE}", timeout=_START_S
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
    sent = published(mqtt_port, _DEVICE, rate, messages, T0)
    if not done.wait(_START_S):
        raise TimeoutError(f"{len(heard)} of {messages} events came")
    return _delays(rate, [heard[iso(at)] - began for at, began in sent.items()])


def _readable(http_port: int, mqtt_port: int, rate: int, messages: int, first: int) -> Delays:
    """By asking for the latest reading again and again: at most one question's time too long, never too short."""
    newest: list[int] = []
    moments: list[float] = []
    last = first + messages - 1

    def ask() -> None:
        connection = HTTPConnection(HOST, http_port, timeout=_START_S)
        deadline = time.perf_counter() + 2 * _START_S
        while time.perf_counter() < deadline and (not newest or newest[-1] < last):
            connection.request("GET", f"/api/v1/latest?device={_DEVICE}")
            found = json.load(connection.getresponse())["readings"]
            if found:
                newest.append(int(datetime.fromisoformat(found[0]["at"]).timestamp() * 1000))
                moments.append(time.perf_counter())
            time.sleep(_ASK_EVERY_S)
        connection.close()

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    sent = published(mqtt_port, _DEVICE, rate, messages, first)
    asking.join()
    if not newest or newest[-1] < last:
        raise TimeoutError(f"the last of {messages} readings did not become readable")
    return _delays(rate, [moments[bisect_left(newest, at)] - began for at, began in sent.items()])


def _delays(rate: int, seconds: list[float]) -> Delays:
    ordered = sorted(delay * 1000 for delay in seconds)
    p50, p99, p999 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99, 0.999))
    return Delays(rate, p50, p99, p999, ordered[-1])


def published(port: int, device: str, rate: int, messages: int, first: int) -> dict[int, float]:
    """By the reading's time, when it was published; times are a millisecond apart, from `first` on."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(0)
    client.connect(HOST, port)
    client.loop_start()
    sent: dict[int, float] = {}
    began = time.perf_counter()
    for number in range(messages):
        pause = began + number / rate - time.perf_counter()
        if pause > 0:
            time.sleep(pause)
        at = first + number
        sent[at] = time.perf_counter()
        payload = json.dumps({"at": at, "values": {"air_temperature": number % 40}}).encode()
        last = client.publish(uplink(device), payload, qos=1)
    # Acknowledged in order; what is not sent yet a disconnect would drop.
    last.wait_for_publish(_START_S)
    client.disconnect()
    client.loop_stop()
    return sent
