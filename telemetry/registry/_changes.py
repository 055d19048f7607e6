"""The number that tells whether places, profiles or devices have changed."""

from sqlalchemy import Connection, select

from telemetry.registry._database import Database
from telemetry.registry._tables import changes

_SUBJECT = "devices"


def note(database: Database, connection: Connection) -> None:
    """Count a change. Call it first in the transaction: changes then happen one after another."""
    connection.execute(database.upsert(changes, adding=True), {"subject": _SUBJECT, "version": 1})


def version(connection: Connection) -> int:
    """How many changes there were."""
    return connection.scalar(select(changes.c.version).where(changes.c.subject == _SUBJECT)) or 0
