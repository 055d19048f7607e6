"""The port of every payload format, and how formats carry their own examples.

A codec is a module of this folder; its name is the module's name and the value in the device profile. It has
`decode(payload, context)`, `EXAMPLES`, `READS_JSON`, and where the simulator speaks it `encode(samples)`, or for
stations `report(samples, station, sent)`. A codec may read what is wrapped around others (a network server's event):
the inside is decoded by `context.speech.content`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from devices.origins import Located
from devices.sparkplug import Named
from telemetry.errors import Reason
from telemetry.model import Sample


class Speech(msgspec.Struct, frozen=True):
    """How the devices of one profile speak, whatever the topic."""

    content: "Codec | None" = None
    """The profile's codec, where something else is wrapped around what it reads."""
    origins: tuple[Located, ...] = ()
    """Where values stand; none where the format names metrics itself."""
    metrics: frozenset[str] | None = None
    """What the devices report; None = anything."""

    def reports(self, metric: str) -> bool:
        return self.metrics is None or metric in self.metrics


PLAIN: Final = Speech()
"""Of a format that needs to be told nothing."""


class Context(msgspec.Struct, frozen=True, gc=False):
    """What is known about a payload before it is read."""

    device: str
    """The device the topic names."""
    received_at: int
    """Milliseconds UTC."""
    speech: Speech = PLAIN
    """What the profile says."""
    topic: str = ""
    names: Mapping[int | str, Named] = {}
    """What the sender has said once for all that follows, where its format does so: by number and by name."""


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
    READS_JSON: bool
    """Its payloads are JSON: of a network server it reads what the server's decoder made of the bytes."""

    def decode(self, payload: bytes, context: Context) -> list[Sample]:
        """At least one sample, all finite, or `Rejected(reason)`; any bytes at all, nothing else is raised."""
        ...


class Writer(Codec, Protocol):
    """A payload format that is written as well as read."""

    def encode(self, samples: Sequence[Sample]) -> bytes:
        """A payload that decodes to the same samples."""
        ...


class Reporter(Codec, Protocol):
    """A protocol of stations, whose frames name the station, that is written as well as read."""

    def report(self, samples: Sequence[Sample], station: str, sent: int) -> bytes:
        """A frame of this station that asks for an answer, sent at this instant by its own clock [ms UTC].

        On the station's topic it decodes to the same samples, with the protocol's own unit where a sample names none.

        Raises:
            Invalid: A sample says what the protocol has no words for.
        """
        ...
