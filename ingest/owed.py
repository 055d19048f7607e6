"""Which batches are owed an acknowledgement: on the disk, and not settled yet."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ingest.mqtt import Receipt
from ingest.pipeline import Outcome

_IN_HAND = 3
"""Batches that may be on the disk and wait to be settled before they are acknowledged."""
_STALLED_S = 2.0
"""A batch that is not settled within this time shows that the store does not answer."""
_LOOK_S = 0.1


@dataclass(slots=True)
class Batch:
    """Messages that are settled together, and what they came to."""

    started: float
    receipts: list[Receipt] = field(default_factory=list)
    size: int = 0
    """Bytes of payload."""
    outcome: Outcome = field(default_factory=Outcome)


class Owed:
    """Shared by the thread that keeps batches on the disk and the one that settles them.

    While batches are settled as they come, one is acknowledged when it is settled, and only a few wait. While they are
    not, it is acknowledged at once: it is on the disk.
    """

    def __init__(self, outcomes: Callable[[], int]) -> None:
        """`outcomes` tells how many wait on the disk, whether acknowledged or not."""
        self.changed = threading.Condition()
        self.ended = False
        """Nothing more is kept."""
        self.away = False
        """The last try to settle has failed."""
        self._outcomes = outcomes
        self._kept: deque[tuple[int, Batch]] = deque()
        self._done: deque[Batch] = deque()
        self._settled_until = 0
        self._began: float | None = None

    def kept(self, position: int, batch: Batch) -> None:
        """The batch is on the disk; returns when there is room for the next."""
        with self.changed:
            if position <= self._settled_until:
                self._done.append(batch)
                return
            self._kept.append((position, batch))
            self.changed.notify_all()
            while len(self._kept) > _IN_HAND and not self._stands_still():
                self.changed.wait(_LOOK_S)
            if self._stands_still():
                self._let_go()

    def wait(self) -> bool:
        """Until there is something to settle; False = there never will be, or not by this process."""
        with self.changed:
            while not self._outcomes() and not self.ended:
                self.changed.wait()
            self._began = time.monotonic()
            return not self.ended or bool(self._outcomes() and self._kept and not self.away)

    def failed(self) -> None:
        """A try to settle has failed: nothing waits for the next one."""
        with self.changed:
            self.away, self._began = True, None
            self._let_go()
            self.changed.notify_all()

    def settled(self, last: int) -> None:
        """Everything up to this position is."""
        with self.changed:
            self.away, self._began = False, None
            self._settled_until = max(self._settled_until, last)
            while self._kept and self._kept[0][0] <= self._settled_until:
                self._done.append(self._kept.popleft()[1])
            self.changed.notify_all()

    def end(self) -> None:
        """Nothing more is kept; also wakes whoever waits."""
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def taken(self) -> Iterator[Batch]:
        """What may be acknowledged since the last call."""
        while self._done:
            yield self._done.popleft()

    def _stands_still(self) -> bool:
        began = self._began
        stalled = began is not None and time.monotonic() - began > _STALLED_S
        others_first = self._outcomes() > len(self._kept)
        return self.away or self.ended or stalled or others_first

    def _let_go(self) -> None:
        while self._kept:
            self._done.append(self._kept.popleft()[1])
