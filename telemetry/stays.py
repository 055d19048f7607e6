"""Where devices stood before they were moved: a reading belongs to the place where its device stood then. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from telemetry.model import Device


@dataclass(frozen=True, slots=True)
class Stay:
    """One place where a device stood and does not any more."""

    device: str
    until: int
    """When it was moved from there, milliseconds UTC. It began with the stay before, or with the device."""
    region: str
    latitude: float | None = None
    longitude: float | None = None


def pieces(device: Device, former: Sequence[Stay]) -> list[Device]:
    """The device as it stood in each place, from when to when, oldest first; the last is where it stands.

    `former` are its own, in the order of their time. One that was never moved is itself.
    """
    found = []
    began = device.valid_from
    for stay in former:
        there = replace(device, region=stay.region, latitude=stay.latitude, longitude=stay.longitude)
        found.append(replace(there, valid_from=began, valid_to=stay.until))
        began = stay.until
    return [*found, replace(device, valid_from=began)] if found else [device]
