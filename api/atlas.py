"""Places, profiles and devices as the API sees them: one picture of the registry, taken anew when it has changed."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from insight.completeness import readings_due
from insight.scores import PROFILE as OF_THE_HOUSE
from telemetry.calibration import Calibration, lasting
from telemetry.errors import Unknown
from telemetry.model import Device, Level, Measure, Profile, Region
from telemetry.regions import padded
from telemetry.registry import Registry
from telemetry.stays import Stay, pieces

Key = TypeVar("Key")
Item = TypeVar("Item")
_PLAIN = Measure("")


class Due(NamedTuple):
    """A reading that the house computes, as often as the one that it is computed from."""

    measure: Measure
    since: int
    """When the first calibration begins."""
    until: int | None
    """When the last one was ended; None = it goes on. A gap between two is no end."""

    def within(self, valid_from: int | None, valid_to: int | None) -> tuple[int, int | None]:
        """The part of a device's time in which it is due."""
        start = self.since if valid_from is None else max(self.since, valid_from)
        return start, min((end for end in (self.until, valid_to) if end is not None), default=None)


@dataclass(frozen=True, slots=True)
class Atlas:
    """The registry at one version; every mapping is in the order of its keys."""

    regions: Mapping[str, Region]
    children: Mapping[str | None, Sequence[Region]]
    """By parent; the roots under None."""
    devices: Mapping[str, Device]
    standing: Mapping[str, Sequence[Device]]
    """By region code, the devices that stand there."""
    stood: Mapping[str, Sequence[Device]]
    """By region code, the devices that stand there or did, each as it was then and valid for as long."""
    profiles: Mapping[str, Profile]
    measures: Mapping[str, Mapping[str, Measure]]
    """By profile and metric."""
    stays: Mapping[str, Sequence[Stay]]
    """By device, where it stood before it was moved, oldest first."""
    version: int = 0
    """Of the registry: another number, another picture."""
    computed: Mapping[str, Mapping[str, Due]] = field(default_factory=dict)
    """By device and metric, what the house computes from what it reports."""
    calibrations: Mapping[str, Sequence[Calibration]] = field(default_factory=dict)
    """By device, those that hold."""

    def region(self, code: str) -> Region:
        """The region of this code, which may leave its trailing zeros out. Raise `Invalid` or `Unknown`."""
        found = self.regions.get(padded(code))
        if found is None:
            raise Unknown("region", code)
        return found

    def device(self, device_id: str) -> Device:
        found = self.devices.get(device_id)
        if found is None:
            raise Unknown("device", device_id)
        return found

    def profile(self, profile_id: str) -> Profile:
        found = self.profiles.get(profile_id)
        if found is None:
            raise Unknown("profile", profile_id)
        return found

    def device_of(self, series: str) -> Device | None:
        """The device that writes a series `<device>` or `<device>:<channel>`; None = nobody any more."""
        return self.devices.get(series) or self.devices.get(series.rpartition(":")[0])

    def above(self, code: str) -> list[Region]:
        """From the top down to the parent; none for a region that does not exist."""
        path: list[Region] = []
        region = self.regions.get(code)
        while region is not None and region.parent is not None:
            region = self.regions.get(region.parent)
            if region is not None:
                path.append(region)
        return path[::-1]

    def beneath(self, code: str) -> list[Region]:
        """The region and all under it."""
        found = [self.region(code)]
        for region in found:
            found.extend(self.children.get(region.code, ()))
        return found

    def standing_beneath(self, code: str) -> list[Device]:
        """The devices in a region and in all under it, by id."""
        found = [device for region in self.beneath(code) for device in self.standing.get(region.code, ())]
        return sorted(found, key=_id)

    def stood_beneath(self, code: str) -> list[Device]:
        """The devices that stand or stood in a region and in all under it, by id, each as it was then."""
        found = [piece for region in self.beneath(code) for piece in self.stood.get(region.code, ())]
        return sorted(found, key=_id)

    def pieces(self, device: Device) -> list[Device]:
        """The device as it stood in each place, oldest first; the last is where it stands."""
        return pieces(device, self.stays.get(device.id, ()))

    def at_level(self, code: str, level: Level) -> Region | None:
        """The region itself or the one above it that is of this level."""
        own = self.regions.get(code)
        path = [*self.above(code), *([own] if own else ())]
        return next((region for region in path if region.level is level), None)

    def measure(self, device: Device, metric: str) -> Measure | None:
        """How the device reports this metric, or the house computes it from what it reports; None = neither."""
        profile = self.profiles[device.profile]
        found = self.measures[device.profile].get(metric)
        if found is None and metric in self.computed.get(device.id, ()):
            return self.computed[device.id][metric].measure
        return _PLAIN if found is None and profile.open else found

    def readings_due(self, device: Device, start: int, stop: int) -> int | None:
        """How many readings of a device are due in start <= t < stop, those that are computed among them."""
        due = readings_due(device, self.profiles[device.profile], start, stop)
        for one in self.computed.get(device.id, {}).values():
            valid_from, valid_to = one.within(device.valid_from, device.valid_to)
            then = replace(device, valid_from=valid_from, valid_to=valid_to)
            profile = replace(self.profiles[device.profile], measures=(one.measure,))
            more = readings_due(then, profile, start, stop)
            due = due if more is None else more + (due or 0)
        return due


