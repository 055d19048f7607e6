"""The newest events, numbered, for those who come back. Not thread-safe: its owner locks."""

import itertools
import re
from collections import deque
from collections.abc import Iterator, Sequence

import msgspec

from api.audience import Event, Selection
from api.words import flag_words
from telemetry.announcement import Announced
from telemetry.instant import iso
from telemetry.metrics import METRICS
from telemetry.model import SUSPECT

_EVENT_ID = re.compile(r"([0-9A-Za-z]{1,32})-([0-9]{1,18})", re.ASCII)
_RETRY_MS = 3000


class Recent:
    """A ring of events. Ids are `<boot>-<number>`: the boot word tells this process' numbers from another's."""

    def __init__(self, boot: str, size: int) -> None:
        self.number = 0
        self._boot = boot
        self._ring: deque[Event] = deque(maxlen=size)

    @property
    def position(self) -> str:
        """The line that tells a listener how far it has come."""
        return f"id: {self._boot}-{self.number}\n"

    def event(self, reading: Announced, regions: Sequence[str]) -> Event:
        """The reading as the next event, encoded once and kept."""
        self.number += 1
        body = self.position.encode() + b"event: reading\ndata: " + _data(reading) + b"\n\n"
        names = (reading.device, reading.device.rpartition(":")[0])
        event = Event(self.number, body, names, reading.metric, regions)
        self._ring.append(event)
        return event

    def missed(self, selection: Selection, last_event_id: str | None, *, most: int) -> Iterator[bytes]:
        """A greeting, and what this listener has missed since: in pieces of at most so many events."""
        greeting = f"retry: {_RETRY_MS}\n: listening\n"
        if last_event_id is None:
            yield f"{greeting}{self.position}\n".encode()
            return
        reached = self._reached(last_event_id)
        if reached is None:
            why = {"reason": "what was missed cannot be replayed", "last_event_id": last_event_id}
            yield f"{greeting}{self.position}event: reset\ndata: ".encode() + msgspec.json.encode(why) + b"\n\n"
            return
        yield f"{greeting}\n".encode()
        # From the newest backwards: whoever was away for a moment does not pay for the whole ring.
        newer = itertools.takewhile(lambda event: event.number > reached, reversed(self._ring))
        bodies = [event.body for event in newer if selection.has(event)]
        bodies.reverse()
        for first in range(0, len(bodies), most):
            yield b"".join(bodies[first : first + most])
        yield f": up to date\n{self.position}\n".encode()

    def _reached(self, last_event_id: str) -> int | None:
        """The number of that event, if everything after it is still here."""
        match = _EVENT_ID.fullmatch(last_event_id)
        if match is None or match[1] != self._boot:
            return None
        number = int(match[2])
        oldest = self._ring[0].number if self._ring else self.number + 1
        return number if oldest - 1 <= number <= self.number else None


def _data(reading: Announced) -> bytes:
    metric = METRICS.get(reading.metric)
    return msgspec.json.encode(
        {
            "device": reading.device,
            "region": reading.region,
            "metric": reading.metric,
            "value": reading.value,
            "unit": None if metric is None else metric.unit,
            "at": iso(reading.at),
            "received_at": iso(reading.received_at),
            "quality": flag_words(reading.quality),
            "suspect": bool(reading.quality & SUSPECT),
        }
    )
