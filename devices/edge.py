"""Edge nodes of Sparkplug B as a broker hears them: what simulated devices tell by name gets births, aliases, numbers.

    told   DDATA of a device, by names, without a number     spoken   the first: NBIRTH of its node, DBIRTH of itself
                                                                       later ones: DDATA by the aliases of that birth

A node that is asked to is born anew, with the newest values of all its devices. Pure: no connection, no clock.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from devices.message import Message
from devices.sparkplug import BIRTH_COUNT, NAMESPACE, REBIRTH, SEQUENCE, Metric, Payload, address, parsed, written

_DOUBLE: Final = 10
_BOOLEAN: Final = 11
_UINT64: Final = 8
_PREFIX: Final = f"{NAMESPACE}/"


def told(values: Sequence[tuple[str, float]], at: int, sent: int) -> bytes:
    """What a device has measured at an instant: by name, without a number."""
    return written(
        Payload(sent, None, [Metric(name, None, at, _DOUBLE, "double_value", value) for name, value in values])
    )


@dataclass(slots=True)
class _Node:
    """One session after another of one edge node."""

    group: str
    name: str
    birth_count: int = -1
    seq: int = 0
    newest: dict[str, Payload] = field(default_factory=dict)
    """By device: what it told last; it is born."""
    aliases: dict[tuple[str, str], int] = field(default_factory=dict)
    """By device and metric; they hold for the session."""


class EdgeNodes:
    """All nodes of a fleet. `ask` may be called from any thread, the others from one."""

    def __init__(self) -> None:
        self._nodes: dict[str, _Node] = {}
        self._asked: set[str] = set()

    def ask(self, topic: str) -> None:
        """A command to a node has come on this topic: it is born anew before anything else is said."""
        node = address(topic).node
        if node in self._nodes:
            self._asked.add(node)

    def spoken(self, message: Message) -> Iterator[Message]:
        """What is published in the place of a message; of other formats the message itself."""
        for name in tuple(self._asked):
            self._asked.discard(name)
            yield from self._reborn(self._nodes[name], message.at)
        if not message.topic.startswith(_PREFIX):
            yield message
            return
        where, payload = address(message.topic), parsed(message.payload)
        node, device = self._nodes.get(where.node), where.leaf
        if node is None:
            node = self._nodes[where.node] = _Node(where.group, where.node)
            yield from self._reborn(node, message.at)
        is_born = device in node.newest
        node.newest[device] = payload
        if is_born:
            metrics = [_by_alias(metric, node.aliases.get((device, metric.name or ""))) for metric in payload.metrics]
            yield _said(node, "DDATA", device, payload._replace(metrics=metrics), message.at)
        else:
            yield _born(node, device, payload, message.at)

    def deaths(self, at: int) -> Iterator[Message]:
        """What is published last of all."""
        for node in self._nodes.values():
            will = Payload(at, None, [_birth_count(node)])
            yield Message(f"{_PREFIX}{node.group}/NDEATH/{node.name}", written(will), at)
        self._nodes.clear()
        self._asked.clear()

    def _reborn(self, node: _Node, at: int) -> Iterator[Message]:
        """A new session."""
        node.birth_count = (node.birth_count + 1) % SEQUENCE
        node.seq = 0
        node.aliases.clear()
        can_be_reborn = Metric(REBIRTH, None, at, _BOOLEAN, "boolean_value", value=False)
        yield _said(node, "NBIRTH", None, Payload(at, None, [_birth_count(node), can_be_reborn]), at)
        for device, payload in node.newest.items():
            yield _born(node, device, payload, at)


def _born(node: _Node, device: str, payload: Payload, at: int) -> Message:
    for metric in payload.metrics:
        node.aliases[device, metric.name or ""] = len(node.aliases)
    metrics = [metric._replace(alias=node.aliases[device, metric.name or ""]) for metric in payload.metrics]
    return _said(node, "DBIRTH", device, payload._replace(metrics=metrics), at)


def _said(node: _Node, kind: str, device: str | None, payload: Payload, at: int) -> Message:
    topic = "/".join(filter(None, (NAMESPACE, node.group, kind, node.name, device)))
    numbered = payload._replace(seq=node.seq)
    node.seq = (node.seq + 1) % SEQUENCE
    return Message(topic, written(numbered), at)


def _by_alias(metric: Metric, alias: int | None) -> Metric:
    """By its name where it was silent when its device was born."""
    return metric if alias is None else metric._replace(name=None, alias=alias)


def _birth_count(node: _Node) -> Metric:
    return Metric(BIRTH_COUNT, None, None, _UINT64, "long_value", node.birth_count)
