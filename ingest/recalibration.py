"""Stored readings brought in line with a calibration: their values from what was sent, and what is computed from them.

What was sent and when it arrived stay as they are. No network and no store of its own; not thread-safe.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Protocol

from msgspec.structs import replace

from devices.bounds import LATEST
from devices.message import Message
from ingest.calibrated import ESTIMATED, computed
from ingest.directory import Channel, Curves, Derivation, Entry, Plan
from ingest.history_batch import add_one
from ingest.pipeline import Outcome
from ingest.settle import Settled
from telemetry.calibration import Calibration, Computed, Curve, Recalibrated
from telemetry.errors import Rejected
from telemetry.metrics import METRICS
from telemetry.model import Quality, Reading
from telemetry.store.ports import Cursor, RawQuery, ReadingReader, ReadingWriter
from telemetry.units import spellings

PAGE: Final = 10_000
TOPIC: Final = "calibration/{}"
"""What readings that are computed afterwards came by: the device's id."""
_RANGE: Final = int(Quality.RANGE)
_LATE: Final = int(Quality.LATE)
_ALIKE: Final = 1e-9
"""Relative difference of two values that were computed in the same way."""


class _Store(ReadingReader, ReadingWriter, Protocol):
    """Both ports."""


class Origins:
    """How stored values came from what was sent: by which unit of the metric, and by which calibration of before.

    A reading does not keep the unit in which it was sent. Some unit and some calibration that was ever entered make
    its value; where none does, it was calibrated elsewhere, or by a profile that has changed since.
    """

    def __init__(self, plan: Plan, calibrations: Iterable[Calibration], metric: str) -> None:
        """`calibrations` are those of this series, the superseded ones among them.

        Raise `Rejected` where the profile does not report the metric.
        """
        units = (None, *spellings(METRICS[metric].unit))
        self.channel = plan.channel(metric, None)
        channels = {(each.gain, each.offset): each for each in (plan.channel(metric, unit) for unit in units)}
        mine = [
            one for one in calibrations if one.metric == metric and one.computed_from is None and one.curve is not None
        ]
        self._ways: list[tuple[Channel, Curve | None, int]] = [
            (channel, curve, since)
            for channel in channels.values()
            for curve, since in ((None, 0), *((one.curve, one.valid_from) for one in reversed(mine)))
        ]

    def before(self, reading: Reading) -> Computed | None:
        """Its value before calibration, and whether its calibration has made it an estimate; None = nobody knows."""
        for place, (channel, curve, since) in enumerate(self._ways):
            if curve is not None and reading.at < since:
                continue
            sent = channel.gain * reading.raw + channel.offset
            value, estimated = (sent, False) if curve is None else curve.computed(sent)
            told = not estimated or reading.quality & ESTIMATED
            if told and abs(value - reading.value) <= _ALIKE * abs(value):
                # The next one mostly came about in the same way.
                self._ways.insert(0, self._ways.pop(place))
                return Computed(sent, estimated)
        return None


