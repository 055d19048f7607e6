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
from devices.world import days
from ingest.directory import Plan
from ingest.sources import source_of
from telemetry.metrics import METRICS
from telemetry.model import Device, Profile

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
SUMMER = 1_782_864_000_000
"""2026-07-01T00:00Z, 08:00 in the county."""
SEED = 7
DEVICES = {device.id: device for device in county.devices()}
PROFILES = {profile.id: profile for profile in county.profiles()}

PLANS = {profile.id: Plan(profile, CODECS[profile.codec], METRICS) for profile in PROFILES.values()}
PLACES = {place.short: place.code for place in county.places.PLACES}

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


def village(short: str) -> list[Device]:
    """The simulated devices of one place, by its short name."""
    return [
        device for device in DEVICES.values() if device.region == PLACES[short] and device.profile in days.PROCESSES
    ]


def instruments(short: str, profile: str) -> list[str]:
    """The names of the devices of one model in one place."""
    return [device.id for device in village(short) if device.profile == profile]


def profile_of(device: str) -> Profile:
    return PROFILES[DEVICES[device].profile]


def decoded(messages: Iterable[Message]) -> Series:
    """Every reading of the messages, in the order in which they were sent, as the worker reads them."""
    series: Series = defaultdict(list)
    for message in messages:
        device, wrapper = source_of(message.topic)
        plan = PLANS[DEVICES[device].profile]
        context = Context(device, message.at, plan.speech, message.topic)
        for sample in (wrapper or plan.codec).decode(message.payload, context):
            series[device, sample.metric].append((message.at if sample.at is None else sample.at, sample.value))
    return series


@cache
def clean_day() -> tuple[Message, ...]:
    """One summer day of the whole county without faults."""
    return tuple(simulated().messages(SUMMER, SUMMER + DAY))


@cache
def clean_month() -> Series:
    """Thirty summer days of one village with all its instruments, and of the reservoir beside it."""
    return decoded(simulated([*village("bs01"), *village("bs02")]).messages(SUMMER, SUMMER + 30 * DAY))
