"""Simulated fleets of the sample county, and what their messages say once decoded."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TypeAlias

from devices import county
from devices.codecs import CODECS
from devices.codecs.port import Context
from devices.faults import CLEAN, Faults
from devices.fleet import Fleet
from devices.message import Message
from telemetry.model import Device, Profile

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
SUMMER = 1_782_864_000_000
"""2026-07-01T00:00Z, 08:00 in the county."""
SEED = 7
DEVICES = {device.id: device for device in county.devices()}
PROFILES = {profile.id: profile for profile in county.profiles()}

Series: TypeAlias = dict[tuple[str, str], list[tuple[int, float]]]
"""By device and metric: times and values."""


def simulated(
    devices: Sequence[Device] | None = None, *, seed: int = SEED, epoch: int = SUMMER, faults: Faults = CLEAN
) -> Fleet:
    """The county's fleet, or some of its devices."""
    return Fleet(
        county.devices() if devices is None else devices,
        county.profiles(),
        county.regions(),
        seed=seed,
        epoch=epoch,
        faults=faults,
    )


def village(prefix: str) -> list[Device]:
    """The devices of one place, by the beginning of their names."""
    return [device for device in DEVICES.values() if device.id.startswith(prefix)]


def profile_of(device: str) -> Profile:
    return PROFILES[DEVICES[device].profile]


def decoded(messages: Iterable[Message]) -> Series:
    """Every reading of the messages, in the order in which they were sent."""
    series: Series = defaultdict(list)
    for message in messages:
        device = message.topic.split("/")[2]
        for sample in CODECS[profile_of(device).codec].decode(message.payload, Context(device, message.at)):
            series[device, sample.metric].append((message.at if sample.at is None else sample.at, sample.value))
    return series


@cache
def clean_day() -> tuple[Message, ...]:
    """One summer day of the whole county without faults."""
    return tuple(simulated().messages(SUMMER, SUMMER + DAY))


@cache
def clean_month() -> Series:
    """Thirty summer days of one village with all its instruments, and of the reservoir beside it."""
    return decoded(simulated([*village("bs01-"), *village("bs02-")]).messages(SUMMER, SUMMER + 30 * DAY))
