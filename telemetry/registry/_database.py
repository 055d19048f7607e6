"""The database under the registry: connections, transactions, and the few words in which SQLite and PostgreSQL differ.

Here, and nowhere else, errors of the database become errors of the house. No message shows a password, a statement or
its values.
"""

import json
import secrets
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    URL,
    ColumnElement,
    Connection,
    Engine,
    Table,
    Text,
    any_,
    bindparam,
    create_engine,
    event,
    func,
    make_url,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnectionLeft
from sqlalchemy.pool import ConnectionPoolEntry

from telemetry.errors import Conflict, Invalid, RegistryUnavailable

_ALLOWED = "sqlite:///<file>, postgresql+psycopg://<user>:<password>@<host>/<database>"
_WAIT_S = 15
"""How long a writer queues behind others before the registry counts as unavailable."""
_WAL_ATTEMPTS = 100
_PATIENCE: Final[Mapping[str, str | int]] = {
    "connect_timeout": 5,
    "options": "-c statement_timeout=60s",
    "tcp_user_timeout": 20_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""A PostgreSQL that is stopped or cut off counts as unavailable after so long, instead of holding a worker for ever.

The URL may say otherwise.
"""
_SLOTS = 64
_AT_ONCE = 1000
"""Rows that are bound together."""

Upsert = sqlite.Insert | postgresql.Insert


class Database:
    """A pool of connections; thread-safe. Every block of `read` or `write` is one transaction."""

    def __init__(self, url: str) -> None:
        """Connects to nothing yet. Raise `Invalid` for a URL that names no database this registry can use."""
        parsed = _parsed(url)
        self.is_postgresql = parsed.get_backend_name() == "postgresql"
        self._secrets = _secrets(parsed)
        self._engine = _postgresql_engine(parsed) if self.is_postgresql else _sqlite_engine(parsed)
        self._upserts: dict[tuple[str, bool], tuple[str, Sequence[str] | None]] = {}
        self._writer = self._engine.execution_options(writes=True)
        self.slot = secrets.randbelow(_SLOTS)
        """Of a total that many write to, the row of this one."""

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that only reads: no other's changes show between its statements on SQLite."""
        with self._translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, durable when the block has ended, undone when it ended by an error."""
        with self._translated(), self._writer.begin() as connection:
            yield connection

    def prepare(self) -> None:
        """Make the database ready for several processes; changes nothing where it is already."""
        with self._translated():
            if not self.is_postgresql:
                _write_ahead(self._engine)

    def upsert(self, table: Table, *, adding: bool = False) -> Upsert:
        """Insert; where the key exists, replace every other column, or add to it."""
        statement = self._insert(table)
        given = statement.excluded
        return statement.on_conflict_do_update(
            index_elements=list(table.primary_key),
            set_={
                column.name: column + given[column.name] if adding else given[column.name]
                for column in table.columns
                if not column.primary_key
            },
        )

    def put_many(
        self, connection: Connection, table: Table, rows: Iterable[Mapping[str, object]], *, adding: bool = False
    ) -> None:
        """As executing `upsert(table)`, at a third of the price: each value must be what the driver itself takes.

        A part at a time: of a county there may be fifty thousand rows, and each is a dictionary.
        """
        if (table.name, adding) not in self._upserts:
            compiled = self.upsert(table, adding=adding).compile(dialect=connection.dialect)
            self._upserts[table.name, adding] = (compiled.string, compiled.positiontup)
        statement, order = self._upserts[table.name, adding]
        left = iter(rows)
        while part := list(islice(left, _AT_ONCE)):
            connection.exec_driver_sql(
                statement, [dict(row) if order is None else tuple(row[name] for name in order) for row in part]
            )

    def insert_missing(self, table: Table) -> Upsert:
        """Insert; where the key exists, leave what is there."""
        return self._insert(table).on_conflict_do_nothing(index_elements=list(table.primary_key))

    def _insert(self, table: Table) -> Upsert:
        return postgresql.insert(table) if self.is_postgresql else sqlite.insert(table)

    def among(self, column: ColumnElement[str], values: Collection[str]) -> ColumnElement[bool]:
        """Whether the column is one of the values, of which there may be any number: they travel as one parameter."""
        if self.is_postgresql:
            return column == any_(bindparam(None, list(values), type_=ARRAY(Text)))
        rows = func.json_each(json.dumps(list(values))).table_valued("value")
        return column.in_(select(rows.c.value))

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError as error:
            raise Conflict(f"contradicts what the registry holds: {self._words(error)}") from error
        except DataError as error:
            raise Invalid("registry", self._words(error)) from error
        except (DBAPIError, NoConnectionLeft) as error:
            raise RegistryUnavailable(f"the registry database cannot answer: {self._words(error)}") from error

    def _words(self, error: Exception) -> str:
        """The driver's own words in one line, without statement, values and secrets."""
        cause = error.orig if isinstance(error, DBAPIError) else error
        words = "; ".join(line.strip() for line in str(cause).splitlines() if line.strip())
        for secret in self._secrets:
            words = words.replace(secret, "***")
        return words


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The cause is left out on purpose: it quotes parts of the URL, and one of them may be the password.
        raise Invalid("registry URL", "cannot be read", _ALLOWED) from None
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        if not parsed.database or parsed.database == ":memory:" or "mode" in parsed.query:
            raise Invalid("registry URL", "a registry in memory would not outlive its process", _ALLOWED)
        return parsed
    if parsed.drivername not in ("postgresql", "postgresql+psycopg"):
        raise Invalid("registry URL", "names no database that the registry can use", _ALLOWED)
    if "@" in (parsed.host or ""):
        raise Invalid("registry URL", "an @ in user or password must be written %40", _ALLOWED)
    return parsed.set(drivername="postgresql+psycopg")


def _secrets(url: URL) -> list[str]:
    """Every password of the URL, the longest first."""
    texts = [str(url.password or "")]
    for name, value in url.query.items():
        if "password" in name:
            texts.extend([value] if isinstance(value, str) else value)
    return sorted(filter(None, texts), key=len, reverse=True)


def _postgresql_engine(url: URL) -> Engine:
    return create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,  # a server that was restarted costs a new connection, not an error
        connect_args={name: value for name, value in _PATIENCE.items() if name not in url.query},
    )


def _sqlite_engine(url: URL) -> Engine:
    # isolation_level None: this module says when a transaction begins, the driver does not guess.
    engine = create_engine(url, hide_parameters=True, connect_args={"isolation_level": None, "timeout": _WAIT_S})

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        # FULL, not NORMAL: a commit is on the disk before the message it settles is acknowledged.
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer queues up at once: one that reads first and writes later would be refused instead of waiting.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _write_ahead(engine: Engine) -> None:
    """Switch the file to write-ahead logging, which it then keeps."""
    try:
        with closing(engine.raw_connection()) as pooled:
            connection: Any = pooled.dbapi_connection
            for _ in range(_WAL_ATTEMPTS):
                if _switched(connection):
                    return
                # Whoever is busy goes first: this waits, as the switch itself does not.
                connection.execute("BEGIN EXCLUSIVE")
                connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        raise RegistryUnavailable(f"the registry database cannot answer: {error}") from error
    raise RegistryUnavailable("the registry database is too busy to be set up")


def _switched(connection: sqlite3.Connection) -> bool:
    """False where another connection is busy: SQLite then refuses at once, whatever the time-out."""
    try:
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
