"""How much of what was expected has arrived: by the intervals of the device's profile, and by message numbers.

Days are UTC days of receipt, as in the ledger: this judges the way from the device to the house. Whether the time that
was measured is covered, late readings included, is another question: `coverage` in `/series`. Pure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from telemetry.model import Device, HeardDay, Profile

__all__ = ["Completeness", "completeness", "readings_due", "together"]

_MS: Final = 1000


@dataclass(frozen=True, slots=True)
class Completeness:
    """Of one device, or of several, over some time."""

    expected: int | None
    """Readings that were due; None = no device reports at an interval."""
    received: int
    """Distinct readings that came of the devices that report at an interval, and of all where none does."""
    counted: int
    """Received, but of no device more than it was due: one that talks much does not stand for one that is silent."""
    messages: int
    """That carry a number, each once."""
    lost: int | None
    """Messages whose numbers are missing; None = no device numbers its messages."""

    @property
    def share(self) -> float | None:
        """0 to 1, of the readings due; where none has an interval, of the numbered messages; None = unknown."""
        if self.expected is not None:
            return self.counted / self.expected if self.expected else None
        sent = self.messages + (self.lost or 0)
        return None if self.lost is None or not sent else self.messages / sent


def readings_due(device: Device, profile: Profile, start: int, stop: int) -> int | None:
    """How many readings the profile's intervals let expect in start <= t < stop, while the device is in service.

    A measure that reports on event adds nothing; None = all do. Channels are not known to a profile: several probes
    of one quantity are due as one.
    """
    intervals = [measure.interval_s for measure in profile.measures if measure.interval_s]
    if not intervals:
        return None
    first = start if device.valid_from is None else max(start, device.valid_from)
    last = stop if device.valid_to is None else min(stop, device.valid_to)
    span_s = max(0, last - first) / _MS
    return sum(int(span_s / interval_s) for interval_s in intervals)


def completeness(due: int | None, heard: HeardDay | None, *, numbered: bool) -> Completeness:
    """Of one device; `heard` None = nothing was. `numbered` = its messages carry numbers."""
    readings = 0 if heard is None else heard.readings
    lost = None if not numbered else 0 if heard is None else max(0, heard.lost)
    return Completeness(
        expected=due,
        received=readings,
        counted=readings if due is None else min(readings, due),
        messages=0 if heard is None else heard.messages,
        lost=lost,
    )


def together(parts: Iterable[Completeness]) -> Completeness:
    """Of several devices, or of one over several days."""
    every = list(parts)
    scheduled = [part for part in every if part.expected is not None]
    numbered = [part.lost for part in every if part.lost is not None]
    judged = scheduled or every
    return Completeness(
        expected=sum(part.expected or 0 for part in scheduled) if scheduled else None,
        received=sum(part.received for part in judged),
        counted=sum(part.counted for part in judged),
        messages=sum(part.messages for part in every),
        lost=sum(numbered) if numbered else None,
    )
