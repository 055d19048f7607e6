"""The worker's second half: batches become durable, one after another, in a thread of their own."""

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ingest.backoff import Backoff
from ingest.mqtt import Receipt
from ingest.pipeline import Outcome
from ingest.settle import Settlement
from telemetry.errors import RegistryUnavailable, StoreUnavailable

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Progress:
    """What the worker has done since it started; read by others, written by the worker only."""

    running: bool = False
    connected: bool = False
    messages: int = 0
    readings: int = 0
    duplicates: int = 0
    quarantined: int = 0
    batches: int = 0
    pending: int = 0
    failing_since: int | None = None
    """Milliseconds; None = the last batch was settled at the first try."""
    failure: str = ""


@dataclass(slots=True)
class Batch:
    """Messages that are settled together, and what they came to."""

    started: float
    receipts: list[Receipt] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)


class Settler:
    """Takes one batch at a time, and tries until it is durable or the worker is stopped."""

    def __init__(
        self,
        settlement: Settlement,
        progress: Progress,
        *,
        clock: Callable[[], int],
        nudge: Callable[[], None],
        hold: Callable[[Outcome | None], None],
    ) -> None:
        """Starts its thread.

        From there `nudge` is called whenever something has changed, and `hold` with what cannot be settled now; with
        None when nothing waits any more.
        """
        self._settlement = settlement
        self._hold = hold
        self._progress = progress
        self._clock = clock
        self._nudge = nudge
        self._stopping = threading.Event()
        self._given: queue.Queue[Batch | None] = queue.Queue(maxsize=1)
        self._settled: deque[Batch] = deque()
        pool = ThreadPoolExecutor(1, "rurban-settle")
        self._run = pool.submit(self._settle_batches)
        self._run.add_done_callback(lambda _: nudge())
        pool.shutdown(wait=False)

    @property
    def full(self) -> bool:
        """A batch waits already."""
        return self._given.full()

    @property
    def broken(self) -> bool:
        """The thread has died of an error that nobody foresaw; `finish` raises it."""
        return self._run.done()

    def give(self, batch: Batch) -> None:
        """Hand over a batch; only while not `full`, or it waits."""
        self._given.put(batch)

    def taken(self) -> Iterator[Batch]:
        """What has become durable since the last call."""
        while self._settled:
            yield self._settled.popleft()

    def stop(self) -> None:
        """Try no more than once more what cannot be settled now."""
        self._stopping.set()

    def finish(self, last: Batch | None) -> None:
        """Settle what was given and this one, if the store can take it; raises what the thread has died of."""
        for batch in (last, None) if last is not None else (None,):
            while not self._run.done():
                try:
                    self._given.put(batch, timeout=0.1)
                except queue.Full:
                    continue
                break
        self._run.result()

    def _settle_batches(self) -> None:
        while (batch := self._given.get()) is not None:
            if self._settle(batch):
                self._settled.append(batch)
            self._nudge()

    def _settle(self, batch: Batch) -> bool:
        """Try until it is durable; False when the worker is stopped before."""
        backoff = Backoff()
        held = False
        while True:
            try:
                duplicates = self._settlement.settle(batch.outcome)
            except (StoreUnavailable, RegistryUnavailable) as error:
                wait_s = backoff.failed()
                self._progress.failing_since = self._progress.failing_since or self._clock()
                self._progress.failure = str(error)
                logger.warning(
                    "%d messages wait for the store: %s; trying again in %.1f s", len(batch.receipts), error, wait_s
                )
                held = held or self.show(batch.outcome)
                if self._stopping.wait(wait_s):
                    return False
                continue
            self._count(batch, duplicates)
            if held:
                self.show(None)
            return True

    def show(self, outcome: Outcome | None) -> bool:
        """Whether the ledger could be told what waits; when the registry is away itself it cannot."""
        try:
            self._hold(outcome)
        except RegistryUnavailable as error:
            logger.warning("the ledger does not show what waits: %s", error)
            return False
        return True

    def _count(self, batch: Batch, duplicates: int) -> None:
        progress = self._progress
        progress.batches += 1
        progress.readings += len(batch.outcome.readings)
        progress.duplicates += duplicates
        progress.quarantined += sum(item.readings for item in batch.outcome.quarantined)
        progress.failing_since, progress.failure = None, ""
