"""The embedded time-series store: both ports on one DuckDB file, for one process.

A log-structured design: a write appends to a small durable table and returns; a merge in the background puts what was
written in its place, so that the readings of a series lie together and rollups follow. Nothing has a key: DuckDB's
upsert through an index was measured slower and larger by far (docs of the store's design, section 5).
"""

import contextlib
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from telemetry.errors import StoreUnavailable
from telemetry.model import Metric, Reading
from telemetry.store import embedded_fold, embedded_raw
from telemetry.store.embedded_batch import columns, rows
from telemetry.store.embedded_count import EmbeddedCounter
from telemetry.store.embedded_index import Series, SeriesIndex, Span
from telemetry.store.embedded_merge import MergeLimits, Merger, merged
from telemetry.store.embedded_rollup import refold, touch_all
from telemetry.store.embedded_schema import connect, meta, note, transaction, translated
from telemetry.store.ports import Buckets, FoldQuery, Identity, RawQuery, Refused
from telemetry.store.retention import for_ever, too_old, without
from telemetry.store.traits import Traits, traits_of

DEFAULT_LIMITS = MergeLimits()

_SERIES = """
SELECT s.id, s.device, s.metric, s.back, s.counts, s.turns, l.oldest, l.newest,
    l.at_ms, l.value, coalesce(l.raw, l.value), l.quality, l.at_ms + l.lag
FROM series s JOIN latest l ON l.series = s.id ORDER BY s.id
"""


class EmbeddedStore(contextlib.AbstractContextManager["EmbeddedStore"]):
    """ReadingWriter and ReadingReader on one file; thread-safe; a context manager that closes at its end."""

    def __init__(
        self,
        root: duckdb.DuckDBPyConnection,
        index: SeriesIndex,
        zone: ZoneInfo,
        merger: Merger,
        writing: threading.Lock,
    ) -> None:
        """Use `open`."""
        self._root = root
        self._index = index
        self._zone = zone
        self._merger = merger
        self._writer = root.cursor()
        self._writing = writing
        self.counter = EmbeddedCounter(partial(_reading, root), index)
        self._closed = False
        self._seq = 0

    @classmethod
    def open(  # noqa: PLR0913 (each with its default)
        cls,
        path: Path,
        *,
        zone: ZoneInfo,
        metrics: Mapping[str, Metric],
        memory_limit: str = "256MB",
        threads: int = 2,
        limits: MergeLimits = DEFAULT_LIMITS,
        kept_since: Callable[[], int] = for_ever,
    ) -> Self:
        """Open the store at `path`, or make it.

        Args:
            path: The file; its folder must exist. One process at a time.
            zone: Whose days the daily rollup has.
            metrics: The catalogue; tells how readings of a metric are rolled up.
            memory_limit: What DuckDB may keep in memory.
            threads: How many threads one query or merge may use.
            limits: When what was written is put in its place.
            kept_since: The instant before which readings are forgotten; their rollups stay.

        Raises:
            StoreUnavailable: Another process has the file, or it is none that this version can read.
        """
        root = connect(path, memory_limit=memory_limit, threads=threads)
        with contextlib.ExitStack() as opening:
            opening.callback(root.close)
            index = SeriesIndex(metrics)
            with translated(f"opening {path}"):
                merged(root, ZoneInfo(meta(root, "zone") or zone.key))
                _load(root, index)
                _adapt(root, index, zone)
                writing = threading.Lock()
                merger = Merger(root.cursor(), zone, writing, limits, kept_since)
            opening.pop_all()
        return cls(root, index, zone, merger, writing)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Merge what is left and let go of the file; harmless when closed already."""
        with self._writing:
            if self._closed:
                return
            self._closed = True
        self._merger.end()
        try:
            self._merger.merge()
        finally:
            self._writer.close()
            self._root.close()

    def merge(self) -> None:
        """Put everything written so far in its place now, instead of when enough has come together."""
        self._merger.merge()

    def write(self, batch: Sequence[Reading]) -> list[Refused]:
        """See ReadingWriter; refuses what is older than the readings that are kept."""
        refused = too_old(batch, self._merger.kept_since())
        batch = without(batch, refused)
        if not batch:
            return refused
        self._merger.room()
        with self._writing, translated(f"writing {len(batch)} readings"):
            numbers, new = self._index.numbered(batch)
            given = columns(batch, numbers)
            with transaction(self._writer):
                if new:
                    _insert(self._writer, "series", _rows(new))
                _insert(self._writer, "delta", rows(given, self._seq))
            self._seq += len(batch)
            for number in self._index.follow(new, given, batch):
                self._index.demote(number, embedded_raw.newest(self._writer, self._index, number))
        self._merger.grown(len(batch))
        return refused

    def folded(self, queries: Sequence[FoldQuery]) -> list[list[Buckets]]:
        """See ReadingReader."""
        with _reading(self._root, "folding") as connection:
            return embedded_fold.folded(connection, self._index, queries, self._zone)

    def raw(self, query: RawQuery) -> list[Reading]:
        """See ReadingReader."""
        with _reading(self._root, "reading") as connection:
            return embedded_raw.page(connection, self._index, query)

    def latest(self, devices: Collection[str] | None, metrics: Collection[str] | None) -> list[Reading]:
        """See ReadingReader; from memory."""
        return self._index.latest(devices, metrics)

    def existing(self, identities: Collection[Identity]) -> dict[Identity, float]:
        """See ReadingReader."""
        with _reading(self._root, "looking up identities") as connection:
            return embedded_raw.existing(connection, self._index, identities)

    def names(self, metric: str) -> list[str]:
        """See ReadingReader; from memory."""
        return self._index.names(metric)

    def check(self) -> None:
        """See ReadingReader."""
        with _reading(self._root, "asking for the version") as connection:
            meta(connection, "version")


@contextlib.contextmanager
def _reading(root: duckdb.DuckDBPyConnection, doing: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of its own for one call: DuckDB's are not for two threads at once."""
    with translated(doing), contextlib.closing(root.cursor()) as connection:
        yield connection


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    connection.register("incoming", rows)
    connection.execute(f"INSERT INTO {table} SELECT * FROM incoming")  # noqa: S608 -- a table of our own
    connection.unregister("incoming")


