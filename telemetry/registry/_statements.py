"""What was said of months and years that are over, so that a changed past is seen to have changed."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, func, select, tuple_

from telemetry.registry._database import Database
from telemetry.registry._tables import statements
from telemetry.registry._text import require_storable
from telemetry.statement import Statement, differs

MOST_OF_ONE: Final = 12
"""Statements of one subject, place, benchmark and period: the first, and the newest that differ."""
MOST: Final = 1_000_000
"""In all, some 180 MB; those of the periods that ended first go."""


class Statements:
    """Statements by place, benchmark, period and subject. Thread-safe; raises `RegistryUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def said(self, region: str, benchmark: str, start: int, stop: int) -> dict[str, list[Statement]]:
        """By subject, the first statement and those that differed from the one before, in the order of time."""
        with self._database.read() as connection:
            return _said(connection, region, benchmark, start, stop)

    def remember(self, told: Sequence[Statement], *, most: int = MOST) -> int:
        """Keep those that say something else than the last of their kind; how many there were.

        Where one kind or the whole would be too many, older ones go.

        Raises:
            Invalid: for a text that cannot be stored.
        """
        for one in told:
            for text in (one.subject, one.region, one.benchmark):
                require_storable("statement", text)
        with self._database.write() as connection:
            new = [one for one in dict.fromkeys(told) if _is_new(connection, one)]
            if new:
                connection.execute(self._database.insert_missing(statements), [asdict(one) for one in new])
                _make_room(connection, most)
        return len(new)


def _said(connection: Connection, region: str, benchmark: str, start: int, stop: int) -> dict[str, list[Statement]]:
    found: dict[str, list[Statement]] = {}
    there = statements.c
    query = select(statements).where(
        there.region == region, there.benchmark == benchmark, there.start == start, there.stop == stop
    )
    for row in connection.execute(query.order_by(there.subject, there.said_at)).mappings():
        found.setdefault(row["subject"], []).append(Statement(**row))
    return found


def _of_one(one: Statement) -> ColumnElement[bool]:
    there = statements.c
    return (
        (there.region == one.region)
        & (there.benchmark == one.benchmark)
        & (there.start == one.start)
        & (there.stop == one.stop)
        & (there.subject == one.subject)
    )


def _is_new(connection: Connection, one: Statement) -> bool:
    """Whether it says something else than the last; makes room for it where there are many of its kind."""
    query = select(statements).where(_of_one(one)).order_by(statements.c.said_at)
    before = [Statement(**row) for row in connection.execute(query).mappings()]
    if before and not differs(before[-1], one):
        return False
    if len(before) >= MOST_OF_ONE:
        connection.execute(delete(statements).where(_of_one(one), statements.c.said_at == before[1].said_at))
    return True


def _make_room(connection: Connection, most: int) -> None:
    excess = connection.scalar(select(func.count()).select_from(statements)) or 0
    if excess > most:
        key = tuple_(*statements.primary_key)
        first = select(*statements.primary_key).order_by(statements.c.stop, statements.c.said_at).limit(excess - most)
        connection.execute(delete(statements).where(key.in_(first)))
