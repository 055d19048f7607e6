"""Once a night the store is counted and held against the ledger, by one of the house's workers.

A house that was not at work when the hour came counts when it starts again.
"""

import contextlib
import datetime as dt
import logging
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from rurban.nights import Hours, Rest, each_night
from telemetry.errors import RegistryUnavailable, StoreUnavailable
from telemetry.instant import day_of
from telemetry.recount import SETTLED_AFTER_S, Recount, Recounter
from telemetry.registry import Registry
from telemetry.store import Store
from telemetry.store.retention import FOR_EVER, kept_since

logger = logging.getLogger(__name__)

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


def nightly(counting: Counting, hours: Hours) -> contextlib.AbstractContextManager[None]:
    """Count once a night and whenever somebody asks, from a thread of its own."""

    def tonight(night: dt.date, rest: Rest) -> bool:
        return _counted(lambda: counting.count_night(night, _pause(rest)))

    def asked(rest: Rest) -> None:
        _counted(lambda: counting.count_asked(_pause(rest)))

    late = replace(hours, late_ms=random.randrange(JITTER_MS))  # noqa: S311 (no secret)
    # Should a count outlast the house's patience, it fails when the store is closed under it.
    return each_night("rurban-recount", late, tonight, asked)


def _counted(count: Callable[[], Recount | None]) -> bool:
    """Whether there was a count; says in the log what came of it."""
    try:
        result = count()
    except (StoreUnavailable, RegistryUnavailable) as error:
        logger.warning("the store is not counted now: %s", error)
        return False
    if result is not None:
        tell(result)
    return result is not None


def _pause(rest: Rest) -> Callable[[float], None]:
    def pause(seconds: float) -> None:
        if rest(seconds):
            raise StoreUnavailable("the house stops; it counts when it runs again")

    return pause


def tell(result: Recount) -> None:
    """Say in the log what came of it."""
    if not result.differing:
        logger.info("%s", result)
        return
    logger.error("%s; /api/v1/ledger/recount has them all, docs/ledger.md says what to do", result)
    for one in result.differences[:TOLD]:
        logger.error("%s: %d stored by the ledger, %d in the store; %s", one.device, one.ledger, one.store, one.advice)
