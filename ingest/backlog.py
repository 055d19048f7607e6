"""How much waits for the store, since when, and for how long there is room: no disk, no clock."""

import threading
from collections import Counter, deque
from dataclasses import dataclass
from typing import Final

from ingest.pipeline import DeviceDay
from ingest.records import Head

_RATE_OVER_MS: Final = 300_000
_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """How much may wait, and what happens beyond."""

    most_bytes: int = 4 << 30
    most_age_ms: int = 7 * 24 * _HOUR_MS
    drop_oldest: bool = False
    """True = give up the oldest, counted in the ledger; False = take nothing more: the broker keeps the rest."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits, for people."""

    outcomes: int = 0
    bytes: int = 0
    most_bytes: int = 0
    oldest_at: int | None = None
    """Receipt of the oldest reading, milliseconds UTC."""
    hours_left: float | None = None
    """Until it is full, at the rate of the last minutes; None = it does not grow."""
    damaged: int = 0
    """Records that the disk has not given back as they were written."""


class Backlog:
    """Counts of what waits; thread-safe."""

    def __init__(self) -> None:
        self.outcomes = 0
        self.oldest_at: int | None = None
        self._lock = threading.Lock()
        self._held: Counter[DeviceDay] = Counter()
        self._since: Counter[int] = Counter()

    def held(self) -> Counter[DeviceDay]:
        """Readings, by the line of the ledger in which they are in flight."""
        with self._lock:
            return Counter(self._held)

    @property
    def oldest_since(self) -> int | None:
        """The oldest claim that any head names; None = none does."""
        with self._lock:
            return min(self._since, default=None)

    def add(self, head: Head) -> None:
        self._count(head, 1)
        if self.oldest_at is None:
            self.oldest_at = head.at

    def take(self, head: Head) -> None:
        self._count(head, -1)

    def clear(self) -> None:
        """Nothing waits."""
        self.outcomes, self.oldest_at = 0, None
        with self._lock:
            self._held.clear()
            self._since.clear()

    def _count(self, head: Head, sign: int) -> None:
        with self._lock:
            self.outcomes += sign
            if head.since is not None:
                self._since[head.since] += sign
                if not self._since[head.since]:
                    del self._since[head.since]
            for device, day, received in head.tallies:
                line = DeviceDay(device, day)
                self._held[line] += sign * received
                if not self._held[line]:
                    del self._held[line]


class Room:
    """What the limits leave."""

    def __init__(self, limits: SpoolLimits) -> None:
        self.limits = limits
        self._sizes: deque[tuple[int, int]] = deque()

    def reached(self, size: int, oldest_at: int | None, now: int) -> str | None:
        """Which limit is reached, in words; None = none is."""
        limits = self.limits
        if oldest_at is not None and now - oldest_at > limits.most_age_ms:
            hours = limits.most_age_ms / _HOUR_MS
            return f"the oldest reading has waited for more than {hours:g} h (RURBAN_SPOOL_HOURS)"
        if size >= limits.most_bytes:
            return f"{limits.most_bytes >> 20} MB wait for the store, as many as may (RURBAN_SPOOL_MB)"
        return None

    def hours_left(self, size: int, now: int) -> float | None:
        """At the rate since it was asked first in the last five minutes; None = it does not grow."""
        self._sizes.append((now, size))
        # What is later than now was asked for before the clock was set.
        while not 0 <= now - self._sizes[0][0] <= _RATE_OVER_MS:
            self._sizes.popleft()
        began, before = self._sizes[0]
        if now <= began or size <= before:
            return None
        return (self.limits.most_bytes - size) * (now - began) / (size - before) / _HOUR_MS
