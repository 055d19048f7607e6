"""What the embedded store knows by heart: its series, their newest readings and how far each reaches.

Pure memory, thread-safe; the file is the truth and this follows every committed write.
"""

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from telemetry.model import Metric, Quality, Reading
from telemetry.store.embedded_batch import Columns, reach
from telemetry.store.ports import Identity
from telemetry.store.traits import Traits, traits_of

CLOCK = int(Quality.CLOCK)


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


class SeriesIndex:
    """The series by name, with their newest readings."""

    def __init__(self, metrics: Mapping[str, Metric]) -> None:
        self.traits = {metric_id: traits_of(metric) for metric_id, metric in metrics.items()}
        self._lock = threading.RLock()
        self._series: list[Series] = []
        self._by_metric: dict[str, dict[str, int]] = {}
        self._by_device: dict[str, list[int]] = {}
        self._sorted: dict[str, list[str]] = {}
        # By number, as the series are.
        self._latest: list[Reading] = []
        self._oldest: list[int] = []
        self._newest: list[int] = []

    def numbered(self, batch: Sequence[Reading]) -> tuple[list[int], list[Series]]:
        """The series of every reading, and those of them that are new; to be `follow`ed once they are durable."""
        known = self._by_metric
        try:
            return [known[reading.metric][reading.device] for reading in batch], []
        except KeyError:
            pass
        new: dict[tuple[str, str], int] = {}
        numbers = []
        for reading in batch:
            number = known.get(reading.metric, {}).get(reading.device)
            if number is None:
                number = new.setdefault((reading.device, reading.metric), len(self._series) + len(new))
            numbers.append(number)
        gauge = traits_of(None)
        return numbers, [Series(number, *key, self.traits.get(key[1], gauge)) for key, number in new.items()]

    def follow(self, new: Iterable[Series], given: Columns, batch: Sequence[Reading]) -> set[int]:
        """Take in a durable batch and its new series.

        Returns the series whose newest reading has turned out to have a doubtful clock: theirs must be read again.
        """
        doubted = given.quality & CLOCK != 0
        everything = reach(given, np.arange(len(batch)))
        believed = reach(given, np.flatnonzero(~doubted)) if doubted.any() else everything
        with self._lock:
            firsts = dict(zip(reversed(given.series.tolist()), reversed(batch), strict=True)) if new else {}
            for row in new:
                first = firsts[row.id]
                self.adopt(row, first, Span(first.at, first.at))
            latest, oldest, newest = self._latest, self._oldest, self._newest
            for number, least, most, _ in zip(*everything, strict=True):
                oldest[number], newest[number] = min(oldest[number], least), max(newest[number], most)
            for number, _, most, position in zip(*believed, strict=True):
                known = latest[number]
                if most >= known.at or known.quality & CLOCK:
                    latest[number] = batch[position]
            return _doubt(latest, np.flatnonzero(doubted).tolist(), given.series.tolist(), batch)

    def demote(self, number: int, newest: Reading) -> None:
        """Take in what the file says is a series' newest reading."""
        with self._lock:
            self._latest[number] = newest

    def latest(self, devices: Collection[str] | None, metrics: Collection[str] | None) -> list[Reading]:
        """See ReadingReader."""
        with self._lock:
            if devices is None:
                found = [*self._latest]
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
            if metric not in self._sorted:
                self._sorted[metric] = sorted(self._by_metric.get(metric, ()))
            return [*self._sorted[metric]]

    def numbers(self, metric: str, devices: Iterable[str]) -> Iterator[tuple[str, int]]:
        """Those of the series that exist, with their numbers."""
        of_metric = self._by_metric.get(metric, {})
        return ((device, of_metric[device]) for device in devices if device in of_metric)

    def placed(self, identities: Iterable[Identity]) -> list[int]:
        """The number of each one's series; -1 = there is no such series."""
        known, none = self._by_metric, dict[str, int]()
        return [known.get(metric, none).get(device, -1) for device, metric, _ in identities]

    def span(self, number: int) -> Span:
        """How far a series reaches."""
        return Span(self._oldest[number], self._newest[number])

    def rows(self) -> list[Series]:
        return [*self._series]

    def row(self, number: int) -> Series:
        return self._series[number]

    def adopt(self, row: Series, latest: Reading, span: Span) -> None:
        """Take in a series; numbers follow each other without gaps."""
        with self._lock:
            self._series.append(row)
            self._latest.append(latest)
            self._oldest.append(span.oldest)
            self._newest.append(span.newest)
            self._by_metric.setdefault(row.metric, {})[row.device] = row.id
            self._sorted.pop(row.metric, None)
            # A channel answers to its own name and to its device's.
            for name in {row.device, row.device.rpartition(":")[0] or row.device}:
                self._by_device.setdefault(name, []).append(row.id)


def _doubt(
    latest: list[Reading], positions: Iterable[int], numbers: Sequence[int], batch: Sequence[Reading]
) -> set[int]:
    """Take in readings with a doubtful clock, when the others are taken in; see `SeriesIndex.follow`."""
    demoted: set[int] = set()
    for position in positions:
        number, reading = numbers[position], batch[position]
        known = latest[number]
        if known.quality & CLOCK:
            if reading.at >= known.at:
                latest[number] = reading
        elif reading.at == known.at:
            demoted.add(number)
    return demoted
