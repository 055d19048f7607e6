"""How much one source may send, so that a device in a loop cannot take what is meant for all.

The generic cell rate algorithm as virtual scheduling (ITU-T I.371 annex A; ATM Forum Traffic Management 4.0, 4.4.2):
a bucket of tokens, of which one number is kept for each source. Pure: time is that of the messages' receipt.
"""

from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

STRANGERS = 64
"""Names that nobody has registered are anybody's invention: they share so many buckets."""
_STRANGERS_RATE = 10
_STRANGERS_BURST = 100
"""The tenth part of a device's rate and the hundredth of its burst: what they send is only kept, never stored."""
_SET_BACK_MS = 60_000
"""A clock that is corrected by less is trusted all along: else each correction would fill a looping device's bucket."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What one source may send: so many messages a second over any long time, and so many more at once."""

    per_s: float = 50.0
    burst: int = 1_000_000

    def __str__(self) -> str:
        return f"{self.per_s:g} messages a second and {self.burst} at once"


class Rates:
    """A bucket of one size for each source."""

    __slots__ = ("_due", "_known", "_others", "_slack_ms", "_step_ms")

    def __init__(
        self, rate: Rate, known: Callable[[str], bool] = bool, others: Callable[[str, int], bool] | None = None
    ) -> None:
        """Asks `known` whether a source that has no bucket gets one; `others` decides about those that do not."""
        self._known = known
        self._others = others or (lambda _source, _at: True)
        self._step_ms = 1000 / rate.per_s
        self._slack_ms = self._step_ms * (max(1, rate.burst) - 1)
        self._due: dict[str, float] = {}
        """When each source's next message would come at its sustained rate, in milliseconds."""

    def admits(self, source: str, at: int) -> bool:
        """Whether the source may send a message at this instant; if so it has sent it."""
        due = self._due.get(source)
        if due is None:
            if not self._known(source):
                return self._others(source, at)
            due = at
        if due <= at or due > at + self._slack_ms + self._step_ms + _SET_BACK_MS:
            # Further ahead than an empty bucket: the clock was set back, and what was sent before says nothing.
            self._due[source] = at + self._step_ms
            return True
        if due <= at + self._slack_ms:
            self._due[source] = due + self._step_ms
            return True
        # No further ahead than an empty bucket: a clock that was set back by a second must not silence anyone.
        self._due[source] = min(due, at + self._slack_ms + self._step_ms)
        return False


def by_topic(rate: Rate, known: Callable[[str], bool]) -> Rates:
    """A bucket for each topic that is `known`, one of a registered device, and a fixed number for all others."""
    strangers = Rates(Rate(rate.per_s / _STRANGERS_RATE, rate.burst // _STRANGERS_BURST))

    def others(topic: str, at: int) -> bool:
        return strangers.admits(f"bucket {crc32(topic.encode(errors='surrogatepass')) % STRANGERS}", at)

    return Rates(rate, known, others)
