"""The registry as one thing: its parts over one database."""

from types import TracebackType
from typing import Self

from telemetry.registry._asked import AskedBook
from telemetry.registry._calibrations import CalibrationBook
from telemetry.registry._database import Database
from telemetry.registry._devices import Devices
from telemetry.registry._heard import HeardBook
from telemetry.registry._ledger import Ledger
from telemetry.registry._migration import migrate
from telemetry.registry._places import Places
from telemetry.registry._quarantine import Quarantine
from telemetry.registry._recounts import Recounts
from telemetry.registry._room import Room
from telemetry.registry._spools import Spools
from telemetry.registry._statements import Statements
from telemetry.registry._statistics import Statistics
from telemetry.registry._stays import Stays
from telemetry.registry._strangers import Strangers


class Registry:
    """What is known of places, devices and fates. Thread-safe; several processes may have the same one open."""

    def __init__(self, database: Database, room: Room) -> None:
        self._database = database
        self.places = Places(database)
        self.devices = Devices(database)
        self.quarantine = Quarantine(database, room)
        self.ledger = Ledger(database)
        self.spools = Spools(database, room)
        self.recounts = Recounts(database)
        self.heard = HeardBook(database)
        self.statistics = Statistics(database)
        self.asked = AskedBook(database)
        self.calibrations = CalibrationBook(database)
        self.statements = Statements(database)
        self.strangers = Strangers(database)
        self.stays = Stays(database)

    def close(self) -> None:
        """Give the connections back; the registry is not used after that."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_registry(url: str, room: Room | None = None) -> Registry:
    """Open the registry at an SQLAlchemy URL, with its tables brought to the newest revision.

    `sqlite:///<file>`, whose folder must exist, or `postgresql+psycopg://<user>:<password>@<host>/<database>`. Any
    number of processes may open it at once; `room` is what the quarantine may hold. Raise `Invalid` for another URL,
    `RegistryUnavailable` when the database cannot be reached, `Conflict` when a newer version of Rurban has changed its
    tables.
    """
    database = Database(url)
    try:
        database.prepare()
        migrate(database)
    except BaseException:
        database.close()
        raise
    return Registry(database, room or Room())
