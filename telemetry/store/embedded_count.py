"""How the embedded store counts what it has ever kept: readings where they are kept, their rollups before."""

import contextlib
import datetime as dt
from collections.abc import Callable, Collection, Mapping

import duckdb
import pyarrow as pa

from telemetry.instant import DAY_MS, day_of
from telemetry.store.embedded_index import SeriesIndex
from telemetry.store.embedded_schema import meta, transaction
from telemetry.store.retention import FOR_EVER

# An identity in `delta` may replace one in `main`: it is counted in `delta` and taken off `main`. Of series whose
# readings tell of the time before them, those at the very instant of `since` are both kept and in the last rollup.
_COUNTED = """
WITH newer AS MATERIALIZED (SELECT DISTINCT series, at_ms FROM delta {among}),
counts AS (
    SELECT series, count(*) AS readings FROM main {among} GROUP BY series
    UNION ALL SELECT series, count(*) FROM newer GROUP BY series
    UNION ALL SELECT m.series, -count(*) FROM main m SEMI JOIN newer n ON n.series = m.series AND n.at_ms = m.at_ms
        GROUP BY m.series
    UNION ALL SELECT series, sum(n + excluded)::BIGINT FROM (SELECT * FROM hours {among})
        WHERE hour < $since // 3600000 GROUP BY series
    UNION ALL SELECT m.series, -count(*) FROM main m JOIN series s ON s.id = m.series AND s.back = 1
        WHERE m.at_ms = $since GROUP BY m.series)
SELECT s.device, sum(c.readings)::BIGINT FROM counts c JOIN series s ON s.id = c.series {among} GROUP BY s.device
"""
_BY_DAY = """
WITH newer AS MATERIALIZED (
    SELECT series, at_ms, arg_max(lag, seq) AS lag FROM delta WHERE series IN (SELECT series FROM counted)
    GROUP BY series, at_ms),
readings AS (
    SELECT m.at_ms, m.lag FROM main m ANTI JOIN newer n ON n.series = m.series AND n.at_ms = m.at_ms
    WHERE m.series IN (SELECT series FROM counted)
    UNION ALL SELECT at_ms, lag FROM newer)
SELECT (at_ms + lag) // $day AS day, count(*) FROM readings GROUP BY day ORDER BY day
"""
_AMONG = "WHERE series IN (SELECT series FROM counted)"

Connecting = Callable[[str], contextlib.AbstractContextManager[duckdb.DuckDBPyConnection]]


class EmbeddedCounter:
    """ReadingCounter on the store's own file; thread-safe."""

    def __init__(self, connecting: Connecting, index: SeriesIndex) -> None:
        """`connecting` opens a connection for one call, and is told what for."""
        self._connecting = connecting
        self._index = index

    def counted(self, devices: Collection[str] | None) -> Mapping[str, int]:
        """See ReadingCounter; in one view of the data."""
        with self._connecting("counting readings") as connection:
            among = "" if devices is None else _AMONG
            if devices is not None:
                self._choose(connection, devices)
            with transaction(connection):
                since = int(meta(connection, "forgotten") or FOR_EVER)
                rows = connection.execute(_COUNTED.format(among=among), {"since": since}).fetchall()
            return {name: count for name, count in rows if count}

    def by_day(self, device: str) -> Mapping[dt.date, int]:
        """See ReadingCounter; in one view of the data."""
        with self._connecting(f"counting the readings of {device} by day") as connection:
            self._choose(connection, [device])
            rows = connection.execute(_BY_DAY, {"day": DAY_MS}).fetchall()
            return {day_of(day * DAY_MS): count for day, count in rows}

    def _choose(self, connection: duckdb.DuckDBPyConnection, devices: Collection[str]) -> None:
        numbers = [
            number
            for newest in self._index.latest(devices, None)
            for _, number in self._index.numbers(newest.metric, [newest.device])
        ]
        connection.register("counted", pa.table({"series": pa.array(numbers, pa.int32())}))
