"""Edge nodes of Sparkplug B as one worker knows them: what their aliases stand for, and whether anything is missing.

What an alias stands for says the birth of the node or device, and nothing else. So it is never guessed:

    the worker has (re)connected          it may have missed a birth: it knows none, until the next
    NBIRTH                                the aliases of the node and of all its devices begin anew
    DBIRTH                                those of the device begin anew
    NDEATH of the same `bdSeq`, DDEATH    they end; an older will that comes late changes nothing
    a number is missing (`seq`)           a birth may be: none of the node is known any more

Whatever is not known then is asked for: a rebirth, of one node once in a while. A worker that shares the data of its
group with others hears every birth and every death, but only some of the numbers: it cannot tell what is missing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from devices.bounds import LATEST
from devices.codecs import sparkplug_b
from devices.codecs.port import Context
from devices.message import Message
from devices.sparkplug import (
    BIRTHS,
    DEATHS,
    NAMESPACE,
    SEQUENCE,
    Address,
    Named,
    Payload,
    address,
    is_short,
    parsed,
    rebirth_request,
)
from ingest.directory import Entry
from telemetry.errors import Reason, Rejected
from telemetry.hearing import GONE, Note
from telemetry.model import Sample

ASKED_EVERY_MS: Final = 10_000
"""How soon one edge node is asked again."""
_NONE: Final[Mapping[int | str, Named]] = MappingProxyType({})


class _Born(NamedTuple):
    """A birth: of the node itself or of one of its devices."""

    since: int
    """When it was received: what was received before is not in its words."""
    names: Mapping[int | str, Named]


@dataclass(slots=True)
class _Node:
    """What is known of one edge node."""

    group: str
    asked_at: int
    """When it was last asked for a rebirth."""
    births: dict[str, _Born] = field(default_factory=dict)
    """By the device; the node's own by its own name."""
    birth_count: int | None = None
    seq: int | None = None
    """Of the message before; None = nobody knows."""

    def forget(self) -> None:
        self.births.clear()
        self.birth_count = self.seq = None

    def learn(self, where: Address, told: Payload, at: int) -> None:
        """What a birth says from now on, or that a device is dead."""
        if where.kind in BIRTHS:
            names: dict[int | str, Named] = {}
            for metric in told.metrics:
                if metric.name is not None:
                    names[metric.name] = Named(metric.name, metric.datatype)
                    if metric.alias is not None:
                        names[metric.alias] = names[metric.name]
            self.births[where.leaf] = _Born(at, names)
        elif where.kind in DEATHS:
            self.births.pop(where.leaf, None)

    def understands(self, where: Address, told: Payload) -> bool:
        """No metric needs a birth that is not known."""
        born = self.births.get(where.leaf)
        names = _NONE if born is None else born.names
        return not any(
            metric.alias not in names if metric.name is None else is_short(metric) and metric.name not in names
            for metric in told.metrics
        )

    def outlives(self, death: Payload) -> bool:
        """It is the will of an older session, as the newer one has been born meanwhile."""
        return None not in (self.birth_count, death.birth_count) and self.birth_count != death.birth_count


OF_SPARKPLUG: Final = f"{NAMESPACE}/"
_LEVELS: Final = 3
"""Slashes in the shortest topic: namespace, group, kind and edge node."""


class Heard(Protocol):
    """Where is noted who was heard: the outcome of the messages."""

    def hear(self, device: str, note: Note) -> None:
        """The next note of this device."""
        ...


