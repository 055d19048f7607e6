"""Work that a house does once a night, from a thread of its own.

A house that was not at work when the hour came does it when it starts again.
"""

import contextlib
import datetime as dt
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

NEVER: Final = "never"
LOOK_S: Final = 2.0
"""Between two looks at the clock, which may have been set, and at what is asked for."""
BEGIN_AFTER_MS: Final = 60_000
"""A house that has just started has other things to do than what it missed in a night that it was away."""
RETRY_MS: Final = 600_000
"""After work that was not done: it failed, or another process has begun it and may have died."""
PATIENCE_S: Final = 10.0
"""So long a house that stops waits for work under way."""

Rest = Callable[[float], bool]
"""Waits so many seconds; True = the house stops."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When nights begin, and how they are watched."""

    at: str
    """`HH:MM`, or `never`."""
    zone: ZoneInfo
    clock: Callable[[], int]
    late_ms: int = 0
    """This house begins so much later than the hour."""
    look_s: float = LOOK_S
    begin_after_ms: int = BEGIN_AFTER_MS

    def night(self) -> dt.date | None:
        """The last night whose hour has come; None = there are none."""
        if self.at == NEVER:
            return None
        return night_of(self.clock() - self.late_ms, dt.time.fromisoformat(self.at), self.zone)


def night_of(now: int, at: dt.time, zone: ZoneInfo) -> dt.date:
    """The last night whose hour has come."""
    local = dt.datetime.fromtimestamp(now / 1000, zone)
    return local.date() if local.time() >= at else local.date() - dt.timedelta(days=1)


@contextlib.contextmanager
def each_night(
    name: str,
    hours: Hours,
    work: Callable[[dt.date, Rest], bool],
    between: Callable[[Rest], object] = lambda _: None,
) -> Iterator[None]:
    """Call `work` once for each night, until it says that it is done; `between` at every look.

    Neither may raise. Should work outlast the patience of a house that stops, it is left behind.
    """
    stopping = threading.Event()
    not_before = hours.clock() + hours.begin_after_ms

    def keep() -> None:
        nonlocal not_before
        done: dt.date | None = None
        while not stopping.wait(hours.look_s):
            between(stopping.wait)
            night = hours.night()
            if night is None or night == done or hours.clock() < not_before:
                continue
            if work(night, stopping.wait):
                done = night
            else:
                not_before = hours.clock() + RETRY_MS

    thread = threading.Thread(target=keep, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(timeout=PATIENCE_S)
