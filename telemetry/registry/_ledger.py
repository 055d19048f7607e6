"""The book of fates: per UTC day of receipt and device, what became of every reading."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    cast,
    delete,
    func,
    literal,
    select,
    tuple_,
    union_all,
)

from telemetry.errors import Invalid
from telemetry.model import Fate, LedgerLine
from telemetry.recount import Balance
from telemetry.registry._database import Database
from telemetry.registry._tables import in_flight, ledger, ledger_totals
from telemetry.registry._text import key, require_limit, storable

_FATES = tuple(fate.value for fate in Fate)


class LedgerCursor(NamedTuple):
    """The last line of a page."""

    day: dt.date
    device: str


class Ledger:
    """Counts of fates. Thread-safe; raises `RegistryUnavailable` when the database cannot answer.

    A device's name is bounded to 512 bytes here: a longer one (a topic, say) counts under its beginning and digest.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def settle(self, lines: Sequence[LedgerLine]) -> None:
        """Add the counts of the lines to what is there, all or none, durably; any number of workers at once.

        Counts may be negative: what is replayed moves from quarantined to stored. Raise `Invalid` for a line that has
        something in flight or whose received is not stored + duplicate + quarantined.
        """
        with self._database.write() as connection:
            record(self._database, connection, lines)

    def hold(self, worker: str, lines: Iterable[LedgerLine]) -> None:
        """What this worker has received and not yet settled is from now on `in_flight` of these lines, and only that.

        Raise `Invalid` for a line with another fate, or with less than nothing in flight.
        """
        with self._database.write() as connection:
            hold(self._database, connection, worker, lines)

    def find(
        self,
        *,
        devices: Collection[str] | None = None,
        start: dt.date,
        stop: dt.date,
        limit: int,
        after: LedgerCursor | None = None,
    ) -> list[LedgerLine]:
        """At most `limit` lines after the cursor, by day and device, of start <= day < stop; None = all devices.

        In flight is summed over the workers, and received counts it in.
        """
        require_limit(limit)
        settled = select(
            ledger.c.day, ledger.c.device, *(ledger.c[fate] for fate in _FATES[:3]), literal(0).label("in_flight")
        )
        nothing = [literal(0).label(fate) for fate in _FATES[:3]]
        held = select(
            in_flight.c.day, in_flight.c.device, *nothing, func.sum(in_flight.c.count).label("in_flight")
        ).group_by(in_flight.c.day, in_flight.c.device)
        # Each side gives its first lines only: the first lines of both together are among them.
        keys = None if devices is None else {key(device) for device in devices}
        sides = [self._page(side, keys, start, stop, limit, after).subquery() for side in (settled, held)]
        both = union_all(*(select(side) for side in sides)).subquery()
        sums = [cast(func.sum(both.c[fate]), BigInteger) for fate in _FATES]
        query = (
            select(both.c.day, both.c.device, *sums)
            .group_by(both.c.day, both.c.device)
            .order_by(both.c.day, both.c.device)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [LedgerLine(day, device, sum(fates), *fates) for day, device, *fates in connection.execute(query)]

    def total(self, *, devices: Collection[str] | None = None, start: dt.date, stop: dt.date) -> LedgerLine:
        """All lines of start <= day < stop in one, which stands on the first day; None = all devices."""
        keys = None if devices is None else {key(device) for device in devices}
        settled = self._within(select(*(func.sum(ledger.c[fate]) for fate in _FATES[:3])), ledger, keys, start, stop)
        held = self._within(select(func.sum(in_flight.c.count)), in_flight, keys, start, stop)
        with self._database.read() as connection:
            fates = [int(count or 0) for query in (settled, held) for count in connection.execute(query).one()]
        return LedgerLine(start, "", sum(fates), *fates)

    def ever(self) -> LedgerLine:
        """The whole ledger in one line of no device, whose day says nothing: kept as it is written, so it is cheap.

        `stored` and `duplicate` never fall. What is replayed leaves `quarantined`, and may have been counted as another
        number of readings than it turns out to be: `quarantined` and `received` can fall.
        """
        settled = select(*(func.sum(ledger_totals.c[fate]) for fate in _FATES[:3]))
        held = select(func.sum(in_flight.c.count))
        with self._database.read() as connection:
            fates = [int(count or 0) for query in (settled, held) for count in connection.execute(query).one()]
        return LedgerLine(dt.date.min, "", sum(fates), *fates)

    def balances(self, devices: Collection[str] | None) -> Mapping[str, Balance]:
        """See LedgerBook."""
        keys = None if devices is None else {key(device) for device in devices}
        # In flight first: what is settled between the two is counted twice, not left out.
        counted = [
            self._of_devices(in_flight.c.device, in_flight.c.count, keys),
            self._of_devices(ledger.c.device, ledger.c.stored, keys),
        ]
        with self._database.read() as connection:
            flying, stored = ({device: int(count) for device, count in connection.execute(query)} for query in counted)
            return {device: Balance(stored.get(device, 0), flying.get(device, 0)) for device in {*stored, *flying}}

    def stored_by_day(self, device: str) -> Mapping[dt.date, int]:
        """See LedgerBook."""
        query = select(ledger.c.day, ledger.c.stored).where(ledger.c.device == key(device), ledger.c.stored != 0)
        with self._database.read() as connection:
            return {row.day: row.stored for row in connection.execute(query.order_by(ledger.c.day))}

    def _of_devices(
        self, device: ColumnElement[str], count: ColumnElement[int], keys: Collection[str] | None
    ) -> Select[str, int]:
        query = select(device, func.sum(count)).group_by(device).having(func.sum(count) != 0)
        return query if keys is None else query.where(self._database.among(device, keys))

    def _within(
        self,
        query: Select[*tuple[object, ...]],
        table: Table,
        keys: Collection[str] | None,
        start: dt.date,
        stop: dt.date,
    ) -> Select[*tuple[object, ...]]:
        query = query.where(table.c.day >= start, table.c.day < stop)
        return query if keys is None else query.where(self._database.among(table.c.device, keys))

    def _page(  # noqa: PLR0913, PLR0917 (the page's bounds, once for either table)
        self,
        query: Select[*tuple[object, ...]],
        keys: Collection[str] | None,
        start: dt.date,
        stop: dt.date,
        limit: int,
        after: LedgerCursor | None,
    ) -> Select[*tuple[object, ...]]:
        day, device = query.selected_columns["day"], query.selected_columns["device"]
        query = query.where(day >= start, day < stop).order_by(day, device).limit(limit)
        if keys is not None:
            query = query.where(self._database.among(device, keys))
        if after is not None:
            query = query.where(
                tuple_(day, device) > tuple_(after.day, key(after.device), types=[day.type, device.type])
            )
        return query


def record(database: Database, connection: Connection, lines: Iterable[LedgerLine]) -> None:
    """See Ledger.settle; within the caller's transaction, and once in it."""
    sums: dict[tuple[dt.date, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for line in lines:
        if line.in_flight or line.received != line.stored + line.duplicate + line.quarantined:
            raise Invalid(f"ledger line {line}", "does not add up", "received = stored + duplicate + quarantined")
        fates = sums[line.day, key(line.device)]
        for position, count in enumerate((line.stored, line.duplicate, line.quarantined)):
            fates[position] += count
    # In order: two workers that add to the same lines then wait for each other instead of deadlocking.
    rows = (
        {"day": day.isoformat(), "device": device, **dict(zip(_FATES, fates, strict=False))}
        for (day, device), fates in sorted(sums.items())
        if any(fates)
    )
    database.put_many(connection, ledger, rows, adding=True)
    if any(map(any, sums.values())):
        # After the lines, by every writer: then nobody who holds it waits for a line.
        total = dict(zip(_FATES, map(sum, zip(*sums.values(), strict=True)), strict=False))
        database.put_many(connection, ledger_totals, [{"slot": database.slot, **total}], adding=True)


def hold(database: Database, connection: Connection, worker: str, lines: Iterable[LedgerLine]) -> None:
    """See Ledger.hold; within the caller's transaction."""
    name = storable(worker)
    connection.execute(delete(in_flight).where(in_flight.c.worker == name))
    rows = (row for line in lines if (row := _held(name, line))["count"])
    # Adding, as two long names may share a key.
    database.put_many(connection, in_flight, rows, adding=True)


def _held(worker: str, line: LedgerLine) -> dict[str, object]:
    if line.stored or line.duplicate or line.quarantined or line.in_flight < 0:
        raise Invalid(f"ledger line {line}", "is not in flight only", "in_flight 0 or more, every other fate 0")
    return {"worker": worker, "day": line.day.isoformat(), "device": key(line.device), "count": line.in_flight}


def release(database: Database, connection: Connection, worker: str, lines: Iterable[LedgerLine]) -> None:
    """Take these off what the worker holds; within the caller's transaction."""
    name = storable(worker)
    rows: list[dict[str, object]] = [
        {"worker": name, "day": line.day.isoformat(), "device": key(line.device), "count": -line.in_flight}
        for line in lines
    ]
    if rows:
        database.put_many(connection, in_flight, rows, adding=True)
        connection.execute(delete(in_flight).where(in_flight.c.worker == name, in_flight.c.count <= 0))
