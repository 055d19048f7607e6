"""What the ingest worker tells the rest of the house after a write: readings that are now stored, on the MQTT bus.

Compact batches per county, QoS 0, on `rurban/v1/stored/<county>`; the API's live stream listens. Losing one loses no
reading: the store has it.
"""

from collections.abc import Sequence

import msgspec

from telemetry.errors import Reason, Rejected

TOPIC = "rurban/v1/stored"
ALL = f"{TOPIC}/+"
BEYOND = 7_289_654_400_000
"""2201-01-01T00:00Z in milliseconds: no reading lies there."""


class Announced(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A stored reading as other processes hear of it."""

    device: str
    """Series name."""
    metric: str
    at: int
    value: float
    quality: int
    received_at: int
    region: str


_decoder = msgspec.json.Decoder(list[Announced])
_encoder = msgspec.json.Encoder()


def topic(county: str) -> str:
    """Where readings of a county (6-digit code) are announced."""
    return f"{TOPIC}/{county}"


def encode(readings: Sequence[Announced]) -> bytes:
    return _encoder.encode(readings)


def decode(payload: bytes) -> list[Announced]:
    """Raise `Rejected` for anything that is not an announcement."""
    try:
        found = _decoder.decode(payload)
    except msgspec.MsgspecError as error:
        raise Rejected(Reason.MALFORMED, str(error)) from error
    if not all(0 <= each.at < BEYOND and 0 <= each.received_at < BEYOND for each in found):
        raise Rejected(Reason.BAD_TIME, "an announced time is outside the years 1970 to 2200")
    return found
