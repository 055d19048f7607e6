"""Quarantined messages, sent through the pipeline again after the cause of their refusal is mended.

Asked for on the bus (`telemetry/replay_request.py`). A message keeps the
time at which it was first received, and its ledger day.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from devices.message import Message
from ingest.pipeline import RETAINED_WITHOUT_TIME, Outcome, Pipeline
from ingest.settle import Settlement
from telemetry import replay_request
from telemetry.errors import Conflict, Reason, RegistryUnavailable, Rejected, StoreUnavailable, Unknown
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


class Replayer:
    """Carries out requests to replay; a request that cannot be carried out says so in the message's outcome."""

    def __init__(
        self, book: QuarantineBook, pipeline: Pipeline, settlement: Settlement, *, clock: Callable[[], int]
    ) -> None:
        self._book = book
        self._pipeline = pipeline
        self._settlement = settlement
        self._clock = clock

    def replay(self, request: Message) -> None:
        """Replay the one message that is asked for; raises nothing that the request could cause."""
        try:
            quarantine_id = replay_request.decode(request.payload)
            kept = self._book.one(quarantine_id)
        except (Rejected, Unknown) as error:
            logger.warning("replay request refused: %s", error)
            return
        if kept.replayed_at is not None:
            return
        self._pipeline.refresh()
        outcome = Outcome()
        retained = kept.detail == RETAINED_WITHOUT_TIME
        self._pipeline.process(Message(kept.topic, kept.payload, kept.received_at, retained), outcome)
        outcome.drop([position for position, owner in enumerate(outcome.owners) if not _belongs(kept, owner)])
        try:
            self._settlement.keep(outcome)
        except (StoreUnavailable, RegistryUnavailable) as error:
            logger.warning("replay of quarantined message %d put off: %s", quarantine_id, error)
            self._book.replayed(quarantine_id, at=None, outcome=f"put off: {error}", readings=kept.readings, ledger=())
            return
        refused = [item for item in outcome.quarantined if item.device == kept.device]
        count = sum(item.readings for item in refused)
        try:
            self._book.replayed(
                quarantine_id,
                at=None if count else self._clock(),
                outcome=_words(outcome, refused),
                readings=count or kept.readings,
                ledger=_moved(kept, outcome, count),
            )
        except Conflict as error:
            logger.info("another worker was first: %s", error)
        self._settlement.tell(outcome)


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
