"""The embedded store's merge: what was written moves from `delta` to its place in `main`, and the rollups follow."""

import logging
import threading
from collections.abc import Callable
from typing import NamedTuple
from zoneinfo import ZoneInfo

import duckdb

from telemetry.errors import StoreUnavailable
from telemetry.store.embedded_rollup import refold
from telemetry.store.embedded_schema import CLOCK, meta, note, transaction, translated
from telemetry.store.retention import for_ever

_FRESH = """
CREATE OR REPLACE TEMP TABLE fresh AS
SELECT series, at_ms, value, raw, quality, lag FROM delta
QUALIFY row_number() OVER (PARTITION BY series, at_ms ORDER BY seq DESC) = 1
ORDER BY series, at_ms
"""
_REPLACED = """
DELETE FROM main USING fresh f
WHERE main.series = f.series AND main.at_ms = f.at_ms AND main.at_ms BETWEEN $lo AND $hi
"""
_TOUCHED = """
CREATE OR REPLACE TEMP TABLE touched AS
SELECT DISTINCT f.series, hour_of(f.at_ms, s.back) AS hour FROM fresh f JOIN series s ON s.id = f.series
"""
# A reading whose clock is in doubt is the newest only where there is no other. Where one has replaced the newest, the
# next one is anywhere: that series is searched whole.
_LATEST = """
CREATE OR REPLACE TEMP TABLE newest AS
WITH kept AS (
    SELECT l.* FROM latest l SEMI JOIN fresh s ON s.series = l.series
    ANTI JOIN fresh f ON f.series = l.series AND f.at_ms = l.at_ms),
demoted AS (
    SELECT l.series FROM latest l JOIN fresh f ON f.series = l.series AND f.at_ms = l.at_ms
    WHERE l.quality & $clock = 0 AND f.quality & $clock <> 0),
candidates AS (
    SELECT series, at_ms, value, raw, quality, lag FROM fresh
    UNION ALL SELECT series, at_ms, value, raw, quality, lag FROM kept
    UNION ALL SELECT series, at_ms, value, raw, quality, lag FROM main
        WHERE series IN (SELECT series FROM demoted)),
best AS (
    SELECT series, min(at_ms) AS first_ms, max(at_ms) AS last_ms,
        arg_max(
            {'at_ms': at_ms, 'value': value, 'raw': raw, 'quality': quality, 'lag': lag},
            at_ms + CASE WHEN quality & $clock = 0 THEN 4503599627370496 ELSE 0 END) AS r
    FROM candidates GROUP BY series)
SELECT b.series, r.at_ms, r.value, r.raw, r.quality, r.lag,
    least(b.first_ms, l.oldest) AS oldest, greatest(b.last_ms, l.newest) AS newest
FROM best b LEFT JOIN latest l ON l.series = b.series
"""

_RETRY_S = 5.0
"""Between two tries of a merge that fails."""

logger = logging.getLogger(__name__)


def merged(connection: duckdb.DuckDBPyConnection, zone: ZoneInfo) -> int:
    """Merge all that is in `delta` now, in one transaction; returns how many rows left it.

    Rows that others commit meanwhile stay in `delta`; readers see all of the merge or nothing.
    """
    with transaction(connection):
        rows = int(connection.execute("SELECT count(*) FROM delta").fetchall()[0][0])
        if rows == 0:
            return 0
        connection.execute(_FRESH)
        lo, hi = connection.execute("SELECT min(at_ms), max(at_ms) FROM fresh").fetchall()[0]
        connection.execute(_REPLACED, {"lo": lo, "hi": hi})
        connection.execute("INSERT INTO main SELECT * FROM fresh")
        connection.execute(_LATEST, {"clock": CLOCK})
        connection.execute("DELETE FROM latest WHERE series IN (SELECT series FROM newest)")
        connection.execute("INSERT INTO latest SELECT * FROM newest")
        connection.execute(_TOUCHED)
        connection.execute("DROP TABLE fresh")
        refold(connection, zone)
        connection.execute("DELETE FROM delta")
    return rows


def forget(connection: duckdb.DuckDBPyConnection, since: int) -> None:
    """Delete readings before this instant, the beginning of an hour; their rollups stay."""
    if since <= int(meta(connection, "forgotten") or for_ever()):
        return
    with transaction(connection):
        connection.execute("DELETE FROM main WHERE at_ms < ?", [since])
        note(connection, "forgotten", str(since))


class MergeLimits(NamedTuple):
    """When the store puts what was written in its place."""

    merge_rows: int = 400_000
    """So many written readings start a merge in the background."""
    most_rows: int = 1_600_000
    """So many unmerged readings make `write` wait for the merge."""


class Merger:
    """Merges in the background when `delta` has grown, and holds writers back when it has grown too much."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        zone: ZoneInfo,
        writing: threading.Lock,
        limits: MergeLimits,
        kept_since: Callable[[], int],
    ) -> None:
        """`writing` is held by whoever writes on another connection; older readings than `kept_since` are forgotten."""
        self.kept_since = kept_since
        self._connection = connection
        self._zone = zone
        self._writing = writing
        self._limits = limits
        self._rows = 0
        self._failed: StoreUnavailable | None = None
        self._ending = False
        self._changed = threading.Condition()
        self._merging = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="store-merge", daemon=True)
        self._thread.start()

    def room(self) -> None:
        """Wait until `delta` may grow.

        Raises:
            StoreUnavailable: It is full, and the merge that would empty it has failed.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._rows < self._limits.most_rows or self._failed is not None or self._ending
            )
            if self._rows < self._limits.most_rows:
                return
            failed = self._failed
        raise StoreUnavailable(f"{self._limits.most_rows} readings wait for a merge that fails: {failed}")

    def grown(self, rows: int) -> None:
        """So many rows have been written to `delta`."""
        with self._changed:
            self._rows += rows
            if self._rows >= self._limits.merge_rows:
                self._changed.notify_all()

    def merge(self) -> None:
        """Merge all that has been written, and put the file in order."""
        with self._merging, translated("merging"):
            rows = merged(self._connection, self._zone)
            forget(self._connection, self.kept_since())
            with self._changed:
                self._rows -= rows
                self._failed = None
                self._changed.notify_all()
            # DuckDB refuses a checkpoint while another connection is in the middle of a write.
            with self._writing:
                self._connection.execute("CHECKPOINT")

    def end(self) -> None:
        """Stop merging in the background; returns when none is under way."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ending or self._rows >= self._limits.merge_rows)
                if self._failed is not None:
                    self._changed.wait_for(lambda: self._ending, _RETRY_S)
                if self._ending:
                    return
            try:
                self.merge()
            except (StoreUnavailable, MemoryError, RuntimeError) as error:
                logger.exception("a merge failed and is tried again; readings stay in the delta")
                with self._changed:
                    self._failed = StoreUnavailable(str(error) or type(error).__name__)
                    self._changed.notify_all()
