"""The one shape in which messages travel inside: between broker, worker, simulator and replay."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message."""

    topic: str
    payload: bytes
    at: int
    """Milliseconds UTC: when it was received; for simulated and replayed ones, when it is to be sent."""
    retained: bool = False
    """The broker had kept it, and gave it out because of a new subscription: nobody sent it now."""


STATIONS: Final = "dtu"


def station(protocol: str, address: str) -> str:
    """The topic on which a gateway publishes the frames of a station."""
    return f"{STATIONS}/{protocol}/{address}"


def uplink(device: str) -> str:
    """The topic on which a device publishes."""
    return f"rurban/v1/{device}/up"
