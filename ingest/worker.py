"""The ingest worker: from the broker to the store, acknowledged after the fate of a message is durable.

Three threads. The first one receives, decodes and checks, and sends acknowledgements. The others keep batches on the
disk and settle them (`ingest/settling.py`): while they wait for it, the first one goes on with the next batch. What is
received and not yet acknowledged is bounded; beyond that the worker stops reading and the broker keeps the rest.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ingest.backoff import Backoff
from ingest.lookout import Lookout
from ingest.mqtt import Receipt, Subscription
from ingest.owed import Batch
from ingest.pipeline import Outcome, Pipeline
from ingest.replay import Replayer
from ingest.settle import Settlement
from ingest.settling import Progress, Settler
from ingest.sources import LAST_CALL
from ingest.wake import Wake
from telemetry import replay_request
from telemetry.errors import BrokerUnavailable, RegistryUnavailable
from telemetry.model import Reading

logger = logging.getLogger(__name__)

REFRESH_S = 1.0
"""How soon a changed registry is seen, at the latest."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a batch is written, and how much may wait."""

    batch_messages: int = 2000
    batch_readings: int = 20_000
    """A batch with so many readings takes no further message: messages differ in size by thousands."""
    batch_age_s: float = 0.02
    """A message waits at most this long for company."""
    pending_messages: int = 10_000
    """Received and not yet settled; reading stops beyond."""
    pending_bytes: int = 64 * 1024 * 1024
    """Likewise, bytes of payload; one message may reach beyond."""


