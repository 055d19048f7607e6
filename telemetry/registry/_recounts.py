"""What recounts of the store came to, and which worker counts in which night."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import delete, insert, or_, select, update

from telemetry.errors import Conflict
from telemetry.recount import DayCounts, Difference, Recount
from telemetry.registry._database import Database
from telemetry.registry._tables import recounts
from telemetry.registry._text import require_limit, storable

KEPT = 90
"""So many results are kept."""
MOST_DIFFERENCES = 1000
"""Of one recount; how many there were is kept all the same."""
_GIVEN_UP_AFTER_MS = 6 * 3_600_000

_FIELDS = tuple(field.name for field in fields(Recount))


class Recounts:
    """Results of recounts. Thread-safe; raises `RegistryUnavailable` when the database cannot answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, night: dt.date, worker: str, now: int) -> bool:
        """Whether this worker is the one to count in this night: True for one of all that ask.

        Whoever died while counting may claim the night anew, and anybody else after six hours.
        """
        row = _row(night, worker, Recount(now, 0, 0, 0, 0, 0)) | {"took_ms": None}
        try:
            with self._database.write() as connection:
                connection.execute(insert(recounts), row)
        except Conflict:
            abandoned = update(recounts).where(
                recounts.c.night == night,
                recounts.c.took_ms.is_(None),
                or_(recounts.c.worker == storable(worker), recounts.c.at < now - _GIVEN_UP_AFTER_MS),
            )
            with self._database.write() as connection:
                return connection.execute(abandoned.values(row)).rowcount == 1
        return True

    def give_up(self, night: dt.date, worker: str) -> None:
        """Let another one claim the night; harmless where this worker has not claimed it or has finished."""
        mine = (recounts.c.night == night, recounts.c.worker == storable(worker), recounts.c.took_ms.is_(None))
        with self._database.write() as connection:
            connection.execute(delete(recounts).where(*mine))

    def keep(self, result: Recount, worker: str, night: dt.date | None = None) -> None:
        """Keep what a recount came to, of a claimed night or of none, and forget the oldest beyond `KEPT`."""
        row = _row(night, worker, result)
        kept = select(recounts.c.id).order_by(recounts.c.at.desc(), recounts.c.id.desc()).limit(KEPT)
        with self._database.write() as connection:
            if night is not None:
                connection.execute(delete(recounts).where(recounts.c.night == night))
            connection.execute(insert(recounts), row)
            connection.execute(delete(recounts).where(recounts.c.id.not_in(list(connection.scalars(kept)))))

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
            return [
                Recount(**{**row, "differences": tuple(map(_difference, row["differences"]))})
                for row in connection.execute(query).mappings()
            ]


def _row(night: dt.date | None, worker: str, result: Recount) -> dict[str, Any]:
    differences = [
        asdict(one) | {"days": [(day.day.isoformat(), day.ledger, day.store) for day in one.days]}
        for one in result.differences[:MOST_DIFFERENCES]
    ]
    return asdict(result) | {"night": night, "worker": storable(worker), "differences": differences}


def _difference(kept: Mapping[str, Any]) -> Difference:
    days = tuple(DayCounts(dt.date.fromisoformat(day), ledger, store) for day, ledger, store in kept["days"])
    return Difference(**{**kept, "days": days})
