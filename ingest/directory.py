"""Who may send what: an immutable picture of the registry, made for one look-up per message."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from devices.codecs.port import Codec, Speech
from devices.origins import located
from ingest.sources import OF_STATIONS
from telemetry.calibration import Calibrated, Calibration, Computed, Course, by_series
from telemetry.errors import Invalid, Reason, Rejected
from telemetry.model import Device, Kind, Measure, Metric, Profile
from telemetry.units import conversion

logger = logging.getLogger(__name__)

DEFAULT_INTERVAL_S = 600.0
"""The time scale of the step check where neither profile nor catalogue knows an interval."""


@dataclass(frozen=True, slots=True)
class Channel:
    """How one metric of one device model, sent in one unit, is converted and checked."""

    metric: str
    gain: float
    offset: float
    """value = gain * raw + offset: unit and calibration in one."""
    low: float
    high: float
    step: float | None
    interval_ms: float
    stuck_after_ms: float | None
    counter: bool
    rollover_at: float | None


@dataclass(frozen=True, slots=True)
class Derivation:
    """What else is computed from the values of a series, and how that is checked."""

    channel: Channel
    course: Course


@dataclass(frozen=True, slots=True)
class Curves:
    """The calibrations of one series of one device."""

    own: Course | None
    derivations: tuple[Derivation, ...]

    def computed(self, at: int, value: float) -> Computed:
        """The calibrated value; the same one where no calibration holds at this time."""
        curve = None if self.own is None else self.own.at(at)
        return Computed(value, estimated=False) if curve is None else curve.computed(value)


class Plan:
    """One profile, resolved against the catalogue; shared by all of its devices."""

    __slots__ = ("_channels", "_measures", "_metrics", "codec", "profile", "speech")

    def __init__(self, profile: Profile, codec: Codec, metrics: Mapping[str, Metric]) -> None:
        """Raise `Invalid` where the profile says in no readable way where its values stand."""
        self.profile = profile
        self.codec = codec
        reported = None if profile.open else frozenset(measure.metric for measure in profile.measures)
        self.speech = Speech(codec, located(profile), reported)
        self._metrics = metrics
        self._measures = {measure.metric: measure for measure in profile.measures}
        self._channels: dict[tuple[str, str | None], Channel] = {}

    def channel(self, metric: str, unit: str | None) -> Channel:
        """Raise `Rejected`: UNKNOWN_METRIC for one that this profile does not report, UNKNOWN_UNIT."""
        found = self._channels.get((metric, unit))
        if found is None:
            found = self._channels[metric, unit] = self._resolved(metric, unit)
        return found

    def curves(self, metric: str, calibrated: Calibrated) -> Curves:
        """The calibrations of a series of this metric.

        What the profile reports itself is not computed, nor what the catalogue does not know any more.
        """
        measure = self._measures.get(metric) or Measure(metric)
        known = [
            (self._metrics[name], course)
            for name, course in calibrated.derived.items()
            if name in self._metrics and name not in self._measures
        ]
        return Curves(
            calibrated.own,
            tuple(
                Derivation(_channel(row, Measure(row.id, interval_s=measure.interval_s), row.unit), course)
                for row, course in known
            ),
        )

    def _resolved(self, metric: str, unit: str | None) -> Channel:
        row = self._metrics.get(metric)
        if row is None:
            raise Rejected(Reason.UNKNOWN_METRIC, f"{metric!r} is not in the metric catalogue")
        measure = self._measures.get(metric)
        if measure is None:
            if not self.profile.open:
                known = ", ".join(sorted(self._measures))
                raise Rejected(
                    Reason.UNKNOWN_METRIC,
                    f"profile {self.profile.id!r} does not report {metric!r}; it reports: {known}",
                )
            measure = Measure(metric)
        return _channel(row, measure, unit or measure.unit or row.unit)


def _channel(row: Metric, measure: Measure, unit: str) -> Channel:
    into = conversion(unit, row.unit)
    interval_s = measure.interval_s or row.interval_s or DEFAULT_INTERVAL_S
    stuck_after_s = _first(measure.stuck_after_s, row.stuck_after_s)
    return Channel(
        metric=row.id,
        gain=into.gain * measure.gain,
        offset=into.offset * measure.gain + measure.offset,
        low=row.low if measure.low is None else measure.low,
        high=row.high if measure.high is None else measure.high,
        step=_first(measure.step, row.step),
        interval_ms=interval_s * 1000,
        stuck_after_ms=None if stuck_after_s is None else stuck_after_s * 1000,
        counter=row.kind is Kind.COUNTER,
        rollover_at=measure.rollover_at,
    )


def _first(special: float | None, general: float | None) -> float | None:
    return general if special is None else special


@dataclass(frozen=True, slots=True)
class Entry:
    """One device as the worker knows it."""

    device: Device
    plan: Plan
    curves: Mapping[tuple[str, str | None], Curves] | None = None
    """By metric and channel, for the few devices that are calibrated one by one."""


class Directory:
    """All devices at one version of the registry."""

    def __init__(
        self,
        devices: Iterable[Device],
        profiles: Iterable[Profile],
        calibrations: Iterable[Calibration] = (),
        *,
        codecs: Mapping[str, Codec],
        metrics: Mapping[str, Metric],
    ) -> None:
        """Profiles that no device has are left out, and those whose codec does not exist (see `missing_codecs`).

        So are those that the registry would not take today, with a warning. Their devices are unknown.
        """
        devices, profiles = list(devices), list(profiles)
        used = {device.profile for device in devices}
        self.missing_codecs = sorted({profile.codec for profile in profiles} - set(codecs))
        plans = {}
        for profile in profiles:
            if profile.id in used and profile.codec in codecs:
                try:
                    plans[profile.id] = Plan(profile, codecs[profile.codec], metrics)
                except Invalid as invalid:
                    logger.warning("%s; its devices are unknown until then", invalid)
        self._entries = {
            device.id: Entry(device, plans[device.profile]) for device in devices if device.profile in plans
        }
        entered: dict[str, list[Calibration]] = defaultdict(list)
        for calibration in calibrations:
            entered[calibration.device].append(calibration)
        for name in entered.keys() & self._entries.keys():
            plain = self._entries[name]
            self._entries[name] = Entry(plain.device, plain.plan, _curves(plain.plan, entered[name]))

    def __len__(self) -> int:
        return len(self._entries)

    def entry(self, device: str) -> Entry | None:
        return self._entries.get(device)

    def behind(self, gateway: str) -> list[str]:
        """The devices that a gateway speaks for."""
        return [device for device, entry in self._entries.items() if entry.device.gateway == gateway]


def _curves(plan: Plan, calibrations: Iterable[Calibration]) -> Mapping[tuple[str, str | None], Curves] | None:
    """Of one device."""
    return {key: plan.curves(key[0], calibrated) for key, calibrated in by_series(calibrations).items()} or None


class DirectorySource(Protocol):
    """Where directories come from: the registry, in the composition root; a list, in tests."""

    def version(self) -> int:
        """A number that changes whenever a device, profile or calibration changes; cheap to ask."""
        ...

    def directory(self) -> Directory:
        """The picture as of now."""
        ...


class CurrentDirectory:
    """The newest directory, asked anew when a device is unknown or on every `refresh`."""

    def __init__(self, source: DirectorySource, clock: Callable[[], int] = lambda: 0) -> None:
        """With a `clock`, in milliseconds, a burst of unknown devices asks the registry once and not for each."""
        self._source = source
        self._clock = clock
        self._asked_at = -1
        self._version = source.version()
        self._directory = source.directory()

    def __len__(self) -> int:
        return len(self._directory)

    def entry(self, device: str) -> Entry | None:
        return self._directory.entry(device)

    def behind(self, gateway: str) -> list[str]:
        """The devices that a gateway speaks for."""
        return self._directory.behind(gateway)

    def known(self, device: str, received_at: int) -> Entry | None:
        """The device as of when its message was received, or later."""
        entry = self.entry(device)
        if entry is None and self._asked_at <= received_at and self.refresh():
            return self.entry(device)
        return entry

    def refresh(self) -> bool:
        """Take over a changed registry; True when it had changed."""
        self._asked_at = self._clock()
        version = self._source.version()
        if version == self._version:
            return False
        self._directory = self._source.directory()
        self._version = version
        return True


def check_station(plan: Plan, spoken: Codec | None) -> None:
    """Stations show no credentials: each speaks for devices of its own protocol only."""
    if spoken in OF_STATIONS and plan.codec is not spoken:
        raise Rejected(
            Reason.FOREIGN_DEVICE,
            f"a station of another protocol: the device's profile has codec {plan.profile.codec!r}",
        )
