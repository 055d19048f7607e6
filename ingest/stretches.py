"""The checks over many readings at once: stretches that are plain are recognised as a whole.

There is one definition of every flag: `Checks.flags`. Here is only decided, in vectors, how far a series goes on
without anything that could be doubted (inside its limits, later than the reading before, no jump, no fall, not stuck);
such readings get no flag but LATE. From the first other one on, the series is judged reading by reading.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ingest.checks import Checks, ClockLimits, SeriesState
from ingest.directory import Channel
from telemetry.model import SUSPECT, Quality

_LATE = int(Quality.LATE)
_SUSPECT = int(SUSPECT)
_CLOCK = int(Quality.CLOCK)

_Number = TypeVar("_Number", np.int64, np.float64)
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Stretches:
    """Readings of several series, series after series, each in the order in which they were received."""

    channels: Sequence[Channel]
    states: Sequence[SeriesState]
    starts: Integers
    """Where each series begins, and after the last one where it ends; none is empty."""
    at: Integers
    value: Floats
    reported: Integers
    """Flags that came with the reading."""


def flags(checks: Checks, given: Stretches, received_at: int) -> tuple[Integers, Truths]:
    """The quality bits of every reading, and which are not newer than the newest of their series.

    Moves the states on. Both are what `Checks.flags`, reading by reading, would have said and left behind; a reading
    with CLOCK counts as not newer, for the state forgets it.
    """
    with np.errstate(over="ignore"):
        since, plain = _plain(checks.clock, given, received_at)
    late = received_at - given.at > checks.clock.late_ms
    quality: Integers = given.reported | np.where(late, _LATE, 0)
    behind = np.zeros(len(quality), np.bool_)
    doubtful = np.append(np.flatnonzero(~plain), len(plain))
    ends = np.minimum(doubtful[np.searchsorted(doubtful, given.starts[:-1])], given.starts[1:])
    _move(given, since, ends)
    left = np.flatnonzero(ends < given.starts[1:])
    for which, first, stop in zip(left.tolist(), ends[left].tolist(), given.starts[1:][left].tolist(), strict=True):
        channel, state = given.channels[which], given.states[which]
        rows = zip(
            given.at[first:stop].tolist(),
            given.value[first:stop].tolist(),
            given.reported[first:stop].tolist(),
            strict=True,
        )
        for place, (at, value, reported) in enumerate(rows, first):
            newest = state.at
            bits = checks.flags(channel, state, at, value, received_at, reported=reported)
            quality[place] = bits
            behind[place] = at <= newest or bits & _CLOCK
    return quality, behind


def _plain(limits: ClockLimits, given: Stretches, received_at: int) -> tuple[Integers, Truths]:
    """Since when each value has not changed, and whether a reading is plain if all before it in its series are."""
    at, value, first = given.at, given.value, given.starts[:-1]
    states, channels = given.states, given.channels
    of = np.repeat(np.arange(len(first)), np.diff(given.starts))
    before_at = _shifted(at, first, np.array([state.at for state in states], np.int64))
    before = _shifted(value, first, np.array([state.value for state in states]))
    good_at = _shifted(at, first, np.array([state.good_at for state in states], np.int64))
    good = _shifted(value, first, np.array([_least(channel, state) for channel, state in _both(given)]))
    step = np.array([inf if each.counter or each.step is None else each.step for each in channels])[of]
    interval = np.array([each.interval_ms for each in channels])[of]
    counter = np.array([each.counter for each in channels])[of]
    stuck_after = np.array([inf if each.stuck_after_ms is None else each.stuck_after_ms for each in channels])[of]
    low, high = (np.array([getattr(each, end) for each in channels])[of] for end in ("low", "high"))
    changed = (value != before) | (before_at < 0)
    since = _since(changed, at, first, np.array([state.same_since for state in states], np.int64))
    jumped = (good_at >= 0) & ~counter & (np.abs(value - good) > step * np.maximum(1.0, (at - good_at) / interval))
    plain = (
        (low <= value)
        & (value <= high)
        & (at <= received_at + limits.ahead_ms)
        & (at >= limits.earliest)
        & (at > before_at)
        & (given.reported & _SUSPECT == 0)
        & ~jumped
        & ~(counter & (value < good))
        & (changed | (at - since <= stuck_after))
    )
    return since, plain


def _both(given: Stretches) -> Iterator[tuple[Channel, SeriesState]]:
    return zip(given.channels, given.states, strict=True)


def _least(channel: Channel, state: SeriesState) -> float:
    """With what the first reading of a series is compared: a counter that has fallen is looked at more closely."""
    if channel.counter:
        if state.good_at < 0:
            return -inf if state.fallen == inf else inf
        return state.good_value
    return state.good_value


def _shifted(column: NDArray[_Number], first: Integers, known: NDArray[_Number]) -> NDArray[_Number]:
    """The reading before each in its series; before the first, what the states know."""
    found = np.empty_like(column)
    found[1:] = column[:-1]
    found[first] = known
    return found


def _since(changed: Truths, at: Integers, first: Integers, known: Integers) -> Integers:
    """Since when the value of each reading has stood."""
    begins = changed.copy()
    begins[first] = True
    source = np.maximum.accumulate(np.where(begins, np.arange(len(at)), 0))
    stood = at.copy()
    stood[first] = np.where(changed[first], at[first], known)
    found: Integers = stood[source]
    return found


def _move(given: Stretches, since: Integers, ends: Integers) -> None:
    """Leave the states as the last plain reading of each series leaves them."""
    moved = np.flatnonzero(ends > given.starts[:-1])
    last = ends[moved] - 1
    columns = (moved, given.at[last], given.value[last], since[last])
    for which, at, value, same_since in zip(*(column.tolist() for column in columns), strict=True):
        state = given.states[which]
        state.at = state.good_at = at
        state.value = state.good_value = value
        state.same_since = same_since
        state.fallen = inf
