"""The worker's second half, on two threads: one keeps batches on the disk, the other settles what is there."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from ingest.backlog import Waiting
from ingest.backoff import Backoff
from ingest.owed import Batch, Owed
from ingest.settle import Settled, Settlement
from telemetry.errors import RegistryUnavailable, SpoolUnavailable, StoreUnavailable

logger = logging.getLogger(__name__)

_SHOWN_EVERY_S = 5.0
_LOOK_S = 0.1


@dataclass(slots=True)
class Progress:
    """What the worker has done since it started; read by others, written by the worker only."""

    running: bool = False
    connected: bool = False
    messages: int = 0
    readings: int = 0
    duplicates: int = 0
    quarantined: int = 0
    rate_limited: int = 0
    """Of the quarantined, those that were beyond their source's rate."""
    batches: int = 0
    pending: int = 0
    """Messages that are not acknowledged yet."""
    pending_bytes: int = 0
    """Of payload, in these messages."""
    failing_since: int | None = None
    """Milliseconds; None = the last batch was settled at the first try."""
    failure: str = ""
    refusing: str = ""
    """Why nothing more is taken; empty = it is."""
    waiting: Waiting = field(default_factory=Waiting)
    """On the disk, for the store."""
    last_call: bytes = b""
    """The payload of the last call (`sources.LAST_CALL`) that was heard."""


class Settler:
    """Takes batches; tells which may be acknowledged."""

    def __init__(
        self, settlement: Settlement, progress: Progress, *, clock: Callable[[], int], nudge: Callable[[], None]
    ) -> None:
        """Starts its threads, which first settle what an earlier process has left; `nudge` is called on any change."""
        self._nudge = nudge
        self._stopping = threading.Event()
        self._given: queue.Queue[Batch | None] = queue.Queue(maxsize=1)
        self._owed = Owed(lambda: settlement.spool.backlog.outcomes)
        self._settlement = settlement
        self._progress = progress
        settling = _Settling(settlement, progress, self._owed, self._stopping, clock, nudge)
        pool = ThreadPoolExecutor(2, "rurban-settle")
        self._settles = pool.submit(settling.run)
        self._keeps = pool.submit(self._keep_batches)
        for run in (self._settles, self._keeps):
            run.add_done_callback(self._over)
        pool.shutdown(wait=False)

    @property
    def full(self) -> bool:
        """A batch waits already."""
        return self._given.full()

    @property
    def broken(self) -> bool:
        """A thread has died of an error that nobody foresaw; `finish` raises it."""
        return self._settles.done() or self._keeps.done()

    def give(self, batch: Batch) -> None:
        """Hand over a batch; only while not `full`, or it waits."""
        self._given.put(batch)

    def taken(self) -> Iterator[Batch]:
        """What may be acknowledged since the last call."""
        return self._owed.taken()

    def stop(self) -> None:
        """Try no more than once more what cannot be settled now."""
        self._stopping.set()

    def finish(self, last: Batch | None) -> None:
        """Keep what was given and this one, and settle what the store takes; raises what a thread has died of."""
        for batch in (last, None) if last is not None else (None,):
            while not self.broken:
                try:
                    self._given.put(batch, timeout=_LOOK_S)
                except queue.Full:
                    continue
                break
        for run in (self._keeps, self._settles):
            run.result()

    def _over(self, run: Future[None]) -> None:
        """One thread has ended: the other does not go on without it if that was by an error."""
        if run.exception() is not None:
            self._stopping.set()
        self._owed.end()
        self._nudge()

    def _keep_batches(self) -> None:
        while (batch := self._next_given()) is not None:
            position = self._keep(batch)
            if position is None:
                return
            self._owed.kept(position, batch)
            self._nudge()

    def _next_given(self) -> Batch | None:
        while not self._settles.done():
            try:
                return self._given.get(timeout=_LOOK_S)
            except queue.Empty:
                continue
        return None

    def _keep(self, batch: Batch) -> int | None:
        """Its position once it is on the disk; None = it is not, and the worker is to stop."""
        backoff = Backoff(longest_s=5.0)
        while True:
            try:
                position = self._settlement.keep([batch.outcome])
            except SpoolUnavailable as error:
                self._progress.refusing = str(error)
                wait_s = backoff.failed()
                logger.warning("%d messages are not taken: %s", len(batch.receipts), error)
                if self._stopping.wait(wait_s):
                    return None
                continue
            self._progress.refusing = ""
            self._progress.batches += 1
            return position


class _Settling:
    """The thread that settles."""

    def __init__(  # noqa: PLR0913, PLR0917 - what the settler has made
        self,
        settlement: Settlement,
        progress: Progress,
        owed: Owed,
        stopping: threading.Event,
        clock: Callable[[], int],
        nudge: Callable[[], None],
    ) -> None:
        self._settlement = settlement
        self._progress = progress
        self._owed = owed
        self._stopping = stopping
        self._clock = clock
        self._nudge = nudge
        self._shown_at: float | None = None

    def run(self) -> None:
        """Until nothing more is kept; what the store does not take stays on the disk."""
        self._show()
        backoff = Backoff()
        while self._owed.wait():
            try:
                settled = self._settlement.settle_oldest()
            except (StoreUnavailable, RegistryUnavailable, SpoolUnavailable) as error:
                self._failed(error, backoff.failed())
            else:
                backoff.succeeded()
                self._succeeded(settled)
            self._nudge()

    def _failed(self, error: Exception, wait_s: float) -> None:
        progress = self._progress
        if progress.failing_since is None:
            progress.failing_since = self._clock()
            self._shown_at = None
        progress.failure = str(error)
        self._owed.failed()
        self._nudge()
        waiting = progress.waiting = self._settlement.spool.waiting()
        logger.warning("%d batches wait: %s; trying again in %.1f s", waiting.outcomes, error, wait_s)
        if isinstance(error, StoreUnavailable):
            self._give_up()
        self._show()
        self._stopping.wait(wait_s)

    def _give_up(self) -> None:
        try:
            self._settlement.give_up_oldest()
        except (RegistryUnavailable, SpoolUnavailable) as error:
            logger.warning("nothing is given up, as the books cannot say so: %s", error)

    def _succeeded(self, settled: Settled | None) -> None:
        self._owed.settled(0 if settled is None else settled.last)
        progress = self._progress
        progress.failing_since, progress.failure = None, ""
        if settled is not None:
            progress.readings += settled.readings
            progress.duplicates += settled.duplicates
            progress.quarantined += settled.quarantined
            progress.rate_limited += settled.rate_limited
        progress.waiting = self._settlement.spool.waiting()

    def _show(self) -> None:
        """Tell the ledger what is in flight; when the registry is away itself it cannot be told."""
        if self._shown_at is not None and time.monotonic() - self._shown_at < _SHOWN_EVERY_S:
            return
        self._shown_at = time.monotonic()
        try:
            self._settlement.show_in_flight()
        except RegistryUnavailable as error:
            logger.warning("the ledger does not show what waits: %s", error)
