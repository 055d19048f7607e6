"""The port of every payload format, and how formats carry their own examples.

A codec is a module of this folder; its name is the module's name and the value in the device profile. It has
`decode(payload, context)` (required), `encode(samples)` (where the simulator speaks it) and `EXAMPLES`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from devices.origins import Located
from telemetry.errors import Reason
from telemetry.model import Sample


class Context(msgspec.Struct, frozen=True, gc=False):
    """What is known about a payload before it is read."""

    device: str
    """The device the topic names."""
    received_at: int
    """Milliseconds UTC."""
    origins: tuple[Located, ...] = ()
    """What the profile says about where values stand; none where the format names metrics itself."""


_AT_NOON: Final = Context(device="device-1", received_at=1_795_420_800_000)


@dataclass(frozen=True, slots=True)
class Example:
    """A payload and what it means: documentation and test at once."""

    source: str
    """The document it comes from."""
    payload: bytes
    samples: tuple[Sample, ...] = ()
    rejected: Reason | None = None
    """Set = the payload is refused with this reason."""
    encodes: bool = False
    """True = encoding the samples gives exactly this payload."""
    context: Context = _AT_NOON


class Codec(Protocol):
    """One payload format."""

    EXAMPLES: tuple[Example, ...]

    def decode(self, payload: bytes, context: Context) -> list[Sample]:
        """At least one sample, all finite, or `Rejected(reason)`; any bytes at all, nothing else is raised."""
        ...


class Writer(Codec, Protocol):
    """A payload format that is written as well as read."""

    def encode(self, samples: Sequence[Sample]) -> bytes:
        """A payload that decodes to the same samples."""
        ...
