"""Series of devices over time: which series a device writes, in buckets or raw, and how much of what was due came.

Store-neutral and pure but for the reader it is given: no clock, no registry.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from telemetry.errors import Invalid
from telemetry.model import Fold, Metric
from telemetry.store.ports import Buckets, FoldQuery, Member, ReadingReader
from telemetry.window import MAX_BUCKETS, Window
from telemetry.window import edges as window_edges

Numbers = npt.NDArray[np.float64]

MOST_AS_OF = 5_000_000
"""Due readings that one question as of an instant may have read one by one."""


@dataclass(frozen=True, slots=True)
class Source:
    """A device that takes part, and what the registry knows of it for one metric."""

    device: str
    """Registry id; its channels come along."""
    group: str
    """The line it is folded into."""
    interval_s: float | None
    """Expected seconds between readings; None = on event."""
    rollover_at: float | None = None
    valid_from: int | None = None
    valid_to: int | None = None
    """Milliseconds, half-open; None = open."""
    since: int | None = None
    until: int | None = None
    """It stood elsewhere before and after: what it measured then is not this group's; None = it did not.

    A bucket in which it was moved belongs to the place where it stood at the bucket's start.
    """


@dataclass(frozen=True, slots=True)
class Line:
    """One group over time."""

    buckets: Buckets
    coverage: list[float | None]
    """Readings used / readings expected, per bucket, each device counted for no more than it was due.

    None = nothing was expected, so nothing is known.
    """


@dataclass(frozen=True, slots=True)
class Folded:
    """Readings in buckets: one line per group, each with one entry per bucket [edges[i], edges[i+1])."""

    metric: Metric
    window: Window
    edges: tuple[int, ...]
    fold: Fold
    across: Fold
    lines: list[Line]


class Wanted(NamedTuple):
    """One metric of some devices."""

    metric: Metric
    sources: Sequence[Source]
    """Each in its group; the lines come in the order in which the groups first appear."""
    fold: Fold | None = None
    """Over time, instead of the metric's own."""
    across: Fold | None = None
    """Over devices, instead of the metric's own."""

    @property
    def folds(self) -> tuple[Fold, Fold]:
        """Over time, and over devices."""
        return self.fold or self.metric.fold, self.across or self.metric.across


def folded(  # noqa: PLR0913, PLR0917 (one question, each part of it named)
    reader: ReadingReader,
    metric: Metric,
    sources: Sequence[Source],
    window: Window,
    start: int,
    stop: int,
    *,
    now: int,
    fold: Fold | None = None,
    across: Fold | None = None,
    suspect: bool = False,
    as_of: int | None = None,
    max_buckets: int = MAX_BUCKETS,
) -> Folded:
    """One metric of `folded_all`."""
    wanted = [Wanted(metric, sources, fold, across)]
    (one,) = folded_all(
        reader, wanted, window, start, stop, now=now, suspect=suspect, as_of=as_of, max_buckets=max_buckets
    )
    return one


def folded_all(  # noqa: PLR0913 (likewise)
    reader: ReadingReader,
    wanted: Sequence[Wanted],
    window: Window,
    start: int,
    stop: int,
    *,
    now: int,
    suspect: bool = False,
    as_of: int | None = None,
    max_buckets: int = MAX_BUCKETS,
) -> list[Folded]:
    """The readings of each metric's devices in whole buckets that cover start <= at < stop, one line per group.

    The store is asked once for all.

    Args:
        reader: The store.
        wanted: What was measured by whom.
        window: How long a bucket is, and in which time zone.
        start: Milliseconds UTC, rounded down to a whole bucket.
        stop: Milliseconds UTC, rounded up to a whole bucket.
        now: Nothing is expected after this instant.
        suspect: Let suspect readings take part.
        as_of: What was received after this instant is left out, and nothing is expected after it; None = the present.
        max_buckets: How many buckets are allowed.

    Raises:
        Invalid: for a range or window that gives no buckets, or too many; as of an instant, for more than `MOST_AS_OF`
            due readings, and for a time whose readings are forgotten.
        StoreUnavailable: the store cannot answer now.
    """
    cut = window_edges(window, start, stop, max_buckets=max_buckets)
    parties = [_party(reader, one, cut, suspect=suspect, as_of=as_of) for one in wanted]
    until = now if as_of is None else min(now, as_of)
    if as_of is not None:
        _bound(parties, cut, until)
    answers = iter(reader.folded([query for party in parties for query in party.queries]))
    found = []
    for one, party in zip(wanted, parties, strict=True):
        told: dict[str, Buckets] = {}
        for query, first in zip(party.queries, party.firsts, strict=True):
            for part in next(answers):
                if len(query.edges) == len(cut):
                    told[part.group] = part
                else:
                    whole = told.setdefault(part.group, Buckets.empty(part.group, len(cut) - 1))
                    _fill_in(whole, part, first)
        lines = []
        for group, mine in party.groups.items():
            buckets = told.get(group) or Buckets.empty(group, len(cut) - 1)
            lines.append(Line(buckets, _coverage(buckets.due, mine, party.channels, cut, until)))
        over_time, over_devices = one.folds
        found.append(Folded(one.metric, window, cut, over_time, over_devices, lines))
    return found


@dataclass(frozen=True, slots=True)
class _Party:
    """Who is asked for one metric, and how."""

    groups: Mapping[str, Sequence[Source]]
    channels: Mapping[str, Sequence[str]]
    """The series of each device."""
    queries: Sequence[FoldQuery]
    firsts: Sequence[int]
    """Of each query, which bucket its first one is."""


