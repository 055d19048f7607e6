"""Which topics are listened to, and which device speaks on each: the source table of the design."""

from devices.message import uplink
from telemetry.errors import Reason, Rejected

UPLINKS = uplink("+")
"""Devices that speak the native topics; the codec is in their profile."""

LAST_CALL = uplink("_last-call")
"""What a house publishes before its own broker ends: whatever that has acknowledged before comes before it.

It is in the same filter, so in the same queue; and no device can have this name.
"""


def device_of(topic: str) -> str:
    """The device that a topic names; `Rejected(UNKNOWN_TOPIC)` for a topic of no source."""
    parts = topic.split("/")
    if len(parts) == 4 and parts[0] == "rurban" and parts[1] == "v1" and parts[3] == "up" and parts[2]:  # noqa: PLR2004 - the four parts of the native topic
        return parts[2]
    raise Rejected(Reason.UNKNOWN_TOPIC, f"{topic!r} is no uplink topic; devices publish to {uplink('<device_id>')}")
