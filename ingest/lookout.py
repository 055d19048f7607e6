"""What changes about a worker while it works: its registry, and what others have stored."""

import logging
import time
from collections.abc import Callable, Iterable

from ingest.backoff import Backoff
from ingest.pipeline import Pipeline
from ingest.settle import Settlement
from telemetry.errors import StoreUnavailable
from telemetry.model import Reading

logger = logging.getLogger(__name__)


class Lookout:
    """Keeps pipeline and settlement up to date; for the thread that decodes."""

    def __init__(
        self, pipeline: Pipeline, settlement: Settlement, newest: Callable[[], Iterable[Reading]], *, every_s: float
    ) -> None:
        """`newest` gives the newest stored reading of every series, for the checks to remember."""
        self._pipeline = pipeline
        self._settlement = settlement
        self._newest = newest
        self._every_s = every_s
        self._due = 0.0
        self._asked_again = 0.0
        self._patience = Backoff(first_s=2.0, longest_s=60.0)

    def look(self) -> bool:
        """Whether it was time; raises `RegistryUnavailable`."""
        now = time.monotonic()
        if now < self._due:
            return False
        self._due = now + self._every_s
        self._pipeline.refresh()
        if self._settlement.look_around() and now >= self._asked_again:
            self._remember()
        return True

    def _remember(self) -> None:
        try:
            self._pipeline.remember(self._newest())
        except StoreUnavailable as error:
            # Until it answers every reading is looked up before it is written, so nothing is counted twice.
            logger.warning("the newest reading of each series is not known: %s", error)
            self._asked_again = time.monotonic() + self._patience.failed()
        else:
            self._patience.succeeded()
            self._settlement.caught_up()
