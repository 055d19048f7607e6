"""From message to readings: source, codec, registry, units, checks. What cannot become a reading goes to quarantine.

No network and no store: the worker, the back-fill and the replay of quarantined messages all run this one way.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

from devices.codecs import sparkplug_b
from devices.codecs.port import Context
from devices.message import Message
from ingest.calibrated import Calibrating
from ingest.checks import Checks
from ingest.directory import CurrentDirectory, Curves, Entry, check_station
from ingest.edge_nodes import OF_SPARKPLUG, EdgeNodes
from ingest.rates import Rate, by_topic
from ingest.sources import UPLINKS, bucket_of, device_of, source_of
from ingest.strangers import NAMED, Strangers
from telemetry.errors import Reason, Rejected
from telemetry.hearing import Note
from telemetry.model import Device, Quality, Quarantined, Reading, Sample

MAX_PAYLOAD = 256 * 1024
EXCERPT = 4096
"""Of a payload that is larger than what is decoded, so many bytes go to quarantine: enough to see what it is."""
_DETAIL = 500
"""Characters of a refusal's words: they quote names and units, which may be as long as a payload."""
_CLOCK = Quality.CLOCK.value
"""Plain integers on the hot path: arithmetic on enum flags costs twenty times as much."""


DAY_MS = 86_400_000
RETAINED_WITHOUT_TIME = (
    "the broker had retained this and nothing in it says when it was measured: send `at` with it, or do not retain it"
)
"""Why such a sample is refused: with the time of receipt, each connection would make a new reading of the old one."""


_CROWDED_MS = 1000
"""Readings without a time that arrive at once may be stamped so far ahead."""


class DeviceDay(NamedTuple):
    """Whose line of the ledger, and of which day."""

    device: str
    """Registry id; for messages that name none, the topic."""
    day: int
    """UTC day of receipt, counted from 1970."""


@dataclass(slots=True)
class Tally:
    """Readings received from one device, and how many of them were refused."""

    received: int = 0
    quarantined: int = 0


