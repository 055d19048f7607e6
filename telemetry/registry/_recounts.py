"""What recounts of the store came to, and which worker counts in which night."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, Executable, RowMapping, delete, insert, or_, select, update

from telemetry.errors import Conflict, Unknown
from telemetry.recount import DayCounts, Difference, Recount
from telemetry.registry._database import Database
from telemetry.registry._tables import recounts
from telemetry.registry._text import require_limit, storable

KEPT = 90
"""So many results are kept."""
MOST_DIFFERENCES = 1000
"""Of one recount; how many there were is kept all the same."""
_GIVEN_UP_AFTER_MS = 6 * 3_600_000
_NOBODY = ""
"""Stands for the worker while none has taken what was asked for."""

_FIELDS = tuple(field.name for field in fields(Recount))


class Recounts:
    """Results of recounts. Thread-safe; raises `RegistryUnavailable` when the database cannot answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, night: dt.date, worker: str, now: int) -> int | None:
        """The number of the recount that this worker has to make in this night; None for all others that ask.

        Whoever died while counting may claim the night anew, and anybody else after six hours.
        """
        row = _row(worker, Recount(now, 0, 0, 0, 0, 0)) | {"night": night, "took_ms": None}
        try:
            with self._database.write() as connection:
                return _inserted(connection, row)
        except Conflict:
            abandoned = update(recounts).where(
                recounts.c.night == night,
                recounts.c.took_ms.is_(None),
                or_(recounts.c.worker == storable(worker), recounts.c.at < now - _GIVEN_UP_AFTER_MS),
            )
            with self._database.write() as connection:
                return _number(connection, abandoned.values(row).returning(recounts.c.id))

    def ask(self, now: int) -> int:
        """Ask the house's workers for a recount; the number under which one of them will keep it."""
        row = _row(_NOBODY, Recount(now, 0, 0, 0, 0, 0)) | {"took_ms": None}
        with self._database.write() as connection:
            return _inserted(connection, row)

    def take(self, worker: str) -> int | None:
        """The number of a recount that was asked for and that this worker has to make now; None = there is none."""
        asked = select(recounts.c.id).where(recounts.c.worker == _NOBODY, recounts.c.took_ms.is_(None)).limit(1)
        with self._database.read() as connection:
            number = _number(connection, asked)
        if number is None:
            return None
        taken = update(recounts).where(recounts.c.id == number, recounts.c.worker == _NOBODY)
        with self._database.write() as connection:
            return _number(connection, taken.values(worker=storable(worker)).returning(recounts.c.id))

    def give_up(self, number: int) -> None:
        """It is not made: its night may be claimed anew; harmless where it is finished."""
        with self._database.write() as connection:
            connection.execute(delete(recounts).where(recounts.c.id == number, recounts.c.took_ms.is_(None)))

    def keep(self, result: Recount, worker: str, number: int | None = None) -> None:
        """Keep what a recount came to, under its number or a new one, and forget the oldest beyond `KEPT`."""
        row = _row(worker, result)
        kept = select(recounts.c.id).order_by(recounts.c.at.desc(), recounts.c.id.desc()).limit(KEPT)
        with self._database.write() as connection:
            if number is None:
                connection.execute(insert(recounts), row)
            else:
                connection.execute(update(recounts).where(recounts.c.id == number).values(row))
            connection.execute(delete(recounts).where(recounts.c.id.not_in(list(connection.scalars(kept)))))

    def under(self, number: int) -> tuple[str, Recount | None]:
        """The worker that makes or made a recount, empty = none yet, and its result, None = none yet.

        Raise `Unknown` where it was given up.
        """
        with self._database.read() as connection:
            row = connection.execute(select(recounts).where(recounts.c.id == number)).mappings().one_or_none()
        if row is None:
            raise Unknown("recount", f"{number}: the worker gave it up, its log says why")
        return row["worker"], None if row["took_ms"] is None else _recount(row)

    def newest(self, limit: int = 1) -> list[Recount]:
        """Finished ones, newest first."""
        require_limit(limit)
        query = (
            select(*(recounts.c[name] for name in _FIELDS))
            .where(recounts.c.took_ms.is_not(None))
            .order_by(recounts.c.at.desc(), recounts.c.id.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_recount(row) for row in connection.execute(query).mappings()]


def _inserted(connection: Connection, row: Mapping[str, Any]) -> int:
    number: int = connection.execute(insert(recounts).returning(recounts.c.id), row).scalar_one()
    return number


def _number(connection: Connection, statement: Executable) -> int | None:
    """Of the row that the statement found or changed; None = of none."""
    number: int | None = connection.scalar(statement)
    return number


def _recount(row: RowMapping) -> Recount:
    told = {name: row[name] for name in _FIELDS}
    return Recount(**{**told, "differences": tuple(map(_difference, row["differences"]))})


def _row(worker: str, result: Recount) -> dict[str, Any]:
    differences = [
        asdict(one) | {"days": [(day.day.isoformat(), day.ledger, day.store) for day in one.days]}
        for one in result.differences[:MOST_DIFFERENCES]
    ]
    return asdict(result) | {"worker": storable(worker), "differences": differences}


def _difference(kept: Mapping[str, Any]) -> Difference:
    days = tuple(DayCounts(dt.date.fromisoformat(day), ledger, store) for day, ledger, store in kept["days"])
    return Difference(**{**kept, "days": days})
