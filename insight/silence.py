"""Which devices have fallen silent, since when, and what many that did so together have in common.

**Offline.** A device is offline when nothing was heard of it for more than `SILENT_INTERVALS` of its shortest
expected interval; since when = when its next message was due, one interval after the last. A device that reports on
event is never known to be. One that was said to be gone (the death of Sparkplug) is offline since then, whatever its
intervals, until it is heard again.

**Together.** What silenced a device happened between its last message and the next that was due. Devices whose spans
have an instant in common may have one cause, whatever their intervals. Of a group of devices, those count as silenced
at that instant whose span holds it, and as unharmed those that were heard after it; who was silent before, or is not
due yet, says nothing. If nearly all of a group were silenced, the largest such group names the likely cause:

    cause    group                                          what to look at
    house    all places                                     broker, its network, the worker, its store
    gateway  a gateway and all behind it                    the gateway, its power, its link
    place    a division, from the county down to a village  power or link of the place, as its neighbours are heard
    device   one alone                                      the device: battery, probe, theft

The thresholds are defaults without a source, for want of any; whoever calls may give others. Pure.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from telemetry.model import Device, Profile

__all__ = ["SILENT_INTERVALS", "Cause", "Presence", "Silence", "Thresholds", "is_silent", "presence", "silences"]

SILENT_INTERVALS: Final = 3
"""A device, or one measure of it, that missed so many of its expected readings has fallen silent."""


class Cause(StrEnum):
    """Where to look first, the largest first."""

    HOUSE = "house"
    GATEWAY = "gateway"
    PLACE = "place"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on several silent devices are one event."""

    least: int = 3
    """So many devices; fewer may be chance."""
    least_behind_gateway: int = 2
    share: float = 0.8
    """So many of those that were silenced or unharmed."""
    slack_ms: int = 120_000
    """Messages may be so much later or earlier than due."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether one device is there."""

    device: Device
    heard_at: int | None
    """None = never."""
    offline: bool | None
    """None = reports on event, or is not in service, so nobody can know."""
    since: int | None
    """When the first message was due that did not come; None = not offline, or never heard."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Devices that have fallen silent, and the likely cause."""

    cause: Cause
    where: str
    """Gateway, division code or device; empty for the house."""
    since: int
    """When the last of them was heard: it happened after that."""
    devices: tuple[str, ...]
    of: int
    """How many devices of the group were silenced or unharmed."""


def is_silent(last: int, interval_s: float, now: int) -> bool:
    return now - last > SILENT_INTERVALS * interval_s * 1000


def presence(
    device: Device, profile: Profile, heard_at: int | None, now: int, *, gone_at: int | None = None
) -> Presence:
    """Whether the device is there, by when it was last heard, and said to be gone since."""
    intervals = [measure.interval_s for measure in profile.measures if measure.interval_s]
    begun = device.valid_from is None or device.valid_from <= now
    over = device.valid_to is not None and device.valid_to <= now
    if gone_at is not None and begun and not over:
        return Presence(device, heard_at, offline=True, since=gone_at)
    if not intervals or not begun or over:
        return Presence(device, heard_at, offline=None, since=None)
    interval_s = min(intervals)
    # Who has not spoken yet is given time from the beginning of its service.
    last = max(heard_at or 0, device.valid_from or 0)
    if not is_silent(last, interval_s, now):
        return Presence(device, heard_at, offline=False, since=None)
    return Presence(
        device, heard_at, offline=True, since=None if heard_at is None else heard_at + int(interval_s * 1000)
    )


_Spans = Mapping[str, tuple[int, int]]


def silences(
    present: Collection[Presence], above: Callable[[str], Sequence[str]], limits: Thresholds | None = None
) -> list[Silence]:
    """What has fallen silent, the most devices first; each device is in one.

    Give all devices of the house: those that are heard tell how far a silence reaches. `above` gives the codes of the
    divisions over a device's own, from the top down. Who was never heard is not told of: nothing has happened to it.
    """
    limits = limits or Thresholds()
    # By device: from its last message to the next that was due.
    spans = {
        entry.device.id: (entry.heard_at - limits.slack_ms, entry.since + limits.slack_ms)
        for entry in present
        if entry.heard_at is not None and entry.since is not None
    }
    if not spans:
        return []
    found: list[Silence] = []
    heard = [entry for entry in present if entry.heard_at is not None and entry.offline is not None]
    for cause, where, members, least in _groups(heard, above, limits):
        silence = _common(cause, where, members, spans, least, limits)
        if silence is not None:
            found.append(silence)
            for device in silence.devices:
                del spans[device]
    found += [
        Silence(Cause.DEVICE, device, since=first + limits.slack_ms, devices=(device,), of=1)
        for device, (first, _) in spans.items()
    ]
    return sorted(found, key=lambda silence: (-len(silence.devices), silence.since, silence.where))


def _groups(
    heard: Sequence[Presence], above: Callable[[str], Sequence[str]], limits: Thresholds
) -> Iterable[tuple[Cause, str, list[Presence], int]]:
    """Everything that may fail at once, the largest first."""
    places: dict[tuple[int, str], list[Presence]] = defaultdict(list)
    gateways: dict[str, list[Presence]] = defaultdict(list)
    paths = {region: [*above(region), region] for region in {entry.device.region for entry in heard}}
    relaying = {entry.device.gateway for entry in heard}
    for entry in heard:
        for depth, code in enumerate(paths[entry.device.region]):
            places[depth, code].append(entry)
        gateway = entry.device.gateway or (entry.device.id if entry.device.id in relaying else None)
        if gateway is not None:
            gateways[gateway].append(entry)
    yield Cause.HOUSE, "", list(heard), limits.least
    for gateway, members in sorted(gateways.items()):
        yield Cause.GATEWAY, gateway, members, limits.least_behind_gateway
    for (_, code), members in sorted(places.items(), key=lambda item: item[0]):
        yield Cause.PLACE, code, members, limits.least


def _common(  # noqa: PLR0913, PLR0917 (a group, and by what it is judged)
    cause: Cause, where: str, members: Sequence[Presence], spans: _Spans, least: int, limits: Thresholds
) -> Silence | None:
    """The silence of a group; None = not enough of it fell silent together."""
    silent = [entry for entry in members if entry.device.id in spans]
    if len(silent) < least:
        return None
    instant = _shared_instant([spans[entry.device.id] for entry in silent])
    struck = [entry for entry in silent if spans[entry.device.id][0] <= instant <= spans[entry.device.id][1]]
    unharmed = sum(1 for entry in members if (entry.heard_at or 0) > instant + limits.slack_ms)
    if len(struck) < least or len(struck) < limits.share * (len(struck) + unharmed):
        return None
    places = {entry.device.region for entry in struck}
    if cause in (Cause.HOUSE, Cause.PLACE) and len(places) == 1 and places != {where}:
        return None  # the one place itself is told of
    since = max(entry.heard_at or 0 for entry in struck)
    devices = tuple(sorted(entry.device.id for entry in struck))
    return Silence(cause, where, since, devices, len(struck) + unharmed)


def _shared_instant(spans: Sequence[tuple[int, int]]) -> int:
    """An instant that most of the spans hold, the earliest of the best."""
    steps = sorted([(first, 0) for first, _ in spans] + [(last, 1) for _, last in spans])
    best = count = 0
    instant = steps[0][0]
    for at, ends in steps:
        count += -1 if ends else 1
        if count > best:
            best, instant = count, at
    return instant
