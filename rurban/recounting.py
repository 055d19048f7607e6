"""Once a night the store is counted and held against the ledger, by one of the house's workers.

A house that was not at work when the hour came counts when it starts again.
"""

import contextlib
import datetime as dt
import logging
import random
import threading
from collections.abc import Callable, Iterator
from typing import Final
from zoneinfo import ZoneInfo

from telemetry.errors import RegistryUnavailable, StoreUnavailable
from telemetry.instant import day_of
from telemetry.recount import SETTLED_AFTER_S, Recount, Recounter
from telemetry.registry import Registry
from telemetry.store import Store
from telemetry.store.retention import FOR_EVER, kept_since

logger = logging.getLogger(__name__)

NEVER: Final = "never"
LOOK_S: Final = 2.0
"""Between two looks at the clock, which may have been set, and at what is asked for."""
BEGIN_AFTER_MS: Final = 60_000
"""A house that has just started has other things to do than to count for a night that it was away."""
RETRY_MS: Final = 600_000
"""After a count that failed, and after another worker was first: it may have died."""
PATIENCE_S: Final = 10.0
"""So long a house that stops waits for a count under way."""
TOLD: Final = 20
"""Differing devices that the log names."""
JITTER_MS: Final = 600_000
"""Workers begin at different times: one claims the night, and the others find that it is taken."""


class Counting:
    """Counts one house; what it finds is kept in the registry."""

    def __init__(  # noqa: PLR0913 (one composition root calls it)
        self,
        registry: Registry,
        store: Store,
        worker: str,
        *,
        keep_days: int,
        clock: Callable[[], int],
        settled_after_s: float = SETTLED_AFTER_S,
    ) -> None:
        """`worker` claims nights under its own name."""
        self._registry = registry
        self._store = store
        self._worker = worker
        self._keep_days = keep_days
        self._clock = clock
        self._settled_after_s = settled_after_s

    def count(
        self,
        pause: Callable[[float], object],
        tell: Callable[[str], object],
        *,
        devices: list[str] | None = None,
    ) -> Recount:
        """See Recounter.recount; a count of all devices is kept."""
        result = self._counted(pause, tell, devices)
        if devices is None:
            self._registry.recounts.keep(result, self._worker)
        return result

    def count_night(self, night: dt.date, pause: Callable[[float], object]) -> Recount | None:
        """Count, if no other worker has claimed this night: then None."""
        return self._counted_as(self._registry.recounts.claim(night, self._worker, self._clock()), pause)

    def count_asked(self, pause: Callable[[float], object]) -> Recount | None:
        """Count, if somebody has asked for it in the registry: else None."""
        return self._counted_as(self._registry.recounts.take(self._worker), pause)

    def _counted_as(self, number: int | None, pause: Callable[[float], object]) -> Recount | None:
        if number is None:
            return None
        try:
            result = self._counted(pause, logger.debug, None)
        except StoreUnavailable:
            self._registry.recounts.give_up(number)
            raise
        self._registry.recounts.keep(result, self._worker, number)
        return result

    def _counted(
        self, pause: Callable[[float], object], tell: Callable[[str], object], devices: list[str] | None
    ) -> Recount:
        known = [device.id for device in self._registry.devices.all()]
        recounter = Recounter(
            self._registry.ledger,
            self._store.counter,
            known,
            pause=pause,
            tell=tell,
            settled_after_s=self._settled_after_s,
        )
        since = kept_since(self._keep_days, self._clock)
        # On the first day that is kept some hours are forgotten.
        first_whole = None if since == FOR_EVER else day_of(since) + dt.timedelta(days=1)
        return recounter.recount(self._clock, devices=devices, days_since=first_whole)


def night_of(now: int, at: dt.time, zone: ZoneInfo) -> dt.date:
    """The last night whose hour has come."""
    local = dt.datetime.fromtimestamp(now / 1000, zone)
    return local.date() if local.time() >= at else local.date() - dt.timedelta(days=1)


@contextlib.contextmanager
def nightly(  # noqa: PLR0913 (each with its default, but what it is about)
    counting: Counting,
    at: str,
    zone: ZoneInfo,
    clock: Callable[[], int],
    *,
    look_s: float = LOOK_S,
    begin_after_ms: int = BEGIN_AFTER_MS,
) -> Iterator[None]:
    """Count once a night and whenever somebody asks, from a thread of its own; `at` is `HH:MM`, or `never`."""
    late_ms = random.randrange(JITTER_MS)  # noqa: S311 (no secret)
    hour, stopping = None if at == NEVER else dt.time.fromisoformat(at), threading.Event()

    def night() -> dt.date | None:
        return None if hour is None else night_of(clock() - late_ms, hour, zone)

    # Should a count outlast the patience below, it fails when the store is closed under it.
    watch = _Watch(counting, night, clock, stopping, clock() + begin_after_ms)
    thread = threading.Thread(target=watch.keep, args=(look_s,), name="rurban-recount", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(timeout=PATIENCE_S)


class _Watch:
    """Counts in every night that no other worker counts in, and when it is asked; for one thread."""

    def __init__(
        self,
        counting: Counting,
        night: Callable[[], dt.date | None],
        clock: Callable[[], int],
        stopping: threading.Event,
        not_before: int,
    ) -> None:
        self._counting = counting
        self._night = night
        self._clock = clock
        self._stopping = stopping
        self._done: dt.date | None = None
        self._not_before = not_before

    def keep(self, look_s: float) -> None:
        """Until told to stop."""
        while not self._stopping.wait(look_s):
            try:
                for result in (self._counting.count_asked(self._pause), self._tonight()):
                    if result is not None:
                        tell(result)
            except (StoreUnavailable, RegistryUnavailable) as error:
                logger.warning("the store is not counted now: %s", error)

    def _tonight(self) -> Recount | None:
        night = self._night()
        if night is None or night == self._done or self._clock() < self._not_before:
            return None
        self._not_before = self._clock() + RETRY_MS
        result = self._counting.count_night(night, self._pause)
        if result is not None:
            self._done = night
        return result

    def _pause(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise StoreUnavailable("the house stops; it counts when it runs again")


def tell(result: Recount) -> None:
    """Say in the log what came of it."""
    if not result.differing:
        logger.info("%s", result)
        return
    logger.error("%s; /api/v1/ledger/recount has them all, docs/ledger.md says what to do", result)
    for one in result.differences[:TOLD]:
        logger.error("%s: %d stored by the ledger, %d in the store; %s", one.device, one.ledger, one.store, one.advice)