class EdgeNodes:
    """The nodes that are registered; not thread-safe."""

    def __init__(self, tell: Callable[[str, bytes], None] | None = None, *, whole: bool = True) -> None:
        """`tell` publishes a request, None = nothing is asked for; `whole` = this worker hears every message."""
        self._tell = tell
        self._whole = whole
        self._nodes: dict[str, _Node] = {}

    def forget(self) -> None:
        """The connection was not there for a while: births may have been missed."""
        for node in self._nodes.values():
            node.forget()

    def follow(self, message: Message, entry: Callable[[str], object]) -> None:
        """Take in a message as it arrives; of what has no entry only the numbers of a node that has one."""
        where = address(message.topic)
        if entry(where.node) is None:
            return
        try:
            told = parsed(message.payload)
        except Rejected:
            self.missed(message.topic)
            return
        node = self._nodes.get(where.node)
        if node is None or node.group != where.group:
            asked_at = -ASKED_EVERY_MS if node is None else node.asked_at
            node = self._nodes[where.node] = _Node(where.group, asked_at)
        if where.kind == "NDEATH":
            if not node.outlives(told):
                node.forget()
            return
        if where.kind == "NBIRTH":
            node.forget()
            node.birth_count = told.birth_count
        known = self._counted(node, told)
        if entry(where.leaf) is not None:
            node.learn(where, told, message.at)
            known &= node.understands(where, told)
        if not known:
            self._ask(node, where, message.at)

    def missed(self, topic: str) -> None:
        """A message that cannot be read: where it is a birth, an alias means what it would have said, so nothing."""
        if topic.count("/") < _LEVELS:
            return
        where = address(topic)
        node = self._nodes.get(where.node)
        if node is not None and where.kind in BIRTHS:
            node.forget()

    def take(
        self, entry: Entry, message: Message, heard: Heard, behind: Callable[[str], Sequence[str]]
    ) -> list[Sample]:
        """The samples of a message, none where it holds nothing that is wanted; notes who was heard, or died.

        `behind` gives the devices behind a node. Raises `Rejected`.
        """
        where, device = address(message.topic), entry.device
        if where.device is not None and device.gateway != where.node:
            raise Rejected(
                Reason.FOREIGN_DEVICE, f"{device.id!r} is not registered behind the edge node {where.node!r}"
            )
        told = parsed(message.payload)
        hear = _nobody if message.retained else heard.hear
        if where.kind in DEATHS:
            known = self._nodes.get(where.node)
            if known is None or where.device is not None or not known.outlives(told):
                also = () if where.device is not None else behind(where.node)
                for name in (where.leaf, *also):
                    hear(name, (message.at, None, GONE))
            return []
        hear(where.node, _note(told, message.at))
        try:
            context = Context(device.id, message.at, entry.plan.speech, message.topic, self._names(where, message.at))
            return sparkplug_b.samples(told, context)
        except Rejected as rejected:
            # Nodes tell of themselves, and data only of what has changed; but a device is born with all it has.
            if rejected.reason is not Reason.EMPTY or where.kind == "DBIRTH":
                raise
            hear(where.leaf, (message.at, None, None))
            return []

    def _counted(self, node: _Node, told: Payload) -> bool:
        """Whether no number is missing; where one is, nothing is known of the node any more."""
        before, node.seq = node.seq, told.seq if told.seq is not None else node.seq
        if not self._whole or before is None or told.seq in (None, before, (before + 1) % SEQUENCE):
            return True
        node.births.clear()
        return False

    def _names(self, where: Address, at: int) -> Mapping[int | str, Named]:
        node = self._nodes.get(where.node)
        born = None if node is None or node.group != where.group else node.births.get(where.leaf)
        return born.names if born is not None and born.since <= at else _NONE

    def _ask(self, node: _Node, where: Address, at: int) -> None:
        if self._tell is not None and at - node.asked_at >= ASKED_EVERY_MS:
            node.asked_at = at
            self._tell(where.command, rebirth_request(at))


def _nobody(_device: str, _note: Note) -> None:
    """A retained message was sent by nobody now."""


def _note(told: Payload, received_at: int) -> Note:
    at = told.at if told.at is not None and told.at < LATEST else None
    return received_at, at, told.seq if told.seq is not None and told.seq < SEQUENCE else None
