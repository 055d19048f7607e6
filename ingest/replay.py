"""Quarantined messages, sent through the pipeline again after the cause of their refusal is mended.

Asked for on the bus (`telemetry/replay_request.py`). A message keeps the
time at which it was first received, and its ledger day.
"""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from devices.message import Message
from ingest.backoff import Backoff
from ingest.pipeline import RETAINED_WITHOUT_TIME, Outcome, Pipeline
from ingest.settle import Settlement
from telemetry import replay_request
from telemetry.errors import Conflict, Reason, Rejected, StoreUnavailable, Unknown
from telemetry.instant import day_of
from telemetry.model import LedgerLine, Quality, Quarantined

logger = logging.getLogger(__name__)


class QuarantineBook(Protocol):
    """Where quarantined messages are kept: the registry."""

    def one(self, quarantine_id: int) -> Quarantined:
        """Raise `Unknown` where there is none."""
        ...

    def replayed(
        self, quarantine_id: int, *, at: int | None, outcome: str, readings: int, ledger: Sequence[LedgerLine]
    ) -> None:
        """Note what a replay came to and move the ledger, in one transaction; `Conflict` if it was replayed already.

        `at` None = some of it is still refused; `readings` = how many.
        """
        ...

    def put_off(self) -> Sequence[int]:
        """The messages whose outcome is that their replay waits (`replay_request.PUT_OFF`), oldest first."""
        ...


class _Decoded(NamedTuple):
    """A quarantined message and what it becomes now."""

    kept: Quarantined
    outcome: Outcome


class Replayer:
    """Carries out requests to replay; what cannot be replayed, or not now, says so in the message's outcome.

    A request is done with once that is noted, so none holds up the ordinary messages. What waits for the store stands
    in the book; whoever starts next takes it up. Not thread-safe.
    """

    def __init__(
        self, book: QuarantineBook, pipeline: Pipeline, settlement: Settlement, *, clock: Callable[[], int]
    ) -> None:
        self._book = book
        self._pipeline = pipeline
        self._settlement = settlement
        self._clock = clock
        self._waiting: deque[int] | None = None
        """Put off; None = nobody has looked yet what an earlier worker has left."""
        self._decoded: _Decoded | None = None
        """Of the message under way: decoded once, as the checks would take it for old the second time."""
        self._backoff = Backoff()
        self._due = 0.0

    def replay(self, request: Message) -> None:
        """Replay the one message that is asked for, or put it off; raises nothing that the request could cause.

        `RegistryUnavailable` = nothing is noted yet, and the same request may be given again.
        """
        try:
            quarantine_id = replay_request.decode(request.payload)
            kept = self._book.one(quarantine_id)
        except (Rejected, Unknown) as error:
            logger.warning("replay request refused: %s", error)
            return
        waiting = self._put_off()
        if kept.replayed_at is not None or quarantine_id in waiting:
            return
        if waiting:
            self._note(kept, f"{replay_request.PUT_OFF}: {len(waiting)} others wait for the store")
        elif self._carried_out(quarantine_id):
            return
        waiting.append(quarantine_id)

    @property
    def due(self) -> bool:
        """Something was put off and may be tried now."""
        return bool(self._waiting) and time.monotonic() >= self._due

    def go_on(self) -> None:
        """Try the first of what was put off, if it is due; call again for the next."""
        waiting = self._put_off()
        if not self.due:
            return
        if self._carried_out(waiting[0]):
            waiting.popleft()
            self._backoff.succeeded()
        else:
            self._due = time.monotonic() + self._backoff.failed()

    def _put_off(self) -> deque[int]:
        if self._waiting is None:
            self._waiting = deque(self._book.put_off())
        return self._waiting

    def _carried_out(self, quarantine_id: int) -> bool:
        """False = the store does not take it now, and that is noted."""
        if self._decoded is None or self._decoded.kept.id != quarantine_id:
            self._decoded = self._decode(quarantine_id)
        if self._decoded is None:
            return True
        kept, outcome = self._decoded
        try:
            self._settlement.keep(outcome)
        except StoreUnavailable as error:
            logger.warning("replay of quarantined message %d put off: %s", quarantine_id, error)
            self._note(kept, f"{replay_request.PUT_OFF}: {error}")
            return False
        self._settle(kept, outcome)
        self._decoded = None
        return True

    def _decode(self, quarantine_id: int) -> _Decoded | None:
        """None = there is nothing to replay any more."""
        try:
            kept = self._book.one(quarantine_id)
        except Unknown as error:
            logger.warning("replay given up: %s", error)
            return None
        if kept.replayed_at is not None:
            return None
        self._pipeline.refresh()
        outcome = Outcome()
        retained = kept.detail == RETAINED_WITHOUT_TIME
        self._pipeline.process(Message(kept.topic, kept.payload, kept.received_at, retained), outcome)
        outcome.drop([position for position, owner in enumerate(outcome.owners) if not _belongs(kept, owner)])
        return _Decoded(kept, outcome)

    def _settle(self, kept: Quarantined, outcome: Outcome) -> None:
        """Note what the replay came to, after the store has it."""
        refused = [item for item in outcome.quarantined if item.device == kept.device]
        count = sum(item.readings for item in refused)
        self._note(
            kept,
            _words(outcome, refused),
            at=None if count else self._clock(),
            readings=count or kept.readings,
            ledger=_moved(kept, outcome, count),
        )
        self._settlement.tell(outcome)

    def _note(
        self,
        kept: Quarantined,
        outcome: str,
        *,
        at: int | None = None,
        readings: int | None = None,
        ledger: Sequence[LedgerLine] = (),
    ) -> None:
        try:
            self._book.replayed(kept.id or 0, at=at, outcome=outcome, readings=readings or kept.readings, ledger=ledger)
        except Conflict as error:
            logger.info("another worker was first: %s", error)


_OF_ONE_OWNER = frozenset({Reason.UNKNOWN_METRIC, Reason.UNKNOWN_UNIT, Reason.NOT_FINITE, Reason.STORE_REFUSED})
"""Only this device's readings of the message were refused; the others of a gateway's pack have their own fates."""


def _belongs(kept: Quarantined, owner: str) -> bool:
    return kept.reason not in _OF_ONE_OWNER or owner == kept.device


def _stored(outcome: Outcome) -> Counter[str]:
    """By owner, the readings that were not stored before; a correction was."""
    return Counter(
        owner
        for owner, reading in zip(outcome.owners, outcome.readings, strict=True)
        if not reading.quality & Quality.DUPLICATE_TIME
    )


def _words(outcome: Outcome, refused: Sequence[Quarantined]) -> str:
    words = f"{_stored(outcome).total()} readings stored"
    repeated = sum((outcome.duplicates or {}).values())
    if repeated:
        words += f", {repeated} were stored already"
    for item in refused:
        words += f"; {item.readings} still refused: {item.reason}: {item.detail}"
    return words


def _moved(kept: Quarantined, outcome: Outcome, refused: int) -> list[LedgerLine]:
    """What was quarantined is taken back on its own day, and what it became is added.

    What is neither refused nor new was sent again meanwhile and stored: a duplicate.
    """
    day = day_of(kept.received_at)
    stored = _stored(outcome)
    duplicate = max(0, kept.readings - refused - stored.total())
    own = kept.device or kept.topic
    lines = [LedgerLine(day, device, received=count, stored=count) for device, count in stored.items() if count]
    change = refused + duplicate - kept.readings
    if change or duplicate:
        lines.append(LedgerLine(day, own, received=change, duplicate=duplicate, quarantined=refused - kept.readings))
    return lines
