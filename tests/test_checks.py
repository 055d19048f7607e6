"""Checks flag what is doubtful, and nothing else."""

from dataclasses import replace

import pytest

from ingest.checks import Checks, ClockLimits
from ingest.directory import Channel
from telemetry.model import Quality, Reading

T0 = 1_795_420_800_000
MINUTE = 60_000
HOUR = 60 * MINUTE

THERMOMETER = Channel(
    metric="air_temperature",
    gain=1.0,
    offset=0.0,
    low=-50.0,
    high=60.0,
    step=6.0,
    interval_ms=10 * MINUTE,
    stuck_after_ms=6 * HOUR,
    counter=False,
    rollover_at=None,
)
METER = replace(THERMOMETER, metric="supply_volume", low=0, high=1e9, step=None, stuck_after_ms=None, counter=True)


def flagged(channel: Channel, *points: tuple[int, float], delay: int = 0) -> list[Quality]:
    checks = Checks(ClockLimits())
    state = checks.state("device", channel.metric)
    return [Quality(checks.flags(channel, state, at, value, at + delay)) for at, value in points]


def test_a_steady_series_is_good() -> None:
    points = [(T0 + i * 10 * MINUTE, 20 + i / 10) for i in range(5)]

    assert [Quality.GOOD] * 5 == flagged(THERMOMETER, *points)


@pytest.mark.parametrize("value", [-50.1, 60.1])
def test_a_value_outside_the_range_is_flagged_range(value: float) -> None:
    assert [Quality.RANGE] == flagged(THERMOMETER, (T0, value))


@pytest.mark.parametrize("value", [-50.0, 60.0])
def test_the_limits_themselves_are_in_range(value: float) -> None:
    assert [Quality.GOOD] == flagged(THERMOMETER, (T0, value))


def test_a_spike_is_flagged_step_and_the_return_from_it_is_not() -> None:
    flags = flagged(THERMOMETER, (T0, 20.0), (T0 + 10 * MINUTE, 35.0), (T0 + 20 * MINUTE, 20.5))

    assert [Quality.GOOD, Quality.STEP, Quality.GOOD] == flags


def test_a_change_is_allowed_more_room_after_a_gap() -> None:
    assert [Quality.GOOD, Quality.GOOD] == flagged(THERMOMETER, (T0, 20.0), (T0 + HOUR, 35.0))


def test_a_value_that_stays_too_long_is_flagged_stuck_until_it_moves() -> None:
    points = [(T0 + i * HOUR, 20.0) for i in range(9)] + [(T0 + 9 * HOUR, 20.1)]

    assert [Quality.GOOD] * 7 + [Quality.STUCK] * 2 + [Quality.GOOD] == flagged(THERMOMETER, *points)


def test_a_reading_from_the_future_is_flagged_clock_and_leaves_no_trace() -> None:
    checks = Checks(ClockLimits())
    state = checks.state("device", THERMOMETER.metric)
    ahead = checks.flags(THERMOMETER, state, T0 + HOUR, 20.0, T0)
    after = checks.flags(THERMOMETER, state, T0 + MINUTE, 20.1, T0 + MINUTE)

    assert (Quality.CLOCK, Quality.GOOD) == (ahead, after)


def test_a_reading_from_before_telemetry_is_flagged_clock() -> None:
    assert [Quality.CLOCK] == flagged(THERMOMETER, (0, 20.0), delay=T0)


def test_a_late_reading_is_noted_but_not_suspect() -> None:
    assert [Quality.LATE] == flagged(THERMOMETER, (T0, 20.0), delay=2 * HOUR)


def test_another_value_for_the_same_instant_is_noted() -> None:
    assert [Quality.GOOD, Quality.DUPLICATE_TIME] == flagged(THERMOMETER, (T0, 20.0), (T0, 20.5))


def test_the_same_value_for_the_same_instant_is_good() -> None:
    assert [Quality.GOOD, Quality.GOOD] == flagged(THERMOMETER, (T0, 20.0), (T0, 20.0))


def test_a_counter_may_start_again_but_not_fall() -> None:
    flags = flagged(METER, (T0, 1000.0), (T0 + MINUTE, 900.0), (T0 + 2 * MINUTE, 1001.0), (T0 + 3 * MINUTE, 3.0))

    assert [Quality.GOOD, Quality.STEP, Quality.GOOD, Quality.GOOD] == flags


METERED = {
    "exchanged": ((5001, 3000, 3001, 3001, 3002), (0, 1, 0, 0, 0)),
    "spike": ((5000, 50_000, 5001, 5002, 5003), (0, 0, 1, 0, 0)),
    "dip": ((5000, 3000, 5001, 5002), (0, 1, 0, 0)),
    "falling on": ((5000, 3000, 2000, 1000, 1001), (0, 1, 1, 1, 0)),
    "exchanged twice": ((5000, 3000, 3001, 1000, 1001), (0, 1, 0, 1, 0)),
    "an impossible value between": ((5000, 3000, 2e9, 3001), (0, 1, 0, 0)),
}
"""Values of a counter, one a minute, and which of them are flagged STEP."""


