"""Measures from readings in a real store: what its fold gives is what the formulas take."""

from collections.abc import Mapping, Sequence

import pytest

from insight.assessment import Assessment, assessed
from insight.declared import Declared, Place
from insight.gate import Lack
from insight.measures import comparable
from telemetry.metrics import metric
from telemetry.model import Quality, Reading
from telemetry.series import Source, folded
from telemetry.store.embedded import EmbeddedStore
from telemetry.window import parse
from tests.evidence import ZONE

START = 1_764_000_000_000 - 1_764_000_000_000 % 86_400_000 - 8 * 3_600_000
"""A midnight in Shanghai."""
MINUTE_MS = 60_000
DAYS = 14
PLACE = Place("370522101201", Declared(1000, 2025), Declared(300, 2025), Declared(2400, 2025))


def asked(store: EmbeddedStore, measure: str, devices: Mapping[str, Mapping[str, float | None]]) -> Assessment:
    """The measure, asked of the store as the API would; devices with their interval in seconds, by metric."""
    row = comparable(measure)
    slowest = max((interval or 0.0 for of in devices.values() for interval in of.values()), default=None)
    window = parse(row.window(slowest), ZONE)
    stop = START + DAYS * 86_400_000
    evidence = {
        name: folded(
            store,
            metric(name),
            [Source(device, device, interval) for device, interval in devices.get(name, {}).items()],
            window,
            START,
            stop,
            now=stop,
            fold=fold,
        )
        for name, fold in row.asked() or [(name, None) for name in devices]
    }
    return assessed(row, evidence, PLACE)


def write(store: EmbeddedStore, device: str, name: str, every_min: int, values: Sequence[float | None]) -> None:
    """Readings of so many minutes each, over and over; None = nothing was sent."""
    made = []
    for number in range(DAYS * 1440 // every_min):
        value = values[number % len(values)]
        if value is not None:
            at = START + number * every_min * MINUTE_MS
            made.append(Reading(device, name, at, value, value, Quality.GOOD, at))
    store.write(made)


def meter(store: EmbeddedStore, device: str, name: str, per_reading: float) -> None:
    """A counter that grows by the same every 20 minutes."""
    count = DAYS * 72 + 1
    store.write(
        [
            Reading(device, name, at, number * per_reading, 0.0, Quality.GOOD, at)
            for number in range(count)
            for at in [START + number * 20 * MINUTE_MS]
        ]
    )


def test_litres_per_person_and_day(store: EmbeddedStore) -> None:
    """1 m3 every 20 minutes is 72 m3 a day, 72 L for each of 1 000."""
    meter(store, "works", "supply_volume", 1.0)
    found = asked(store, "drinking_water_per_person", {"supply_volume": {"works": 1200.0}})

    assert pytest.approx(72, rel=1e-9) == found.value
    assert found.tally.coverage == 1.0
    assert found.interval is not None
    assert pytest.approx(72) == found.interval.low


def test_the_voltage_of_two_feeders(store: EmbeddedStore) -> None:
    """One in four hours of one of the two is out of band."""
    write(store, "east", "voltage_a", 30, [220.0])
    write(store, "west", "voltage_a", 30, [220.0, 220.0, 220.0, 220.0, 220.0, 220.0, 190.0, 190.0])
    found = asked(store, "voltage_in_band", {"voltage_a": {"east": 1800.0, "west": 1800.0}})

    assert pytest.approx(87.5) == found.value
    assert (2, 2 * DAYS * 48) == (found.tally.devices, found.tally.readings)


def test_readings_in_doubt_are_left_out_and_counted(store: EmbeddedStore) -> None:
    write(store, "air", "pm25", 60, [20.0])
    at = START + 30 * MINUTE_MS
    store.write([Reading("air", "pm25", at, 900.0, 900.0, Quality.STEP, at)])
    found = asked(store, "pm25", {"pm25": {"air": 3600.0}})

    assert (20.0, 1) == (found.value, found.tally.excluded)


def test_half_an_hour_without_power_every_day(store: EmbeddedStore) -> None:
    write(store, "feeder", "outage_state", 30, [1.0] + [0.0] * 47)
    found = asked(store, "outage_minutes", {"outage_state": {"feeder": 1800.0}})

    assert pytest.approx(30 * 365) == found.value


def test_a_trap_that_reports_daily_is_no_silent_device(store: EmbeddedStore) -> None:
    write(store, "trap", "pest_trap_count", 1440, [12.0])
    found = asked(store, "pest_trap_count", {"pest_trap_count": {"trap": 86_400.0}})

    assert (12.0, pytest.approx(1.0)) == (found.value, found.tally.coverage)


def test_a_slow_device_widens_the_buckets(store: EmbeddedStore) -> None:
    write(store, "air", "pm25", 360, [20.0])
    found = asked(store, "pm25", {"pm25": {"air": 21_600.0}})

    assert (20.0, pytest.approx(1.0)) == (found.value, found.tally.coverage)


def test_a_village_that_lost_every_third_reading_is_refused(store: EmbeddedStore) -> None:
    write(store, "air", "pm25", 30, [20.0, None, None, 20.0, None, None])
    found = asked(store, "pm25", {"pm25": {"air": 1800.0}})

    assert found.refusal is not None
    assert Lack.LOW_COVERAGE is found.refusal.lack


def test_completeness_and_silence_of_a_place(store: EmbeddedStore) -> None:
    """Every second hour nothing comes from anywhere."""
    write(store, "air", "pm25", 30, [20.0, 20.0, None, None])
    write(store, "roof", "air_temperature", 60, [20.0, None])
    devices = {"pm25": {"air": 1800.0}, "air_temperature": {"roof": 3600.0}}

    assert pytest.approx(50) == asked(store, "data_completeness", devices).value
    assert pytest.approx(720) == asked(store, "silent_minutes", devices).value


def test_a_trap_that_reports_daily_makes_nobody_silent(store: EmbeddedStore) -> None:
    write(store, "air", "pm25", 30, [20.0])
    write(store, "trap", "pest_trap_count", 1440, [12.0])
    devices = {"pm25": {"air": 1800.0}, "pest_trap_count": {"trap": 86_400.0}}

    assert 0.0 == asked(store, "silent_minutes", devices).value
    assert pytest.approx(100) == asked(store, "data_completeness", devices).value


def test_a_device_that_never_spoke_is_there_and_silent(store: EmbeddedStore) -> None:
    write(store, "air", "pm25", 60, [20.0])
    found = asked(store, "pm25", {"pm25": {"air": 3600.0, "dead": 3600.0}})

    assert (1, 2, 0.5) == (found.tally.devices, found.tally.due, found.tally.coverage)
    assert found.refusal is not None
