"""New readings on their way to those who listen.

`offer` is called from the MQTT side's thread; streams run on the event loop. An event is encoded once, kept in a ring
for those who come back, and put into the queue of each matching listener. One that does not keep up is cut off, and
may come back with its last event id.
"""

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Sequence

from api.audience import Audience, Listener, Selection, wake
from api.recent import Recent
from telemetry.announcement import Announced

__all__ = ["LiveHub", "Selection"]

_CHUNK = 500


class LiveHub:
    """New readings, to any number of listeners. Thread-safe."""

    def __init__(  # noqa: PLR0913 (bounds, each with its default)
        self,
        *,
        boot: str | None = None,
        ring: int = 20_000,
        queue: int = 10_000,
        listeners: int = 1_000,
        heartbeat_s: float = 15.0,
        send_timeout_s: float = 20.0,
    ) -> None:
        """Nobody listens yet.

        Args:
            boot: What tells this process' event ids from another's, letters and digits; None = a random word.
            ring: How many of the newest events can be replayed.
            queue: How many undelivered events a listener may have; larger than any batch that is offered.
            listeners: How many may listen at once.
            heartbeat_s: After so many quiet seconds a listener gets a comment, with the position reached.
            send_timeout_s: A listener whose connection takes nothing for so long is cut off.
        """
        self.send_timeout_s = send_timeout_s
        self.cut_off = 0
        self._queue = queue
        self._most = listeners
        self._heartbeat_s = heartbeat_s
        self._above: Callable[[str], Sequence[str]] = _nothing
        self._lock = threading.Lock()
        self._recent = Recent(boot or secrets.token_hex(4), ring)
        self._audience = Audience()

    def locate(self, above: Callable[[str], Sequence[str]]) -> None:
        """From now on, ask this for the codes above a region's; before, a region stands alone."""
        self._above = above

    @property
    def listeners(self) -> int:
        return len(self._audience)

    @property
    def full(self) -> bool:
        """Nobody else may listen now."""
        return len(self._audience) >= self._most

    @property
    def events(self) -> int:
        """How many there have been."""
        return self._recent.number

    def offer(self, readings: Sequence[Announced]) -> None:
        """Pass these on, in this order; never waits for a listener."""
        regions = {code: (code, *self._above(code)) for code in {reading.region for reading in readings}}
        touched: set[Listener] = set()
        with self._lock:
            for reading in readings:
                event = self._recent.event(reading, regions[reading.region])
                for listener in self._audience.interested(event):
                    listener.pending.append(event.body)
                    touched.add(listener)
            for listener in touched:
                if len(listener.pending) > self._queue:
                    self.cut_off += 1
                    self._audience.leave(listener)
                    listener.pending.clear()
        wake(touched)

    def close(self) -> None:
        """End every stream; a server that stops waits for them."""
        with self._lock:
            ended = self._audience.everyone()
            for listener in ended:
                self._audience.leave(listener)
        wake(ended)

    async def stream(self, selection: Selection, last_event_id: str | None = None) -> AsyncIterator[bytes]:
        """Server-sent events: what was missed since `last_event_id`, then what is new, until the listener is cut off.

        `event: reading` carries one stored reading. `event: reset` says that what was missed cannot be replayed: ask
        `/latest` anew. A comment with the position reached comes first and in quiet times.
        """
        listener = Listener(selection, asyncio.get_running_loop())
        with self._lock:
            self._audience.join(listener)
            missed = list(self._recent.missed(selection, last_event_id, most=_CHUNK))
        try:
            for chunk in missed:
                yield chunk
            while not listener.over:
                # Cleared before looking: whoever adds to the queue sets it afterwards.
                listener.awake.clear()
                if listener.pending:
                    yield listener.taken(_CHUNK)
                elif not await self._news(listener):
                    yield self._position(listener)
            # Whoever was cut off has nothing pending; whoever is sent home by `close` gets the rest.
            while listener.pending:
                yield listener.taken(_CHUNK)
        finally:
            with self._lock:
                self._audience.leave(listener)

    async def _news(self, listener: Listener) -> bool:
        try:
            async with asyncio.timeout(self._heartbeat_s):
                return await listener.awake.wait()
        except TimeoutError:
            return False

    def _position(self, listener: Listener) -> bytes:
        with self._lock:
            # The position may only be told when nothing before it is on its way.
            here = "" if listener.pending else self._recent.position
        return f": quiet\n{here}\n".encode()


def _nothing(_code: str) -> Sequence[str]:
    return ()
