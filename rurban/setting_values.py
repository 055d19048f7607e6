"""What single settings may say, where a pattern does not tell it."""

import re
from ipaddress import ip_network
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from ingest.sources import FAMILIES
from rurban.nights import NEVER

_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


def listed(text: str) -> list[str]:
    """Names with commas between; `none` is none."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    return [] if names == ["none"] else names


def _without_credentials(value: str) -> str:
    if "@" in value:
        raise ValueError("holds a user or password, which messages would show: use RURBAN_INFLUXDB_TOKEN")
    return value


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{value!r} is not an IANA time zone such as Asia/Shanghai") from error
    return value


def _known_networks(value: str) -> str:
    for name in listed(value):
        try:
            ip_network(name)
        except ValueError as error:
            raise ValueError(f"{error}; a network is written 10.20.0.0/16, and all of them 0.0.0.0/0") from error
    return value


def _known_families(value: str) -> str:
    unknown = sorted(set(listed(value)) - set(FAMILIES))
    if unknown:
        raise ValueError(f"{', '.join(unknown)} is no family of topics; there are {', '.join(FAMILIES)}, or none")
    return value


def _hour_of_night(value: str) -> str:
    if value != NEVER and _HOUR.fullmatch(value) is None:
        raise ValueError(f"{value!r} is no time of day such as 04:00, nor {NEVER}")
    return value


PlainUrl = Annotated[str, AfterValidator(_without_credentials)]
ZoneId = Annotated[str, AfterValidator(_known_zone)]
Networks = Annotated[str, AfterValidator(_known_networks)]
HourOfNight = Annotated[str, AfterValidator(_hour_of_night)]
Families = Annotated[str, AfterValidator(_known_families)]