def sensors(atlas: Atlas, code: str) -> list[Device]:
    """Those that stand in this region itself and measure: without those that bear what the house says of it."""
    return [device for device in atlas.standing.get(code, ()) if device.profile != OF_THE_HOUSE]


class CurrentAtlas:
    """The newest picture of the registry. Thread-safe; raises `RegistryUnavailable`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._version = -1
        self._atlas: Atlas | None = None

    def now(self) -> Atlas:
        version = self._registry.devices.version()
        with self._lock:
            if self._atlas is None or self._version != version:
                self._atlas = _drawn(self._registry, version)
                self._version = version
            return self._atlas

    def above(self, code: str) -> list[str]:
        """The codes above a region, without asking the registry: for streams that must not wait for it."""
        atlas = self._atlas
        return [] if atlas is None else [region.code for region in atlas.above(code)]


def _drawn(registry: Registry, version: int) -> Atlas:
    regions = registry.places.all()
    devices = registry.devices.all()
    profiles = registry.devices.profiles()
    measures = {profile.id: {measure.metric: measure for measure in profile.measures} for profile in profiles}
    stays = _grouped((stay.device, stay) for stay in registry.stays.all())
    calibrations = registry.calibrations.current()
    stood = [piece for device in devices for piece in pieces(device, stays.get(device.id, ()))]
    return Atlas(
        regions={region.code: region for region in regions},
        children=_grouped((region.parent, region) for region in regions),
        devices={device.id: device for device in devices},
        standing=_grouped((device.region, device) for device in devices),
        stood=_grouped((piece.region, piece) for piece in stood),
        profiles={profile.id: profile for profile in profiles},
        measures=measures,
        stays=stays,
        version=version,
        computed=_computed(calibrations, {device.id: measures[device.profile] for device in devices}),
        calibrations=_grouped((one.device, one) for one in calibrations),
    )


def _computed(
    entered: Sequence[Calibration], measures: Mapping[str, Mapping[str, Measure]]
) -> dict[str, dict[str, Due]]:
    """`entered` are the calibrations that hold, `measures` those that each device reports."""
    going_on = {(one.device, one.metric) for one in lasting(entered)}
    found: dict[str, dict[str, Due]] = {}
    derived = _grouped(((one.device, one.metric), one) for one in entered if one.computed_from is not None)
    for (device, name), mine in derived.items():
        begins = [one.valid_from for one in mine if one.curve is not None]
        if begins and device in measures and name not in measures[device]:
            taken = measures[device].get(mine[0].input, _PLAIN)
            until = None if (device, name) in going_on else max(one.valid_from for one in mine if one.curve is None)
            due = Due(Measure(name, interval_s=taken.interval_s), min(begins), until)
            found.setdefault(device, {})[name] = due
    return found


def _grouped(pairs: Iterable[tuple[Key, Item]]) -> dict[Key, list[Item]]:
    groups: dict[Key, list[Item]] = {}
    for key, item in pairs:
        groups.setdefault(key, []).append(item)
    return groups


def _id(device: Device) -> str:
    return device.id