@pytest.mark.parametrize("name", METERED)
def test_a_fall_of_a_counter_is_doubted_once_and_what_goes_on_from_it_is_good(name: str) -> None:
    values, steps = METERED[name]
    flags = flagged(METER, *((T0 + i * MINUTE, float(value)) for i, value in enumerate(values)))

    assert [bool(step) for step in steps] == [bool(flag & Quality.STEP) for flag in flags]


@pytest.mark.parametrize("name", METERED)
@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_restart_changes_no_flag_of_a_counter(name: str, after: int) -> None:
    """Whose newest stored reading is good, or suspect for its fall alone."""
    values, steps = METERED[name]
    readings: list[Reading] = []
    checks = Checks(ClockLimits())
    for i, value in enumerate(values):
        if i == after and not readings[-1].quality & Quality.RANGE:
            checks = Checks(ClockLimits())
            checks.remember(readings[-1])
        at = T0 + i * MINUTE
        quality = checks.flags(METER, checks.state("device", METER.metric), at, value, at)
        readings.append(Reading("device", METER.metric, at, value, value, quality, at))

    assert [bool(step) for step in steps] == [bool(reading.quality & Quality.STEP) for reading in readings]


def test_a_count_of_before_that_is_higher_than_a_later_one_is_doubted() -> None:
    """The clock has fallen back by sixteen hours: each rise would else count again between the counts of then."""
    then = [(T0 + i * HOUR, 76_000.0 + i) for i in range(20)]
    fallen_back = [(T0 + i * HOUR + 5 * MINUTE, 76_016.0 + i) for i in range(4, 8)]
    on_the_way = (T0 + 3 * HOUR + 5 * MINUTE, 76_003.1)

    assert [Quality.GOOD] * 20 + [Quality.STEP] * 4 + [Quality.GOOD] == flagged(METER, *then, *fallen_back, on_the_way)


@pytest.mark.parametrize("meter", [METER, replace(METER, rollover_at=1e5)], ids=["reset", "rollover"])
def test_a_late_count_from_before_the_meter_began_again_is_good(meter: Channel) -> None:
    points = [(T0, 99_000.0), (T0 + 2 * HOUR, 5.0), (T0 + HOUR, 99_500.0)]

    assert [Quality.GOOD] * 3 == flagged(meter, *points)


def test_a_fallen_counter_may_start_again() -> None:
    flags = flagged(METER, (T0, 5000.0), (T0 + MINUTE, 3000.0), (T0 + 2 * MINUTE, 2.0), (T0 + 3 * MINUTE, 3.0))

    assert [Quality.GOOD, Quality.STEP, Quality.GOOD, Quality.GOOD] == flags


def test_a_shift_of_n_steps_is_good_again_after_n_intervals() -> None:
    points = [(T0, 20.0)] + [(T0 + i * 10 * MINUTE, 20.0 + 4 * 6 + i / 10) for i in range(1, 8)]

    assert [Quality.GOOD] + [Quality.STEP] * 4 + [Quality.GOOD] * 3 == flagged(THERMOMETER, *points)


def test_what_the_device_calls_bad_is_no_past_to_compare_with() -> None:
    checks = Checks(ClockLimits())
    state = checks.state("device", THERMOMETER.metric)
    flags = [
        checks.flags(THERMOMETER, state, T0 + i * MINUTE, value, T0 + i * MINUTE, reported=reported)
        for i, (value, reported) in enumerate([(20.0, 0), (25.0, int(Quality.DEVICE)), (14.5, 0)])
    ]

    assert [Quality.GOOD, Quality.DEVICE, Quality.GOOD] == flags


def test_a_counter_with_a_known_rollover_may_fall() -> None:
    flags = flagged(replace(METER, rollover_at=1000.0), (T0, 999.0), (T0 + MINUTE, 600.0))

    assert [Quality.GOOD, Quality.GOOD] == flags


def test_a_restart_remembers_the_newest_stored_reading() -> None:
    checks = Checks(ClockLimits())
    checks.remember(Reading("device", THERMOMETER.metric, T0, 20.0, 20.0, 0, T0))
    state = checks.state("device", THERMOMETER.metric)

    assert Quality.STEP == checks.flags(THERMOMETER, state, T0 + MINUTE, 35.0, T0 + MINUTE)


def test_a_stuck_sensor_is_still_stuck_after_a_restart() -> None:
    checks = Checks(ClockLimits())
    checks.remember(Reading("device", "air_temperature", T0, 20.0, 20.0, int(Quality.STUCK), T0))
    state = checks.state("device", "air_temperature")
    later, moved = T0 + 10 * MINUTE, T0 + 20 * MINUTE

    assert Quality.STUCK == checks.flags(THERMOMETER, state, later, 20.0, later)
    assert Quality.GOOD == checks.flags(THERMOMETER, state, moved, 20.5, moved)
