"""Quarantined messages, sent through the pipeline again after the cause of their refusal is mended.

Asked for on the bus (`telemetry/replay_request.py`). A message keeps the
time at which it was first received, and its ledger day.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from devices.message import Message
from ingest.pipeline import Outcome, Pipeline
from ingest.settle import Settlement
from telemetry import replay_request
from telemetry.errors import Conflict, RegistryUnavailable, Rejected, StoreUnavailable, Unknown
from telemetry.instant import day_of
from telemetry.model import LedgerLine, Quarantined

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
        self._pipeline.process(Message(kept.topic, kept.payload, kept.received_at), outcome)
        refused = sum(item.readings for item in outcome.quarantined)
        try:
            duplicates = self._settlement.keep(outcome)
        except (StoreUnavailable, RegistryUnavailable) as error:
            logger.warning("replay of quarantined message %d put off: %s", quarantine_id, error)
            self._book.replayed(quarantine_id, at=None, outcome=f"put off: {error}", readings=kept.readings, ledger=())
            return
        try:
            self._book.replayed(
                quarantine_id,
                at=None if refused else self._clock(),
                outcome=_words(outcome, duplicates),
                readings=refused or kept.readings,
                ledger=_moved(kept, outcome, duplicates),
            )
        except Conflict as error:
            logger.info("another worker was first: %s", error)


def _words(outcome: Outcome, duplicates: dict[str, int]) -> str:
    repeated = sum(duplicates.values())
    words = f"{len(outcome.readings) - repeated} readings stored"
    if repeated:
        words += f", {repeated} were stored already"
    for item in outcome.quarantined:
        words += f"; {item.readings} still refused: {item.reason}: {item.detail}"
    return words


def _moved(kept: Quarantined, outcome: Outcome, duplicates: dict[str, int]) -> list[LedgerLine]:
    """What was quarantined is taken back on its own day, and what it became is added."""
    day = day_of(kept.received_at)
    lines = [
        LedgerLine(day, kept.device or kept.topic, received=-kept.readings, quarantined=-kept.readings),
    ]
    for device, tally in outcome.tallies.items():
        repeated = duplicates.get(device, 0)
        lines.append(
            LedgerLine(
                day,
                device,
                received=tally.received - repeated,
                stored=tally.received - tally.quarantined - repeated,
                quarantined=tally.quarantined,
            )
        )
    return lines
