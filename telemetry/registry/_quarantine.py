"""Messages that could not become readings.

Nothing is ever refused here: a message that could not be kept would be lost. What is beyond the quarantine's room, or
beyond its source's rate, is kept as a count.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import fields

from sqlalchemy import Connection, RowMapping, Select, case, func, insert, select, update

from telemetry.errors import Conflict, Reason, Unknown
from telemetry.model import LedgerLine, QuarantineCount, Quarantined
from telemetry.registry import _room
from telemetry.registry._database import Database
from telemetry.registry._ledger import record
from telemetry.registry._room import Room, Used
from telemetry.registry._tables import quarantine, quarantine_counts
from telemetry.registry._text import key, require_limit, storable, within_64_bits

_FIELDS = tuple(field.name for field in fields(Quarantined) if field.name != "id")


class Quarantine:
    """Refused messages by number. Thread-safe; raises `RegistryUnavailable` when the database cannot answer."""

    def __init__(self, database: Database, room: Room | None = None) -> None:
        self._database = database
        self._room = room or Room()

    def add(self, items: Sequence[Quarantined], counts: Sequence[QuarantineCount] = ()) -> None:
        """Keep all of them, durably, as new messages; the numbers are given here. Of others only how many there were.

        Characters that no database can hold (U+0000, lone surrogates) are written as escapes. A device name or topic of
        more than 512 bytes, which no registered device has, becomes its beginning and digest; the payload is kept as it
        came.
        """
        with self._database.write() as connection:
            keep(self._database, connection, items, counts, self._room)

    def one(self, quarantine_id: int) -> Quarantined:
        """Raise `Unknown` where there is none."""
        if quarantine_id == within_64_bits(quarantine_id):
            for found in self._quarantined(select(quarantine).where(quarantine.c.id == quarantine_id)):
                return found
        raise Unknown("quarantined message", str(quarantine_id))

    def find(  # noqa: PLR0913 (each a filter of its own)
        self,
        *,
        device: str | None = None,
        reason: Reason | None = None,
        replayed: bool | None = None,
        start: int | None = None,
        stop: int | None = None,
        limit: int,
        after: int | None = None,
    ) -> list[Quarantined]:
        """At most `limit` messages, newest first, older than the number `after`; None = any.

        start <= received_at < stop; `replayed` True = those whose replay succeeded.
        """
        require_limit(limit)
        query = select(quarantine).order_by(quarantine.c.id.desc()).limit(limit)
        if device is not None:
            query = query.where(quarantine.c.device == key(device))
        if reason is not None:
            query = query.where(quarantine.c.reason == reason.value)
        if replayed is not None:
            query = query.where(
                quarantine.c.replayed_at.is_not(None) if replayed else quarantine.c.replayed_at.is_(None)
            )
        if start is not None:
            query = query.where(quarantine.c.received_at >= within_64_bits(start))
        if stop is not None:
            query = query.where(quarantine.c.received_at < within_64_bits(stop))
        if after is not None:
            query = query.where(quarantine.c.id < within_64_bits(after))
        return self._quarantined(query)

    def replayed(
        self,
        quarantine_id: int,
        at: int | None,
        outcome: str,
        *,
        readings: int | None = None,
        ledger: Sequence[LedgerLine] = (),
    ) -> None:
        """Note what a replay came to and move the ledger, in one transaction.

        `at` None = some of it is still refused, and it may be replayed again; `readings` = how many, None = as before.
        Raise `Unknown` where there is no such message, `Conflict` where its replay had succeeded already: then nothing
        is moved twice.
        """
        self.one(quarantine_id)
        with self._database.write() as connection:
            if note_replay(self._database, connection, quarantine_id, at, outcome, readings):
                record(self._database, connection, ledger)
                return
        raise Conflict(f"quarantined message {quarantine_id} was replayed already")

    def counts(self, *, replayed: bool | None = None) -> Mapping[Reason, int]:
        """How many messages there are of each reason that occurs; None = replayed or not."""
        query = select(quarantine.c.reason, func.count()).group_by(quarantine.c.reason).order_by(quarantine.c.reason)
        if replayed is not None:
            query = query.where(
                quarantine.c.replayed_at.is_not(None) if replayed else quarantine.c.replayed_at.is_(None)
            )
        with self._database.read() as connection:
            return {Reason(reason): count for reason, count in connection.execute(query)}

    def counted(
        self,
        *,
        device: str | None = None,
        reason: Reason | None = None,
        start: dt.date | None = None,
        stop: dt.date | None = None,
        limit: int,
    ) -> list[QuarantineCount]:
        """What is kept as counts only, at most `limit` lines, the newest day first; None = any; start <= day < stop.

        A device that the topic does not name is the topic, and excess of names that nobody registered has their filter.
        """
        require_limit(limit)
        table = quarantine_counts
        query = select(table).order_by(table.c.day.desc(), table.c.device, table.c.reason).limit(limit)
        if device is not None:
            query = query.where(table.c.device == key(device))
        if reason is not None:
            query = query.where(table.c.reason == reason.value)
        if start is not None:
            query = query.where(table.c.day >= start)
        if stop is not None:
            query = query.where(table.c.day < stop)
        with self._database.read() as connection:
            rows = connection.execute(query).mappings()
            return [QuarantineCount(**{**row, "reason": Reason(row["reason"])}) for row in rows]

    def used(self) -> Used:
        """What the quarantine holds now."""
        with self._database.read() as connection:
            return _room.used(connection)

    def _quarantined(self, query: Select[*tuple[object, ...]]) -> list[Quarantined]:
        with self._database.read() as connection:
            return [_item(row) for row in connection.execute(query).mappings()]


def keep(
    database: Database,
    connection: Connection,
    items: Sequence[Quarantined],
    counts: Sequence[QuarantineCount],
    room: Room,
) -> None:
    """See Quarantine.add; within the caller's transaction."""
    if items:
        _room.take(database, connection, sum(len(item.payload) for item in items), len(items))
        connection.execute(insert(quarantine), [_row(item) for item in items])
        _room.make_room(database, connection, room, max(item.received_at for item in items))
    _room.count(database, connection, counts)


def note_replay(  # noqa: PLR0913, PLR0917 - as Quarantine.replayed
    database: Database, connection: Connection, quarantine_id: int, at: int | None, outcome: str, readings: int | None
) -> bool:
    """See Quarantine.replayed, without the ledger; within the caller's transaction. False = replayed already."""
    _room.take(database, connection, 0, 0)
    values: dict[str, object] = {"replayed_at": at, "outcome": storable(outcome)}
    if readings is not None:
        values["readings"] = readings
    if at is not None:
        values["stage"] = case((quarantine.c.stage > _room.USELESS, _room.USELESS), else_=quarantine.c.stage)
    statement = update(quarantine).where(quarantine.c.id == quarantine_id, quarantine.c.replayed_at.is_(None))
    return connection.execute(statement.values(values)).rowcount == 1


def _row(item: Quarantined) -> dict[str, object]:
    return {name: getattr(item, name) for name in _FIELDS} | {
        "topic": key(item.topic),
        "reason": item.reason.value,
        "detail": storable(item.detail),
        "device": None if item.device is None else key(item.device),
        "outcome": storable(item.outcome),
        "stage": _room.stage(item),
    }


def _item(row: RowMapping) -> Quarantined:
    return Quarantined(**{name: row[name] for name in _FIELDS} | {"id": row["id"], "reason": Reason(row["reason"])})
