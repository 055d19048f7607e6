"""The readings that measures are computed from, asked of the store once for all places that are judged together."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from api.atlas import Atlas
from api.buckets import source_of
from api.known_then import check_known
from insight.measures import EVERY_METRIC, Comparable
from insight.measures.grid import Evidence
from insight.scores import METRICS as SCORES
from telemetry.metrics import metric
from telemetry.model import Fold
from telemetry.series import Folded, Line, Source, Wanted, folded_all
from telemetry.store.ports import ReadingReader
from telemetry.window import Window, edges, parse

MOST_POINTS = 20_000_000
"""Devices times buckets of one metric."""

_Asked = tuple[str, Fold | None]
"""A metric, and the fold that replaces its own."""
_Key = tuple[str, Fold, str]


@dataclass(frozen=True, slots=True)
class Period:
    """The time that is asked about."""

    start: int
    stop: int
    zone: ZoneInfo
    now: int
    every: str | None = None
    """Buckets to use whatever the devices' intervals are; None = those in which each of them is due."""
    as_of: int | None = None
    """What was received or entered later takes no part; None = the present."""

    @property
    def until(self) -> int:
        """The instant as seen from which a bucket is past."""
        return self.now if self.as_of is None else self.as_of


class EvidenceBook:
    """What the devices of some places said in a period; each metric is read once."""

    def __init__(self, reader: ReadingReader, atlas: Atlas, units: Sequence[str], period: Period) -> None:
        self._reader = reader
        self._atlas = atlas
        self._sources = _sources(atlas, units)
        self._wanted = frozenset(units)
        self.period = period
        self._windows: dict[str, Window] = {}
        self._spans: dict[Window, tuple[int, int]] = {}
        self._folded: dict[_Key, tuple[Folded, Mapping[str, Line]]] = {}

    def window(self, measure: Comparable) -> Window:
        """The buckets of a measure: the same for all the places, as both sides of a comparison need."""
        if measure.id not in self._windows:
            self._windows[measure.id] = self._window(measure)
        return self._windows[measure.id]

    def _window(self, measure: Comparable) -> Window:
        intervals = [
            source.interval_s
            for name, _ in self._asked(measure)
            for sources in self._sources.get(name, {}).values()
            for source in sources
            if source.interval_s
        ]
        return parse(self.period.every or measure.window(max(intervals, default=None)), self.period.zone)

    def gather(self, measures: Iterable[Comparable], units: Collection[str]) -> None:
        """Read what these measures need of these places at once; from now on only these may be asked for."""
        self._wanted = frozenset(units)
        by_window: dict[Window, list[_Asked]] = {}
        for measure in measures:
            by_window.setdefault(self.window(measure), []).extend(self._asked(measure))
        for window, asked in by_window.items():
            self._read(window, asked)

    def span(self, measure: Comparable) -> tuple[int, int]:
        """The whole buckets of a measure, from the first to the end of the last."""
        window = self.window(measure)
        if window not in self._spans:
            cut = self._cut(window, 1)
            self._spans[window] = cut[0], cut[-1]
        return self._spans[window]

    def of(self, measure: Comparable, unit: str) -> Evidence:
        """What the measure needs of a place: by metric a line for each device that is due to report it.

        The bucket in progress takes no part, so that the same question has the same answer later.

        Raises:
            Invalid: for a period that gives too many buckets.
            StoreUnavailable: the store cannot answer now.
        """
        window = self.window(measure)
        found = {}
        for name, fold in self._asked(measure):
            whole, by_device = self._whole(name, fold, window)
            mine = [by_device[source.group] for source in self._sources.get(name, {}).get(unit, ())]
            found[name] = Folded(whole.metric, window, whole.edges, whole.fold, whole.across, mine)
        return found

    def sources(self, name: str, unit: str) -> Sequence[Source]:
        """The devices of a place that are due to report a metric."""
        return self._sources.get(name, {}).get(unit, ())

    def _asked(self, measure: Comparable) -> Sequence[_Asked]:
        """The metrics of a measure, each with the fold that replaces its own."""
        if measure.metrics == EVERY_METRIC:
            # Of a place without any device the answer is that there is none, whatever is looked for.
            # What the house itself says of a place is no evidence.
            return [(name, None) for name in sorted(self._sources.keys() - SCORES) or ["air_temperature"]]
        return measure.asked()

    def _whole(self, name: str, fold: Fold | None, window: Window) -> tuple[Folded, Mapping[str, Line]]:
        self._read(window, [(name, fold)])
        return self._folded[_key(name, fold, window)]

    def _read(self, window: Window, asked: Iterable[_Asked]) -> None:
        """Ask the store once for what is not known yet. Raise `Invalid` as of an instant that cannot be told."""
        new = {_key(*one, window): one for one in asked}
        wanted = {
            key: Wanted(metric(name), self._those_of(name), fold)
            for key, (name, fold) in new.items()
            if key not in self._folded
        }
        if not wanted:
            return
        cut = self._cut(window, max(len(one.sources) for one in wanted.values()))
        for one in wanted.values():
            devices = {source.device for source in one.sources}
            check_known(self._atlas, {one.metric.id}, devices, cut[0], cut[-1], self.period.as_of)
        found = folded_all(
            self._reader, [*wanted.values()], window, cut[0], cut[-1], now=self.period.now, as_of=self.period.as_of
        )
        for key, whole in zip(wanted, found, strict=True):
            self._folded[key] = (whole, {line.buckets.group: line for line in whole.lines})

    def _those_of(self, name: str) -> list[Source]:
        """The devices that are due to report a metric, of the places that may be asked for."""
        every = self._sources.get(name, {}).items()
        return [source for unit, of in every if unit in self._wanted for source in of]

    def _cut(self, window: Window, lines: int) -> tuple[int, ...]:
        most = max(1, MOST_POINTS // max(1, lines))
        cut = edges(window, self.period.start, self.period.stop, max_buckets=most)
        return cut[:-1] if cut[-1] > self.period.until and len(cut) > 2 else cut  # noqa: PLR2004 -- one must be left


def _sources(atlas: Atlas, units: Sequence[str]) -> dict[str, dict[str, list[Source]]]:
    """By metric and place. What visitors do with probes is no place's figure."""
    found: dict[str, dict[str, list[Source]]] = {}
    for unit in dict.fromkeys(units):
        for device in atlas.stood_beneath(unit):
            if atlas.profiles[device.profile].open:
                continue
            group = device.id if device is atlas.devices[device.id] else f"{device.id} {device.valid_from}"
            for name in (*atlas.measures[device.profile], *atlas.computed.get(device.id, ())):
                source = source_of(atlas, device, device.id, group, name)
                found.setdefault(name, {}).setdefault(unit, []).append(source)
    return found


def _key(name: str, fold: Fold | None, window: Window) -> _Key:
    return name, fold or metric(name).fold, str(window)
