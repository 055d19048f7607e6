"""The request to send a quarantined message through the pipeline again: `{"id": 17}` on the MQTT bus.

The API publishes it, any worker carries it out; so the API needs no worker of its own. Pure.
"""

import msgspec

from telemetry.errors import Reason, Rejected

TOPIC = "rurban/v1/replay"
PUT_OFF = "put off"
"""How the outcome of a message begins whose replay waits for the store."""


class _Request(msgspec.Struct, frozen=True):
    id: int


def encode(quarantine_id: int) -> bytes:
    return msgspec.json.encode(_Request(quarantine_id))


def decode(payload: bytes) -> int:
    """The number of the quarantined message; `Rejected(MALFORMED)` for anything that is no request."""
    try:
        return msgspec.json.decode(payload, type=_Request).id
    except msgspec.MsgspecError as error:
        raise Rejected(Reason.MALFORMED, str(error)) from error
