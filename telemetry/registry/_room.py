"""How much room the quarantine takes: the oldest payloads are let go first, then whole messages become counts.

What is counted here stays in the ledger as quarantined; nothing is forgotten but the content. No table is walked
through: one row knows the sizes, and an index knows the oldest message of each stage.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, RowMapping, delete, func, select, update

from telemetry.errors import Reason
from telemetry.instant import day_of
from telemetry.model import QuarantineCount, Quarantined
from telemetry.registry._database import Database
from telemetry.registry._tables import quarantine, quarantine_counts, quarantine_room
from telemetry.registry._text import key

EMPTY, USELESS, MENDABLE = 0, 1, 2
"""Stages of a message, in the order in which they go: nothing kept; no replay can help; a replay may help."""
MENDED_BY_REGISTRATION = frozenset(
    {Reason.UNKNOWN_DEVICE, Reason.UNKNOWN_METRIC, Reason.UNKNOWN_UNIT, Reason.FOREIGN_DEVICE}
)
_MOST_AT_ONCE = 5000
"""So many messages one transaction lets go, or counts: a batch waits for it, and the next one goes on."""
_SUBJECT = "quarantine"
_FOLDED = (
    *(quarantine.c[name] for name in ("id", "topic", "reason", "received_at", "device", "readings", "replayed_at")),
    func.length(quarantine.c.payload).label("bytes"),
)


@dataclass(frozen=True, slots=True)
class Room:
    """What the quarantine may hold."""

    payload_bytes: int = 256 * 1024 * 1024
    messages: int = 1_000_000


class Used(NamedTuple):
    """What the quarantine holds."""

    payload_bytes: int
    messages: int


def stage(item: Quarantined) -> int:
    if not item.payload:
        return EMPTY
    mendable = item.reason in MENDED_BY_REGISTRATION and item.size is None and item.replayed_at is None
    return MENDABLE if mendable else USELESS


def used(connection: Connection) -> Used:
    row = connection.execute(select(quarantine_room.c.payload_bytes, quarantine_room.c.messages)).one_or_none()
    return Used(0, 0) if row is None else Used(*row)


def take(database: Database, connection: Connection, payload_bytes: int, messages: int) -> Used:
    """Add to what is used. Call it first in the transaction: who changes messages then waits for who does already."""
    values = {"subject": _SUBJECT, "payload_bytes": payload_bytes, "messages": messages}
    connection.execute(database.upsert(quarantine_room, adding=True), values)
    return used(connection)


def make_room(database: Database, connection: Connection, room: Room, at: int) -> None:
    """Come back within the room, or nearer to it by so many messages as one transaction may let go."""
    over = used(connection)
    if over.payload_bytes > room.payload_bytes:
        freed = _let_go(connection, over.payload_bytes - room.payload_bytes, at)
        over = take(database, connection, -freed, 0)
    if over.messages > room.messages:
        freed, folded = _fold(database, connection, min(over.messages - room.messages, _MOST_AT_ONCE))
        take(database, connection, -freed, -folded)


def count(database: Database, connection: Connection, counts: Iterable[QuarantineCount]) -> None:
    """Add these to the counts that are there."""
    sums: dict[tuple[object, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for line in counts:
        found = sums[line.day, key(line.device), line.reason.value]
        found[0] += line.messages
        found[1] += line.readings
    rows = [
        {"day": day, "device": device, "reason": reason, "messages": messages, "readings": readings}
        for (day, device, reason), (messages, readings) in sorted(sums.items(), key=str)
    ]
    if rows:
        connection.execute(database.upsert(quarantine_counts, adding=True), rows)


def _let_go(connection: Connection, needed: int, at: int) -> int:
    """Empty the oldest payloads, of no use before of use, until so many bytes are free; how many are."""
    freed = 0
    for each in (USELESS, MENDABLE):
        oldest = (
            select(quarantine.c.id, func.length(quarantine.c.payload))
            .where(quarantine.c.stage == each)
            .order_by(quarantine.c.id)
            .limit(_MOST_AT_ONCE)
        )
        last = None
        for quarantine_id, size in connection.execute(oldest):
            if freed >= needed:
                break
            last = quarantine_id
            freed += size
        if last is not None:
            size = func.coalesce(quarantine.c.size, func.length(quarantine.c.payload))
            connection.execute(
                update(quarantine)
                .where(quarantine.c.stage == each, quarantine.c.id <= last)
                .values(payload=b"", size=size, stage=EMPTY, trimmed_at=at)
            )
    return freed


def _fold(database: Database, connection: Connection, number: int) -> tuple[int, int]:
    """Turn the oldest messages into counts; bytes and messages that are free then.

    What was replayed has become readings and is counted there.
    """
    freed = folded = 0
    for each in (EMPTY, USELESS, MENDABLE):
        oldest = select(*_FOLDED).where(quarantine.c.stage == each).order_by(quarantine.c.id).limit(number - folded)
        rows = connection.execute(oldest).mappings().all()
        if rows:
            count(database, connection, [_counted(row) for row in rows if row["replayed_at"] is None])
            goes = (quarantine.c.stage == each) & (quarantine.c.id <= rows[-1]["id"])
            connection.execute(delete(quarantine).where(goes))
            freed += sum(row["bytes"] for row in rows)
            folded += len(rows)
    return freed, folded


def _counted(row: RowMapping) -> QuarantineCount:
    source = row["device"] or row["topic"]
    return QuarantineCount(day_of(row["received_at"]), source, Reason(row["reason"]), 1, row["readings"])
