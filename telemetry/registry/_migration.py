"""Bringing the database's tables to the newest revision, once, however many processes start together."""

from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, func, select

from telemetry.errors import Conflict
from telemetry.registry._database import Database

_FOLDER = Path(__file__).parent
_LOCK = 0x5275_7262_616E
"""Any number that no other program locks in this database: `Rurban` in ASCII."""


def migrate(database: Database) -> None:
    """All revisions are applied, or none. Raise `Conflict` where a newer version of Rurban was here before."""
    script = ScriptDirectory(_FOLDER, version_locations=[_FOLDER / "versions"])
    head = script.get_current_head()
    with database.read() as connection:
        if MigrationContext.configure(connection).get_current_revision() == head:
            return
    # On SQLite the transaction itself is the lock.
    with database.write() as connection:
        if database.is_postgresql:
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        _upgrade(connection, script)


def _upgrade(connection: Connection, script: ScriptDirectory) -> None:
    def steps(revision: str, _context: MigrationContext) -> list[RevisionStep]:
        return [*script._upgrade_revs("head", revision)]  # noqa: SLF001 (the way that Alembic's documentation shows)

    context = MigrationContext.configure(connection, opts={"fn": steps})
    try:
        with Operations.context(context):
            context.run_migrations()
    except CommandError as error:
        found = context.get_current_revision()
        raise Conflict(f"the registry is at revision {found}, which this version of Rurban does not know") from error
