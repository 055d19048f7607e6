"""The embedded store's file: its tables, its version, and how DuckDB's errors become ours.

    write --> delta --merge--> main --> hourly_open -> hourly --> daily
    every write, last       one row per    a row per series and      a row per series and
    write wins by `seq`     identity       UTC hour (view `hours`)   day of the house zone

Rollups describe `main` only, so what lies in `delta` never makes them wrong; readers look at both.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import duckdb

from telemetry.errors import StoreUnavailable
from telemetry.model import SUSPECT, Quality

VERSION = "1"
IN_DOUBT = int(SUSPECT)
CLOCK = int(Quality.CLOCK)
MOST_SPILLED = "4GB"
"""What one file's queries may put on disk when memory is full; DuckDB's own limit is 90 % of the free disk."""

_ROLLUP = """
    n INTEGER,         -- accepted readings; where it is 1, `opening` says all
    excluded INTEGER,  -- suspect readings
    total DOUBLE, low DOUBLE, high DOUBLE,
    opening DOUBLE, closing DOUBLE,  -- the first and the last value
    growth DOUBLE,     -- counters: the increase within, without what only a known rollover explains
    drops INTEGER,     -- counters: decreases that only a known rollover explains
    sines DOUBLE, cosines DOUBLE     -- directions: the sums of the unit vectors
"""
# `raw` is NULL where it equals `value`; `lag` is received_at - at: both keep the file small. `back` is 1 where a
# reading tells of the time before it, so that one at an hour's edge belongs to the hour before. `tidy` takes the dust
# of binary addition off a sum, which more than halves its size on disk.
_TABLES = """
CREATE TABLE meta (key VARCHAR, value VARCHAR);
CREATE TABLE series (id INTEGER, device VARCHAR, metric VARCHAR, back INTEGER, counts BOOLEAN, turns BOOLEAN);
CREATE TABLE delta (
    seq BIGINT, series INTEGER, at_ms BIGINT, value DOUBLE, raw DOUBLE, quality INTEGER, lag BIGINT);
CREATE TABLE main (series INTEGER, at_ms BIGINT, value DOUBLE, raw DOUBLE, quality INTEGER, lag BIGINT);
CREATE TABLE latest (
    series INTEGER, at_ms BIGINT, value DOUBLE, raw DOUBLE, quality INTEGER, lag BIGINT, oldest BIGINT, newest BIGINT);
CREATE TABLE hourly (series INTEGER, hour INTEGER, {rollup});
CREATE TABLE hourly_open (series INTEGER, hour INTEGER, {rollup});
CREATE TABLE daily (series INTEGER, day INTEGER, {rollup});
CREATE VIEW hours AS SELECT * FROM hourly UNION ALL SELECT * FROM hourly_open;
CREATE MACRO hour_of(at_ms, back) AS ((at_ms + 3600000 - back) // 3600000 - 1)::INTEGER;
CREATE MACRO amount(v1, v2, rollover) AS CASE
    WHEN v1 IS NULL THEN NULL
    WHEN v2 >= v1 THEN v2 - v1
    WHEN v2 < 0.05 * v1 THEN greatest(v2, 0::DOUBLE)
    WHEN rollover IS NULL THEN 0::DOUBLE
    ELSE greatest(rollover - v1 + v2, 0::DOUBLE) END;
CREATE MACRO tidy(total) AS CASE WHEN abs(total) < 1 THEN total ELSE round(total, 9) END;
CREATE MACRO dropped(v1, v2) AS v2 < v1 AND NOT v2 < 0.05 * v1;
"""


@contextlib.contextmanager
def translated(doing: str) -> Iterator[None]:
    """Every failure of DuckDB inside becomes `StoreUnavailable`."""
    try:
        yield
    except duckdb.Error as error:
        raise StoreUnavailable(f"{doing}: {error}") from error


@contextlib.contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All or nothing, and one view of the data for everything read inside."""
    connection.begin()
    try:
        yield
    except BaseException:
        # A rollback that fails says no more than the error it follows.
        with contextlib.suppress(duckdb.Error):
            connection.rollback()
        raise
    connection.commit()


def connect(path: Path, *, memory_limit: str, threads: int) -> duckdb.DuckDBPyConnection:
    """Open the file, or make it.

    Raises:
        StoreUnavailable: another process has it, it is no store, or it is one of another version.
    """
    try:
        connection = duckdb.connect(
            path,
            config={"memory_limit": memory_limit, "threads": threads, "max_temp_directory_size": MOST_SPILLED},
        )
    except duckdb.IOException as error:
        if "lock" in str(error):
            wrong = "is in use by another process; stop that one, or give this one a data folder of its own"
        else:
            wrong = "cannot be opened as a store"
        raise StoreUnavailable(f"{path} {wrong} ({error})") from error
    except duckdb.Error as error:
        raise StoreUnavailable(f"{path} cannot be opened as a store ({error})") from error
    try:
        with translated(f"preparing {path}"):
            _prepare(connection, path)
    except StoreUnavailable:
        connection.close()
        raise
    return connection


def meta(connection: duckdb.DuckDBPyConnection, key: str) -> str | None:
    # All of them: a result that is not at its end would keep the connection from what is asked next.
    rows = connection.execute("SELECT value FROM meta WHERE key = ?", [key]).fetchall()
    return str(rows[0][0]) if rows else None


def note(connection: duckdb.DuckDBPyConnection, key: str, value: str) -> None:
    connection.execute("DELETE FROM meta WHERE key = ?", [key])
    connection.execute("INSERT INTO meta VALUES (?, ?)", [key, value])


def _prepare(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    tables = {str(row[0]) for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if not tables:
        with transaction(connection):
            connection.execute(_TABLES.replace("{rollup}", _ROLLUP))
            note(connection, "version", VERSION)
    version = meta(connection, "version") if "meta" in tables or not tables else None
    if version != VERSION:
        raise StoreUnavailable(
            f"{path} is a store of version {version or 'unknown'}; this program reads version {VERSION}: "
            "use the program that wrote it, or move the file away to begin anew"
        )
