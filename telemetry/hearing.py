"""What is known of a device from hearing it: which numbers are missing, and how wrong its clock is.

**The clock.** Receipt minus the device's own time is the time on the way minus the clock's error. The time on the way
is never negative and mostly short, so the shortest of several such delays tells most about the clock (clock filter,
RFC 5905 section 10). Here it is the second shortest of the last five: one absurd time moves nothing, and after a
clock is set the estimate has followed with the fifth message at the latest, the second one if it was set ahead. What
a device had kept and sends later is no news of its clock:

* a time that is not after the one before (late data, repeats, the first message after a clock was set back) is no
  sample;
* a delay that shrinks by more than the time that has passed since is a device that catches up: it takes the place of
  the sample before it.

What remains unknown is the time on the way itself: a device whose messages always take 4 s looks 4 s slow.
Pure: no clock of its own, no store.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from telemetry.instant import DAY_MS
from telemetry.sequence import Losses, Numbers

__all__ = ["GONE", "Hearing", "Note"]

SAMPLES: Final = 5
"""How many delays are remembered."""
_RANK: Final = 1
"""The second shortest."""
_JITTER_MS: Final = 1_000
_BELIEVED_AHEAD_MS: Final = 300_000
"""A time further in the future does not tell what was measured later."""

Note = tuple[int, int | None, int | None]
"""One message as it was heard: when it was received, its newest time, its number; milliseconds UTC, None = has none."""
GONE: Final = -1
"""In the place of the number: nobody heard the device itself, but it was said to be gone."""


class Hearing(msgspec.Struct, array_like=True):
    """One device; goes on from message to message."""

    heard_at: int = 0
    """Of the newest message."""
    numbers: Numbers | None = None
    """None = its messages have none."""
    newest: int = 0
    """The newest time of any message that is not from the future."""
    last: int = 0
    """The time of the message before; 0 = none."""
    last_heard: int = 0
    """When that one was received."""
    delays: list[int] = []
    """Of the last samples, oldest first."""
    sampled_at: int = 0
    ahead_until: int = 0
    """The newest time from the future; 0 = none."""
    day: int = 0
    """The newest UTC day of a numbered message, counted from 1970."""
    messages: int = 0
    """Of that day, numbered and each once."""
    gone_at: int = 0
    """When it was last said to be gone; 0 = never."""

    def hear(self, notes: Sequence[Note], closed: dict[int, int], losses: Losses) -> None:
        """Take in the next messages, in the order in which they came; what comes together is one sample of the clock.

        Messages that have a number and are no repeats are counted for the newest day; those of other UTC days are added
        to `closed`.
        """
        newest, numbers = self.newest, self.numbers
        counted: dict[int, int] = {}
        for received_at, at, number in notes:
            newer: bool | None = None
            if at is not None:
                if at > received_at + _BELIEVED_AHEAD_MS:
                    self.ahead_until = max(self.ahead_until, at)
                else:
                    newer = at > newest
                    newest = at if newer else newest
            if number is None:
                continue
            if number == GONE:
                self.gone_at = max(self.gone_at, received_at)
                continue
            day = received_at // DAY_MS
            if numbers is None:
                numbers = Numbers(number)
            elif number + numbers.wrapped - numbers.highest == 1:
                numbers.highest += 1
            elif not numbers.follow(number, day, losses, newer=newer):
                continue
            counted[day] = counted.get(day, 0) + 1
        self.newest, self.numbers = newest, numbers
        self._count(counted, closed)
        last = next((note for note in reversed(notes) if note[2] != GONE), None)
        if last is not None:
            self._tell_time(last)

    def _count(self, counted: dict[int, int], closed: dict[int, int]) -> None:
        for day, messages in counted.items():
            if day == self.day:
                self.messages += messages
            elif day < self.day:
                closed[day] = closed.get(day, 0) + messages
            else:
                if self.messages:
                    closed[self.day] = closed.get(self.day, 0) + self.messages
                self.day, self.messages = day, messages

    def _tell_time(self, note: Note) -> None:
        received_at, at, _ = note
        self.heard_at = max(self.heard_at, received_at)
        if at is None:
            return
        last, before = self.last, self.last_heard
        self.last, self.last_heard = at, received_at
        if at <= last:
            return
        self.sampled_at = received_at
        delay = received_at - at
        if self.delays and before - last - delay > received_at - before + _JITTER_MS:
            self.delays[-1] = delay
        else:
            self.delays = [*self.delays[1 - SAMPLES :], delay]

    @property
    def skew_ms(self) -> int | None:
        """How far its clock is ahead, less the time on the way; negative = behind; None = it never told a time."""
        ordered = sorted(self.delays)
        return -ordered[min(_RANK, len(ordered) - 1)] if ordered else None

    @property
    def spread_ms(self) -> int:
        """How far the samples lie apart: what the estimate may be wrong by, beside the time on the way."""
        return max(self.delays) - min(self.delays) if self.delays else 0
