"""Expected against received, per device, day and place."""

from dataclasses import replace

import pytest

from insight.completeness import Completeness, completeness, readings_due, together
from telemetry.instant import DAY_MS, day_of
from telemetry.model import Device, HeardDay, Measure, Profile

DAWN = 1_795_392_000_000
"""2026-11-23T00:00Z."""
HOUR = 3_600_000
STATION = Profile(
    "s", "", "native_json", (Measure("air_temperature", interval_s=600), Measure("rssi", interval_s=3600))
)
MIXED = replace(STATION, measures=(*STATION.measures, Measure("door_open")))
GATE = replace(STATION, measures=(Measure("door_open"),))
DEVICE = Device("d", "s", "370522101201")


def day(readings: int = 0, messages: int = 0, lost: int = 0) -> HeardDay:
    return HeardDay(day_of(DAWN), "d", readings, messages, lost)


@pytest.mark.parametrize(
    ("device", "profile", "stop", "due"),
    [
        (DEVICE, STATION, DAWN + DAY_MS, 168),
        (DEVICE, MIXED, DAWN + DAY_MS, 168),
        (DEVICE, GATE, DAWN + DAY_MS, None),
        (DEVICE, STATION, DAWN + 2 * HOUR, 14),
        (DEVICE, STATION, DAWN + HOUR - 1, 5),
        (DEVICE, STATION, DAWN, 0),
        (replace(DEVICE, valid_from=DAWN + 23 * HOUR), STATION, DAWN + DAY_MS, 7),
        (replace(DEVICE, valid_to=DAWN + HOUR), STATION, DAWN + DAY_MS, 7),
        (replace(DEVICE, valid_from=DAWN + DAY_MS), STATION, DAWN + DAY_MS, 0),
        (replace(DEVICE, valid_to=DAWN), STATION, DAWN + DAY_MS, 0),
    ],
)
def test_what_is_due_follows_the_intervals_the_hour_and_the_time_of_service(
    device: Device, profile: Profile, stop: int, due: int | None
) -> None:
    assert due == readings_due(device, profile, DAWN, stop)


@pytest.mark.parametrize(
    ("due", "heard", "numbered", "share", "lost"),
    [
        (100, day(75), False, 0.75, None),
        (100, day(250), False, 1.0, None),
        (100, None, False, 0.0, None),
        (100, day(75, messages=25, lost=8), True, 0.75, 8),
        (0, day(3), False, None, None),
        (None, day(3), False, None, None),
        (None, day(30, messages=30, lost=10), True, 0.75, 10),
        (None, None, True, None, 0),
    ],
)
def test_completeness_of_one_device(
    due: int | None, heard: HeardDay | None, numbered: bool, share: float | None, lost: int | None
) -> None:
    found = completeness(due, heard, numbered=numbered)

    assert (share, lost) == (found.share, found.lost)


def test_in_a_place_no_device_stands_for_a_silent_one() -> None:
    loud, silent = completeness(100, day(300), numbered=False), completeness(100, None, numbered=True)
    on_event = completeness(None, day(7, messages=7, lost=1), numbered=True)

    assert Completeness(expected=200, received=300, counted=100, messages=7, lost=1) == together(
        [loud, silent, on_event]
    )
    assert 0.5 == together([loud, silent, on_event]).share


def test_a_place_of_devices_on_event_is_judged_by_their_numbers_and_an_empty_one_not_at_all() -> None:
    gates = [completeness(None, day(n, messages=n, lost=1), numbered=True) for n in (4, 5)]

    assert 9 / 11 == together(gates).share
    assert (None, None, None) == (together([]).share, together([]).expected, together([]).lost)