class Worker:
    """Runs until `stop`; every message it receives is settled and acknowledged, or stays with the broker."""

    def __init__(  # noqa: PLR0913 - one composition root calls it, by keyword
        self,
        *,
        subscription: Subscription,
        pipeline: Pipeline,
        settlement: Settlement,
        replayer: Replayer,
        newest: Callable[[], Iterable[Reading]],
        clock: Callable[[], int],
        limits: Limits | None = None,
        beat: Callable[[Progress], None] | None = None,
    ) -> None:
        """Does nothing before `run`.

        `newest` gives the newest stored reading of every series, for the checks to remember; `beat` is called about
        once a second while it is connected and takes its turns.
        """
        self._subscription = subscription
        self._pipeline = pipeline
        self._settlement = settlement
        self._replayer = replayer
        self._lookout = Lookout(pipeline, settlement, newest, every_s=REFRESH_S)
        self._clock = clock
        self._limits = limits or Limits()
        self._beat = beat
        self.progress = Progress()
        self._stopping = threading.Event()
        self._waiting: deque[Receipt] = deque()
        self._batch: Batch | None = None
        self._asked: deque[Receipt] = deque()
        """Requests to replay: what is replayed is read from the registry when its turn comes."""
        self._replayed_last = False
        self._wake = Wake()

    def stop(self) -> None:
        """Ask the worker to end; safe from any thread and from a signal handler."""
        self._stopping.set()
        self._wake.nudge()

    def run(self) -> None:
        """Work until `stop`. On the way out what has been received is settled, if the store can take it."""
        settler = Settler(self._settlement, self.progress, clock=self._clock, nudge=self._wake.nudge)
        backoff = Backoff()
        self.progress.running = True
        try:
            while not (self._stopping.is_set() or settler.broken):
                try:
                    self._work(settler, backoff)
                except (BrokerUnavailable, RegistryUnavailable) as error:
                    self.progress.connected = self._subscription.connected
                    wait_s = backoff.failed()
                    logger.warning("%s; trying again in %.1f s", error, wait_s)
                    self._stopping.wait(wait_s)
        finally:
            settler.stop()
            self._finish(settler)

    def _work(self, settler: Settler, backoff: Backoff) -> None:
        """One turn: receive, decode, hand over, acknowledge."""
        if not self._subscription.connected:
            self._subscription.connect()
            self._pipeline.edge_nodes.forget()
            logger.info("listening")
        self.progress.connected = True
        patience_s = self._patience(settler)
        room, room_bytes = self._room()
        self._take(self._subscription.receive(patience_s, wake=self._wake.receiver, limit=room, limit_bytes=room_bytes))
        self._hand_over(settler)
        self._acknowledge(settler)
        if self._lookout.look() and self._beat is not None:
            self._beat(self.progress)
        backoff.succeeded()

    def _room(self) -> tuple[int, int]:
        """How many messages may be received now, and bytes of payload before the last of them."""
        free = self._limits.pending_messages - self.progress.pending
        free_bytes = self._limits.pending_bytes - self.progress.pending_bytes
        if free_bytes <= 0 or self._is_full():
            return 0, 0
        filled = len(self._waiting) + (0 if self._batch is None else len(self._batch.receipts))
        return max(0, min(free, self._limits.batch_messages - filled)), free_bytes

    def _is_full(self) -> bool:
        """The batch takes no further message."""
        batch, limits = self._batch, self._limits
        return batch is not None and (
            len(batch.receipts) >= limits.batch_messages or len(batch.outcome.readings) >= limits.batch_readings
        )

    def _patience(self, settler: Settler) -> float:
        """How long to wait for the network: not past the time at which the batch or a replay is due."""
        if self._waiting and not self._is_full():
            return 0.0
        if settler.full or (self._batch is None and not self._asked):
            return REFRESH_S
        if self._asked or self._batch is None:
            return 0.0
        return max(0.0, self._batch.started + self._limits.batch_age_s - time.monotonic())

    def _take(self, receipts: list[Receipt]) -> None:
        self._waiting.extend(receipts)
        self.progress.pending += len(receipts)
        self.progress.messages += len(receipts)
        self.progress.pending_bytes += sum([len(receipt.message.payload) for receipt in receipts])
        while self._waiting and not self._is_full():
            receipt = self._waiting[0]
            if receipt.message.topic == replay_request.TOPIC:
                if self.progress.failure:
                    self._replayer.put_off(receipt.message, self.progress.failure)
                self._asked.append(receipt)
            else:
                self._add(receipt)
            self._waiting.popleft()

    def _add(self, receipt: Receipt) -> None:
        """To the batch."""
        if self._batch is None:
            self._batch = Batch(time.monotonic(), outcome=Outcome(careful=self._settlement.careful))
        batch = self._batch
        if receipt.message.topic == LAST_CALL:
            self.progress.last_call = receipt.message.payload
        else:
            self._pipeline.receive(receipt.message, batch.outcome)
        batch.receipts.append(receipt)
        batch.size += len(receipt.message.payload)

    def _hand_over(self, settler: Settler) -> None:
        """Give the batch to the settling thread when it is due and that thread has room.

        Replays and batches take turns: a device with thousands of messages to be replayed holds up nobody.
        """
        if settler.full:
            return
        batch = self._batch
        due = batch is not None and (time.monotonic() - batch.started >= self._limits.batch_age_s or self._is_full())
        if self._asked and not (due and self._replayed_last):
            settler.give(_replayed(self._asked, self._replayer))
            self._replayed_last = True
        elif due and batch is not None:
            settler.give(batch)
            self._batch = None
            self._replayed_last = False

    def _acknowledge(self, settler: Settler) -> None:
        for batch in settler.taken():
            self._subscription.acknowledge(batch.receipts)
            self.progress.pending -= len(batch.receipts)
            self.progress.pending_bytes -= batch.size

    def _finish(self, settler: Settler) -> None:
        batch, self._batch = self._batch, None
        try:
            settler.finish(batch)
        finally:
            if self._subscription.connected:
                self._acknowledge(settler)
            self._subscription.close()
            self._wake.close()
            self.progress.running = self.progress.connected = False


def _replayed(asked: deque[Receipt], replayer: Replayer) -> Batch:
    """What the oldest request asks for, in a batch of its own; an empty one where there is nothing to replay."""
    receipt = asked[0]
    outcome = replayer.outcome(receipt.message)
    asked.popleft()
    batch = Batch(time.monotonic(), outcome=outcome or Outcome())
    batch.receipts.append(receipt)
    batch.size = len(receipt.message.payload)
    return batch
