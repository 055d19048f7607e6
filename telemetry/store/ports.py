"""The ports of the time-series store, and the questions one can ask it.

Contract of all: thread-safe; instants are integer milliseconds UTC; every failure of the store itself is
`StoreUnavailable`. `tests/test_store.py` runs one suite on every implementation.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

from telemetry.model import Fold, Metric, Reading


class Identity(NamedTuple):
    """What makes two readings the same one."""

    device: str
    """Series name: `<device>` or `<device>:<channel>`."""
    metric: str
    at: int


class Cursor(NamedTuple):
    """The last reading of a page, in the order of raw pages."""

    at: int
    metric: str
    device: str


class Refused(NamedTuple):
    """A reading that a store will never be able to keep."""

    position: int
    """In the batch."""
    detail: str
    """Why, in the store's own words."""


@dataclass(frozen=True, slots=True)
class Member:
    """One series that takes part in a folded query, and what the registry knows of it."""

    device: str
    """Series name."""
    group: str
    """The line it is folded into: its own name, a region's code, a setting."""
    rollover_at: float | None = None
    """For counters: the count at which the meter starts again from zero; None = unknown."""
    interval_ms: float | None = None
    """Expected between readings; None = on event."""


@dataclass(frozen=True, slots=True)
class FoldQuery:
    """Readings of one metric, folded per series and bucket, then across the series of a group."""

    metric: Metric
    members: tuple[Member, ...]
    """Each series once, so in one group."""
    edges: tuple[int, ...]
    """Bucket boundaries, ascending; bucket i is [edges[i], edges[i+1]), stamped edges[i].

    Where `metric.kind.accumulates`, a reading tells of the time before it: bucket i is (edges[i], edges[i+1]].
    """
    fold: Fold
    """Over time, within one series."""
    across: Fold
    """Over the series of a group, within one bucket: MEAN, SUM, MIN, MAX or DIRECTION."""
    suspect: bool = False
    """True = suspect readings take part too."""
    as_of: int | None = None
    """Only readings that were received by this instant, read one by one: rollups know only the present. None = all."""


@dataclass(frozen=True, slots=True)
class Buckets:
    """One line of a folded answer; every list has one entry per bucket of the query."""

    group: str
    value: list[float | None]
    """None = no reading took part (for INCREASE: no two readings to compare)."""
    count: list[int]
    """Readings that took part, over all series."""
    excluded: list[int]
    """Suspect readings that did not take part."""
    low: list[float | None]
    high: list[float | None]
    """Smallest and largest reading that took part."""
    devices: list[int]
    """Series that contributed at least one reading."""
    due: list[float]
    """Of `count`, for each series no more than were due in a bucket of this length; those on event are left out."""

    @classmethod
    def empty(cls, group: str, buckets: int) -> Self:
        """A line without any reading."""
        none: list[float | None] = [None] * buckets
        zero = [0] * buckets
        return cls(group, none, zero, [*zero], [*none], [*none], [*zero], [0.0] * buckets)


@dataclass(frozen=True, slots=True)
class RawQuery:
    """Readings as stored, ordered by (at, metric, device), page by page."""

    metrics: tuple[str, ...]
    devices: tuple[str, ...]
    """Series names."""
    start: int
    stop: int
    """Half-open: start <= at < stop."""
    limit: int
    after: Cursor | None = None
    suspect: bool = True
    """False = leave suspect readings out."""
    as_of: int | None = None
    """Only readings that were received by this instant; None = all."""


class ReadingWriter(Protocol):
    """Where readings are kept for good."""

    def write(self, batch: Sequence[Reading]) -> Sequence[Refused]:
        """Keep the batch durably, or raise `StoreUnavailable`: the caller may then write the same batch again.

        A reading whose identity is there already replaces it; within a batch the later one wins. Returns those that
        this store can never keep, each with the reason; all others are kept.
        """
        ...


class ReadingReader(Protocol):
    """Where readings are found again. Everything that `write` has returned for is visible to every later call."""

    def folded(self, queries: Sequence[FoldQuery]) -> list[list[Buckets]]:
        """The answers, in the order of the queries: of each what it would be alone, and many cost little more than one.

        An answer has one `Buckets` per group of its query, in the order the groups first appear among the members.

        INCREASE follows the counter rule, between consecutive readings that take part, also across bucket edges and
        from the last reading before the first edge: v2 - v1 if v2 >= v1; else v2 if v2 < 5 % of v1 (reset); else
        rollover_at - v1 + v2 if the meter's rollover is known; else nothing. The amount belongs to the later reading.

        As of an instant, a reading that was written again later is absent: what is kept of it was received later.
        Raise `Invalid` for a query as of an instant over a time whose readings are forgotten.
        """
        ...

    def raw(self, query: RawQuery) -> list[Reading]:
        """At most `limit` readings after the cursor."""
        ...

    def latest(self, devices: Collection[str] | None, metrics: Collection[str] | None) -> list[Reading]:
        """The newest reading of every series and metric; of devices given by registry id (their channels included).

        None = all. A reading whose clock is in doubt (Quality.CLOCK) counts only where there is no other.
        """
        ...

    def existing(self, identities: Collection[Identity]) -> dict[Identity, float]:
        """Those of the identities that are stored, with the value that stands there."""
        ...

    def names(self, metric: str) -> list[str]:
        """The series that hold readings of this metric, sorted."""
        ...

    def check(self) -> None:
        """Do nothing if the store can answer a question now, else raise `StoreUnavailable`."""
        ...


class ReadingCounter(Protocol):
    """How many readings are in the store, whatever their quality, for whoever keeps books of them."""

    def counted(self, devices: Collection[str] | None) -> Mapping[str, int]:
        """By series name, how many distinct identities were ever kept, over all metrics; none = left out.

        Of devices given by registry id (their channels included); None = all. A reading that retention has forgotten
        counts by its rollup. Everything that `write` returned for before the call is counted; what is written meanwhile
        may be. A reading that arrived within minutes of being forgotten may be missing until its hour is rolled up.
        """
        ...

    def by_day(self, device: str) -> Mapping[dt.date, int]:
        """Of one device (its channels included), by UTC day of receipt, how many readings are kept.

        Forgotten ones are left out, and a correction counts on the day on which it came.
        """
        ...


class Store(ReadingWriter, ReadingReader, Protocol):
    """All ports at once, open."""

    @property
    def counter(self) -> ReadingCounter:
        """The third port."""
        ...

    def close(self) -> None:
        """Let go of files and connections; harmless when closed already. Nothing can be asked afterwards."""
        ...
