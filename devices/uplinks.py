"""What a LoRaWAN network server hands over for one uplink, whichever server it is: payload, time, number and signal."""

import base64
import binascii
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from devices.codecs.port import Context, Speech
from telemetry.errors import Reason, Rejected
from telemetry.model import Sample

_LARGEST: Final = 2**32 - 1
"""Of a frame counter."""


NO_OBJECT: Final = msgspec.Raw(b"")
_NOTHING: Final = frozenset({b"", b"null"})


class Known(NamedTuple):
    """What the server knows of the device beside its payload."""

    metric: str
    value: float | None
    """None = it does not know."""
    unit: str
    at: int | None = None
    """None = as of the uplink."""


class Uplink(NamedTuple):
    """One uplink, however many gateways have heard it."""

    at: int | None
    """When it was received over the air, milliseconds; None = the server does not say."""
    seq: int | None = None
    """Its frame counter."""
    data: str = ""
    """The payload in base64."""
    object: msgspec.Raw = NO_OBJECT
    """What the server's own decoder made of it, as JSON; `null` or nothing = there is none."""
    known: Sequence[Known] = ()


def address(text: str) -> str:
    """Of a LoRaWAN device, as the registry has it: its DevEUI in lower case, also where `eui-` stands before it."""
    return text.lower().removeprefix("eui-")


def best(values: list[float | None]) -> float | None:
    """Of the gateways that have heard it, what the best one says; None = none says anything."""
    return max((value for value in values if value is not None), default=None)


def samples_of(uplink: Uplink, context: Context) -> list[Sample]:
    """What the payload says, with time and number of the uplink where it has none, and the signal where it is reported.

    Raises:
        Rejected: What the profile's codec says about the payload; MALFORMED for what is no base64; EMPTY.
    """
    seq = uplink.seq if uplink.seq is not None and 0 <= uplink.seq <= _LARGEST else None
    body = _body(uplink, context)
    samples = [] if body is None else [_dated(sample, uplink.at, seq) for sample in _content(body, uplink, context)]
    for metric, value, unit, at in uplink.known:
        if value is not None and context.speech.reports(metric):
            samples.append(Sample(metric, value, uplink.at if at is None else at, unit, seq=seq))
    if not samples:
        raise Rejected(Reason.EMPTY, "the uplink has no payload, and the profile reports nothing of what is beside it")
    return samples


def _body(uplink: Uplink, context: Context) -> bytes | None:
    """What the profile's codec is to read; None = there is nothing."""
    content = context.speech.content
    decoded = bytes(uplink.object)
    if content is not None and content.READS_JSON and decoded not in _NOTHING:
        return decoded
    if not uplink.data:
        return None
    try:
        return base64.b64decode(uplink.data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Rejected(Reason.MALFORMED, f"{uplink.data[:40]!r} is not base64") from error


def _content(body: bytes, uplink: Uplink, context: Context) -> list[Sample]:
    content = context.speech.content
    if content is None:
        raise Rejected(Reason.UNSUPPORTED, "nothing says how the payload is to be read")
    received_at = context.received_at if uplink.at is None else uplink.at
    # No content of its own: what is inside cannot be wrapped again, and again without end.
    inside = Speech(None, context.speech.origins, context.speech.metrics)
    return content.decode(body, Context(context.device, received_at, inside, context.topic))


def _dated(sample: Sample, at: int | None, seq: int | None) -> Sample:
    return Sample(
        sample.metric,
        sample.value,
        at if sample.at is None else sample.at,
        sample.unit,
        sample.channel,
        sample.device,
        sample.quality,
        seq if sample.seq is None else sample.seq,
    )
