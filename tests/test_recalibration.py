"""Stored readings brought in line with a calibration, on both stores: values, flags, rollups, ledger."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from rurban.house import House
from rurban.recalibrating import recalibration
from rurban.settings import Settings
from telemetry.calibration import Calibration, Linear, Rating, Recalibrated, Segment, Table
from telemetry.errors import StoreUnavailable
from telemetry.metrics import METRICS
from telemetry.model import Device, Measure, Profile, Quality, Reading
from telemetry.recount import Recounter
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.ports import RawQuery, Refused, Store
from tests.history_files import NOW, csv_of, imported
from tests.store_contract import HOUR, MINUTE, Merging, buckets, influx
from tests.village import VILLAGE

START = NOW - 48 * HOUR
LATE, RANGE, ESTIMATED, STEP = (int(flag) for flag in (Quality.LATE, Quality.RANGE, Quality.ESTIMATED, Quality.STEP))
LEVEL, DISCHARGE, STORAGE = "river_level", "river_discharge", "reservoir_storage"
STAGE = Calibration("gauge-1", LEVEL, Linear(1.0, 0.5), START, source="levelled by Li", entered_by="Li")
RATING = replace(
    STAGE, metric=DISCHARGE, computed_from=LEVEL, curve=Rating((Segment(1.0, 2.5, a=12.5, z0=0.8, b=1.62),))
)


@pytest.fixture(params=["embedded", "influx"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Merging]:
    if request.param == "influx":
        with influx(tmp_path / "database") as opened:
            yield opened
        return
    path = tmp_path / "readings.duckdb"
    with EmbeddedStore.open(path, zone=ZoneInfo("Asia/Shanghai"), metrics=METRICS) as embedded:
        yield embedded


@dataclass(frozen=True)
class Calibrated:
    """A house whose gauge measures the stage every ten minutes."""

    registry: Registry
    store: Merging
    folder: Path

    def enter(self, calibration: Calibration, *, dry_run: bool = False, keep_days: int = 0) -> Recalibrated:
        settings = Settings(data_dir=self.folder, keep_days=keep_days)
        house = House(settings, self.registry, self.store, lambda: NOW)
        return recalibration(house, pause=lambda _: None)(replace(calibration, entered_at=NOW), dry_run=dry_run)

    def sent(self, *values: float, metric: str = LEVEL, unit: str = "", device: str = "gauge-1") -> None:
        """By way of an import, so that they stand in the ledger; ten minutes apart."""
        lines = [f"{device},{metric},{START + i * 10 * MINUTE},{value},{unit}" for i, value in enumerate(values)]
        imported(csv_of("device,metric,at,value,unit", *lines), self.registry, self.store)

    def readings(self, metric: str = LEVEL, series: str = "gauge-1") -> list[Reading]:
        return self.store.raw(RawQuery((metric,), (series,), 0, NOW + 1, 100_000))

    def values(self, metric: str = LEVEL, series: str = "gauge-1") -> list[float]:
        return [reading.value for reading in self.readings(metric, series)]

    def differing(self) -> int:
        """By how many readings the ledger and the store differ."""
        known = [device.id for device in self.registry.devices.all()]
        counted = Recounter(self.registry.ledger, self.store.counter, known, pause=lambda _: None)
        return counted.recount(lambda: NOW).off_by


@pytest.fixture
def house(registry: Registry, store: Merging, tmp_path: Path) -> Calibrated:
    measures = (Measure(LEVEL, interval_s=600), Measure("water_temperature", unit="[degF]", gain=1.0, offset=-1.0))
    registry.devices.put_profiles([Profile("gauge", "Gauge", "native_json", measures)])
    registry.devices.put([Device("gauge-1", "gauge", VILLAGE), Device("gauge-2", "gauge", VILLAGE)])
    return Calibrated(registry, store, tmp_path)


def test_a_back_dated_calibration_changes_values_and_rollups_and_nothing_that_was_sent(house: Calibrated) -> None:
    house.sent(*(1.0 + i / 100 for i in range(60)))
    house.sent(1.0, 2.0, device="gauge-2")
    house.store.merge()
    before, other = house.readings(), house.readings(series="gauge-2")
    metric, edges = METRICS[LEVEL], range(START, START + 10 * HOUR + 1, HOUR)
    rolled = buckets(house.store, metric, edges, devices=["gauge-1"])
    found = house.enter(replace(STAGE, valid_from=START + 5 * HOUR))
    house.store.merge()
    after, again = buckets(house.store, metric, edges, devices=["gauge-1"]), house.readings()

    assert (30, 30, 0, 0, True) == (found.readings, found.changed, found.added, found.left, found.written)
    assert [shifted(reading, 0.5 * (i >= 30)) for i, reading in enumerate(before)] == [
        (one.value, one.at, one.raw, one.quality, one.received_at) for one in again
    ]
    assert [pytest.approx((value or 0) + 0.5 * (hour >= 5)) for hour, value in enumerate(rolled.value)] == after.value
    assert [6] * 10 == rolled.count == after.count
    assert other == house.readings(series="gauge-2")
    assert 0 == house.differing()


def shifted(reading: Reading, by: float) -> tuple[object, ...]:
    """All that a reading says, when its value has grown by so much."""
    return (pytest.approx(reading.value + by), reading.at, reading.raw, reading.quality, reading.received_at)


def test_a_dry_run_says_the_same_and_changes_nothing_and_twice_is_as_once(house: Calibrated) -> None:
    house.sent(1.0, 1.1, 1.2)
    before = house.readings()
    tried = house.enter(STAGE, dry_run=True), house.enter(RATING, dry_run=True)

    assert [(3, 3, 0, False), (3, 0, 3, False)] == [
        (one.readings, one.changed, one.added, one.written) for one in tried
    ]
    assert (before, [], []) == (house.readings(), house.readings(DISCHARGE), house.registry.calibrations.current())
    first, again = house.enter(STAGE), house.enter(STAGE)
    assert ((3, 0), (0, 0)) == ((first.changed, first.left), (again.changed, again.left))
    assert 1 == len(house.registry.calibrations.of("gauge-1"))


def test_a_rating_gives_readings_of_their_own_that_follow_the_stage(house: Calibrated) -> None:
    house.sent(1.85, 0.4, 2.6, 9000.5)
    found = house.enter(RATING)
    first = house.readings(DISCHARGE)
    corrected = house.enter(STAGE)
    second = house.readings(DISCHARGE)

    assert (0, 4, 0) == (found.changed, found.added, found.left)
    assert [12.5 * 1.05**1.62, 0.0, 12.5 * 1.8**1.62, 12.5 * 2.45**1.62] == [
        pytest.approx(reading.value) for reading in first
    ]
    # What is doubted of the stage is doubted of the discharge.
    assert [LATE, LATE, LATE | ESTIMATED, LATE | ESTIMATED | RANGE | STEP] == [reading.quality for reading in first]
    assert (7, 0, 0) == (corrected.changed, corrected.added, corrected.left)
    # The worked example: 12.5 (2.35 - 0.80)^1.62 = 25.424.
    assert pytest.approx(25.424, rel=1e-4) == second[0].value
    assert [LATE, LATE | ESTIMATED] == [reading.quality for reading in second[:2]]
    assert [(one.at, one.raw, one.received_at) for one in house.readings()] == [
        (one.at, one.raw, one.received_at) for one in second
    ]
    assert 0 == house.differing()


def test_a_storage_table_holds_its_ends_and_a_better_one_takes_its_place(house: Calibrated) -> None:
    house.sent(101.0, 105.5, 102.0, 99.0)
    table = replace(RATING, metric=STORAGE, curve=Table(((100.0, 5e4), (102.0, 9e4), (105.0, 3e5))))
    house.enter(table)
    first = [(reading.value, reading.quality) for reading in house.readings(STORAGE)]
    found = house.enter(replace(table, curve=Table(((100.0, 6e4), (110.0, 16e4)))))

    assert [(7e4, LATE), (3e5, LATE | ESTIMATED), (9e4, LATE), (5e4, LATE | ESTIMATED)] == first
    assert (3, 0) == (found.changed, found.added)
    assert [(7e4, LATE), (115e3, LATE), (8e4, LATE), (6e4, LATE | ESTIMATED)] == [
        (pytest.approx(reading.value), reading.quality) for reading in house.readings(STORAGE)
    ]
    assert [True, False] == [one.superseded_at is not None for one in house.registry.calibrations.of("gauge-1")]


def test_an_end_leaves_what_was_computed_after_it_in_doubt_and_an_own_metric_as_it_was_sent(house: Calibrated) -> None:
    house.sent(1.0, 1.1, 1.2)
    house.enter(STAGE)
    house.enter(RATING)
    before = house.readings(DISCHARGE)
    over = replace(RATING, curve=None, valid_from=START + 10 * MINUTE)
    found, again = house.enter(over), house.enter(over)
    marked = house.readings(DISCHARGE)
    corrected = house.enter(replace(STAGE, curve=None, valid_from=START + 10 * MINUTE))

    assert [(2, 0), (0, 0)] == [(one.changed, one.added) for one in (found, again)]
    assert [one.value for one in before] == [one.value for one in marked]
    assert [LATE, LATE | ESTIMATED, LATE | ESTIMATED] == [one.quality for one in marked]
    assert (2, 0, 0, [1.5, 1.1, 1.2]) == (corrected.changed, corrected.added, corrected.left, house.values())
    house.enter(replace(RATING, valid_from=START + 20 * MINUTE))
    assert [0, ESTIMATED, 0] == [reading.quality & ESTIMATED for reading in house.readings(DISCHARGE)]
    assert 0 == house.differing()


def test_what_was_entered_by_mistake_is_taken_back_also_when_the_profile_has_changed(house: Calibrated) -> None:
    house.sent(1.0, 1.1)
    house.enter(STAGE)
    house.enter(RATING)
    house.registry.devices.put_profiles([Profile("gauge", "Gauge", "native_json", (Measure("water_temperature"),))])
    found = [house.enter(replace(one, curve=None)).changed for one in (RATING, STAGE)]

    assert [2, 0] == found
    assert [ESTIMATED] * 2 == [reading.quality & ESTIMATED for reading in house.readings(DISCHARGE)]


def test_only_the_time_until_the_next_calibration_is_touched(house: Calibrated) -> None:
    house.sent(*[1.0] * 6)
    house.enter(replace(STAGE, valid_from=START + 40 * MINUTE, curve=Linear(1.0, 2.0)))
    found = house.enter(replace(STAGE, valid_from=START + 20 * MINUTE, curve=Linear(1.0, 1.0)))

    assert (2, 2) == (found.readings, found.changed)
    assert [1.0, 1.0, 2.0, 2.0, 3.0, 3.0] == house.values()


def test_the_unit_in_which_a_value_was_sent_is_found_again(house: Calibrated) -> None:
    """A reading keeps the number that was sent, not its unit."""
    house.sent(50.0, 59.0, metric="water_temperature")
    for value, unit in ((12.0, "Cel"), (285.15, "K")):
        at = START + HOUR + int(value) * MINUTE
        line = f"gauge-1,water_temperature,{at},{value},{unit}"
        imported(csv_of("device,metric,at,value,unit", line), house.registry, house.store)
    warm = replace(STAGE, metric="water_temperature", curve=Linear(2.0, 0.0))
    found = house.enter(warm)
    other = house.enter(replace(warm, curve=Linear(1.0, 100.0)))
    same = house.enter(replace(warm, curve=Linear(1.0, 0.0)))

    assert [(4, 4, 0)] * 3 == [(one.readings, one.changed, one.left) for one in (found, other, same)]
    assert [9.0, 14.0, 11.0, 11.0] == [pytest.approx(value) for value in house.values("water_temperature")]
    assert [LATE] * 4 == [reading.quality & ~STEP for reading in house.readings("water_temperature")]


def test_a_value_that_nothing_explains_is_left_and_counted(house: Calibrated) -> None:
    line = f"gauge-1,{LEVEL},{START},1.7,1.0"
    imported(csv_of("device,metric,at,value,raw", line), house.registry, house.store)
    found, derived = house.enter(STAGE), house.enter(RATING)

    assert ((1, 0, 1), (1, 1)) == ((found.readings, found.changed, found.left), (derived.readings, derived.added))
    assert [1.7] == house.values()
    assert [12.5 * 0.9**1.62] == [pytest.approx(value) for value in house.values(DISCHARGE)]


def test_a_range_that_was_missed_for_want_of_calibration_is_judged_anew(house: Calibrated) -> None:
    house.sent(1.0, 9500.0, 9500.0)
    house.enter(replace(STAGE, curve=Linear(0.001, 0.0)))
    mended = [reading.quality for reading in house.readings()]
    house.enter(replace(STAGE, curve=Linear(-100.0, 0.0)))

    assert [0, 0, 0] == [quality & RANGE for quality in mended]
    # Jumps were judged when they came, by the values of then.
    assert STEP == mended[1] & STEP
    assert [RANGE] * 3 == [reading.quality & RANGE for reading in house.readings()]


def test_channels_are_calibrated_one_by_one(house: Calibrated) -> None:
    house.sent(1.0, 1.1, device="gauge-1:left")
    house.sent(1.0, 1.1)
    house.enter(replace(STAGE, channel="left"))
    house.enter(replace(RATING, channel="left"))

    assert ([1.0, 1.1], [1.5, 1.6]) == (house.values(), house.values(series="gauge-1:left"))
    assert (0, 2) == (len(house.readings(DISCHARGE)), len(house.readings(DISCHARGE, "gauge-1:left")))
    assert 0 == house.differing()


def test_what_the_device_has_sent_itself_is_not_computed_over(house: Calibrated) -> None:
    probe = partial(replace, device="probe-1")
    house.sent(1.5, 1.6, device="probe-1")
    house.sent(77.0, device="probe-1", metric=DISCHARGE)
    found = house.enter(probe(RATING))

    assert (1, 1) == (found.added, found.left)
    assert 77.0 == house.values(DISCHARGE, "probe-1")[0]
    assert 0 == house.differing()


class Interrupted:
    """A store that is away from the second write on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writes = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def write(self, batch: Sequence[Reading]) -> Sequence[Refused]:
        self._writes += 1
        if self._writes > 1:
            raise StoreUnavailable("away")
        return self._store.write(batch)


def test_what_breaks_off_is_finished_by_the_same_calibration_again_and_counted_once(house: Calibrated) -> None:
    house.sent(1.5, 1.6, 1.7)
    house.registry.calibrations.put(RATING)
    with pytest.raises(StoreUnavailable):
        replace(house, store=cast("Merging", Interrupted(house.store))).enter(STAGE)
    half = house.values(), house.values(DISCHARGE)
    found = house.enter(STAGE)

    assert ([2.0, 2.1, 2.2], []) == half
    assert (0, 0) == (found.changed, found.added)
    assert [pytest.approx(12.5 * (value - 0.8) ** 1.62) for value in half[0]] == house.values(DISCHARGE)
    assert 0 == house.differing()


def test_what_is_no_longer_kept_is_not_computed_anew(house: Calibrated) -> None:
    house.sent(*[1.0] * 290)
    found = house.enter(STAGE, keep_days=1)
    since = NOW - 24 * HOUR

    assert (since + 1, 145, 145) == (found.start, found.readings, found.changed)
    assert [since + 10 * MINUTE] == [reading.at for reading in house.readings() if reading.value > 1.0][:1]
