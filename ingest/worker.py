"""The ingest worker: from the broker to the store, acknowledged after the store has it.

Two threads. The first one receives, decodes and checks, and sends acknowledgements. The second one settles batches:
while it waits for the disk, the first one goes on with the next batch. What is received and not yet settled is bounded;
beyond that the worker stops reading and the broker keeps the rest.
"""

import contextlib
import logging
import queue
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from ingest.backoff import Backoff
from ingest.mqtt import Receipt, Subscription
from ingest.pipeline import Outcome, Pipeline
from ingest.replay import Replayer
from ingest.settle import Settlement
from telemetry import replay_request
from telemetry.errors import BrokerUnavailable, RegistryUnavailable, StoreUnavailable

logger = logging.getLogger(__name__)

REFRESH_S = 1.0
"""How soon a changed registry is seen, at the latest."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a batch is written, and how much may wait."""

    batch_messages: int = 2000
    batch_age_s: float = 0.02
    """A message waits at most this long for company."""
    pending_messages: int = 10_000
    """Received and not yet settled; reading stops beyond."""


@dataclass(slots=True)
class Progress:
    """What the worker has done since it started; read by others, written by the worker only."""

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
class _Batch:
    started: float
    received_at: int
    receipts: list[Receipt] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)


class Worker:
    """Runs until `stop`; every message it receives is settled and acknowledged, or stays with the broker."""

    def __init__(  # noqa: PLR0913 - one composition root calls it, by keyword
        self,
        *,
        subscription: Subscription,
        pipeline: Pipeline,
        settlement: Settlement,
        replayer: Replayer,
        clock: Callable[[], int],
        limits: Limits | None = None,
    ) -> None:
        self._subscription = subscription
        self._pipeline = pipeline
        self._settlement = settlement
        self._replayer = replayer
        self._clock = clock
        self._limits = limits or Limits()
        self.progress = Progress()
        self._stopping = threading.Event()
        self._to_settle: queue.Queue[_Batch | None] = queue.Queue(maxsize=1)
        self._settled: deque[_Batch] = deque()
        self._waiting: deque[Receipt] = deque()
        self._batch: _Batch | None = None
        self._wake_receiver, self._wake = socket.socketpair()
        self._wake_receiver.settimeout(0)
        self._wake.settimeout(0)
        self._refreshed = 0.0

    def stop(self) -> None:
        """Ask the worker to end; safe from any thread and from a signal handler."""
        self._stopping.set()
        self._nudge()

    def run(self) -> None:
        """Work until `stop`. On the way out what has been received is settled, if the store can take it."""
        settler = threading.Thread(target=self._settle_batches, name="rurban-settle")
        settler.start()
        backoff = Backoff()
        try:
            while not self._stopping.is_set():
                try:
                    self._work(backoff)
                except (BrokerUnavailable, RegistryUnavailable) as error:
                    self.progress.connected = self._subscription.connected
                    wait_s = backoff.failed()
                    logger.warning("%s; trying again in %.1f s", error, wait_s)
                    self._stopping.wait(wait_s)
        finally:
            self._finish(settler)

    def _work(self, backoff: Backoff) -> None:
        """One turn: receive, decode, hand over, acknowledge."""
        if not self._subscription.connected:
            self._subscription.connect()
            logger.info("listening")
        self.progress.connected = True
        self._take(self._subscription.receive(self._patience(), wake=self._wake_receiver, limit=self._room()))
        self._hand_over()
        self._acknowledge()
        if time.monotonic() - self._refreshed > REFRESH_S:
            self._refreshed = time.monotonic()
            self._pipeline.refresh()
        backoff.succeeded()

    def _room(self) -> int:
        """How many messages may be received now."""
        free = self._limits.pending_messages - self.progress.pending
        filled = 0 if self._batch is None else len(self._batch.receipts)
        return max(0, min(free, self._limits.batch_messages - filled))

    def _patience(self) -> float:
        """How long to wait for the network: not past the time at which the batch is due."""
        if self._batch is None or self._to_settle.full():
            return REFRESH_S
        return max(0.0, self._batch.started + self._limits.batch_age_s - time.monotonic())

    def _take(self, receipts: list[Receipt]) -> None:
        self._waiting.extend(receipts)
        self.progress.pending += len(receipts)
        self.progress.messages += len(receipts)
        while self._waiting:
            receipt = self._waiting[0]
            if self._batch is None:
                self._batch = _Batch(time.monotonic(), self._clock())
            if receipt.message.topic == replay_request.TOPIC:
                self._replayer.replay(receipt.message)
            else:
                self._pipeline.process(receipt.message, self._batch.outcome)
            self._batch.receipts.append(receipt)
            self._waiting.popleft()

    def _hand_over(self) -> None:
        """Give the batch to the settling thread when it is due and that thread has room."""
        batch = self._batch
        if batch is None or self._to_settle.full():
            return
        due = time.monotonic() - batch.started >= self._limits.batch_age_s
        if due or len(batch.receipts) >= self._limits.batch_messages:
            self._to_settle.put(batch)
            self._batch = None

    def _acknowledge(self) -> None:
        while self._settled:
            batch = self._settled.popleft()
            self._subscription.acknowledge(batch.receipts)
            self.progress.pending -= len(batch.receipts)

    def _settle_batches(self) -> None:
        while (batch := self._to_settle.get()) is not None:
            if self._settle(batch):
                self._settled.append(batch)
            self._nudge()

    def _settle(self, batch: _Batch) -> bool:
        """Try until it is durable; False when the worker is stopped before."""
        backoff = Backoff()
        while True:
            try:
                duplicates = self._settlement.settle(batch.outcome, batch.received_at)
            except (StoreUnavailable, RegistryUnavailable) as error:
                wait_s = backoff.failed()
                self.progress.failing_since = self.progress.failing_since or self._clock()
                self.progress.failure = str(error)
                logger.warning(
                    "%d messages wait for the store: %s; trying again in %.1f s", len(batch.receipts), error, wait_s
                )
                if self._stopping.wait(wait_s):
                    return False
                continue
            self._count(batch, duplicates)
            return True

    def _count(self, batch: _Batch, duplicates: int) -> None:
        progress = self.progress
        progress.batches += 1
        progress.readings += len(batch.outcome.readings)
        progress.duplicates += duplicates
        progress.quarantined += sum(item.readings for item in batch.outcome.quarantined)
        progress.failing_since, progress.failure = None, ""

    def _finish(self, settler: threading.Thread) -> None:
        if self._batch is not None:
            self._to_settle.put(self._batch)
            self._batch = None
        self._to_settle.put(None)
        settler.join()
        if self._subscription.connected:
            self._acknowledge()
        self._subscription.close()
        self._wake.close()
        self._wake_receiver.close()

    def _nudge(self) -> None:
        """End the receiving thread's wait; a full buffer means that it is nudged already."""
        with contextlib.suppress(BlockingIOError, OSError):
            self._wake.send(b"\0")
