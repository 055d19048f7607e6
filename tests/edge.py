"""An edge node of Sparkplug B on a broker: born, speaking by aliases, dying by its will, born anew when asked."""

import contextlib
from collections.abc import Iterator, Sequence

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from devices.sparkplug import REBIRTH, Metric, Payload, parsed, written
from tests.mosquitto import Mosquitto
from tests.workplace import eventually, wall_clock

GROUP = "370522101"
TEMPERATURE = "Soil/Temperature"
PUMP = "Pump"


def metric(name: str | None, alias: int | None, value: float | bool, at: int | None = None) -> Metric:
    if isinstance(value, bool):
        return Metric(name, alias, at, 11 if name else 0, "boolean_value", value)
    return Metric(name, alias, at, 10 if name else 0, "double_value", value)


class Edge:
    """One edge node with one device behind it. Numbers and aliases are the test's to spoil."""

    def __init__(self, client: paho.Client, node: str, device: str) -> None:
        self.client = client
        self.node = node
        self.device = device
        self.aliases = {TEMPERATURE: 1, PUMP: 2}
        self.birth_count = 0
        self.seq = 0
        self.asked = 0
        self.measured_at = 0
        self.answers = True

    def topic(self, kind: str) -> str:
        return f"spBv1.0/{GROUP}/{kind}/{self.node}" + (f"/{self.device}" if kind[0] == "D" else "")

    def will(self) -> bytes:
        return written(Payload(None, None, [Metric("bdSeq", None, None, 8, "long_value", self.birth_count)]))

    def tell(self, kind: str, metrics: Sequence[Metric], *, at: int | None = None) -> int:
        """Publish with the next number; when it was told."""
        at = at or wall_clock()
        # Not waited for: it is called by the client's own thread, too, which would wait for itself.
        self.client.publish(self.topic(kind), written(Payload(at, self.seq, list(metrics))))
        self.seq = (self.seq + 1) % 256
        return at

    def be_born(self) -> None:
        self.seq = 0
        self.tell(
            "NBIRTH",
            [Metric("bdSeq", None, None, 8, "long_value", self.birth_count), metric(REBIRTH, None, value=False)],
        )
        at = self.measured_at = max(wall_clock(), self.measured_at + 1)
        names = self.aliases
        self.tell(
            "DBIRTH",
            [metric(TEMPERATURE, names[TEMPERATURE], 10.0, at), metric(PUMP, names[PUMP], value=False, at=at)],
        )

    def measure(self, value: float) -> int:
        """By alias; when it was measured."""
        at = self.measured_at = max(wall_clock(), self.measured_at + 1)
        return self.tell("DDATA", [metric(None, self.aliases[TEMPERATURE], value, at)], at=at)

    def wait(self) -> None:
        """Until the broker has what was told; not from the client's own thread."""
        self.client.publish("wait", b"", qos=1).wait_for_publish(timeout=60)

    def _commanded(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        (asked,) = parsed(bytes(message.payload)).metrics
        assert (REBIRTH, True) == (asked.name, asked.value)
        if self.answers:
            self.be_born()
        self.asked += 1


@contextlib.contextmanager
def edge_on(broker: Mosquitto, node: str = "edge-1", device: str = "probe-7") -> Iterator[Edge]:
    """Connected and listening, not yet born."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=node)
    edge = Edge(client, node, device)
    subscribed: list[int] = []
    client.will_set(edge.topic("NDEATH"), edge.will(), qos=1)
    client.on_message = edge._commanded
    client.on_subscribe = lambda *_: subscribed.append(1)
    client.connect(broker.host, broker.port)
    client.loop_start()
    client.subscribe(f"spBv1.0/{GROUP}/NCMD/{node}", 1)
    eventually(lambda: bool(subscribed))
    try:
        yield edge
    finally:
        client.loop_stop()
        client.disconnect()
