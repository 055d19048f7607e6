"""When somebody last asked for the readings of a device: what nobody looks at may as well be taken down."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import select

from telemetry.registry._database import Database
from telemetry.registry._tables import asked, asked_since

_SUBJECT = "readings"


class AskedBook:
    """The last day of each device and metric. Thread-safe; raises `RegistryUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, devices: Mapping[str, Collection[str]], day: dt.date) -> None:
        """Somebody asked on this day for these metrics, each of these devices; the first call begins the record."""
        with self._database.write() as connection:
            connection.execute(self._database.insert_missing(asked_since), [{"subject": _SUBJECT, "day": day}])
            self._database.put_many(connection, asked, _rows(devices, day))

    def since(self) -> dt.date | None:
        """The day on which the record began; None = nobody has asked for anything yet."""
        with self._database.read() as connection:
            return connection.scalar(select(asked_since.c.day).where(asked_since.c.subject == _SUBJECT))

    def last(self, devices: Collection[str]) -> dict[str, dict[str, dt.date]]:
        """By device and metric; for what is not there nobody has asked since the record began."""
        query = select(asked.c.device, asked.c.metric, asked.c.day)
        found: dict[str, dict[str, dt.date]] = {}
        with self._database.read() as connection:
            for device, metric, day in connection.execute(query.where(self._database.among(asked.c.device, devices))):
                found.setdefault(device, {})[metric] = day
        return found


def _rows(devices: Mapping[str, Collection[str]], day: dt.date) -> Iterator[dict[str, object]]:
    # In order: two writers of the same rows then wait for each other instead of deadlocking.
    pairs = sorted((device, metric) for metric, named in devices.items() for device in named)
    return ({"device": device, "metric": metric, "day": day.isoformat()} for device, metric in pairs)
