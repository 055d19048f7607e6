"""Query parameters: how they are declared, read and refused by name.

A route's parameters are one model; whatever it does not declare is refused instead of ignored.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from api.atlas import Atlas
from api.words import EARLIEST, LATEST
from telemetry.errors import Invalid, Unknown
from telemetry.instant import iso
from telemetry.metrics import metric
from telemetry.model import Device, Metric
from telemetry.regions import padded

MOST_NAMES = 2000
"""How many names one parameter may hold."""
INSTANT = "ISO 8601 with offset or Z, a date, `now`, or back from now: -30m, -24h, -7d, -2w"
_BACK = re.compile(r"-([0-9]{1,6})([mhdw])", re.ASCII)
_BACK_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
_PLUS_AS_SPACE = re.compile(r"(T[0-9:.,]+) ([0-9]{2}:?[0-9]{2})", re.ASCII)


class Parameters(BaseModel):
    """What a route accepts; anything else is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Names = Annotated[tuple[str, ...], Field(max_length=MOST_NAMES)]
RegionCodes = Annotated[
    Names,
    Field(
        description="division codes, repeated or separated by commas; trailing zeros may be left out; all that lies "
        "beneath is meant",
        examples=[["370522101"]],
    ),
]
MetricIds = Annotated[
    Names,
    Field(description="metrics of the catalogue, repeated or separated by commas", examples=[["air_temperature"]]),
]
DeviceIds = Annotated[
    Names,
    Field(
        description="devices, or single channels as `<device>:<channel>`, repeated or separated by commas",
        examples=[["demo-probe"]],
    ),
]
ZoneName = Annotated[
    str,
    Field(description="IANA time zone of days, months and of instants without offset", examples=["Asia/Shanghai"]),
]

AsOf = Annotated[
    str | None,
    Field(
        description="as it was known at this instant: readings that had been received, numbers that had been entered; "
        f"{INSTANT}. `now` and what counts back in start and stop is then meant from it. None = the present",
        examples=["2026-11-01T00:00:00Z"],
    ),
]

Formula = Annotated[
    int | None,
    Field(description="version of the formula, to compute again what was said by it; none = the present one", ge=1),
]


def names(given: Iterable[str]) -> list[str]:
    """Each name once, in their order; `a,b` is two."""
    return list(dict.fromkeys(name for text in given for name in text.split(",") if name))


def metrics(given: Iterable[str]) -> list[Metric]:
    return [metric(name) for name in names(given)]


def some_metrics(given: Iterable[str]) -> list[Metric]:
    """At least one. Raise `Invalid` where only commas were given."""
    found = metrics(given)
    if not found:
        raise Invalid("metric", "names no metric", "one or more ids of /api/v1/metrics")
    return found


def zone(name: str) -> ZoneInfo:
    """Raise `Invalid` for a name that is no time zone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise Invalid("tz", f"{name[:64]!r} is no time zone", "an IANA name such as Asia/Shanghai or UTC") from error


def instant(where: str, text: str, now: int, tz: ZoneInfo) -> int:
    """Milliseconds UTC of an instant as people write it; held to the years 1970 to 2200.

    A date is the beginning of its day in `tz`; a time without offset is local time there.

    Raises:
        Invalid: naming the parameter and what is allowed.
    """
    if text == "now":
        return now
    if back := _BACK.fullmatch(text):
        return max(EARLIEST, now - int(back[1]) * _BACK_MS[back[2]])
    # In a URL an unescaped + of an offset arrives as a space.
    written = _PLUS_AS_SPACE.sub(r"\1+\2", text)
    try:
        moment = dt.datetime.fromisoformat(written)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=tz)
        exact = aware.astimezone(dt.UTC) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid(where, f"{text[:64]!r} is no instant", INSTANT) from error
    return max(EARLIEST, min(exact // dt.timedelta(milliseconds=1), LATEST))


def known_at(text: str | None, now: int, tz: ZoneInfo) -> int | None:
    """The instant of `as_of`; None = the present. Raise `Invalid` for one in the future."""
    if text is None:
        return None
    at = instant("as_of", text, now, tz)
    if at > now:
        raise Invalid("as_of", f"{text!r} is in the future: nobody knows it yet", "now, or earlier")
    return at


def span(start: str, stop: str, now: int, tz: ZoneInfo, as_of: int | None = None) -> tuple[int, int]:
    """Start and stop of a half-open range, as it was asked for `as_of` an instant; None = now.

    Raise `Invalid` where nothing lies between, and where nothing of it had happened.
    """
    meant = now if as_of is None else as_of
    first, last = instant("start", start, meant, tz), instant("stop", stop, meant, tz)
    if first >= last:
        raise Invalid("start", f"{start!r} is not before stop, {stop!r}", "an earlier start or a later stop")
    if as_of is not None and as_of <= first:
        raise Invalid(
            "as_of", f"{iso(as_of)} is not after start, {iso(first)}: nothing of it had happened", "a later one"
        )
    return first, last


def chosen(
    atlas: Atlas, regions: Sequence[str], devices: Sequence[str], *, ever: bool = False
) -> list[tuple[Device, str | None]]:
    """The devices that lie in one of the regions and are among the devices named, by id; none named = any.

    Beside each stands the one series that is meant, None = all its channels. `ever` = also those that lay there, and
    each device as it was in each of its places, valid for as long as it was.
    """
    named: dict[str, tuple[Device, str | None]] = {}
    for name in devices:
        device = atlas.device_of(name)
        if device is None:
            raise Unknown("device", name)
        named[name] = (device, None if device.id == name else name)
    if not devices:
        return [(device, None) for device in _standing(atlas, regions, ever=ever)]
    pairs = [pair for _, pair in sorted(named.items())]
    if ever:
        pairs = [(piece, series) for device, series in pairs for piece in atlas.pieces(device)]
    within = {region.code for code in regions for region in atlas.beneath(padded(code))}
    return [pair for pair in pairs if not regions or pair[0].region in within]


def _standing(atlas: Atlas, regions: Sequence[str], *, ever: bool) -> Iterable[Device]:
    if not regions:
        return [piece for one in atlas.devices.values() for piece in (atlas.pieces(one) if ever else [one])]
    beneath = atlas.stood_beneath if ever else atlas.standing_beneath
    found = {(device.id, device.valid_from): device for code in regions for device in beneath(code)}
    return sorted(found.values(), key=lambda device: device.id)