def _rows(series: Sequence[Series]) -> pa.Table:
    return pa.table(
        {
            "id": pa.array([row.id for row in series], pa.int32()),
            "device": pa.array([row.device for row in series], pa.string()),
            "metric": pa.array([row.metric for row in series], pa.string()),
            "back": pa.array([row.traits.back for row in series], pa.int32()),
            "counts": pa.array([row.traits.counts for row in series], pa.bool_()),
            "turns": pa.array([row.traits.turns for row in series], pa.bool_()),
        }
    )


def _load(root: duckdb.DuckDBPyConnection, index: SeriesIndex) -> None:
    for number, device, metric, back, counts, turns, oldest, newest, *reading in root.execute(_SERIES).fetchall():
        series = Series(number, device, metric, Traits(back, counts, turns))
        index.adopt(series, Reading(device, metric, *reading), Span(oldest, newest))


def _adapt(root: duckdb.DuckDBPyConnection, index: SeriesIndex, zone: ZoneInfo) -> None:
    """Fold anew what was rolled up for another house zone or by another catalogue."""
    gauge = traits_of(None)
    changed = [row for row in index.rows() if row.traits != index.traits.get(row.metric, gauge)]
    before = meta(root, "zone")
    if before == zone.key and not changed:
        return
    if meta(root, "forgotten"):
        what = f"the time zone {zone.key}" if before != zone.key else f"the metric {changed[0].metric}"
        raise StoreUnavailable(f"{what} asks for other rollups, and the readings to make them from are forgotten")
    with transaction(root):
        for row in changed:
            wanted = index.traits.get(row.metric, gauge)
            root.execute("UPDATE series SET back = ?, counts = ?, turns = ? WHERE id = ?", [*wanted, row.id])
        anew = [row.id for row in (changed if before == zone.key else index.rows())]
        touch_all(root, anew)
        refold(root, zone)
        note(root, "zone", zone.key)