class Recalibrator:
    """Goes through one series of one device."""

    def __init__(
        self,
        entry: Entry,
        known: Sequence[Calibration],
        store: _Store,
        settle: Callable[[Outcome], Settled] | None,
        clock: Callable[[], int],
    ) -> None:
        """`known` are all that were ever entered for the device; `settle` makes what is added durable.

        Without `settle` it is a dry run.
        """
        self._entry = entry
        self._known = known
        self._store = store
        self._settle = settle
        self._clock = clock

    def run(self, wanted: Calibration, found: Recalibrated) -> None:
        """Bring all that this calibration touches in line with those that hold, and count it in `found`.

        Raises:
            StoreUnavailable: Or `RegistryUnavailable`: try again, what is done already changes nothing.
        """
        curves = (self._entry.curves or {})[wanted.input, wanted.channel]
        mine = [one for one in self._known if one.channel == wanted.channel]
        try:
            origins = Origins(self._entry.plan, mine, wanted.input) if wanted.computed_from is None else None
        except Rejected:
            # Only an end is entered of what the profile does not report any more; what was measured before it stays.
            return
        derivations = [
            each for each in curves.derivations if wanted.computed_from is None or each.channel.metric == wanted.metric
        ]
        stop = LATEST if found.stop is None else found.stop
        for page in self._pages(wanted.input, wanted.series, found.start, stop):
            found.readings += len(page)
            changed: list[Reading] = []
            sources = page
            if origins is not None:
                sources = [_renewed(reading, origins, curves, found) for reading in page]
                changed = [after for before, after in zip(page, sources, strict=True) if before != after]
            added: list[Reading] = []
            for derivation in derivations:
                self._derive(derivation, sources, changed, added, found)
            found.changed += self._write(changed)
            found.added += self._add(added)

    def _pages(self, metric: str, series: str, start: int, stop: int) -> Iterator[list[Reading]]:
        after: Cursor | None = None
        while page := self._store.raw(RawQuery((metric,), (series,), start, stop, PAGE, after)):
            yield page
            after = Cursor(page[-1].at, metric, series)

    def _derive(
        self,
        derivation: Derivation,
        sources: Sequence[Reading],
        changed: list[Reading],
        added: list[Reading],
        found: Recalibrated,
    ) -> None:
        """From each source: what differs from what is stored goes to `changed`, what is not there to `added`."""
        channel, series = derivation.channel, sources[0].device
        pages = self._pages(channel.metric, series, sources[0].at, sources[-1].at + 1)
        stored = {reading.at: reading for page in pages for reading in page}
        for source in sources:
            plain, before = computed(derivation, source), stored.get(source.at)
            if plain is None:
                if before is not None and derivation.course.has_ended(source.at):
                    changed.extend(_doubted(before, source))
                continue
            doubt = plain.quality | _range(channel, plain.value)
            if before is None:
                added.append(replace(plain, quality=doubt | (source.quality & _LATE)))
            elif before.raw != plain.raw:
                # The device has sent this one itself.
                found.left += 1
            else:
                after = replace(before, value=plain.value, quality=before.quality & ~(_RANGE | ESTIMATED) | doubt)
                if after != before:
                    changed.append(after)

    def _write(self, changed: Sequence[Reading]) -> int:
        """How many were written; the ledger does not change, for none of them is new."""
        refused = self._store.write(changed) if changed and self._settle is not None else ()
        return len(changed) - len(refused)

    def _add(self, added: Sequence[Reading]) -> int:
        """How many were not there before; they count in the ledger on the day on which their source was received."""
        if not added or self._settle is None:
            return len(added)
        device = self._entry.device
        outcome = Outcome(careful=True)
        message = Message(TOPIC.format(device.id), b"", self._clock())
        for reading in added:
            add_one(outcome, device, reading, repeated=False, message=message)
        settled = self._settle(outcome)
        return len(added) - settled.duplicates - settled.quarantined


def _doubted(before: Reading, source: Reading) -> Iterator[Reading]:
    """What was computed by a calibration that had ended by then: it stays, and is marked once."""
    if before.raw == source.raw and not before.quality & ESTIMATED:
        yield replace(before, quality=before.quality | ESTIMATED)


def _renewed(reading: Reading, origins: Origins, curves: Curves, found: Recalibrated) -> Reading:
    """The reading as it is computed today."""
    before = origins.before(reading)
    if before is None:
        found.left += 1
        return reading
    value, estimated = curves.computed(reading.at, before.value)
    kept = reading.quality & ~(_RANGE | (ESTIMATED if before.estimated else 0))
    doubt = _range(origins.channel, value) | (ESTIMATED if estimated else 0)
    return replace(reading, value=value, quality=kept | doubt)


def _range(channel: Channel, value: float) -> int:
    return 0 if channel.low <= value <= channel.high else _RANGE
