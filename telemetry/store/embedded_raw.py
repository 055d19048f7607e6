"""How the embedded store gives single readings back: pages, the newest of a series, and what exists already."""

from bisect import bisect_right
from collections.abc import Collection

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from telemetry.instant import HOUR_MS
from telemetry.model import Reading
from telemetry.store.embedded_index import SeriesIndex, Span
from telemetry.store.embedded_schema import CLOCK, IN_DOUBT, transaction
from telemetry.store.ports import Identity, RawQuery

_PAGE = """
WITH newer AS MATERIALIZED (
    SELECT d.series, d.at_ms, d.value, d.raw, d.quality, d.lag FROM delta d JOIN members USING (series)
    WHERE d.series BETWEEN $s0 AND $s1 AND d.at_ms >= $lo AND d.at_ms < $hi
    QUALIFY row_number() OVER (PARTITION BY d.series, d.at_ms ORDER BY d.seq DESC) = 1),
readings AS (
    SELECT m.* FROM main m JOIN members USING (series)
    ANTI JOIN newer n ON n.series = m.series AND n.at_ms = m.at_ms
    WHERE m.series BETWEEN $s0 AND $s1 AND m.at_ms >= $lo AND m.at_ms < $hi
    UNION ALL SELECT * FROM newer)
SELECT rank, at_ms, value, coalesce(raw, value), quality, at_ms + lag
FROM readings JOIN members USING (series)
WHERE quality & $doubt = 0 AND at_ms + lag <= $as_of AND (at_ms > $after OR rank > $after_rank)
ORDER BY at_ms, rank LIMIT $room
"""
_NEWEST = """
WITH newer AS MATERIALIZED (
    SELECT at_ms, value, raw, quality, lag FROM delta WHERE series = $series
    QUALIFY row_number() OVER (PARTITION BY at_ms ORDER BY seq DESC) = 1),
readings AS (
    SELECT at_ms, value, raw, quality, lag FROM main m WHERE series = $series
        AND NOT EXISTS (FROM newer n WHERE n.at_ms = m.at_ms)
    UNION ALL SELECT * FROM newer)
SELECT at_ms, value, coalesce(raw, value), quality, at_ms + lag FROM readings
ORDER BY quality & $clock <> 0, at_ms DESC LIMIT 1
"""
_EXISTING = """
SELECT number, arg_max(value, seq) AS value FROM asked a JOIN (
    SELECT series, at_ms, value, seq FROM delta WHERE at_ms BETWEEN $lo AND $hi AND series BETWEEN $s0 AND $s1
    UNION ALL
    SELECT series, at_ms, value, -1 FROM main WHERE at_ms BETWEEN $lo AND $hi AND series BETWEEN $s0 AND $s1
) r ON r.series = a.series AND r.at_ms = a.at_ms
GROUP BY number
"""
_EVER = 2**62
"""After every receipt."""
_NOWHERE = Span(1, 0)
"""Of a series that does not exist."""
_FIRST_STRIDE_MS = HOUR_MS
_STRIDE_GROWTH = 8


def page(connection: duckdb.DuckDBPyConnection, index: SeriesIndex, query: RawQuery) -> list[Reading]:
    """See ReadingReader; on a connection that nothing else uses meanwhile.

    Works through the time range in strides that grow, so that a page costs what it holds and not what is asked for.
    """
    names = sorted((metric, device) for metric in set(query.metrics) for device in set(query.devices))
    numbers = [number for metric, device in names for _, number in index.numbers(metric, [device])]
    if not numbers or query.limit <= 0:
        return []
    series = [index.row(number) for number in numbers]
    ranks = pa.array(range(len(numbers)), pa.int32())
    connection.register("members", pa.table({"series": pa.array(numbers, pa.int32()), "rank": ranks}))
    start, after, after_rank = query.start, query.start - 1, -1
    if query.after is not None and query.after.at >= query.start:
        start = after = query.after.at
        after_rank = bisect_right([(row.metric, row.device) for row in series], query.after[1:]) - 1
    start = max(start, min(index.span(number).oldest for number in numbers))
    stop = min(query.stop, max(index.span(number).newest for number in numbers) + 1)
    values = {"s0": min(numbers), "s1": max(numbers), "doubt": 0 if query.suspect else IN_DOUBT}
    values |= {"after": after, "after_rank": after_rank, "as_of": _EVER if query.as_of is None else query.as_of}
    found: list[Reading] = []
    stride = _FIRST_STRIDE_MS
    with transaction(connection):
        while start < stop and len(found) < query.limit:
            reach = {"lo": start, "hi": min(start + stride, stop), "room": query.limit - len(found)}
            rows = connection.execute(_PAGE, values | reach).fetchall()
            found += [Reading(series[rank].device, series[rank].metric, *rest) for rank, *rest in rows]
            start, stride = start + stride, stride * _STRIDE_GROWTH
    return found


def newest(connection: duckdb.DuckDBPyConnection, index: SeriesIndex, number: int) -> Reading:
    """The newest reading of a series; one whose clock is in doubt only where there is no other."""
    row = connection.execute(_NEWEST, {"series": number, "clock": CLOCK}).fetchall()[0]
    series = index.row(number)
    return Reading(series.device, series.metric, *row)


def existing(
    connection: duckdb.DuckDBPyConnection, index: SeriesIndex, identities: Collection[Identity]
) -> dict[Identity, float]:
    """See ReadingReader; what lies outside of what a series reaches is not looked for."""
    asked = list(identities)
    numbers = np.fromiter(index.placed(asked), np.int64, len(asked))
    at = np.fromiter([identity.at for identity in asked], np.int64, len(asked))
    there, of = np.unique(numbers, return_inverse=True)
    spans = [index.span(number) if number >= 0 else _NOWHERE for number in there.tolist()]
    oldest, latest = np.array(spans, np.int64).reshape(-1, 2)[of].T
    places = np.flatnonzero((oldest <= at) & (at <= latest))
    if not len(places):
        return {}
    found = _found(connection, numbers[places], at[places])
    return {asked[places[row]]: value for row, value in zip(found["number"], found["value"].tolist(), strict=True)}


def _found(
    connection: duckdb.DuckDBPyConnection, numbers: NDArray[np.int64], instants: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    table = {"number": np.arange(len(numbers)), "series": numbers.astype(np.int32), "at_ms": instants}
    connection.register("asked", pa.table(table))
    reach = {"lo": int(instants.min()), "hi": int(instants.max()), "s0": int(numbers.min()), "s1": int(numbers.max())}
    return connection.execute(_EXISTING, reach).fetchnumpy()
