"""Which topics are listened to, which device speaks on each, and in what its words are wrapped: the source table."""

from collections.abc import Collection
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from devices.codecs import CODECS
from devices.codecs.port import Codec
from devices.message import uplink
from devices.uplinks import address
from telemetry.errors import Reason, Rejected

UPLINKS = uplink("+")
"""Devices that speak the native topics; the codec is in their profile."""

LAST_CALL = uplink("_last-call")
"""What a house publishes before its own broker ends: whatever that has acknowledged before comes before it.

It is in the same filter, so in the same queue; and no device can have this name.
"""

NATIVE: Final = "native"
_NATIVE: Final = "rurban/v1/"
_DEVICE: Final = "{device}"
_EUI: Final = "{eui}"
_NAMED: Final = frozenset({_DEVICE, _EUI})
_OPEN: Final = "+"


@dataclass(frozen=True, slots=True)
class Source:
    """Topics of one pattern."""

    family: str
    """Of which it is part; families are listened to or not."""
    pattern: str
    """`{device}` stands for the registry id, `{eui}` for a LoRaWAN device (`devices.uplinks.address`)."""
    wrapper: str | None = None
    """The codec of what is wrapped around the payload; None = the profile's codec reads it as it is."""
    by_all: bool = False
    """Every worker of a group hears it, not only one: it says what later messages mean."""

    @property
    def filter(self) -> str:
        return "/".join(_OPEN if level in _NAMED else level for level in self.pattern.split("/"))


SOURCES: Final = (
    Source("chirpstack", "application/+/device/{eui}/event/up", "chirpstack"),
    Source("chirpstack", "application/+/device/{eui}/event/status", "chirpstack"),
    Source("the_things_stack", "v3/+/devices/{eui}/up", "the_things_stack"),
    Source("tasmota", "tele/{device}/SENSOR"),
    Source("shelly", "{device}/status/switch:0"),
    Source("home_assistant", "homeassistant/sensor/{device}/state"),
    Source("home_assistant", "homeassistant/binary_sensor/{device}/state"),
    Source("esphome", "{device}/sensor/+/state", "named_value"),
    Source("esphome", "{device}/binary_sensor/+/state", "named_value"),
    Source("station", "dtu/hj212/{device}", "hj212"),
    Source("station", "dtu/sl651/{device}", "sl651"),
    Source("station", "dtu/szy206/{device}", "szy206"),
    Source("sparkplug_b", "spBv1.0/+/NBIRTH/{device}", "sparkplug_b", by_all=True),
    Source("sparkplug_b", "spBv1.0/+/NDATA/{device}", "sparkplug_b"),
    Source("sparkplug_b", "spBv1.0/+/NDEATH/{device}", "sparkplug_b", by_all=True),
    Source("sparkplug_b", "spBv1.0/+/DBIRTH/+/{device}", "sparkplug_b", by_all=True),
    Source("sparkplug_b", "spBv1.0/+/DDATA/+/{device}", "sparkplug_b"),
    Source("sparkplug_b", "spBv1.0/+/DDEATH/+/{device}", "sparkplug_b", by_all=True),
)
"""Every foreign family; where two rows fit a topic, the first one counts."""

_BY_ALL: Final = frozenset(source.filter for source in SOURCES if source.by_all)

FAMILIES: Final = tuple(dict.fromkeys(source.family for source in SOURCES))


@dataclass(frozen=True, slots=True)
class _Row:
    """A source, ready to be held against topics."""

    family: str
    levels: tuple[str, ...]
    wrapper: Codec | None

    def device(self, parts: list[str]) -> str | None:
        """None = another topic."""
        named = None
        for level, part in zip(self.levels, parts, strict=True):
            if level in _NAMED:
                named = address(part) if level == _EUI else part
            elif level not in (_OPEN, part):
                return None
        return named


def _rows() -> MappingProxyType[tuple[int, str], list[_Row]]:
    rows: dict[tuple[int, str], list[_Row]] = {}
    for source in SOURCES:
        levels = tuple(source.pattern.split("/"))
        wrapper = None if source.wrapper is None else CODECS[source.wrapper]
        last = _OPEN if levels[-1] in _NAMED else levels[-1]
        rows.setdefault((len(levels), last), []).append(_Row(source.family, levels, wrapper))
    return MappingProxyType(rows)


_ROWS: Final = _rows()
"""By the number of levels and the last one, or `+` where the pattern leaves that open."""


OF_STATIONS: Final = frozenset(CODECS[each.wrapper] for each in SOURCES if each.family == "station" and each.wrapper)
"""Formats of stations that show no credentials: they speak for devices of their own format only."""


def source_of(topic: str) -> tuple[str, Codec | None]:
    """The device that a topic names, and what its payload is wrapped in; None = in nothing.

    Raises:
        Rejected: UNKNOWN_TOPIC for a topic of no source.
    """
    parts = topic.split("/")
    if len(parts) == 4 and parts[0] == "rurban" and parts[1] == "v1" and parts[3] == "up" and parts[2]:  # noqa: PLR2004 - the four parts of the native topic
        return parts[2], None
    for row in _fitting(parts):
        device = row.device(parts)
        if device:
            return device, row.wrapper
    raise Rejected(Reason.UNKNOWN_TOPIC, f"{topic!r} is no uplink topic; devices publish to {uplink('<device_id>')}")


def family_of(topic: str) -> str:
    """Whose topics these are; `native` where it is none of the foreign families."""
    parts = topic.split("/")
    if not topic.startswith(_NATIVE):
        for row in _fitting(parts):
            if row.device(parts):
                return row.family
    return NATIVE


def _fitting(parts: list[str]) -> list[_Row]:
    """Those that a topic may be of, by its number of levels and its last one."""
    return [*_ROWS.get((len(parts), parts[-1]), ()), *_ROWS.get((len(parts), _OPEN), ())]


def device_of(topic: str) -> str:
    """The device that a topic names; `Rejected(UNKNOWN_TOPIC)` for a topic of no source."""
    return source_of(topic)[0]


def bucket_of(topic: str) -> str:
    """A name for whoever sends on a topic: the same for all topics of one device, which may be any number."""
    if topic.startswith(_NATIVE):
        return topic
    try:
        return uplink(device_of(topic))
    except Rejected:
        return topic


def filters(families: Collection[str]) -> list[str]:
    """What to subscribe to for these families and the native topics, in an order that does not change.

    No two overlap: a broker may send what fits two of them twice, and does so where they are shared.
    """
    wanted = dict.fromkeys(source.filter for source in SOURCES if source.family in families)
    return [UPLINKS, *(one for one in wanted if not any(_covers(other, one) for other in wanted if other != one))]


def former(families: Collection[str]) -> list[str]:
    """What may have been subscribed to for other families, and is not for these."""
    wanted = filters(families)
    return [one for one in dict.fromkeys(source.filter for source in SOURCES) if one not in wanted]


def subscribed(topic_filter: str, share: str) -> str:
    """How a worker of a group subscribes to this; `share` is `$share/<group>/`, empty = there is no group."""
    return topic_filter if topic_filter in _BY_ALL else share + topic_filter


def _covers(general: str, special: str) -> bool:
    levels, others = general.split("/"), special.split("/")
    return len(levels) == len(others) and all(
        level in (_OPEN, other) for level, other in zip(levels, others, strict=True)
    )
