"""From message to readings: source, codec, registry, units, checks. What cannot become a reading goes to quarantine.

No network and no store: the worker, the back-fill and the replay of quarantined messages all run this one way.
"""

from dataclasses import dataclass, field
from math import isfinite

from devices.codecs.port import Context
from devices.message import Message
from ingest.checks import Checks
from ingest.directory import CurrentDirectory, Entry
from ingest.sources import device_of
from telemetry.errors import Reason, Rejected
from telemetry.model import Quality, Quarantined, Reading, Sample

MAX_PAYLOAD = 256 * 1024

_CLOCK = Quality.CLOCK.value
"""Plain integers on the hot path: arithmetic on enum flags costs twenty times as much."""


@dataclass(slots=True)
class Tally:
    """Readings received from one device, and how many of them were refused."""

    received: int = 0
    quarantined: int = 0


@dataclass(slots=True)
class Outcome:
    """What became of some messages: filled by the pipeline, settled by the worker."""

    readings: list[Reading] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    """Of each reading, where its device stands."""
    owners: list[str] = field(default_factory=list)
    """Of each reading, the registry id of its device."""
    repeats: list[int] = field(default_factory=list)
    """Positions in `readings` that may be stored already: not newer than the newest of their series."""
    quarantined: list[Quarantined] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)
    """By device, or by topic where it names none."""

    def tally(self, device: str) -> Tally:
        found = self.tallies.get(device)
        if found is None:
            found = self.tallies[device] = Tally()
        return found


class Pipeline:
    """Turns messages into readings, with the registry's knowledge and the checks' memory. Not thread-safe."""

    def __init__(self, directory: CurrentDirectory, checks: Checks, *, max_payload: int = MAX_PAYLOAD) -> None:
        self._directory = directory
        self._checks = checks
        self._max_payload = max_payload

    def process(self, message: Message, outcome: Outcome) -> None:
        """Add what this message becomes to the outcome; raises nothing that its content could cause."""
        device: str | None = None
        try:
            device = device_of(message.topic)
            entry = self._entry(device)
            self._check_size(message.payload)
            samples = entry.plan.codec.decode(message.payload, Context(device, message.at))
        except Rejected as rejected:
            _quarantine(outcome, message, device, rejected, 1)
            return
        self._samples(entry, samples, message, outcome)

    def refresh(self) -> None:
        self._directory.refresh()

    def _check_size(self, payload: bytes) -> None:
        if len(payload) > self._max_payload:
            raise Rejected(Reason.TOO_LARGE, f"{len(payload)} bytes; at most {self._max_payload} are accepted")

    def _entry(self, device: str) -> Entry:
        entry = self._directory.entry(device)
        if entry is None and self._directory.refresh():
            entry = self._directory.entry(device)
        if entry is None:
            raise Rejected(Reason.UNKNOWN_DEVICE, f"{device!r} is not in the registry")
        return entry

    def _samples(self, entry: Entry, samples: list[Sample], message: Message, outcome: Outcome) -> None:
        refused: dict[str, list[Rejected]] = {}
        for sample in samples:
            owner = entry
            try:
                if sample.device is not None and sample.device != entry.device.id:
                    owner = self._relayed(entry, sample.device)
                self._sample(owner, sample, message.at, outcome)
            except Rejected as rejected:
                refused.setdefault(owner.device.id, []).append(rejected)
        for device, causes in refused.items():
            _quarantine(outcome, message, device, causes[0], len(causes))

    def _relayed(self, gateway: Entry, device: str) -> Entry:
        entry = self._directory.entry(device)
        if entry is None or entry.device.gateway != gateway.device.id:
            raise Rejected(
                Reason.FOREIGN_DEVICE, f"payload speaks for {device!r}, which is not registered behind this gateway"
            )
        return entry

    def _sample(self, entry: Entry, sample: Sample, received_at: int, outcome: Outcome) -> None:
        device = entry.device
        channel = entry.plan.channel(sample.metric, sample.unit)
        at = received_at if sample.at is None else sample.at
        if (device.valid_from is not None and at < device.valid_from) or (
            device.valid_to is not None and at >= device.valid_to
        ):
            raise Rejected(Reason.UNKNOWN_DEVICE, f"{device.id!r} was not in service at the time of the reading")
        series = device.id if sample.channel is None else f"{device.id}:{sample.channel}"
        value = channel.gain * sample.value + channel.offset
        if not isfinite(value):
            raise Rejected(
                Reason.NOT_FINITE, f"{sample.value!r} {sample.unit or ''} is too large for {channel.metric!r}"
            )
        state = self._checks.state(series, channel.metric)
        newest = state.at
        quality = self._checks.flags(channel, state, at, value, received_at)
        if at <= newest or quality & _CLOCK:
            outcome.repeats.append(len(outcome.readings))
        if sample.quality is not Quality.GOOD:
            quality |= sample.quality.value
        outcome.readings.append(Reading(series, channel.metric, at, value, sample.value, quality, received_at))
        outcome.regions.append(device.region)
        outcome.owners.append(device.id)
        outcome.tally(device.id).received += 1


def _quarantine(outcome: Outcome, message: Message, device: str | None, cause: Rejected, readings: int) -> None:
    outcome.quarantined.append(
        Quarantined(
            topic=message.topic,
            payload=message.payload,
            reason=cause.reason,
            detail=cause.detail,
            received_at=message.at,
            device=device,
            readings=readings,
        )
    )
    tally = outcome.tally(device or message.topic)
    tally.received += readings
    tally.quarantined += readings
