"""The embedded store's rollups: an hour and a house-zone day of every series, folded anew from what lies in `main`.

Works on the temporary table `touched (series, hour)` and inside the transaction of its caller.
"""

from collections.abc import Iterable
from itertools import pairwise
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from telemetry.instant import HOUR_MS
from telemetry.store.embedded_schema import IN_DOUBT
from telemetry.window import Unit, Window, edges

OPEN_ROWS = 1_000_000
"""`hourly_open` is unsorted and read whole; beyond this many rows it is put in order and joins `hourly`."""

PART_HOURS = 50_000
"""How many hours are folded at once, about: their sums are in memory together."""

_PART = """
CREATE OR REPLACE TEMP TABLE part AS SELECT * FROM touched WHERE series BETWEEN $s0 AND $s1
"""
_FORGET = """
DELETE FROM hourly USING part t
WHERE hourly.series = t.series AND hourly.hour = t.hour AND hourly.hour BETWEEN $lo AND $hi;
DELETE FROM hourly_open USING part t
WHERE hourly_open.series = t.series AND hourly_open.hour = t.hour AND hourly_open.hour BETWEEN $lo AND $hi;
"""
# `placed` comes before the join with `part`: joined the other way round, on the series alone at first, DuckDB pairs
# every reading with every touched hour of its series.
_HOURS = """
INSERT INTO hourly_open
WITH placed AS NOT MATERIALIZED (
    SELECT m.series, hour_of(m.at_ms, s.back) AS hour, m.at_ms, m.value, m.quality & $doubt = 0 AS good, s.counts,
        CASE WHEN s.turns THEN radians(m.value) END AS angle
    FROM main m JOIN series s ON s.id = m.series
    WHERE m.at_ms BETWEEN $first AND $last AND m.series BETWEEN $s0 AND $s1),
readings AS NOT MATERIALIZED (SELECT * FROM placed SEMI JOIN part USING (series, hour)),
steps AS (
    SELECT series, hour, value AS v2, lag(value) OVER (PARTITION BY series, hour ORDER BY at_ms) AS v1
    FROM readings WHERE good AND counts),
grown AS (
    SELECT series, hour, sum(amount(v1, v2, NULL)) AS growth, count_if(dropped(v1, v2)) AS drops
    FROM steps GROUP BY series, hour),
folded AS (
    SELECT series, hour, count_if(good) AS n, count_if(NOT good) AS excluded, sum(value) FILTER (good) AS total,
        min(value) FILTER (good) AS low, max(value) FILTER (good) AS high,
        arg_min(value, at_ms) FILTER (good) AS opening, arg_max(value, at_ms) FILTER (good) AS closing,
        sum(sin(angle)) FILTER (good) AS sines, sum(cos(angle)) FILTER (good) AS cosines
    FROM readings GROUP BY series, hour)
SELECT series, hour, n, excluded, CASE WHEN n > 1 THEN tidy(total) END, CASE WHEN n > 1 THEN low END,
    CASE WHEN n > 1 THEN high END, opening, CASE WHEN n > 1 THEN closing END, growth, nullif(drops, 0), sines, cosines
FROM folded LEFT JOIN grown USING (series, hour)
ORDER BY series, hour
"""
_TOUCHED_DAYS = """
CREATE OR REPLACE TEMP TABLE touched_days AS
SELECT DISTINCT t.series, c.day FROM part t JOIN calendar c USING (hour)
"""
# One join of two tables with the whole key: of three tables, DuckDB may join on the series alone first, and pair every
# hour of a series with every touched day of it.
_HOURS_OF_DAYS = """
CREATE OR REPLACE TEMP TABLE hours_of_days AS
SELECT t.series, c.hour, t.day FROM touched_days t JOIN calendar c USING (day)
"""
_FORGET_DAYS = """
DELETE FROM daily USING touched_days t WHERE daily.series = t.series AND daily.day = t.day
"""
_DAYS = """
INSERT INTO daily
WITH parts AS (
    SELECT t.day, h.*, coalesce(h.closing, h.opening) AS ending, coalesce(h.total, h.opening) AS amount_,
        lag(ending IGNORE NULLS) OVER (PARTITION BY h.series, t.day ORDER BY h.hour) AS v1
    FROM hours h JOIN hours_of_days t ON t.series = h.series AND t.hour = h.hour
    WHERE h.hour BETWEEN $lo AND $hi AND h.series BETWEEN $s0 AND $s1),
linked AS (
    SELECT p.*, CASE WHEN s.counts THEN amount(p.v1, p.opening, NULL) END AS link,
        s.counts AND coalesce(dropped(p.v1, p.opening), false) AS fell
    FROM parts p JOIN series s ON s.id = p.series)
SELECT series, day, sum(n) AS readings, sum(excluded),
    CASE WHEN readings > 1 THEN tidy(sum(amount_)) END, CASE WHEN readings > 1 THEN min(coalesce(low, opening)) END,
    CASE WHEN readings > 1 THEN max(coalesce(high, opening)) END, arg_min(opening, hour),
    CASE WHEN readings > 1 THEN arg_max(ending, hour) END,
    CASE WHEN count(growth) + count(link) > 0 THEN coalesce(sum(growth), 0) + coalesce(sum(link), 0) END,
    nullif(coalesce(sum(drops), 0) + count_if(fell), 0), sum(sines), sum(cosines)
FROM linked GROUP BY series, day
ORDER BY series, day
"""
_SETTLE = """
INSERT INTO hourly SELECT * FROM hourly_open ORDER BY series, hour;
DELETE FROM hourly_open;
"""


