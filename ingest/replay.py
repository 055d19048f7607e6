"""Quarantined messages, sent through the pipeline again after the cause of their refusal is mended.

Asked for on the bus (`telemetry/replay_request.py`). A message keeps the time at which it was first received, and its
ledger day. What it becomes is settled as everything else is, by way of the spool; what that came to is noted with the
message (`ingest/replayed.py`).
"""

import logging
from typing import Protocol

from devices.message import Message
from ingest.pipeline import RETAINED_WITHOUT_TIME, Outcome, Pipeline
from telemetry import replay_request
from telemetry.errors import Conflict, Reason, Rejected, Unknown
from telemetry.model import Quarantined

logger = logging.getLogger(__name__)


class QuarantineBook(Protocol):
    """Where quarantined messages are kept: the registry."""

    def one(self, quarantine_id: int) -> Quarantined:
        """Raise `Unknown` where there is none."""
        ...

    def replayed(self, quarantine_id: int, at: int | None, outcome: str) -> None:
        """Note what is known of its replay; `at` None = it may be replayed again.

        Raise `Conflict` if it was replayed, `Unknown` where it is not there any more.
        """
        ...


class Replayer:
    """Turns requests to replay into outcomes. Not thread-safe."""

    def __init__(self, book: QuarantineBook, pipeline: Pipeline) -> None:
        self._book = book
        self._pipeline = pipeline

    def put_off(self, request: Message, why: str) -> None:
        """Note with the message that is asked for that its replay has to wait. Raise `RegistryUnavailable`."""
        kept = self._asked(request)
        if kept is not None:
            self._note(kept, f"{replay_request.PUT_OFF}: {why}")

    def outcome(self, request: Message) -> Outcome | None:
        """What the message that is asked for becomes now, to be settled on its own; None = there is nothing to do.

        Raises nothing that the request could cause; `RegistryUnavailable` = the same request may be given again.
        """
        kept = self._asked(request)
        if kept is None:
            return None
        self._pipeline.refresh()
        # What was stored meanwhile may be newer or older than anything that the checks remember.
        outcome = Outcome(replays=kept.id, careful=True)
        retained = kept.detail == RETAINED_WITHOUT_TIME
        self._pipeline.process(Message(kept.topic, kept.payload, kept.received_at, retained), outcome)
        outcome.drop([position for position, owner in enumerate(outcome.owners) if not _belongs(kept, owner)])
        return outcome

    def _asked(self, request: Message) -> Quarantined | None:
        """The message that can be replayed, if it is one."""
        try:
            kept = self._book.one(replay_request.decode(request.payload))
        except (Rejected, Unknown) as error:
            logger.warning("replay request refused: %s", error)
            return None
        if kept.replayed_at is not None:
            return None
        if kept.hindrance:
            self._note(kept, f"cannot be replayed: {kept.hindrance}")
            return None
        return kept

    def _note(self, kept: Quarantined, words: str) -> None:
        try:
            self._book.replayed(kept.id or 0, None, words)
        except (Conflict, Unknown) as error:
            logger.info("another worker was first, or it had to make room: %s", error)


_OF_ONE_OWNER = frozenset({Reason.UNKNOWN_METRIC, Reason.UNKNOWN_UNIT, Reason.NOT_FINITE, Reason.STORE_REFUSED})
"""Only this device's readings of the message were refused; the others of a gateway's pack have their own fates."""


def _belongs(kept: Quarantined, owner: str) -> bool:
    return kept.reason not in _OF_ONE_OWNER or owner == kept.device
