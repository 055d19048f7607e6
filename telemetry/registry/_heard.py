"""Which devices were heard, when, and what their messages tell of losses and clocks.

What is remembered stands here and in no worker's memory: it outlives a restart, several workers may share the messages
of one device, and as it is written in the transaction that settles a batch, every message counts once.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from types import MappingProxyType
from typing import Final

import msgspec
from sqlalchemy import BigInteger, CompoundSelect, Connection, cast, func, literal, select, union_all

from telemetry.hearing import Hearing, Note
from telemetry.instant import DAY_MS, day_of
from telemetry.model import Heard, HeardDay
from telemetry.registry._database import Database
from telemetry.registry._tables import heard, heard_days, in_flight, ledger

NOBODY: Final[Mapping[str, Sequence[Note]]] = MappingProxyType({})
_DECODER: Final = msgspec.json.Decoder(Hearing)
_ENCODER: Final = msgspec.json.Encoder()
_AT_ONCE: Final = 1000
"""Devices whose hearing is in memory together."""
_COUNTS: Final = ("readings", "messages", "lost")


class HeardBook:
    """Receipts by device. Thread-safe; raises `RegistryUnavailable` when the database cannot answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, notes: Mapping[str, Sequence[Note]]) -> None:
        """Take in the messages of some devices, each in the order of receipt, durably; any number of workers at once.

        The same messages given again count again: it is for the caller to settle each batch once.
        """
        with self._database.write() as connection:
            note(self._database, connection, notes)

    def find(self, devices: Collection[str] | None = None) -> dict[str, Heard]:
        """By device; who was never heard is not there. None = all."""
        query = select(heard.c.device, heard.c.heard_at, heard.c.hearing)
        if devices is not None:
            query = query.where(self._database.among(heard.c.device, devices))
        with self._database.read() as connection:
            return {device: _heard(device, at, told) for device, at, told in connection.execute(query)}

    def days(
        self, *, devices: Collection[str] | None = None, start: dt.date, stop: dt.date
    ) -> dict[tuple[dt.date, str], HeardDay]:
        """Of start <= day < stop, by day and device; of nothing there is no line. None = all devices."""
        both = self._counted(devices, start, stop).subquery()
        sums = [cast(func.sum(both.c[name]), BigInteger) for name in _COUNTS]
        query = select(both.c.day, both.c.device, *sums).group_by(both.c.day, both.c.device)
        with self._database.read() as connection:
            return {(day, device): HeardDay(day, device, *counts) for day, device, *counts in connection.execute(query)}

    def total(self, *, devices: Collection[str] | None = None, start: dt.date, stop: dt.date) -> dict[str, HeardDay]:
        """The days of start <= day < stop in one, which stands on the first; by device, None = all."""
        both = self._counted(devices, start, stop).subquery()
        sums = [cast(func.sum(both.c[name]), BigInteger) for name in _COUNTS]
        query = select(both.c.device, *sums).group_by(both.c.device)
        with self._database.read() as connection:
            return {device: HeardDay(start, device, *counts) for device, *counts in connection.execute(query)}

    def _counted(
        self, devices: Collection[str] | None, start: dt.date, stop: dt.date
    ) -> CompoundSelect[*tuple[object, ...]]:
        """Each count in a row of its own: readings that are stored, those that wait for the store, messages."""
        none = literal(0)
        queries = []
        for table, counts in (
            (ledger, (ledger.c.stored, none, none)),
            (in_flight, (in_flight.c.count, none, none)),
            (heard_days, (none, heard_days.c.messages, heard_days.c.lost)),
            (heard, (none, heard.c.messages, none)),
        ):
            named = [count.label(name) for name, count in zip(_COUNTS, counts, strict=True)]
            query = select(table.c.day, table.c.device, *named).where(table.c.day >= start, table.c.day < stop)
            if devices is not None:
                query = query.where(self._database.among(table.c.device, devices))
            queries.append(query)
        return union_all(*queries)


def note(database: Database, connection: Connection, notes: Mapping[str, Sequence[Note]]) -> None:
    """See HeardBook.note; within the caller's transaction."""
    # In order: two workers that add to the same lines then wait for each other instead of deadlocking.
    devices = iter(sorted(notes))
    days: list[tuple[int, str, int, int]] = []
    while part := list(islice(devices, _AT_ONCE)):
        known = _locked(database, connection, part)
        database.put_many(connection, heard, [_moved_on(device, known, notes, days) for device in part])
    added = (
        {"day": _date(day).isoformat(), "device": device, "messages": messages, "lost": lost}
        for day, device, messages, lost in sorted(days)
    )
    database.put_many(connection, heard_days, added, adding=True)


def note_late(database: Database, connection: Connection, notes: Mapping[str, Sequence[Note]]) -> None:
    """As `note`, of messages that may come out of their turn.

    One that is older than what was heard tells that its device was there, and no more: its number would look like that
    of a sender that has started anew.
    """
    query = select(heard.c.device, heard.c.heard_at).where(database.among(heard.c.device, notes))
    known = {device: at for device, at in connection.execute(query)}  # noqa: C416 (rows are no pairs to mypy)
    in_turn = {
        device: [told if told[0] >= known.get(device, 0) else (told[0], None, None) for told in each]
        for device, each in notes.items()
    }
    note(database, connection, in_turn)


def _moved_on(
    device: str,
    known: Mapping[str, Hearing],
    notes: Mapping[str, Sequence[Note]],
    days: list[tuple[int, str, int, int]],
) -> dict[str, object]:
    """The row of a device with its new messages; what they tell of other days is added to `days`."""
    hearing = known.get(device) or Hearing()
    closed: dict[int, int] = {}
    losses: dict[int, int] = {}
    hearing.hear(notes[device], closed, losses)
    if closed or losses:
        days += [(day, device, closed.get(day, 0), losses.get(day, 0)) for day in closed.keys() | losses.keys()]
    return _row(device, hearing)


def _locked(database: Database, connection: Connection, devices: Collection[str]) -> dict[str, Hearing]:
    """What is remembered of them, and nobody else's to change before the end of the transaction."""
    among = database.among(heard.c.device, devices)
    query = select(heard.c.device, heard.c.hearing).where(among)
    if database.is_postgresql:
        # What does not exist cannot be locked: it is made first, by whichever worker comes first.
        missing = {*devices} - {*connection.scalars(select(heard.c.device).where(among))}
        if missing:
            new = [_row(device, Hearing()) | {"day": _date(0)} for device in sorted(missing)]
            connection.execute(database.insert_missing(heard), new)
        query = query.order_by(heard.c.device).with_for_update()
    return {device: _DECODER.decode(told) for device, told in connection.execute(query)}


def _row(device: str, hearing: Hearing) -> dict[str, object]:
    return {
        "device": device,
        "heard_at": hearing.heard_at,
        "day": _date(hearing.day).isoformat(),
        "messages": hearing.messages,
        "hearing": _ENCODER.encode(hearing),
    }


@lru_cache(maxsize=8)
def _date(day: int) -> dt.date:
    return day_of(day * DAY_MS)


def _heard(device: str, at: int, told: bytes) -> Heard:
    hearing = _DECODER.decode(told)
    return Heard(
        device,
        at,
        numbered=hearing.numbers is not None,
        skew_ms=hearing.skew_ms,
        skew_at=hearing.sampled_at,
        skew_spread_ms=hearing.spread_ms,
        skew_samples=len(hearing.delays),
        ahead_until=hearing.ahead_until,
        gone_at=hearing.gone_at if hearing.gone_at and hearing.gone_at >= at else None,
    )
