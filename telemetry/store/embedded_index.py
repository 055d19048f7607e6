"""What the embedded store knows by heart: its series, their newest readings and how far each reaches.

Pure memory, thread-safe; the file is the truth and this follows every committed write.
"""

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from telemetry.model import Fold, Kind, Metric, Quality, Reading

CLOCK = int(Quality.CLOCK)


class Traits(NamedTuple):
    """How a metric's readings are rolled up; stored with the series, because a catalogue can change."""

    back: int
    """1 = a reading tells of the time before it."""
    counts: bool
    turns: bool


class Series(NamedTuple):
    """One row of the dictionary."""

    id: int
    device: str
    metric: str
    traits: Traits


class Span(NamedTuple):
    """The first and last instant of a series' readings."""

    oldest: int
    newest: int


def traits_of(metric: Metric | None) -> Traits:
    """An unknown metric is rolled up as a gauge until the catalogue knows it."""
    if metric is None:
        return Traits(0, counts=False, turns=False)
    return Traits(
        int(metric.kind.accumulates),
        counts=metric.kind is Kind.COUNTER,
        turns=Fold.DIRECTION in (metric.fold, metric.across),
    )


class SeriesIndex:
    """The series by name, with their newest readings."""

    def __init__(self, metrics: Mapping[str, Metric]) -> None:
        self.traits = {metric_id: traits_of(metric) for metric_id, metric in metrics.items()}
        self._lock = threading.Lock()
        self._ids: dict[tuple[str, str], int] = {}
        self._series: list[Series] = []
        self._by_metric: dict[str, dict[str, int]] = {}
        self._by_device: dict[str, list[int]] = {}
        self._latest: dict[int, Reading] = {}
        self._spans: dict[int, Span] = {}

    def numbered(self, batch: Sequence[Reading]) -> tuple[list[int], list[Series]]:
        """The series of every reading, and those of them that are new; to be `follow`ed once they are durable."""
        known = self._ids
        keys = [(reading.device, reading.metric) for reading in batch]
        try:
            return [known[key] for key in keys], []
        except KeyError:
            new = {key: len(self._series) + index for index, key in enumerate(_missing(keys, known))}
        numbers = [known[key] if key in known else new[key] for key in keys]
        gauge = traits_of(None)
        return numbers, [Series(number, *key, self.traits.get(key[1], gauge)) for key, number in new.items()]

    def adopt(self, row: Series, newest: Reading, span: Span) -> None:
        """Take in a series from the file; numbers follow each other without gaps."""
        with self._lock:
            self._add(row)
            self._latest[row.id], self._spans[row.id] = newest, span

    def follow(self, new: Iterable[Series], numbers: Sequence[int], batch: Sequence[Reading]) -> set[int]:
        """Take in a durable batch and its new series.

        Returns the series whose newest reading has turned out to have a doubtful clock: theirs must be read again.
        """
        latest, spans = self._latest, self._spans
        demoted: set[int] = set()
        with self._lock:
            for row in new:
                self._add(row)
            for number, reading in zip(numbers, batch, strict=True):
                at, known = reading.at, latest.get(number)
                if known is None:
                    latest[number], spans[number] = reading, Span(at, at)
                    continue
                if reading.quality & CLOCK:
                    if known.quality & CLOCK and at >= known.at:
                        latest[number] = reading
                    elif not known.quality & CLOCK and at == known.at:
                        demoted.add(number)
                elif known.quality & CLOCK or at >= known.at:
                    latest[number] = reading
                oldest, newest = spans[number]
                if at > newest:
                    spans[number] = Span(oldest, at)
                elif at < oldest:
                    spans[number] = Span(at, newest)
        return demoted

    def demote(self, number: int, newest: Reading) -> None:
        """Take in what the file says is a series' newest reading."""
        with self._lock:
            self._latest[number] = newest

    def latest(self, devices: Collection[str] | None, metrics: Collection[str] | None) -> list[Reading]:
        """See ReadingReader."""
        with self._lock:
            if devices is None:
                found = list(self._latest.values())
            else:
                numbers = {number for device in devices for number in self._by_device.get(device, ())}
                found = [self._latest[number] for number in sorted(numbers)]
        if metrics is None:
            return found
        wanted = frozenset(metrics)
        return [reading for reading in found if reading.metric in wanted]

    def names(self, metric: str) -> list[str]:
        """See ReadingReader."""
        with self._lock:
            return sorted(self._by_metric.get(metric, ()))

    def numbers(self, metric: str, devices: Iterable[str]) -> Iterator[tuple[str, int]]:
        """Those of the series that exist, with their numbers."""
        of_metric = self._by_metric.get(metric, {})
        return ((device, of_metric[device]) for device in devices if device in of_metric)

    def span(self, number: int) -> Span:
        return self._spans[number]

    def rows(self) -> list[Series]:
        return [*self._series]

    def row(self, number: int) -> Series:
        return self._series[number]

    def _add(self, row: Series) -> None:
        self._ids[row.device, row.metric] = row.id
        self._series.append(row)
        self._by_metric.setdefault(row.metric, {})[row.device] = row.id
        # A channel answers to its own name and to its device's.
        for name in {row.device, row.device.rpartition(":")[0] or row.device}:
            self._by_device.setdefault(name, []).append(row.id)


def _missing(keys: Iterable[tuple[str, str]], known: Mapping[tuple[str, str], int]) -> list[tuple[str, str]]:
    return list(dict.fromkeys(key for key in keys if key not in known))