@dataclass(slots=True)
class Outcome:
    """What became of some messages: filled by the pipeline, settled by the worker.

    It is written to the disk as it stands: every field is data.
    """

    readings: list[Reading] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    """Of each reading, where its device stands."""
    owners: list[str] = field(default_factory=list)
    """Of each reading, the registry id of its device."""
    sources: list[int] = field(default_factory=list)
    """Of each reading, which of `messages` it came in."""
    messages: list[Message] = field(default_factory=list)
    """Those that readings came in."""
    repeats: list[int] = field(default_factory=list)
    """Positions in `readings` that may be stored already: not newer than the newest of their series."""
    reclaimed: list[int] = field(default_factory=list)
    """Those of `repeats` that may take the place of a reading which a clock ahead of its time had put there."""
    quarantined: list[Quarantined] = field(default_factory=list)
    tallies: dict[DeviceDay, Tally] = field(default_factory=dict)
    heard: dict[str, list[Note]] = field(default_factory=dict)
    """By device, the messages that it has sent or a gateway has relayed, in the order of receipt."""
    corrections: list[int] = field(default_factory=list)
    """Positions of readings that replace what is stored; they are among the duplicates."""
    excess: dict[DeviceDay, int] = field(default_factory=dict)
    """Messages beyond their source's rate, by the line of the ledger in which they count as quarantined: not decoded,
    and no more of them is kept."""
    careful: bool = False
    """Any of the readings may be stored already: the checks did not know the newest of each series."""
    replays: int | None = None
    """The quarantined message that this is the replay of."""

    def tally(self, device: str, received_at: int) -> Tally:
        key = DeviceDay(device, received_at // DAY_MS)
        found = self.tallies.get(key)
        if found is None:
            found = self.tallies[key] = Tally()
        return found

    def line(self, position: int) -> DeviceDay:
        """The line of the ledger in which a reading counts."""
        return DeviceDay(self.owners[position], self.readings[position].received_at // DAY_MS)

    def hear(self, device: str, note: Note) -> None:
        notes = self.heard.get(device)
        if notes is None:
            self.heard[device] = [note]
        else:
            notes.append(note)

    def drop(self, positions: Collection[int]) -> None:
        """Leave these readings out."""
        if not positions:
            return
        kept = [position for position in range(len(self.readings)) if position not in positions]
        places = {position: place for place, position in enumerate(kept)}
        self.repeats, self.reclaimed, self.corrections = (
            [places[position] for position in positions if position in places]
            for positions in (self.repeats, self.reclaimed, self.corrections)
        )
        self.readings = [self.readings[position] for position in kept]
        self.regions = [self.regions[position] for position in kept]
        self.owners = [self.owners[position] for position in kept]
        self.sources = [self.sources[position] for position in kept]

    def extend(self, later: "Outcome") -> None:
        """Take in what came after it; the other one is left as it is."""
        first, first_message = len(self.readings), len(self.messages)
        self.readings += later.readings
        self.regions += later.regions
        self.owners += later.owners
        self.messages += later.messages
        self.sources += [first_message + source for source in later.sources]
        self.repeats += [first + position for position in later.repeats]
        self.reclaimed += [first + position for position in later.reclaimed]
        self.corrections += [first + position for position in later.corrections]
        self.quarantined += later.quarantined
        self.careful |= later.careful
        for device, notes in later.heard.items():
            self.heard[device] = [*self.heard.get(device, ()), *notes]
        for key, tally in later.tallies.items():
            found = self.tallies.setdefault(key, Tally())
            found.received += tally.received
            found.quarantined += tally.quarantined
        for key, count in later.excess.items():
            self.excess[key] = self.excess.get(key, 0) + count


class Pipeline:
    """Turns messages into readings, with the registry's knowledge and the checks' memory. Not thread-safe."""

    def __init__(  # noqa: PLR0913 - what a pipeline knows and may, by keyword
        self,
        directory: CurrentDirectory,
        checks: Checks,
        *,
        max_payload: int = MAX_PAYLOAD,
        rate: Rate | None = None,
        named_strangers: int = NAMED,
        edge_nodes: EdgeNodes | None = None,
    ) -> None:
        """`rate` is what each source may send; None = any amount."""
        self.edge_nodes = edge_nodes or EdgeNodes()
        self._directory = directory
        self._checks = checks
        self._calibrating = Calibrating(checks)
        self._max_payload = max_payload
        self._rate = rate
        self._strangers = Strangers(named_strangers)
        self._rates = None if rate is None else by_topic(rate, self._is_registered)

    def receive(self, message: Message, outcome: Outcome) -> None:
        """`process`, unless its source has sent more than it may: such a message is counted and not decoded."""
        if self._rates is None or self._rates.admits(bucket_of(message.topic), message.at):
            self.process(message, outcome, live=True)
        else:
            if message.topic.startswith(OF_SPARKPLUG):
                self.edge_nodes.missed(message.topic)
            self._count(message, outcome)

    def process(self, message: Message, outcome: Outcome, *, live: bool = False) -> None:
        """Add what this message becomes to the outcome; raises nothing that its content could cause.

        `live` = it has just come, after all those before it, and says what later ones mean.
        """
        device, wrapped = None, None
        try:
            device, wrapped = source_of(message.topic)
            self._check_size(message.payload)
            if live and wrapped is sparkplug_b and not message.retained:
                self.edge_nodes.follow(message, self._directory.entry)
            entry = self._entry(device, message.at)
            plan = entry.plan
            if wrapped is sparkplug_b:
                samples = self.edge_nodes.take(entry, message, outcome, self._directory.behind)
            else:
                check_station(plan, wrapped)
                context = Context(device, message.at, plan.speech, message.topic)
                samples = (wrapped or plan.codec).decode(message.payload, context)
        except Rejected as rejected:
            if live and wrapped is sparkplug_b and rejected.reason is Reason.TOO_LARGE:
                self.edge_nodes.missed(message.topic)
            if device is not None and self._directory.entry(device) is None:
                device = self._strangers.line(device, message.at // DAY_MS)
            elif device is not None and not message.retained:
                # What cannot be read is a sign of life all the same.
                outcome.hear(device, (message.at, None, None))
            _quarantine(outcome, message, device, rejected, 1, whole=len(message.payload) <= self._max_payload)
            return
        if samples:
            self._samples(entry, samples, message, outcome)

    def refresh(self) -> None:
        self._directory.refresh()

    def remember(self, newest: Iterable[Reading]) -> None:
        """Take in the newest readings that are stored, but for those older than what the checks know already."""
        for reading in newest:
            if reading.at > self._checks.state(reading.device, reading.metric).at:
                self._checks.remember(reading)

    def _check_size(self, payload: bytes) -> None:
        if len(payload) > self._max_payload:
            raise Rejected(
                Reason.TOO_LARGE,
                f"{len(payload)} bytes; at most {self._max_payload} are accepted (RURBAN_MAX_PAYLOAD_KB); "
                f"the first {EXCERPT} are kept",
            )

    def _entry(self, device: str, received_at: int) -> Entry:
        entry = self._directory.known(device, received_at)
        if entry is None:
            raise Rejected(Reason.UNKNOWN_DEVICE, f"{device!r} is not in the registry")
        return entry

    def _is_registered(self, topic: str) -> bool:
        try:
            return self._directory.entry(device_of(topic)) is not None
        except Rejected:
            return False

    def _count(self, message: Message, outcome: Outcome) -> None:
        """Each device has a line of its own for its excess, and all names that nobody has registered have one."""
        source = device_of(message.topic) if self._is_registered(message.topic) else UPLINKS
        tally = outcome.tally(source, message.at)
        tally.received += 1
        tally.quarantined += 1
        line = DeviceDay(source, message.at // DAY_MS)
        outcome.excess[line] = outcome.excess.get(line, 0) + 1

    def _samples(self, entry: Entry, samples: list[Sample], message: Message, outcome: Outcome) -> None:
        refused: dict[str, list[Rejected]] = {}
        taken: dict[str, int] = {}
        before = len(outcome.readings)
        for sample in samples:
            owner = entry
            try:
                if sample.device is not None and sample.device != entry.device.id:
                    owner = self._relayed(entry, sample.device, message.at)
                self._sample(owner, sample, message, outcome)
            except Rejected as rejected:
                refused.setdefault(owner.device.id, []).append(rejected)
            else:
                taken[owner.device.id] = taken.get(owner.device.id, 0) + 1
        if taken:
            outcome.sources += [len(outcome.messages)] * (len(outcome.readings) - before)
            outcome.messages.append(message)
        if not message.retained:
            own = entry.device.id
            if len(taken) + len(refused) > 1 or samples[0].device not in (None, own):
                _hear_several(own, samples, message.at, outcome, relayed=taken.keys() | refused.keys())
            else:
                _hear(own, samples, message.at, outcome)
        for device, count in taken.items():
            outcome.tally(device, message.at).received += count
        for device, causes in refused.items():
            _quarantine(outcome, message, device, causes[0], len(causes))

    def _relayed(self, gateway: Entry, device: str, received_at: int) -> Entry:
        entry = self._directory.known(device, received_at)
        if entry is None or entry.device.gateway != gateway.device.id:
            raise Rejected(
                Reason.FOREIGN_DEVICE, f"payload speaks for {device!r}, which is not registered behind this gateway"
            )
        return entry

    def _sample(self, entry: Entry, sample: Sample, message: Message, outcome: Outcome) -> None:
        device, received_at = entry.device, message.at
        if sample.at is None and message.retained:
            raise Rejected(Reason.BAD_TIME, RETAINED_WITHOUT_TIME)
        channel = entry.plan.channel(sample.metric, sample.unit)
        series = device.id if sample.channel is None else f"{device.id}:{sample.channel}"
        state = self._checks.state(series, channel.metric)
        newest = state.at
        at = _arrival(received_at, newest) if sample.at is None else sample.at
        if (device.valid_from is not None and at < device.valid_from) or (
            device.valid_to is not None and at >= device.valid_to
        ):
            raise Rejected(Reason.UNKNOWN_DEVICE, f"{device.id!r} was not in service at the time of the reading")
        value = channel.gain * sample.value + channel.offset
        if not isfinite(value):
            raise Rejected(
                Reason.NOT_FINITE, f"{sample.value!r} {sample.unit or ''} is too large for {channel.metric!r}"
            )
        reported = 0 if sample.quality is Quality.GOOD else sample.quality.value
        curves = None if entry.curves is None else entry.curves.get((channel.metric, sample.channel))
        if curves is not None:
            value, flag = self._calibrating.value(curves, series, channel.metric, state, at, value)
            reported |= flag
        quality = self._checks.flags(channel, state, at, value, received_at, reported=reported)
        if at <= newest or at <= state.doubted or quality & _CLOCK:
            outcome.repeats.append(len(outcome.readings))
            if not quality & _CLOCK and at <= state.doubted:
                outcome.reclaimed.append(len(outcome.readings))
        outcome.readings.append(Reading(series, channel.metric, at, value, sample.value, quality, received_at))
        outcome.regions.append(device.region)
        outcome.owners.append(device.id)
        if curves is not None:
            _derive(self._calibrating, curves, device, outcome)


def _derive(calibrating: Calibrating, curves: Curves, device: Device, outcome: Outcome) -> None:
    """Add what is computed from the last reading: readings of their own, which count as received with it."""
    source, place = outcome.readings[-1], len(outcome.readings) - 1
    again, reclaims = place in outcome.repeats[-1:], place in outcome.reclaimed[-1:]
    for reading, repeated in calibrating.derived(curves, source):
        if again or repeated:
            outcome.repeats.append(len(outcome.readings))
        if reclaims:
            outcome.reclaimed.append(len(outcome.readings))
        outcome.readings.append(reading)
        outcome.regions.append(device.region)
        outcome.owners.append(device.id)
        outcome.tally(device.id, source.received_at).received += 1


def _hear(own: str, samples: list[Sample], received_at: int, outcome: Outcome) -> None:
    """Note that the device has sent this."""
    first = samples[0]
    at, seq = first.at, first.seq
    for sample in samples:
        # The same objects, where one message has one time and one number: no other case is worth being fast.
        if sample.at is not at or sample.seq is not seq:
            _hear_several(own, samples, received_at, outcome, relayed=())
            return
    outcome.hear(own, (received_at, at, seq))


def _hear_several(
    own: str, samples: list[Sample], received_at: int, outcome: Outcome, *, relayed: Collection[str]
) -> None:
    """Note who sent this, with each number and the newest time under it: the device, and those it speaks for."""
    newest: dict[tuple[str, int | None], int | None] = {}
    for sample in samples:
        sender = (sample.device or own, sample.seq)
        before = newest.get(sender)
        newest[sender] = sample.at if before is None else max(before, sample.at or 0)
    if all(name != own for name, _ in newest):
        outcome.hear(own, (received_at, None, None))
    for (name, number), latest in newest.items():
        if name == own or name in relayed:
            outcome.hear(name, (received_at, latest, number))


def _arrival(received_at: int, newest: int) -> int:
    """The time of a reading that has none of its own: of its receipt, or the next free millisecond.

    Two messages received within one millisecond are two readings, not one and its correction.
    """
    return newest + 1 if received_at <= newest < received_at + _CROWDED_MS else received_at


def _quarantine(  # noqa: PLR0913 - what a quarantined message is made of
    outcome: Outcome, message: Message, device: str | None, cause: Rejected, readings: int, *, whole: bool = True
) -> None:
    outcome.quarantined.append(
        Quarantined(
            topic=message.topic,
            payload=message.payload if whole else message.payload[:EXCERPT],
            reason=cause.reason,
            detail=cause.detail[:_DETAIL],
            received_at=message.at,
            device=device,
            readings=readings,
            size=None if whole else len(message.payload),
        )
    )
    tally = outcome.tally(device or message.topic, message.at)
    tally.received += readings
    tally.quarantined += readings
