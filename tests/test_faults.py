"""Each fault by its name: alone it leaves its own trace, and a clean fleet shows none."""

from dataclasses import fields

import pytest

from devices.faults import CLEAN, EVERYDAY, FAULTS, Faults
from devices.message import Message
from ingest.sources import device_of
from telemetry.errors import Invalid
from telemetry.metrics import METRICS
from tests.fleets import DAY, HOUR, SUMMER, Series, decoded, simulated, village

NODES = [device for device in village("bs01") if device.profile in ("rain_gauge", "soil_probe", "canal_gauge")]
STOP = SUMMER + DAY


def sent(faults: Faults) -> list[Message]:
    return list(simulated(NODES, faults=faults).messages(SUMMER, STOP))


def times(messages: list[Message], device: str) -> list[int]:
    return [message.at for message in messages if device_of(message.topic) == device]


def changed(clean: Series, spoilt: Series) -> dict[tuple[str, str], list[float]]:
    """By device and metric, by how much the values of the same instants differ, where they do."""
    found = {}
    for key, points in clean.items():
        there = dict(spoilt[key])
        differences = [there[at] - value for at, value in points if at in there and there[at] != value]
        if differences:
            found[key] = differences
    return found


CLEAN_SENT = sent(CLEAN)
CLEAN_DAY = decoded(CLEAN_SENT)


def test_every_fault_has_a_name_a_chance_and_an_everyday_value() -> None:
    assert {field.name for field in fields(Faults)} == FAULTS.keys()
    assert all(0 < getattr(EVERYDAY, name) < 0.05 for name in FAULTS)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("chance", [-0.1, 1.1])
def test_a_chance_lies_between_zero_and_one(name: str, chance: float) -> None:
    with pytest.raises(Invalid, match=name):
        Faults(**{name: chance})


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_depends_on_the_seed_alone(name: str) -> None:
    faults = Faults(**{name: 0.5})

    assert sent(faults) == sent(faults)
    assert sent(faults) != CLEAN_SENT


def test_a_gap_is_one_stretch_of_silence() -> None:
    spoilt = sent(Faults(gap=1.0))

    for device in NODES:
        missing = [at for at in times(CLEAN_SENT, device.id) if at not in set(times(spoilt, device.id))]
        whole = [at for at in times(CLEAN_SENT, device.id) if missing[0] <= at <= missing[-1]]
        assert missing == whole
        assert missing[-1] - missing[0] <= 10 * HOUR


def test_a_spike_is_far_off_and_alone() -> None:
    spoilt = changed(CLEAN_DAY, decoded(sent(Faults(spike=0.05))))

    assert spoilt
    for (_, metric), differences in spoilt.items():
        row = METRICS[metric]
        assert min(map(abs, differences)) > 0.05 * min(row.high - row.low, 10)
        assert len(differences) < 0.3 * len(CLEAN_DAY[NODES[0].id, metric] or [0] * 24)


def test_a_stuck_sensor_repeats_itself_for_hours() -> None:
    spoilt = decoded(sent(Faults(stuck=1.0)))

    stuck = set(changed(CLEAN_DAY, spoilt))
    assert {device for device, _ in stuck} <= {one.id for one in NODES}
    assert max(longest_run(spoilt[key]) for key in stuck) >= 6 * HOUR


def longest_run(points: list[tuple[int, float]]) -> int:
    """The longest time, in milliseconds, without a change."""
    best, (since, last) = 0, points[0]
    for at, value in points:
        if value != last:
            since, last = at, value
        best = max(best, at - since)
    return best


def test_a_drift_grows_and_stays_within_a_tenth_of_the_range() -> None:
    # Days of one week of the simulation: a drift begins anew with the next.
    within = (SUMMER + DAY, SUMMER + 4 * DAY)
    clean, spoilt = (
        decoded(simulated(NODES, faults=faults).messages(*within)) for faults in (CLEAN, Faults(drift=1.0))
    )

    drifted = changed(clean, spoilt)
    assert drifted
    for (_, metric), differences in drifted.items():
        row = METRICS[metric]
        assert max(differences) <= 0.1 * (row.high - row.low)
        assert differences[-1] > differences[0] >= 0


def test_a_skewed_clock_is_wrong_for_a_while() -> None:
    spoilt = sent(Faults(clock_skew=1.0))
    wrong = [abs(at - message.at) for message in spoilt for at, _ in points_of(message)]

    assert len(CLEAN_SENT) == len(spoilt)
    assert 10 * 60_000 < max(wrong) <= 26 * HOUR + 60_000
    assert any(error < 60_000 for error in wrong)


def points_of(message: Message) -> list[tuple[int, float]]:
    return [point for points in decoded([message]).values() for point in points]


def test_a_duplicate_is_the_same_message_once_more() -> None:
    spoilt = [
        message.payload for message in simulated(NODES, faults=Faults(duplicate=1.0)).messages(SUMMER, STOP + HOUR)
    ]
    clean = {message.payload for message in CLEAN_SENT}

    assert {2} == {spoilt.count(payload) for payload in clean}


def test_a_late_batch_comes_in_one_go_and_nothing_is_missing() -> None:
    spoilt = list(simulated(NODES, faults=Faults(late_batch=1.0)).messages(SUMMER, STOP + 2 * HOUR))
    delays = [message.at - at for message in spoilt for at, _ in points_of(message)[:1]]

    late = decoded(spoilt)
    assert [] == [key for key, points in CLEAN_DAY.items() if not set(points) <= set(late[key])]
    assert HOUR < max(delays) <= 11 * HOUR


def test_a_low_battery_says_so_and_loses_every_second_message() -> None:
    spoilt = sent(Faults(low_battery=1.0))
    batteries = [
        value for (_, metric), points in decoded(spoilt).items() if metric == "battery_level" for _, value in points
    ]

    assert pytest.approx(len(CLEAN_SENT) / 2, abs=len(NODES)) == len(spoilt)
    assert max(batteries) <= 12.0
