"""Numbers that no sensor measures: who declared them, of which year, and where they stand."""

from collections.abc import Collection, Iterable

from sqlalchemy import RowMapping, select

from telemetry.model import Statistic
from telemetry.registry._database import Database
from telemetry.registry._tables import statistics
from telemetry.registry._text import require_finite, require_id, require_storable

_FIELDS = ("region", "id", "year", "value", "source", "entered_by", "entered_at")
_EARLIEST_YEAR, _LATEST_YEAR = 1900, 2200


class Statistics:
    """Declared numbers by region, id and year. Thread-safe; raises `RegistryUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, numbers: Iterable[Statistic]) -> int:
        """Keep all of them, or none; one of the same region, id and year is replaced. How many there were.

        Raise `Invalid` for one that cannot be kept, `Conflict` for a region that there is not.
        """
        rows = [_row(number) for number in numbers]
        if rows:
            with self._database.write() as connection:
                connection.execute(self._database.upsert(statistics), rows)
        return len(rows)

    def find(
        self, regions: Collection[str] | None = None, ids: Collection[str] | None = None, as_of: int | None = None
    ) -> list[Statistic]:
        """Those of these regions and ids, by region, id and year; None = all.

        As of an instant, those that had been entered by then; one that was replaced since is absent.
        """
        query = select(*(statistics.c[name] for name in _FIELDS)).order_by(
            statistics.c.region, statistics.c.id, statistics.c.year
        )
        if regions is not None:
            query = query.where(self._database.among(statistics.c.region, regions))
        if ids is not None:
            query = query.where(self._database.among(statistics.c.id, ids))
        if as_of is not None:
            query = query.where(statistics.c.entered_at <= as_of)
        with self._database.read() as connection:
            return [_statistic(row) for row in connection.execute(query).mappings()]


def _row(number: Statistic) -> dict[str, object]:
    where = f"{number.id} of {number.region}"
    require_id("id", number.id)
    require_finite(f"{where}, value", number.value, low=0.0)
    require_finite(f"{where}, year", number.year, low=_EARLIEST_YEAR, high=_LATEST_YEAR)
    for name in ("source", "entered_by"):
        require_storable(f"{where}, {name}", getattr(number, name))
    return {name: getattr(number, name) for name in _FIELDS}


def _statistic(row: RowMapping) -> Statistic:
    return Statistic(**{name: row[name] for name in _FIELDS})
