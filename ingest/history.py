"""From a file of recorded history to readings: registry, units, checks; the way of the pipeline, a column at a time.

No network and no store of its own: what is to be kept is handed to a settlement, as the worker's batches are. Not
thread-safe.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from math import inf

import numpy as np

from devices.bounds import channel as channel_name
from devices.history import Block, History, Name
from devices.message import Message
from ingest.calibrated import Calibrating
from ingest.checks import Checks, ClockLimits
from ingest.directory import CurrentDirectory, Curves
from ingest.history_batch import Batch, Resolved, Series, add, add_one, apart, ordered
from ingest.pipeline import Outcome
from ingest.settle import Settled
from ingest.stretches import Integers, Stretches, Truths, flags
from telemetry.errors import Reason, Rejected
from telemetry.history import LINE, BadRow, Imported, Listener, Wanted
from telemetry.metrics import METRICS
from telemetry.model import Device, Quality, Quarantined, Reading
from telemetry.store.ports import ReadingReader
from telemetry.units import conversion

TOPIC = "history/{}"
"""Of what goes to quarantine: the name of the file."""
_CLOCK = int(Quality.CLOCK)
_LONGEST_PAYLOAD = 64 * 1024
_NEVER = -(2**62)


class Importer:
    """Imports files, one after another; its checks remember what it imported."""

    def __init__(  # noqa: PLR0913 -- each a part of the house
        self,
        directory: CurrentDirectory,
        reader: ReadingReader,
        settle: Callable[[Outcome], Settled] | None,
        *,
        limits: ClockLimits,
        clock: Callable[[], int],
        kept_since: Callable[[], int],
        doubted: Mapping[str, int],
    ) -> None:
        """`settle` makes an outcome durable; None = for dry runs only.

        Until the times in `doubted`, by device, readings may be stored that a clock ahead of its time has put there.
        """
        self._directory = directory
        self._reader = reader
        self._settle = settle
        self._limits = limits
        self._clock = clock
        self._kept_since = kept_since
        self._doubted = doubted
        self._checks = Checks(limits)
        self._calibrating = Calibrating(self._checks)
        self._begun: set[tuple[str, str]] = set()
        self._known: dict[Name, Series | Rejected] = {}

    def run(self, history: History, wanted: Wanted, listener: Listener) -> Imported:
        """Import a file, or say what is wrong with it.

        Raises:
            Invalid: It breaks off in the middle; what came before is imported.
            StoreUnavailable: Or `RegistryUnavailable`: try again, what is imported already changes nothing.
        """
        self._directory.refresh()
        self._begun, self._known, self._checks = set(), {}, Checks(self._limits)
        self._calibrating = Calibrating(self._checks)
        if not (wanted.dry_run or wanted.skip_bad):
            looked = self._looked_through(history, listener)
            if looked.refused:
                return looked
        found = Imported(history.layout.form, history.layout.ignored, written=not wanted.dry_run)
        for block in history.blocks():
            with self._heard(history, found, listener, (1.0, 0.0) if wanted.skip_bad or wanted.dry_run else (0.5, 0.5)):
                self._block(block, history, found, listener)
        return found

    def _looked_through(self, history: History, listener: Listener) -> Imported:
        """The rows that cannot be readings; nothing is checked or written."""
        found = Imported(history.layout.form, history.layout.ignored)
        for block in history.blocks():
            with self._heard(history, found, listener, (0.5, 0.0)):
                resolved, bad = self._resolve(block)
                _count(found, block, resolved, bad, listener)
        return found

    @contextlib.contextmanager
    def _heard(
        self, history: History, found: Imported, listener: Listener, part: tuple[float, float]
    ) -> Iterator[None]:
        yield
        share, before = part
        listener.reached(found.rows, before + share * history.share)

    def _block(self, block: Block, history: History, found: Imported, listener: Listener) -> None:
        received_at = self._clock()
        resolved, bad = self._resolve(block)
        _count(found, block, resolved, bad, listener)
        plain, curved = apart(ordered(block, resolved))
        outcome, message = Outcome(), _message(block, history, received_at)
        _quarantine(outcome, bad, message.topic, received_at)
        if len(plain.at):
            quality, repeated = self._judged(plain, received_at)
            _tell_flags(found, quality)
            if found.written:
                add(outcome, plain, quality, repeated, message)
        for owner, reading, again in self._calibrated(curved, received_at):
            _tell_flags(found, np.array([reading.quality]))
            if found.written:
                add_one(outcome, owner, reading, repeated=again, message=message)
        if self._settle is not None and (outcome.readings or outcome.quarantined):
            taken = len(outcome.readings)
            settled = self._settle(outcome)
            set_aside = settled.quarantined - len(bad)
            found.duplicates += settled.duplicates
            found.refused += set_aside
            found.stored += taken - settled.duplicates - set_aside

    def _resolve(self, block: Block) -> tuple[Resolved, list[BadRow]]:
        """Whose the observations are and what they come to, and what is wrong with those that can be no readings."""
        names = [self._series(name) for name in block.names]
        place = np.full(len(names), -1)
        places: dict[tuple[str, str, bool], int] = {}
        series: list[Series] = []
        for number, found in enumerate(names):
            if isinstance(found, Series):
                # One series may stand in a file in several units, and calibrated here and not there.
                key = (found.name, found.channel.metric, found.final and found.curves is not None)
                place[number] = places.setdefault(key, len(series))
                if place[number] == len(series):
                    series.append(found)
        numbers = np.array([_numbers(found) for found in names], np.float64).reshape(-1, 4)[block.series]
        gain, offset, first, stop = numbers.T
        with np.errstate(over="ignore"):
            value = gain * block.value + offset
        of = place[block.series]
        wrongs = (
            (of < 0, None),
            ((block.at < first) | (block.at >= stop), _OUT_OF_SERVICE),
            (~np.isfinite(value), _TOO_LARGE),
            (block.at <= self._kept_since(), _TOO_OLD),
        )
        sound, bad = _sound(block, wrongs, names)
        return Resolved(series, of, value, sound), block.bad + bad

    def _series(self, name: Name) -> Series | Rejected:
        """What the registry says of a series."""
        found = self._known.get(name)
        if found is None:
            try:
                found = self._resolved(name)
            except Rejected as rejected:
                found = rejected
            self._known[name] = found
        return found

    def _resolved(self, name: Name) -> Series:
        device_id, key, unit, final = name
        if not device_id:
            raise Rejected(Reason.UNKNOWN_DEVICE, "the row names no device")
        metric, colon, probe = (key or "").partition(":")
        entry = self._directory.entry(device_id)
        if entry is None and ":" in device_id and not colon:
            device_id, colon, probe = device_id.rpartition(":")
            entry = self._directory.entry(device_id)
        if entry is None:
            raise Rejected(Reason.UNKNOWN_DEVICE, f"{name.device!r} is not in the registry")
        channel = entry.plan.channel(metric, unit)
        series = f"{device_id}:{channel_name(probe)}" if colon else device_id
        curves = (entry.curves or {}).get((metric, channel_name(probe) if colon else None))
        if not final:
            return Series(series, entry.device, channel, channel.gain, channel.offset, curves)
        into = METRICS[metric].unit
        stated = conversion(unit or into, into)
        return Series(series, entry.device, channel, stated.gain, stated.offset, curves, final=True)

    def _begin(self, batch: Batch) -> dict[tuple[str, str], Reading]:
        """Let the checks remember what stands before each series; the newest that is stored, by series and metric."""
        devices = {each.device.id for each in batch.series}
        metrics = {metric for each in batch.series for metric in each.metrics}
        newest = {(each.device, each.metric): each for each in self._reader.latest(devices, metrics)}
        for each, first in zip(batch.series, batch.at[batch.starts[:-1]].tolist(), strict=True):
            for key in ((each.name, metric) for metric in each.metrics):
                if key not in self._begun:
                    # What stands after a reading is no past of it: then its series begins anew with the file.
                    if key in newest and newest[key].at < first:
                        self._checks.remember(newest[key])
                    self._begun.add(key)
        return newest

    def _calibrated(self, batch: Batch, received_at: int) -> Iterator[tuple[Device, Reading, bool]]:
        """The readings of calibrated series and what is computed from them, each with whether it may be stored already.

        One after another, as over MQTT: where a curve begins, values are not compared with those before.
        """
        newest = self._begin(batch) if batch.series else {}
        for place, each in enumerate(batch.series):
            curves = each.curves or Curves(None, ())
            until = {
                metric: max(
                    newest[each.name, metric].at if (each.name, metric) in newest else _NEVER,
                    self._doubted.get(each.device.id, _NEVER),
                )
                for metric in each.metrics
            }
            metric = each.channel.metric
            for at, raw, sent, reported in batch.rows(place):
                state = self._checks.state(each.name, metric)
                value, flag = sent, 0
                if not each.final:
                    value, flag = self._calibrating.value(curves, each.name, metric, state, at, sent)
                behind = at <= max(state.at, until[metric])
                quality = self._checks.flags(each.channel, state, at, value, received_at, reported=reported | flag)
                again = behind or bool(quality & _CLOCK)
                source = Reading(each.name, metric, at, value, raw, quality, received_at)
                yield each.device, source, again
                for reading, repeated in self._calibrating.derived(curves, source):
                    yield each.device, reading, again or repeated or at <= until[reading.metric]

    def _judged(self, batch: Batch, received_at: int) -> tuple[Integers, Truths]:
        """The flags of each reading, and which of them may be stored already."""
        newest = self._begin(batch)
        states = [self._checks.state(each.name, each.channel.metric) for each in batch.series]
        given = Stretches(
            [each.channel for each in batch.series], states, batch.starts, batch.at, batch.value, batch.reported
        )
        quality, behind = flags(self._checks, given, received_at)
        stored = [newest.get((each.name, each.channel.metric)) for each in batch.series]
        until = np.array(
            [
                max(_NEVER if reading is None else reading.at, self._doubted.get(each.device.id, _NEVER))
                for each, reading in zip(batch.series, stored, strict=True)
            ]
        )
        return quality, behind | (batch.at <= until[batch.owned])


_OUT_OF_SERVICE = (Reason.UNKNOWN_DEVICE, "at", "the device was not in service then", "a time within its service")
_TOO_LARGE = (Reason.NOT_FINITE, "", "too large for its metric", "a number that stays finite in the metric's unit")
_TOO_OLD = (Reason.STORE_REFUSED, "at", "older than what is kept", "a time within RURBAN_KEEP_DAYS")


def _numbers(found: Series | Rejected) -> tuple[float, float, float, float]:
    """Gain, offset, and from when to when the device is in service."""
    if isinstance(found, Rejected):
        return 1.0, 0.0, -inf, inf
    first, stop = found.device.valid_from, found.device.valid_to
    return found.gain, found.offset, -inf if first is None else first, inf if stop is None else stop


def _sound(
    block: Block,
    wrongs: tuple[tuple[Truths, tuple[Reason, str, str, str] | None], ...],
    series: list[Series | Rejected],
) -> tuple[Truths, list[BadRow]]:
    """Which observations have none of these faults, and the first fault of each other one."""
    sound = np.ones(len(block.at), np.bool_)
    bad: list[BadRow] = []
    for wrong, words in wrongs:
        places = np.flatnonzero(wrong & sound).tolist()
        bad += [_bad(block, place, words, series[block.series[place]]) for place in places]
        sound &= ~wrong
    return sound, bad


_RIGHT = {
    Reason.UNKNOWN_DEVICE: ("device", "an id of the registry (rurban devices, /api/v1/devices)"),
    Reason.UNKNOWN_METRIC: ("metric", "a metric that the device's profile reports (/api/v1/profiles)"),
    Reason.UNKNOWN_UNIT: ("unit", "a unit of the metric's dimension"),
    Reason.MALFORMED: ("metric", "<metric> or <metric>:<channel>"),
}
"""Of what the registry refuses: the column that says it, and what would be right."""


def _bad(block: Block, place: int, words: tuple[Reason, str, str, str] | None, series: Series | Rejected) -> BadRow:
    name = block.names[block.series[place]]
    if words is not None:
        reason, column, wrong, allowed = words
        column = column or block.column[block.series[place]]
    else:
        reason = series.reason if isinstance(series, Rejected) else Reason.MALFORMED
        wrong = series.detail if isinstance(series, Rejected) else ""
        column, allowed = _RIGHT[reason]
    return BadRow(int(block.row[place]), column, wrong, allowed, reason, name.device or "", block.line(place))


def _count(found: Imported, block: Block, resolved: Resolved, bad: list[BadRow], listener: Listener) -> None:
    found.rows += block.rows
    found.readings += int(np.count_nonzero(resolved.sound))
    found.refused += len(bad)
    for row in sorted(bad, key=lambda each: each.row):
        listener.bad(row)


def _tell_flags(found: Imported, quality: Integers) -> None:
    for flag in Quality:
        count = int(np.count_nonzero(quality & int(flag)))
        if count:
            word = str(flag.name).lower()
            found.flagged[word] = found.flagged.get(word, 0) + count


def _message(block: Block, history: History, received_at: int) -> Message:
    """Where the readings of a block come from."""
    rows = f"rows {block.row.min()} to {block.row.max()} of {history.name}" if len(block.row) else history.name
    return Message(TOPIC.format(history.name), rows.encode(), received_at)


def _quarantine(outcome: Outcome, bad: list[BadRow], topic: str, received_at: int) -> None:
    """Each bad row with its text: those of one device and one cause together, as a file that can be imported."""
    causes: dict[tuple[str, Reason, str], list[str]] = {}
    for row in bad:
        causes.setdefault(
            (row.device, row.reason, f"{row.column}: {row.wrong}" if row.column else row.wrong), []
        ).append(row.text)
    for (device, reason, detail), lines in causes.items():
        for some in _fitting(lines):
            payload = "\n".join((LINE, *some)).encode()
            outcome.quarantined.append(
                Quarantined(topic, payload, reason, detail, received_at, device or None, len(some))
            )
        tally = outcome.tally(device or topic, received_at)
        tally.received += len(lines)
        tally.quarantined += len(lines)


def _fitting(lines: list[str]) -> Iterator[list[str]]:
    """Lines that fit in one message of quarantine."""
    some: list[str] = []
    size = 0
    for line in lines:
        if some and size + len(line) > _LONGEST_PAYLOAD:
            yield some
            some, size = [], 0
        some.append(line)
        size += len(line) + 1
    yield some
