"""Devices that were heard and that nobody has registered: what they sent, and what it can be read as.

Pure: no clock, no network, no store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from telemetry.model import Profile, Quarantined, Sample


@dataclass(frozen=True, slots=True)
class Stranger:
    """A name that devices are called by in topics, and how often it was heard."""

    name: str
    messages: int
    """In quarantine, not replayed yet."""
    first_at: int
    """When the first of them was received, milliseconds UTC; and the last."""
    last_at: int


@dataclass(frozen=True, slots=True)
class Replays:
    """How far the replay of one device's refused messages has come."""

    stored: int
    """Messages whose replay succeeded."""
    refused: int
    """Whose replay was refused, or could not be."""
    waiting: int
    """Which were not replayed, or whose replay is put off."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What the messages of a stranger can be read as."""

    family: str
    """Whose topics these are: `native`, `chirpstack`."""
    codec: str | None = None
    """The format that reads most of the messages without being told anything; None = none reads any."""
    samples: tuple[Sample, ...] = ()
    """The newest of each series."""
    fields: tuple[tuple[str, float | str], ...] = ()
    """Where no format reads it and it is JSON: each value by its JSONPath, for the origins of a profile."""
    profiles: tuple[str, ...] = ()
    """Those that take all of what they read in the newest messages, the closest first."""


class Recogniser(Protocol):
    """Knows topics and payload formats."""

    def recognised(self, messages: Sequence[Quarantined], profiles: Sequence[Profile]) -> Recognised:
        """What these messages of one stranger, newest first and at least one, can be read as."""
        ...

    def began(self, messages: Sequence[Quarantined], profile: Profile) -> int:
        """The earliest time at which one of these was measured, read by this profile; of receipt, where it has none.

        A time that is more than 31 days before the receipt is a clock that is not set, or history: it does not count.
        Nor does that of a message which is too long to be looked into.
        """
        ...
