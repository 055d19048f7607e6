"""Devices that send numbered readings at a fixed rate, and what the broker has acknowledged of them."""

import threading
import time
from collections.abc import Sequence
from typing import Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from devices.message import uplink
from tests.mosquitto import HOST
from tests.workplace import wall_clock

DEVICES: Final = 300
METRIC: Final = "air_temperature"
_VALUES: Final = 37
_TURN_S: Final = 0.005
_WINDOW: Final = 30_000
"""Sent and not acknowledged, at most; packet ids are 65 535, and in the end they come again."""


def device_of(number: int, devices: int = DEVICES) -> str:
    return f"numbered-{number % devices:03}"


def value_of(number: int) -> float:
    return float(number % _VALUES)


class Sender:
    """Publishes at QoS 1 from a thread of its own; reconnects by itself, and sends again what nobody acknowledged.

    What is due while the broker is away is sent when it is back.
    """

    def __init__(self, port: int, rate: int, *, devices: int = DEVICES, metrics: Sequence[str] = (METRIC,)) -> None:
        """`rate` is messages per second of all devices together, a reading of each metric in each."""
        self._rate = rate
        self._devices = devices
        self._values = b",".join(b'"%s":%%(value)d' % metric.encode() for metric in metrics)
        self._port = port
        self._step_ms = max(1, devices * 1000 // rate)
        self._begin = wall_clock()
        self._over = threading.Event()
        self._guard = threading.Lock()
        self._open: dict[int, int] = {}
        """By packet id, the number that is not acknowledged yet."""
        self._early: set[int] = set()
        """Packet ids that were acknowledged before `publish` had told them."""
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="numbered")
        # The window is kept here: with one of its own, paho looks through all of it at each acknowledgement.
        self._client.max_inflight_messages_set(0)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_publish = self._on_publish
        self._thread = threading.Thread(target=self._send, name="sender", daemon=True)
        self.skew_ms = 0
        """By how much the devices' clocks are wrong from now on."""
        self.times: list[int] = []
        """By number, the time that the reading says it was measured at."""
        self.acknowledged: dict[int, float] = {}
        """By number, when the broker's acknowledgement came, on the monotonic clock."""

    def start(self) -> None:
        self._client.connect(HOST, self._port)
        self._client.loop_start()
        self._thread.start()

    def stop(self, patience_s: float = 60.0) -> None:
        """Send nothing new, and wait until the broker has acknowledged everything; no longer than `patience_s`."""
        self._over.set()
        self._thread.join()
        deadline = time.monotonic() + patience_s
        while len(self.acknowledged) < len(self.times) and time.monotonic() < deadline:
            time.sleep(_TURN_S)
        self._client.disconnect()
        self._client.loop_stop()

    def _send(self) -> None:
        began = time.monotonic()
        while not self._over.wait(_TURN_S):
            due = min(int((time.monotonic() - began) * self._rate), len(self.acknowledged) + _WINDOW)
            while len(self.times) < due:
                self._publish(len(self.times))

    def _publish(self, number: int) -> None:
        at = self._begin + number // self._devices * self._step_ms + self.skew_ms
        self.times.append(at)
        payload = b'{"at":%d,"values":{%s}}' % (at, self._values % {b"value": int(value_of(number))})
        # Without a connection paho keeps the message and sends it when there is one again.
        packet_id = self._client.publish(uplink(device_of(number, self._devices)), payload, qos=1).mid
        with self._guard:
            if packet_id in self._early:
                self._early.discard(packet_id)
                self.acknowledged[number] = time.monotonic()
            else:
                self._open[packet_id] = number

    def _on_publish(self, _client: paho.Client, _data: object, packet_id: int, *_more: object) -> None:
        # The guard is never held over `publish`: paho calls this with a lock that `publish` takes.
        with self._guard:
            number = self._open.pop(packet_id, None)
            if number is None:
                self._early.add(packet_id)
            else:
                self.acknowledged[number] = time.monotonic()