def refold(connection: duckdb.DuckDBPyConnection, zone: ZoneInfo) -> None:
    """Fold the `touched` hours, and the days they lie in, anew: some series at a time, so that memory is bounded."""
    for first, last in _ranges(connection):
        connection.execute(_PART, {"s0": first, "s1": last})
        _refold_part(connection, zone, first, last)
    if _count(connection, "SELECT count(*) FROM hourly_open") > OPEN_ROWS:
        connection.execute(_SETTLE)


def _refold_part(connection: duckdb.DuckDBPyConnection, zone: ZoneInfo, first: int, last: int) -> None:
    lo, hi = connection.execute("SELECT min(hour), max(hour) FROM part").fetchall()[0]
    series = {"s0": first, "s1": last}
    _run(connection, _FORGET, lo=lo, hi=hi)
    reach = {"first": lo * HOUR_MS, "last": (hi + 1) * HOUR_MS}
    connection.execute(_HOURS, {**reach, **series, "doubt": IN_DOUBT})
    utc_days = connection.execute("SELECT DISTINCT hour // 24 FROM part").fetchall()
    connection.register("calendar", house_days((int(row[0]) for row in utc_days), zone))
    connection.execute(_TOUCHED_DAYS)
    connection.execute(_HOURS_OF_DAYS)
    connection.execute(_FORGET_DAYS)
    connection.execute(_DAYS, {"lo": lo - 48, "hi": hi + 48, **series})
    connection.unregister("calendar")


def _ranges(connection: duckdb.DuckDBPyConnection) -> list[tuple[int, int]]:
    """First and last series of each part; a series is never cut."""
    ranges: list[tuple[int, int]] = []
    room = 0
    counts = connection.execute("SELECT series, count(*) FROM touched GROUP BY series ORDER BY series").fetchall()
    for number, hours in counts:
        if hours > room:
            ranges.append((number, number))
            room = PART_HOURS
        ranges[-1] = (ranges[-1][0], number)
        room -= hours
    return ranges


def touch_all(connection: duckdb.DuckDBPyConnection, series: Iterable[int]) -> None:
    """Fill `touched` with every hour of some series, and forget their rollups."""
    connection.register("changed", pa.table({"series": pa.array(list(series), pa.int32())}))
    for table in ("hourly", "hourly_open", "daily"):
        connection.execute(f"DELETE FROM {table} WHERE series IN (SELECT series FROM changed)")  # noqa: S608 -- names above
    connection.execute("""
        CREATE OR REPLACE TEMP TABLE touched AS
        SELECT DISTINCT m.series, hour_of(m.at_ms, s.back) AS hour FROM main m JOIN series s ON s.id = m.series
        WHERE m.series IN (SELECT series FROM changed)
        """)
    connection.unregister("changed")


def house_days(utc_days: Iterable[int], zone: ZoneInfo) -> pa.Table:
    """Every hour of every house-zone day that shares an hour with these UTC days: (hour, day), day = its first hour.

    Where the zone's offset is not of whole hours, an hour belongs to the day in which it begins.
    """
    day = Window(1, Unit.DAY, zone)
    days: dict[int, range] = {}
    for utc_day in set(utc_days):
        start = utc_day * 24 * HOUR_MS
        cut = [-(-edge // HOUR_MS) for edge in edges(day, start, start + 24 * HOUR_MS)]
        days.update((first, range(first, stop)) for first, stop in pairwise(cut))
    hours = [hour for day_hours in days.values() for hour in day_hours]
    firsts = [first for first, day_hours in days.items() for _ in day_hours]
    return pa.table({"hour": pa.array(hours, pa.int32()), "day": pa.array(firsts, pa.int32())})


def _run(connection: duckdb.DuckDBPyConnection, script: str, **values: int) -> None:
    for statement in script.strip().rstrip(";").split(";"):
        connection.execute(statement, values)


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    return int(connection.execute(query).fetchall()[0][0])
