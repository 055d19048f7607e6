"""Places and devices as arrays, so that a day of all devices of one kind is computed at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devices.world.noise import Floats, Keys, key, salted, uniform
from telemetry.errors import Invalid
from telemetry.model import Device, Profile, Region, Setting


@dataclass(frozen=True, slots=True)
class Places:
    """The regions in which simulated devices stand; every array has one row per place and one column."""

    rows: Mapping[str, int]
    """Region code -> row."""
    keys: Keys
    latitude: Floats
    longitude: Floats
    households: Floats
    urban: NDArray[np.bool_]

    @property
    def count(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Cohort:
    """All simulated devices of one profile; rows of arrays are devices, in this order."""

    profile: Profile
    devices: tuple[Device, ...]
    keys: Keys
    """One row per device, one column."""
    place: NDArray[np.intp]
    """Row of the device's place."""
    share: Floats
    """One over the number of devices of this profile in the same place; one column."""

    @property
    def count(self) -> int:
        return len(self.devices)

    def trait(self, name: str, low: float, high: float) -> Floats:
        """A property that every device of the cohort has for life, in [low, high); one column."""
        return low + (high - low) * uniform(salted(self.keys, name), np.zeros(1, dtype=np.int64))

    def summed(self, values: Floats, places: int) -> Floats:
        """Values of devices (rows) added up by place."""
        totals = np.zeros((places, values.shape[1]))
        np.add.at(totals, self.place, values)
        return totals


def placed(seed: int, devices: Sequence[Device], regions: Sequence[Region]) -> Places:
    """The places of these devices.

    Raises:
        Invalid: A device's region is not there, or has no centroid.
    """
    known = {region.code: region for region in regions}
    codes = sorted({device.region for device in devices})
    for code in codes:
        if code not in known or known[code].latitude is None or known[code].longitude is None:
            raise Invalid("region of a simulated device", code, "a region with latitude and longitude")
    chosen = [known[code] for code in codes]
    return Places(
        rows={code: row for row, code in enumerate(codes)},
        keys=_column_of_keys([key(seed, "place", code) for code in codes]),
        latitude=_column([region.latitude or 0.0 for region in chosen]),
        longitude=_column([region.longitude or 0.0 for region in chosen]),
        households=_column([float(region.households or 100) for region in chosen]),
        urban=np.array([[region.setting is Setting.URBAN] for region in chosen], dtype=np.bool_).reshape(-1, 1),
    )


def cohort(seed: int, profile: Profile, devices: Sequence[Device], places: Places) -> Cohort:
    """The devices of one profile, which stand in these places."""
    place = np.array([places.rows[device.region] for device in devices], dtype=np.intp)
    neighbours = np.bincount(place, minlength=places.count)
    return Cohort(
        profile=profile,
        devices=tuple(devices),
        keys=_column_of_keys([key(seed, "device", device.id) for device in devices]),
        place=place,
        share=_column([1.0 / neighbours[row] for row in place]),
    )


def _column(values: Sequence[float]) -> Floats:
    return np.array(values, dtype=np.float64).reshape(-1, 1)


def _column_of_keys(values: Sequence[int]) -> Keys:
    return np.array(values, dtype=np.uint64).reshape(-1, 1)
