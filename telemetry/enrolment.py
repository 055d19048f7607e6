"""What is wrong with a device that somebody wants to register, field by field, each with what would be right.

The registry refuses what it cannot hold; here are the words for whoever types it in, through the API or in a table.
Pure: no clock, no registry.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from heapq import nsmallest
from math import isfinite
from types import MappingProxyType
from typing import Final, Protocol

from telemetry import own
from telemetry.instant import iso
from telemetry.model import Device, Profile, Region
from telemetry.regions import is_code

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LONGEST = 200
_SEARCHED = 2000
"""Among so many names the nearest are looked for."""
MOST_LOOKED_FOR: Final = 200
"""Different wrong names for which those that resemble them are looked for."""
_PLAINLY: Final = MappingProxyType(
    {"profile": "the id of a profile", "gateway": "the id of a device", "region": "12 digits, the code of a region"}
)
_TEXTS = ("name", "project")
_POSITIONS = {"latitude": 90.0, "longitude": 180.0}


class Known(Protocol):
    """What there is to refer to."""

    @property
    def regions(self) -> Mapping[str, Region]:
        """By code."""
        ...

    @property
    def profiles(self) -> Mapping[str, Profile]:
        """By id."""
        ...

    @property
    def devices(self) -> Mapping[str, Device]:
        """By id."""
        ...


@dataclass(frozen=True, slots=True)
class Fault:
    """One field that is wrong."""

    field: str
    value: str
    wrong: str
    allowed: str


class Words:
    """What would be right instead of a name that is wrong; each is looked for once, and not without end.

    To look among all places of a county for each of a hundred thousand wrong cells would take an hour.
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._told: dict[tuple[str, str], str] = {}

    def of(self, field: str, value: str) -> str:
        """In words, with names that resemble it for the first `MOST_LOOKED_FOR`."""
        told = self._told.get((field, value))
        if told is None:
            if len(self._told) >= MOST_LOOKED_FOR:
                return _PLAINLY[field]
            told = self._told[field, value] = self._looked_for(field, value)
        return told

    def _looked_for(self, field: str, value: str) -> str:
        if field == "region":
            return _right_region(value, self._known.regions)
        return _right_name(field, value, self._known.profiles if field == "profile" else self._known.devices)


def faults(
    device: Device,
    known: Known,
    also: Collection[str] = (),
    words: Words | None = None,
    behind: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Fault]:
    """Everything that is wrong with it; `also` are devices that come with it and may be gateways.

    `behind` tells through which gateway those that come with it will speak, "" = none.
    Who looks at many devices gives the same `words` to all.
    """
    words = words or Words(known)
    yield from _of_id(device.id, known)
    if device.profile not in known.profiles:
        yield _unknown("profile", device.profile, words)
    yield from _of_region(device.region, known, words)
    gateway = device.gateway
    if gateway is not None:
        before = known.devices.get(device.id)
        further = _gateway_of(gateway, known, behind)
        if gateway == device.id:
            yield Fault("gateway", gateway, "is the device itself", "another device, or none")
        elif gateway not in also and gateway not in known.devices:
            yield _unknown("gateway", gateway, words)
        elif further and (before is None or before.gateway != gateway):
            yield Fault("gateway", gateway, f"speaks through the gateway {further} itself", f"{further}, or none")
    for name in _TEXTS:
        yield from _of_text(name, getattr(device, name))
    yield from _of_position(device)
    start, stop = device.valid_from, device.valid_to
    if start is not None and stop is not None and start >= stop:
        yield Fault("valid_to", iso(stop), "is not after valid_from", f"after {iso(start)}, or none")


def _gateway_of(gateway: str, known: Known, behind: Mapping[str, str]) -> str | None:
    there = known.devices.get(gateway)
    return behind.get(gateway, there.gateway if there else None) or None


def hindrance(name: str) -> str:
    """Why a device cannot be registered under this name, in words; empty = it can."""
    if own.is_own(name):
        return f"{name[:80]!r} is a name of the house itself; allowed: {own.OTHERS}"
    if _ID.fullmatch(name):
        return ""
    return f"{name[:80]!r} is no id; allowed: 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or digit"


def _of_id(device_id: str, known: Known) -> Iterator[Fault]:
    if device_id in known.devices:
        # Of ids with a colon only those are left that were there before it meant a channel.
        return
    if own.is_own(device_id):
        yield Fault("id", device_id, "is a name of the house itself", own.OTHERS)
    elif not _ID.fullmatch(device_id):
        allowed = "1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or digit"
        yield Fault("id", device_id, "is no id" if device_id else "is missing", allowed)


def _unknown(field: str, name: str, words: Words) -> Fault:
    what = "device" if field == "gateway" else field
    return Fault(field, name, f"is no {what}" if name else "is missing", words.of(field, name))


def _right_name(field: str, name: str, there: Collection[str]) -> str:
    what = "device" if field == "gateway" else field
    near = get_close_matches(name, there, n=3) if len(there) <= _SEARCHED else []
    examples = near or nsmallest(3, there)
    return f"{_PLAINLY[field]}, such as {', '.join(examples)}" if examples else f"there is no {what} yet"


def _of_region(code: str, known: Known, words: Words) -> Iterator[Fault]:
    if code in known.regions:
        return
    if "E+" in code.upper():
        yield Fault("region", code, "was rounded by a spreadsheet", "12 digits: format the column as text")
        return
    yield _unknown("region", code, words)


def _right_region(code: str, regions: Collection[str]) -> str:
    near = _near(code, regions)
    shape = "" if is_code(code) else "12 digits, "
    return f"{shape}the code of a region" + (f", such as {', '.join(near)}" if near else " that is registered")


def _near(code: str, codes: Iterable[str]) -> list[str]:
    """Those that resemble it most, of the same town, else county, else city."""
    alike = [other for other in codes if other[:4] == code[:4]] if code else []
    for digits in (9, 6, 4):
        found = [other for other in alike if other[:digits] == code[:digits]]
        if found:
            return get_close_matches(code, found[:_SEARCHED], n=3, cutoff=0.0)
    return []


def _of_text(field: str, text: str | None) -> Iterator[Fault]:
    if text is not None and (len(text) > _LONGEST or _CONTROL.search(text)):
        yield Fault(field, text, "is no line of text", f"at most {_LONGEST} characters, no control characters")


def _of_position(device: Device) -> Iterator[Fault]:
    given = {name: getattr(device, name) for name in _POSITIONS}
    for name, most in _POSITIONS.items():
        number = given[name]
        if number is not None and not (isfinite(number) and -most <= number <= most):
            yield Fault(name, f"{number:g}", "is out of range", f"degrees (WGS84), {-most:g} to {most:g}")
    missing = [name for name, number in given.items() if number is None]
    if len(missing) == 1:
        yield Fault(missing[0], "", "is missing", "both latitude and longitude, or neither")
