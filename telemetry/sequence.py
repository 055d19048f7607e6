"""How many of a sender's numbered messages never came, told from the numbers of those that did.

A sender counts its messages: 1, 2, 3. What is missing between the numbers was lost, or is late. The counter may be of
8, 16 or 32 bits and wrap, the sender may start anew, messages may come twice and in another order. Nobody says which;
these rules find out, after RFC 3550 appendix A.1 (a jump far ahead or far back is a sender that has started anew, not
a loss; wraps are counted beside the number) and RFC 4303 section 3.4.3 (a number behind the highest is a late message
once and a repeat ever after). Where those two remember a window of bits, this remembers the gaps themselves: an
outage of any length is one gap, and what a device had kept meanwhile may fill it hours later, from either end.

    number - highest        is
    1                       the next message
    2 to FURTHEST           the next one after a loss: the numbers between are a gap
    further ahead           a sender that has started anew
    behind, and just past   the next one after a wrap, if no more than NEAR numbers, or a quarter of so short a
    a wrap of 8/16/32 bits  counter, lie between
    behind, measured later  a sender that has started anew: a late message was measured earlier
    behind, in a gap        a late message: no longer lost
    far behind, and when    a sender that has started anew
    measured is unknown
    behind otherwise        a repeat, or one that is later than is remembered

A sender that starts anew is followed from its first number on, and no loss is told from it. A wrong guess costs at most
FURTHEST lost messages told too many or too few, once. Pure.
"""

from typing import Final

import msgspec

__all__ = ["Gap", "Losses", "Numbers"]

FURTHEST: Final = 10_000
"""The longest loss that is believed: a week of messages, one a minute."""
NEAR: Final = 100
"""MAX_MISORDER of RFC 3550: how far a late message may lie behind."""
MOST_GAPS: Final = 256
"""So many gaps are remembered; what is missing in older ones stays lost.

Of two workers that share the messages of a device, one may be away for hours: then every second number is a gap.
"""
_WRAPS: Final = (1 << 8, 1 << 16, 1 << 32)

Losses = dict[int, int]
"""By UTC day, counted from 1970: messages lost, less those of that day's gaps that have come after all."""


class Gap(msgspec.Struct, array_like=True, gc=False):
    """Numbers that have not come, first to last."""

    first: int
    last: int
    day: int
    """When it was seen."""


class Numbers(msgspec.Struct, array_like=True):
    """What is remembered of one sender's numbers."""

    highest: int
    """Counted on over wraps."""
    wrapped: int = 0
    """highest - wrapped = the number as it was sent."""
    modulus: int = 0
    """Of the last wrap; 0 = none was seen."""
    gaps: list[Gap] = []

    def follow(self, number: int, day: int, losses: Losses, *, newer: bool | None) -> bool:
        """Take in the next message; False = it is a repeat, or too late to tell.

        `newer` = measured later than every message before it; None = it does not say when. What is lost on that day,
        or no longer lost, is added to `losses`.
        """
        ahead = number + self.wrapped - self.highest
        if ahead > 1 and self.modulus and 0 < self.modulus - ahead <= _reach(self.modulus):
            ahead -= self.modulus  # late, from before the wrap
        if ahead > 0:
            if ahead <= FURTHEST:
                self._advance(ahead, day, losses)
            else:
                self._start(number)
            return True
        return self._behind(number, ahead, losses, day, newer=newer)

    def _behind(self, number: int, ahead: int, losses: Losses, day: int, *, newer: bool | None) -> bool:
        sent = self.highest - self.wrapped
        if newer is not False:
            for modulus in _WRAPS:
                step = number + modulus - sent
                if sent < modulus and 0 < step <= _reach(modulus):
                    self.wrapped += modulus
                    self.modulus = modulus
                    self._advance(step, day, losses)
                    return True
        if newer:
            self._start(number)
            return True
        if self._fill(self.highest + ahead, losses):
            return True
        if newer is None and ahead < -NEAR:
            self._start(number)
            return True
        return False

    def _advance(self, step: int, day: int, losses: Losses) -> None:
        if step > 1:
            losses[day] = losses.get(day, 0) + step - 1
            self.gaps = [*self.gaps[1 - MOST_GAPS :], Gap(self.highest + 1, self.highest + step - 1, day)]
        self.highest += step

    def _start(self, number: int) -> None:
        self.highest, self.wrapped, self.modulus, self.gaps = number, 0, 0, []

    def _fill(self, number: int, losses: Losses) -> bool:
        for place, gap in enumerate(self.gaps):
            if gap.first <= number <= gap.last:
                sides = (Gap(gap.first, number - 1, gap.day), Gap(number + 1, gap.last, gap.day))
                left = [side for side in sides if side.first <= side.last]
                self.gaps = [*self.gaps[:place], *left, *self.gaps[place + 1 :]][-MOST_GAPS:]
                losses[gap.day] = losses.get(gap.day, 0) - 1
                return True
        return False


def _reach(modulus: int) -> int:
    """How far apart two numbers on either side of a wrap may lie."""
    return min(NEAR, modulus // 4)
