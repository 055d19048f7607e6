"""What was lately found out about places, kept for a minute: people look at village after village beside one city."""

import threading
from collections import OrderedDict
from typing import Final, NamedTuple

from insight.assessment import Assessment
from insight.declared import Declared


class Key(NamedTuple):
    """What an assessment depends on."""

    version: int
    """Of the registry."""
    measure: str
    formula: int
    """Its version."""
    place: str
    every: str
    """Buckets, and whose calendar they follow."""
    start: int
    stop: int
    as_of: int | None
    public: bool
    declared: tuple[Declared | None, ...]
    """Of the place."""


KEEP_MS: Final = 60_000
_MOST: Final = 50_000


class RecentAssessments:
    """Assessments of single places. Thread-safe and bounded; late readings show after a minute."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, tuple[int, Assessment]] = OrderedDict()

    def found(self, key: Key, now: int) -> Assessment | None:
        """None = nobody has asked within the last minute."""
        with self._lock:
            at, kept = self._kept.get(key, (0, None))
            return kept if now - at < KEEP_MS else None

    def keep(self, key: Key, now: int, one: Assessment) -> None:
        """Remember it; the oldest are forgotten where there are too many."""
        with self._lock:
            self._kept[key] = (now, one)
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