def _bound(parties: Sequence[_Party], cut: Sequence[int], until: int) -> None:
    due = sum(
        float(_expected(mine, party.channels, cut, until).sum()) for party in parties for mine in party.groups.values()
    )
    if due > MOST_AS_OF:
        raise Invalid(
            "as_of",
            f"some {round(due)} readings would have to be read one by one, as rollups know only the present",
            f"at most {MOST_AS_OF}: a shorter time, fewer places or metrics, or no as_of",
        )


def _party(reader: ReadingReader, wanted: Wanted, cut: tuple[int, ...], *, suspect: bool, as_of: int | None) -> _Party:
    names = reader.names(wanted.metric.id) if wanted.sources else ()
    channels = channels_of(names, {source.device for source in wanted.sources})
    groups: dict[str, list[Source]] = {}
    for source in wanted.sources:
        groups.setdefault(source.group, []).append(_in_whole_buckets(source, cut))
    queries, firsts = [], []
    for first, last in _spans(groups, cut):
        there = {group: [one for one in of if _is_there(one, cut[first])] for group, of in groups.items()}
        for members in _disjoint(there, channels):
            queries.append(FoldQuery(wanted.metric, members, cut[first : last + 1], *wanted.folds, suspect, as_of))
            firsts.append(first)
    return _Party(groups, channels, queries, firsts)


def _in_whole_buckets(source: Source, cut: tuple[int, ...]) -> Source:
    """Moved at the edges of buckets."""
    if source.since is None and source.until is None:
        return source
    since, until = (_next_edge(at, cut) for at in (source.since, source.until))
    return replace(
        source,
        since=since,
        until=until,
        valid_from=since if source.valid_from == source.since else source.valid_from,
        valid_to=until if source.valid_to == source.until else source.valid_to,
    )


def _next_edge(at: int | None, cut: tuple[int, ...]) -> int | None:
    return at if at is None or at > cut[-1] else cut[bisect_left(cut, at)]


def _spans(groups: Mapping[str, Sequence[Source]], cut: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """First and last edge of each time in which nobody is moved."""
    moves = {at for of in groups.values() for one in of for at in (one.since, one.until) if at is not None}
    inner = sorted(cut.index(at) for at in moves if cut[0] < at < cut[-1])
    return zip([0, *inner], [*inner, len(cut) - 1], strict=True)


def _is_there(source: Source, at: int) -> bool:
    return (source.since is None or source.since <= at) and (source.until is None or at < source.until)


def _fill_in(whole: Buckets, part: Buckets, first: int) -> None:
    """Put the buckets of one time into those of the whole."""
    for name in ("value", "count", "excluded", "low", "high", "devices", "due"):
        told = getattr(part, name)
        getattr(whole, name)[first : first + len(told)] = told


def _disjoint(
    groups: Mapping[str, Sequence[Source]], channels: Mapping[str, Sequence[str]]
) -> Iterator[tuple[Member, ...]]:
    """The series of whole groups, as few tuples as it takes for none to hold a series twice: a county and its town."""
    tuples: list[dict[str, Member]] = []
    for group, sources in groups.items():
        mine = {
            name: Member(name, group, source.rollover_at, source.interval_s and source.interval_s * 1000)
            for source in sources
            for name in channels[source.device]
        }
        for members in tuples:
            if members.keys().isdisjoint(mine):
                members.update(mine)
                break
        else:
            tuples.append(mine)
    return (tuple(members.values()) for members in tuples if members)


def series_names(reader: ReadingReader, metrics: Collection[str], devices: Collection[str]) -> tuple[str, ...]:
    """The series that these devices have written for any of the metrics, channels included, sorted."""
    wanted = frozenset(devices)
    found: set[str] = set()
    for metric in metrics:
        for names in channels_of(reader.names(metric), wanted).values():
            found.update(names)
    return tuple(sorted(found))


def channels_of(names: Sequence[str], devices: Collection[str]) -> dict[str, list[str]]:
    """The series of each device: by its own name, and by what stands before the last `:` of any other."""
    channels: dict[str, list[str]] = {device: [] for device in devices}
    for name in names:
        device = name if name in channels else name.rpartition(":")[0]
        if device in channels:
            channels[device].append(name)
    return channels


def _coverage(
    due: Sequence[float], sources: Sequence[Source], channels: Mapping[str, Sequence[str]], cut: Sequence[int], now: int
) -> list[float | None]:
    expected = _expected(sources, channels, cut, now)
    used = np.asarray(due, np.float64)
    # What was never due is unknown, not perfect: a bucket in the future, or before the devices were there.
    known = expected > 0
    share = np.minimum(np.divide(used, expected, out=np.zeros_like(used), where=known), 1.0)
    told: list[float | None] = share.tolist()
    for unknown in np.flatnonzero(~known).tolist():
        told[unknown] = None
    return told


def _expected(
    sources: Sequence[Source], channels: Mapping[str, Sequence[str]], cut: Sequence[int], now: int
) -> Numbers:
    """How many readings are due in each bucket, as far as it is past and the devices valid; a part of one counts."""
    rates: dict[tuple[int | None, int | None], float] = {}
    for source in sources:
        if source.interval_s:
            valid = (source.valid_from, source.valid_to)
            # A device that has not said anything yet should have written one series.
            rates[valid] = rates.get(valid, 0.0) + max(1, len(channels[source.device])) / (source.interval_s * 1000)
    edge = np.asarray(cut, np.float64)
    expected = np.zeros(len(cut) - 1)
    for (valid_from, valid_to), per_ms in rates.items():
        last = now if valid_to is None else min(now, valid_to)
        first = cut[0] if valid_from is None else valid_from
        reach = np.clip(edge, first, max(first, last))
        expected += np.diff(reach) * per_ms
    return expected
