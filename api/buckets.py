"""Bucketed series: which devices are folded into which line, and the lines that come of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from api.atlas import Atlas
from telemetry.errors import Invalid
from telemetry.model import Device, Fold, Kind, Level, Metric, Region
from telemetry.series import Line, Source, channels_of, folded
from telemetry.store.ports import ReadingReader
from telemetry.window import Window

MOST_POINTS = 500_000
"""Lines times buckets of one answer."""


class By(StrEnum):
    """What becomes one line."""

    DEVICE = "device"
    """Every series, so every channel, a line of its own."""
    REGION = "region"
    SETTING = "setting"


class Fill(StrEnum):
    """What stands in a bucket without a reading."""

    NULL = "null"
    NONE = "none"
    """The bucket is left out."""
    PREVIOUS = "previous"
    LINEAR = "linear"


FOLDS: Mapping[Kind, tuple[Fold, ...]] = {
    Kind.GAUGE: (Fold.MEAN, Fold.MIN, Fold.MAX, Fold.FIRST, Fold.LAST),
    Kind.STATE: (Fold.LAST, Fold.FIRST, Fold.MIN, Fold.MAX, Fold.MEAN),
    Kind.COUNTER: (Fold.INCREASE, Fold.FIRST, Fold.LAST, Fold.MIN, Fold.MAX),
    Kind.INTERVAL_SUM: (Fold.SUM, Fold.MEAN, Fold.MIN, Fold.MAX, Fold.FIRST, Fold.LAST),
}
"""The folds over time that mean something, by kind; a direction also folds by DIRECTION, and not by MEAN."""

_FAIR_ACROSS = frozenset({Fold.MEAN, Fold.DIRECTION})
"""Over devices; a sum or an extreme grows with their number, so it sets nothing urban beside anything rural."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for, checked as far as one parameter alone can be."""

    metrics: Sequence[Metric]
    chosen: Sequence[tuple[Device, str | None]]
    """The devices, and the one series of each that is meant; None = all."""
    regions: Sequence[str]
    """As named by the client, 12 digits."""
    by: By
    level: Level | None
    window: Window
    start: int
    stop: int
    fold: Fold | None
    fill: Fill
    suspect: bool
    as_of: int | None = None
    """Only what had been received by then."""
    named: frozenset[str] = frozenset()
    """Devices that the client names; only these take part in a group's line where their profile is a probe's."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One line of the answer."""

    metric: Metric
    fold: Fold
    across: Fold
    group: str
    name: str
    edges: Sequence[int]
    line: Line


