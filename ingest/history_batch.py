"""Observations of a file as columns of readings, series after series; those of calibrated series apart."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np

from devices.history import Block
from devices.message import Message
from ingest.directory import Channel, Curves
from ingest.pipeline import Outcome
from ingest.stretches import Floats, Integers, Truths
from telemetry.model import Device, Reading

_FEW = 1 << 16


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a file, and how its values become readings."""

    name: str
    device: Device
    channel: Channel
    gain: float
    offset: float
    curves: Curves | None = None
    """Calibrations of this series alone; None = there are none, as for most."""
    final: bool = False
    """Its values are calibrated already."""

    @property
    def metrics(self) -> list[str]:
        """Its own, and those that are computed from it."""
        derivations = () if self.curves is None else self.curves.derivations
        return [self.channel.metric, *(derivation.channel.metric for derivation in derivations)]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The observations of a block, as the registry sees them."""

    series: list[Series]
    of: Integers
    """Of each, its place in `series`; -1 = the registry knows none."""
    value: Floats
    sound: Truths
    """It can become a reading."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Observations that become readings, series after series."""

    series: list[Series]
    starts: Integers
    at: Integers
    raw: Floats
    value: Floats
    reported: Integers
    owned: Integers
    """Of each, its place in `series`."""

    def of(self, places: Sequence[int]) -> "Batch":
        """Those of some of the series, in this order, which is that of the batch."""
        kept = np.isin(self.owned, places)
        lengths = np.diff(self.starts)[list(places)]
        columns = (column[kept] for column in (self.at, self.raw, self.value, self.reported))
        return Batch([self.series[place] for place in places], *_laid(lengths, *columns))

    def rows(self, place: int) -> Iterator[tuple[int, float, float, int]]:
        """Of one of the series: when, raw, value and the flags that came with it."""
        own = slice(self.starts[place], self.starts[place + 1])
        columns = (self.at, self.raw, self.value, self.reported)
        return zip(*(column[own].tolist() for column in columns), strict=True)


def _laid(lengths: Integers, *columns: np.ndarray) -> tuple[np.ndarray, ...]:
    starts, owned = np.concatenate(([0], np.cumsum(lengths))), np.repeat(np.arange(len(lengths)), lengths)
    return starts, *columns, owned


def ordered(block: Block, resolved: Resolved) -> Batch:
    """The sound observations, series after series, each in the file's order."""
    order = np.flatnonzero(resolved.sound)
    owners = resolved.of[order]
    # Small numbers are sorted by their digits, in one go.
    order = order[np.argsort(owners.astype(np.uint16) if len(resolved.series) < _FEW else owners, kind="stable")]
    lengths = np.bincount(owners, minlength=len(resolved.series))
    there = np.flatnonzero(lengths)
    columns = (block.at[order], block.raw[order], resolved.value[order], block.quality[order])
    return Batch([resolved.series[which] for which in there.tolist()], *_laid(lengths[there], *columns))


def apart(whole: Batch) -> tuple[Batch, Batch]:
    """The series that are judged as a whole, and those that are calibrated reading by reading."""
    curved = [place for place, each in enumerate(whole.series) if each.curves is not None]
    if not curved:
        return whole, whole.of(())
    plain = [place for place, each in enumerate(whole.series) if each.curves is None]
    return whole.of(plain), whole.of(curved)


def add(outcome: Outcome, given: Batch, quality: Integers, repeated: Truths, message: Message) -> None:
    """These readings, as the pipeline adds them; none came in a message of its own."""
    lengths = np.diff(given.starts).tolist()
    received_at = message.at

    def each(words: Iterable[str]) -> list[str]:
        return list(chain.from_iterable(map(repeat, words, lengths)))

    columns = (given.at, given.value, given.raw, quality)
    names = each([series.name for series in given.series])
    metrics = each([series.channel.metric for series in given.series])
    at, value, raw, bits = (column.tolist() for column in columns)
    outcome.readings = list(map(Reading, names, metrics, at, value, raw, bits, repeat(received_at)))
    outcome.regions = each([series.device.region for series in given.series])
    outcome.owners = each([series.device.id for series in given.series])
    outcome.messages, outcome.sources = [message], [0] * len(names)
    outcome.repeats = np.flatnonzero(repeated).tolist()
    for series, length in zip(given.series, lengths, strict=True):
        outcome.tally(series.device.id, received_at).received += length


def add_one(outcome: Outcome, owner: Device, reading: Reading, *, repeated: bool, message: Message) -> None:
    """One reading more of the same message."""
    if not outcome.messages:
        outcome.messages.append(message)
    if repeated:
        outcome.repeats.append(len(outcome.readings))
    outcome.readings.append(reading)
    outcome.regions.append(owner.region)
    outcome.owners.append(owner.id)
    outcome.sources.append(0)
    outcome.tally(owner.id, message.at).received += 1
