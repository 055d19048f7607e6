"""Many readings judged at once get what they would have got one by one, and leave behind what that would have left."""

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.checks import Checks, ClockLimits, SeriesState
from ingest.directory import Channel
from ingest.stretches import Stretches, flags
from telemetry.model import Quality, Reading
from tests.test_checks import METER, MINUTE, T0, THERMOMETER

CHANNELS = (
    THERMOMETER,
    METER,
    replace(METER, rollover_at=1000.0),
    replace(THERMOMETER, metric="wind_speed", step=None, stuck_after_ms=None),
)
NOW = T0 + 4000 * MINUTE
VALUES = st.one_of(
    st.sampled_from([20.0, 20.0, 20.0, 20.5, 26.0, 26.5, -60.0, 0.0, 3.0, 900.0, 1000.0]),
    st.floats(allow_nan=False, allow_infinity=False),
)
INSTANTS = st.one_of(
    st.integers(0, 30).map(lambda step: T0 + step * 10 * MINUTE),
    st.sampled_from([0, NOW, NOW + 300_000, NOW + 300_001, NOW - 3_600_000]),
)
REPORTED = st.sampled_from([0] * 9 + [int(Quality.DEVICE), int(Quality.LATE)])
POINTS = st.lists(st.tuples(INSTANTS, VALUES, REPORTED), min_size=1, max_size=25)


@dataclass(frozen=True)
class Case:
    """One series: its channel, the newest stored reading, and what comes."""

    channel: Channel
    stored: tuple[float, int] | None
    points: list[tuple[int, float, int]]


CASES = st.builds(
    lambda channel, stored, points, ordered: Case(channel, stored, sorted(points) if ordered else points),
    st.sampled_from(CHANNELS),
    st.none() | st.tuples(VALUES, st.sampled_from([0, int(Quality.STEP), int(Quality.STUCK), int(Quality.RANGE)])),
    POINTS,
    st.booleans(),
)


def remembering(cases: list[Case]) -> tuple[Checks, list[SeriesState]]:
    checks = Checks(ClockLimits())
    for number, case in enumerate(cases):
        if case.stored is not None:
            value, quality = case.stored
            checks.remember(Reading(str(number), case.channel.metric, T0 - MINUTE, value, value, quality, T0))
    return checks, [checks.state(str(number), case.channel.metric) for number, case in enumerate(cases)]


def one_by_one(cases: list[Case]) -> tuple[list[int], list[bool], list[SeriesState]]:
    checks, states = remembering(cases)
    bits: list[int] = []
    behind: list[bool] = []
    for case, state in zip(cases, states, strict=True):
        for at, value, reported in case.points:
            newest = state.at
            bits.append(checks.flags(case.channel, state, at, value, NOW, reported=reported))
            behind.append(at <= newest or bool(bits[-1] & Quality.CLOCK))
    return bits, behind, states


def at_once(cases: list[Case], pieces: int) -> tuple[list[int], list[bool], list[SeriesState]]:
    """In so many batches, each with a part of every series that is long enough."""
    checks, states = remembering(cases)
    told: list[list[tuple[int, bool]]] = [[] for _ in cases]
    for piece in range(pieces):
        parts = [
            case.points[len(case.points) * piece // pieces : len(case.points) * (piece + 1) // pieces] for case in cases
        ]
        there = [number for number, part in enumerate(parts) if part]
        if not there:
            continue
        at, value, reported = zip(*(point for number in there for point in parts[number]), strict=True)
        batch = Stretches(
            [cases[number].channel for number in there],
            [states[number] for number in there],
            np.cumsum([0] + [len(parts[number]) for number in there]),
            np.array(at, np.int64),
            np.array(value, np.float64),
            np.array(reported, np.int64),
        )
        bits, behind = flags(checks, batch, NOW)
        of = [number for number in there for _ in parts[number]]
        for number, quality, repeated in zip(of, bits.tolist(), behind.tolist(), strict=True):
            told[number].append((quality, repeated))
    flat = [each for one in told for each in one]
    return [bit for bit, _ in flat], [late for _, late in flat], states


def remembered(state: SeriesState) -> dict[str, float]:
    return {name: getattr(state, name) for name in SeriesState.__slots__}


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(cases=st.lists(CASES, min_size=1, max_size=4), pieces=st.integers(1, 3))
def test_at_once_is_the_same_as_one_by_one(cases: list[Case], pieces: int) -> None:
    *expected, expected_states = one_by_one(cases)
    *found, states = at_once(cases, pieces)

    assert expected == found
    assert [remembered(state) for state in expected_states] == [remembered(state) for state in states]


class Counted(Checks):
    """Knows how many readings it has judged."""

    judged = 0

    def flags(  # noqa: PLR0913 -- as its base
        self, channel: Channel, state: SeriesState, at: int, value: float, received_at: int, *, reported: int = 0
    ) -> int:
        self.judged += 1
        return super().flags(channel, state, at, value, received_at, reported=reported)


def test_a_plain_series_is_recognised_whole() -> None:
    """Else the property above would hold for vectors that never recognise anything."""
    checks = Counted(ClockLimits())
    count = 1000
    batch = Stretches(
        [THERMOMETER],
        [checks.state("device", THERMOMETER.metric)],
        np.array([0, count]),
        T0 - (count - np.arange(count)) * 10 * MINUTE,
        20 + np.sin(np.arange(count)),
        np.zeros(count, np.int64),
    )
    bits, behind = flags(checks, batch, T0)

    assert (0, 0, count - 6) == (checks.judged, int(behind.sum()), int(np.count_nonzero(bits == int(Quality.LATE))))