def drawn(reader: ReadingReader, atlas: Atlas, question: Question, now: int) -> Iterator[Drawn]:
    """The lines, metric by metric.

    Raises:
        Invalid: for a fold, a grouping or a fill that means nothing for a metric, and for an answer too large.
        StoreUnavailable: the store cannot answer now.
    """
    for metric in question.metrics:
        _check(metric, question)
    for metric in question.metrics:
        sources = _sources(reader, atlas, metric, question)
        lines = len({source.group for source in sources})
        answer = folded(
            reader,
            metric,
            sources,
            question.window,
            question.start,
            question.stop,
            now=now,
            fold=question.fold,
            suspect=question.suspect,
            as_of=question.as_of,
            max_buckets=max(1, MOST_POINTS // max(1, lines * len(question.metrics))),
        )
        for line in answer.lines:
            group = line.buckets.group
            yield Drawn(metric, answer.fold, answer.across, group, _name(atlas, question, group), answer.edges, line)


def filled(values: Sequence[float | None], fill: Fill) -> list[float | None]:
    """The values with their gaps filled from before, or straight across; what has nothing on a side stays empty."""
    if fill in (Fill.NULL, Fill.NONE):
        return list(values)
    known = [index for index, value in enumerate(values) if value is not None]
    full = list(values)
    for before, after in zip(known, [*known[1:], None], strict=True):
        for index in range(before + 1, len(values) if after is None else after):
            if fill is Fill.PREVIOUS:
                full[index] = values[before]
            elif after is not None:
                full[index] = _between(values, before, after, index)
    return full


def _between(values: Sequence[float | None], before: int, after: int, index: int) -> float:
    first, last = values[before] or 0.0, values[after] or 0.0
    return first + (last - first) * (index - before) / (after - before)


def _check(metric: Metric, question: Question) -> None:
    allowed = FOLDS[metric.kind]
    if metric.fold is Fold.DIRECTION:
        allowed = (Fold.DIRECTION, Fold.FIRST, Fold.LAST)
    if question.fold is not None and question.fold not in allowed:
        raise Invalid("fold", f"{question.fold} of {metric.id} ({metric.kind}) means nothing", ", ".join(allowed))
    if metric.per_device and question.by is not By.DEVICE:
        raise Invalid("by", f"{metric.id} has no common value of several devices", By.DEVICE)
    if question.by is By.SETTING and metric.across not in _FAIR_ACROSS:
        raise Invalid(
            "by",
            f"the {metric.across} of {metric.id} over all urban and all rural places tells how many meters each has",
            f"{By.REGION}, {By.DEVICE}, or a measure of /api/v1/measures in /api/v1/compare",
        )
    if question.fill is Fill.LINEAR and metric.fold is Fold.DIRECTION:
        raise Invalid("fill", f"{metric.id} is an angle: there is no straight line", f"{Fill.NULL}, {Fill.PREVIOUS}")
    if question.fill in (Fill.PREVIOUS, Fill.LINEAR) and metric.kind.accumulates:
        raise Invalid(
            "fill", f"{metric.id} is an amount: what is missing cannot be made up", f"{Fill.NULL}, {Fill.NONE}"
        )


def _sources(reader: ReadingReader, atlas: Atlas, metric: Metric, question: Question) -> list[Source]:
    """Every device that reports the metric, in its line or lines; one that never said it stands for its coverage."""
    channels = channels_of(reader.names(metric.id), {series or device.id for device, series in question.chosen})
    found: list[Source] = []
    for device, series in question.chosen:
        measure = atlas.measure(device, metric.id)
        written = channels[series or device.id]
        if not written and measure is not None and measure.metric:
            written = [series or device.id]
        found.extend(
            source_of(atlas, device, name, group or name, metric.id)
            for name in written
            for group in _groups(atlas, device, question)
        )
    return found


def source_of(atlas: Atlas, piece: Device, series: str, group: str, metric: str) -> Source:
    """A series of a device, or of what it was in one of its places; what is computed is due while it is computed."""
    whole, measure = atlas.devices[piece.id], atlas.measure(piece, metric)
    interval_s, rollover_at = (None, None) if measure is None else (measure.interval_s, measure.rollover_at)
    start, stop = piece.valid_from, piece.valid_to
    since = None if start == whole.valid_from else start
    until = None if stop == whole.valid_to else stop
    computed = atlas.computed.get(piece.id, {}).get(metric)
    if computed is not None:
        start, stop = computed.within(start, stop)
    return Source(series, group, interval_s, rollover_at, start, stop, since, until)


def _groups(atlas: Atlas, device: Device, question: Question) -> list[str | None]:
    """The lines in which a device takes part; None = its own."""
    if question.by is By.DEVICE:
        return [None]
    if atlas.profiles[device.profile].open and device.id not in question.named:
        # A visitor's experiments are no village's weather.
        return []
    region = atlas.regions[device.region]
    path = [region, *atlas.above(region.code)]
    if question.by is By.SETTING:
        return [region.setting or "none"]
    if question.level is not None:
        return [place.code for place in path if place.level is question.level]
    if not question.regions:
        return [region.code]
    return [code for code in question.regions if any(place.code == code for place in path)]


def _name(atlas: Atlas, question: Question, group: str) -> str:
    if question.by is By.SETTING:
        return group
    place: Region | Device | None = atlas.regions.get(group) if question.by is By.REGION else atlas.device_of(group)
    return "" if place is None else place.name
