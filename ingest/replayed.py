"""What a replay of a quarantined message came to: in words, in the ledger, and that its device was heard then."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

from ingest.pipeline import DAY_MS, DeviceDay, Outcome
from ingest.sources import UPLINKS
from telemetry.errors import Unknown
from telemetry.instant import day_of
from telemetry.model import LedgerLine, Quarantined
from telemetry.registry import Settling

logger = logging.getLogger(__name__)


class Book(Protocol):
    """Where quarantined messages are kept: the registry."""

    def one(self, quarantine_id: int) -> Quarantined:
        """Raise `Unknown` where there is none."""
        ...


def note_replay(book: Book, outcome: Outcome, duplicates: Mapping[DeviceDay, int], books: Settling, at: int) -> None:
    """Note it with the message and move the ledger; nothing is moved where another replay was first."""
    try:
        kept = book.one(outcome.replays or 0)
    except Unknown as error:
        logger.warning("what a replay came to is not noted: %s", error)
        # It had to make room meanwhile, and is counted as refused for ever: what is stored counts as received again.
        books.settle(_received_again(outcome), heard=outcome.heard)
        return
    refused = [item for item in outcome.quarantined if _is_of(kept, item)]
    count = sum(item.readings for item in refused)
    stored = _stored(outcome)
    books.replayed(
        kept.id or 0,
        at=None if count else at,
        outcome=_words(stored, sum(duplicates.values()), refused),
        readings=count or kept.readings,
        ledger=_moved(kept, stored, count),
        heard=outcome.heard,
    )


def _is_of(kept: Quarantined, item: Quarantined) -> bool:
    """A name that nobody has registered may have had a line of its own then or now, and none the other time."""
    return item.device == kept.device or UPLINKS in (item.device, kept.device)


def _stored(outcome: Outcome) -> Counter[str]:
    """By owner, the readings that were not stored before; a correction was."""
    corrections = frozenset(outcome.corrections)
    return Counter(owner for position, owner in enumerate(outcome.owners) if position not in corrections)


def _received_again(outcome: Outcome) -> list[LedgerLine]:
    corrections = frozenset(outcome.corrections)
    lines = Counter(outcome.line(position) for position in range(len(outcome.readings)) if position not in corrections)
    return [LedgerLine(day_of(key.day * DAY_MS), key.device, count, stored=count) for key, count in lines.items()]


def _words(stored: Counter[str], repeated: int, refused: Sequence[Quarantined]) -> str:
    words = f"{stored.total()} readings stored"
    if repeated:
        words += f", {repeated} were stored already"
    for item in refused:
        words += f"; {item.readings} still refused: {item.reason}: {item.detail}"
    return words


def _moved(kept: Quarantined, stored: Counter[str], refused: int) -> list[LedgerLine]:
    """What was quarantined is taken back on its own day, and what it became is added.

    What is neither refused nor new was sent again meanwhile and stored: a duplicate.
    """
    day = day_of(kept.received_at)
    duplicate = max(0, kept.readings - refused - stored.total())
    own = kept.device or kept.topic
    lines = [LedgerLine(day, device, received=count, stored=count) for device, count in stored.items() if count]
    change = refused + duplicate - kept.readings
    if change or duplicate:
        lines.append(LedgerLine(day, own, received=change, duplicate=duplicate, quarantined=refused - kept.readings))
    return lines
