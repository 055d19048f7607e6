"""Plausibility of one reading against its limits and its own past. Flags doubt; never drops.

Pure but for the state it keeps per series: no clock, no store.
"""

from dataclasses import dataclass
from math import inf

from ingest.directory import Channel
from telemetry.model import SUSPECT, Quality, Reading

RESET_SHARE = 0.05
"""A counter that falls below this share of its last value has been reset (domain rule for meters)."""

_RANGE = int(Quality.RANGE)
_STEP = int(Quality.STEP)
_STUCK = int(Quality.STUCK)
_CLOCK = int(Quality.CLOCK)
_LATE = int(Quality.LATE)
_DUPLICATE_TIME = int(Quality.DUPLICATE_TIME)
_SUSPECT = int(SUSPECT)


@dataclass(frozen=True, slots=True)
class ClockLimits:
    """When a device's own time is not believed, or its reading is late."""

    ahead_ms: int = 300_000
    """Further in the future than this is CLOCK."""
    earliest: int = 631_152_000_000
    """Before this instant (1990-01-01T00:00Z) is CLOCK: the device has lost its time."""
    late_ms: int = 3_600_000
    """Arrived later than this after it was measured is LATE."""


class SeriesState:
    """What the checks remember of one series."""

    __slots__ = ("at", "doubted", "fallen", "good_at", "good_value", "same_since", "value")

    def __init__(self) -> None:
        self.at = -1
        """Of the newest reading whose clock is believed; -1 = none."""
        self.doubted = -1
        """The newest time whose clock is not believed: until then, a reading may meet one that came too early."""
        self.value = 0.0
        self.same_since = -1
        self.good_at = -1
        self.good_value = 0.0
        self.fallen = inf
        """Counters: the newest value that is suspect as STEP alone; infinite = none since the last good one."""

    def forget_values(self) -> None:
        """The next value is not comparable with those before: it is on another scale."""
        self.good_at = -1
        self.fallen = inf


class Checks:
    """Flags for readings, series by series."""

    def __init__(self, clock: ClockLimits) -> None:
        self.clock = clock
        self._states: dict[tuple[str, str], SeriesState] = {}
        self._doubted: dict[str, int] = {}

    def remember(self, reading: Reading) -> None:
        """Start a series from the newest reading that is stored.

        A stuck sensor stays stuck over a restart, and what goes on from a fallen counter is good. The last good value
        before a suspect one is not known any more: the next reading of a gauge is then not compared, that of a counter
        with the fallen value alone.
        """
        if reading.quality & _CLOCK:
            return
        state = self._begun(reading.device, reading.metric)
        state.at = reading.at
        state.same_since = 0 if reading.quality & _STUCK else reading.at
        state.value = reading.value
        suspect = reading.quality & _SUSPECT
        if not suspect:
            state.good_at, state.good_value = reading.at, reading.value
        elif suspect == _STEP:
            state.fallen = reading.value

    def state(self, series: str, metric: str) -> SeriesState:
        key = (series, metric)
        state = self._states.get(key)
        if state is None:
            state = self._begun(series, metric)
        return state

    def doubt(self, device: str, until: int) -> None:
        """Readings from the future up to this time may be stored of a device; say so before anything is remembered."""
        self._doubted[device] = until

    def _begun(self, series: str, metric: str) -> SeriesState:
        before = self._states.get((series, metric))
        state = self._states[series, metric] = SeriesState()
        state.doubted = max(
            -1 if before is None else before.doubted,
            self._doubted.get(series, -1),
            self._doubted.get(series.rpartition(":")[0], -1),
        )
        return state

    def flags(  # noqa: PLR0913 - plain numbers: it runs for every reading
        self, channel: Channel, state: SeriesState, at: int, value: float, received_at: int, *, reported: int = 0
    ) -> int:
        """The quality bits of this reading with those that its device reported, and the state moved on to it.

        A reading older than the newest one is not compared with its neighbours: they are not known here. But a count
        that is higher than a later good one is doubted: a device whose clock has fallen back would else count twice.
        """
        clock = self.clock
        quality = reported if channel.low <= value <= channel.high else reported | _RANGE
        if at > received_at + clock.ahead_ms or at < clock.earliest:
            state.doubted = max(state.doubted, at)
            return quality | _CLOCK
        if received_at - at > clock.late_ms:
            quality |= _LATE
        if at <= state.at:
            if channel.counter and at < state.good_at and _overtaken(channel, state, value):
                quality |= _STEP
            return quality | (_DUPLICATE_TIME if at == state.at and value != state.value else 0)
        if _fell(channel, state, value) if channel.counter else _jumped(channel, state, at, value):
            quality |= _STEP
        if value != state.value or state.at < 0:
            state.same_since = at
        elif channel.stuck_after_ms is not None and at - state.same_since > channel.stuck_after_ms:
            quality |= _STUCK
        state.at = at
        state.value = value
        suspect = quality & _SUSPECT
        if not suspect:
            state.good_at = at
            state.good_value = value
            state.fallen = inf
        elif suspect == _STEP:
            state.fallen = value
        return quality


def _jumped(channel: Channel, state: SeriesState, at: int, value: float) -> bool:
    """Further from the last good reading than the time between allows.

    The limit grows with that time, so no shift is doubted for ever: one of n steps is good again after n intervals.
    """
    if channel.step is None or state.good_at < 0:
        return False
    return abs(value - state.good_value) > channel.step * max(1.0, (at - state.good_at) / channel.interval_ms)


def _overtaken(channel: Channel, state: SeriesState, value: float) -> bool:
    """A count of before that is higher than the newest good one, without a reset or rollover between them."""
    return channel.rollover_at is None and RESET_SHARE * value <= state.good_value < value


def _fell(channel: Channel, state: SeriesState, value: float) -> bool:
    """A counter that has fallen without explanation: neither a reset nor a rollover, and not where it fell before.

    One fall is one doubt. What goes on from the fallen value is good, whether the meter was exchanged or the value
    before the fall was the wrong one; the fold drops the difference.
    """
    if channel.rollover_at is not None or value >= state.fallen:
        return False
    before = state.good_value if state.good_at >= 0 else state.fallen
    return RESET_SHARE * before <= value < before
