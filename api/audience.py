"""Who listens, found by what they asked for instead of by asking each of them. Not thread-safe: its owner locks."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Selection:
    """What a listener wants to hear of; an empty set is no restriction."""

    regions: frozenset[str] = frozenset()
    """12-digit codes; all that lies beneath is meant."""
    metrics: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    """Registry ids, their channels included, or names of single series."""

    def has(self, event: "Event") -> bool:
        return (
            (not self.devices or not self.devices.isdisjoint(event.names))
            and (not self.regions or not self.regions.isdisjoint(event.regions))
            and (not self.metrics or event.metric in self.metrics)
        )


class Event(NamedTuple):
    """A reading as it goes out."""

    number: int
    body: bytes
    names: tuple[str, str]
    """The series, and what stands before its channel."""
    metric: str
    regions: Sequence[str]
    """The reading's region and all above it."""


@dataclass(eq=False, slots=True)
class Listener:
    """One open stream: filled by any thread, emptied by its own event loop."""

    selection: Selection
    loop: asyncio.AbstractEventLoop
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    pending: deque[bytes] = field(default_factory=deque)
    over: bool = False

    def taken(self, most: int) -> bytes:
        """The next events, at most so many, as one piece."""
        chunk: list[bytes] = []
        while self.pending and len(chunk) < most:
            try:
                chunk.append(self.pending.popleft())
            except IndexError:
                # Cut off between the two lines: its queue was emptied.
                break
        return b"".join(chunk)


# Under which a listener is found: a kind of place, its name, and a metric; None = any.
_Key = tuple[str, str | None, str | None]
_NOBODY: frozenset[Listener] = frozenset()


class Audience:
    """The listeners, by the devices, else the regions, and the metrics they asked for."""

    def __init__(self) -> None:
        self._all: set[Listener] = set()
        self._by_key: dict[_Key, set[Listener]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def join(self, listener: Listener) -> None:
        self._all.add(listener)
        for key in _keys(listener.selection):
            self._by_key.setdefault(key, set()).add(listener)

    def leave(self, listener: Listener) -> None:
        """Harmless when it has left already."""
        listener.over = True
        if listener not in self._all:
            return
        self._all.remove(listener)
        for key in _keys(listener.selection):
            there = self._by_key[key]
            there.discard(listener)
            if not there:
                del self._by_key[key]

    def everyone(self) -> set[Listener]:
        return set(self._all)

    def interested(self, event: Event) -> Iterable[Listener]:
        """Those who asked for this event, each once."""
        found: set[Listener] = set()
        if not self._by_key:
            return found
        places = [("device", name) for name in event.names] + [("region", code) for code in event.regions]
        for kind, name in (*places, ("any", None)):
            for metric in (event.metric, None):
                found |= self._by_key.get((kind, name, metric), _NOBODY)
        # Who is found by a device may have named regions too.
        return [one for one in found if not one.selection.devices or one.selection.has(event)]


def wake(listeners: Iterable[Listener]) -> None:
    """Tell these, from any thread, that something has changed for them: one call per event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Listener]] = {}
    for listener in listeners:
        by_loop.setdefault(listener.loop, []).append(listener)
    for loop, theirs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_set_awake, theirs)
        except RuntimeError:
            # The loop has ended, and its listeners with it.
            continue


def _set_awake(listeners: Sequence[Listener]) -> None:
    for listener in listeners:
        listener.awake.set()


def _keys(selection: Selection) -> list[_Key]:
    places: list[tuple[str, str | None]] = [("device", name) for name in selection.devices]
    places = places or [("region", code) for code in selection.regions] or [("any", None)]
    metrics: Iterable[str | None] = selection.metrics or (None,)
    return [(kind, name, metric) for kind, name in places for metric in metrics]
