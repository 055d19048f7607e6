"""Files of history become readings by the same registry, checks, ledger and stores as what arrives over MQTT."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from devices import county, replay
from ingest.checks import Checks, ClockLimits
from ingest.directory import CurrentDirectory
from ingest.pipeline import Outcome, Pipeline
from rurban.house import RegistryDirectory
from rurban.settings import Settings
from telemetry.errors import Invalid, Reason
from telemetry.history import Wanted
from telemetry.instant import day_of
from telemetry.metrics import METRICS
from telemetry.model import Device, LedgerLine, Measure, Profile, Quality, Reading
from telemetry.registry import Registry
from telemetry.store import Store
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.ports import RawQuery
from tests.history_files import NOW, csv_of, imported, parquet_of
from tests.store_contract import influx
from tests.village import VILLAGE

MINUTE = 60_000
START = NOW - 1000 * MINUTE
LATE = int(Quality.LATE)
SKIPPING = Wanted(skip_bad=True)
DRY = Wanted(dry_run=True)


def everything(store: Store) -> list[Reading]:
    names = {(metric, name) for metric in METRICS for name in store.names(metric)}
    metrics, devices = tuple({metric for metric, _ in names}), tuple({name for _, name in names})
    return store.raw(RawQuery(metrics, devices, 0, NOW * 2, 1_000_000)) if names else []


def ledger(registry: Registry) -> list[LedgerLine]:
    day = day_of(NOW)
    return registry.ledger.find(start=day, stop=day.replace(year=day.year + 1), limit=1000)


def series(count: int, *, start: int = START, device: str = "station-1") -> list[str]:
    """Lines of a good series."""
    return [f"{device},air_temperature,{start + i * MINUTE},{20 + i % 10 / 10}" for i in range(count)]


HEADER = "device,metric,at,value"
GOOD = csv_of(HEADER, *series(20), *series(10, device="station-2"))


def test_a_long_file_becomes_readings(registry: Registry, store: EmbeddedStore) -> None:
    found, heard = imported(GOOD, registry, store)

    assert [] == heard.rows
    assert (30, 30, 30, 0, 0, True) == (
        found.rows,
        found.readings,
        found.stored,
        found.duplicates,
        found.refused,
        found.written,
    )
    assert {"late": 30} == found.flagged
    assert Reading("station-1", "air_temperature", START, 20.0, 20.0, LATE, NOW) == everything(store)[0]
    assert [
        LedgerLine(day_of(NOW), "station-1", received=20, stored=20),
        LedgerLine(day_of(NOW), "station-2", received=10, stored=10),
    ] == ledger(registry)


def test_the_same_file_twice_changes_nothing(registry: Registry, store: EmbeddedStore) -> None:
    imported(GOOD, registry, store)
    before = everything(store)
    again, _ = imported(GOOD, registry, store)

    assert (0, 30) == (again.stored, again.duplicates)
    assert before == everything(store)
    assert [
        LedgerLine(day_of(NOW), "station-1", received=40, stored=20, duplicate=20),
        LedgerLine(day_of(NOW), "station-2", received=20, stored=10, duplicate=10),
    ] == ledger(registry)


def test_the_same_reading_twice_in_one_file_is_one(registry: Registry, store: EmbeddedStore) -> None:
    found, _ = imported(csv_of(HEADER, *series(5), *series(5)), registry, store)

    assert (5, 5) == (found.stored, found.duplicates)
    assert 5 == len(everything(store))


def test_another_value_for_the_same_instant_is_a_correction(registry: Registry, store: EmbeddedStore) -> None:
    imported(csv_of(HEADER, *series(5)), registry, store)
    corrected = csv_of(HEADER, f"station-1,air_temperature,{START},20.5")
    found, _ = imported(corrected, registry, store)

    assert (0, 1) == (found.stored, found.duplicates)
    assert (20.5, LATE | Quality.DUPLICATE_TIME) == (everything(store)[0].value, everything(store)[0].quality)


def test_influxdb_takes_the_same_and_twice_changes_nothing(
    registry: Registry, store: EmbeddedStore, tmp_path: Path
) -> None:
    with influx(tmp_path / "database") as other:
        first, _ = imported(GOOD, registry, other)
        before = everything(other)
        again, _ = imported(GOOD, registry, other)
        after = everything(other)
    imported(GOOD, registry, store)

    assert (30, 0, 0, 30) == (first.stored, first.duplicates, again.stored, again.duplicates)
    assert before == after == everything(store)


def test_units_are_converted_from_heading_column_and_profile(registry: Registry, store: EmbeddedStore) -> None:
    probe = Profile("hot", "Thermometer in Fahrenheit", "native_json", (Measure("air_temperature", unit="[degF]"),))
    registry.devices.put_profiles([probe])
    registry.devices.put([Device("hot-1", "hot", VILLAGE)])
    wide = csv_of("at,station-1/air_temperature [°F],hot-1/air_temperature", f"{START},50,50")
    long = csv_of("device,metric,at,value [degF],unit", f"station-1,air_temperature,{START + 1},283.15,K")
    imported(wide, registry, store)
    imported(long, registry, store)

    assert [("hot-1", 10.0, 50.0), ("station-1", 10.0, 50.0), ("station-1", 10.0, 283.15)] == [
        (reading.device, pytest.approx(reading.value), reading.raw) for reading in everything(store)
    ]


def test_a_series_in_two_units_is_one_series(registry: Registry, store: EmbeddedStore) -> None:
    units = ("50,degF", "10,Cel")
    lines = [f"station-1,air_temperature,{START + i * MINUTE},{units[i % 2]}" for i in range(10)]
    lines[7] = f"station-1,air_temperature,{START + 7 * MINUTE},45,Cel"
    found, _ = imported(csv_of(HEADER + ",unit", *lines), registry, store)

    assert {"late": 10, "step": 1} == found.flagged


def test_calibration_counts_for_what_was_sent_and_not_for_what_is_calibrated(
    registry: Registry, store: EmbeddedStore
) -> None:
    measure = Measure("air_temperature", gain=2.0, offset=1.0)
    registry.devices.put_profiles([Profile("off", "Thermometer", "native_json", (measure,))])
    registry.devices.put([Device("off-1", "off", VILLAGE)])
    imported(csv_of(HEADER, f"off-1,air_temperature,{START},10"), registry, store)
    imported(csv_of(HEADER + ",raw", f"off-1,air_temperature,{START + 1},21,10"), registry, store)

    assert [(21.0, 10.0), (21.0, 10.0)] == [(reading.value, reading.raw) for reading in everything(store)]


def test_channels_have_series_of_their_own(registry: Registry, store: EmbeddedStore) -> None:
    lines = (f"probe-1,soil_temperature:10cm,{START},9", f"probe-1:40cm,soil_temperature,{START},10")
    imported(csv_of(HEADER, *lines), registry, store)

    assert ["probe-1:10cm", "probe-1:40cm"] == [reading.device for reading in everything(store)]


BAD = {
    "unknown device": (f"station-9,air_temperature,{START},1", "device", Reason.UNKNOWN_DEVICE),
    "no device": (f",air_temperature,{START},1", "device", Reason.UNKNOWN_DEVICE),
    "unknown metric": (f"station-1,air_temprature,{START},1", "metric", Reason.UNKNOWN_METRIC),
    "foreign metric": (f"station-1,wind_speed,{START},1", "metric", Reason.UNKNOWN_METRIC),
    "unknown unit": (f"station-1,air_temperature,{START},1,mm", "unit", Reason.UNKNOWN_UNIT),
    "bad channel": (f"station-1,air_temperature:a b,{START},1", "metric", Reason.MALFORMED),
    "bad time": ("station-1,air_temperature,yesterday,1", "at", Reason.BAD_TIME),
    "no number": (f"station-1,air_temperature,{START},warm", "value", Reason.MALFORMED),
    "not finite": (f"station-1,air_temperature,{START},nan", "value", Reason.NOT_FINITE),
    "too large": (f"probe-1,active_power,{START},1e308,MW", "value", Reason.NOT_FINITE),
    "not in service": (f"old-1,air_temperature,{START},1", "at", Reason.UNKNOWN_DEVICE),
}
BAD_FILE = csv_of(HEADER + ",unit", *(f"{line},"[: None if line.count(",") == 3 else -1] for line, *_ in BAD.values()))


@pytest.fixture
def retired(registry: Registry) -> None:
    registry.devices.put([Device("old-1", "station", VILLAGE, valid_to=START)])


@pytest.mark.usefixtures("retired")
def test_every_bad_row_is_told_with_its_number_and_column(registry: Registry, store: EmbeddedStore) -> None:
    found, heard = imported(BAD_FILE, registry, store)

    assert [(row, column, reason) for row, (_, column, reason) in enumerate(BAD.values(), 2)] == sorted(
        (bad.row, bad.column, bad.reason) for bad in heard.rows
    )
    assert all(bad.wrong and bad.allowed for bad in heard.rows)
    assert (len(BAD), 0, False) == (found.refused, found.readings, found.written)


@pytest.mark.parametrize("wanted", [Wanted(), DRY, replace(DRY, skip_bad=True)])
def test_one_bad_row_refuses_the_whole_and_a_dry_run_writes_nothing(
    wanted: Wanted, registry: Registry, store: EmbeddedStore
) -> None:
    file = GOOD + b"station-9,air_temperature,5,1\n"
    found, heard = imported(file, registry, store, wanted)

    assert (31, 30, 0, 1, False) == (found.rows, found.readings, found.stored, found.refused, found.written)
    assert [32] == [row.row for row in heard.rows]
    assert ([], [], []) == (everything(store), ledger(registry), registry.quarantine.find(limit=10))


def test_a_dry_run_of_a_good_file_says_what_would_be_flagged_and_writes_nothing(
    registry: Registry, store: EmbeddedStore
) -> None:
    found, _ = imported(GOOD, registry, store, DRY)

    assert ({"late": 30}, 30, False) == (found.flagged, found.readings, found.written)
    assert ([], []) == (everything(store), ledger(registry))


@pytest.mark.usefixtures("retired")
def test_bad_rows_that_are_skipped_are_in_quarantine_and_in_the_ledger(
    registry: Registry, store: EmbeddedStore
) -> None:
    found, _ = imported(BAD_FILE + csv_of(*(f"{line}," for line in series(3))), registry, store, SKIPPING)
    kept = registry.quarantine.find(limit=100)
    lines = ledger(registry)

    assert (3, len(BAD), True) == (found.stored, found.refused, found.written)
    assert len(BAD) == sum(item.readings for item in kept)
    assert {reason for _, _, reason in BAD.values()} == {item.reason for item in kept}
    assert {"history/file.csv"} == {item.topic for item in kept}
    assert (len(BAD) + 3, 3, len(BAD)) == tuple(
        sum(getattr(line, name) for line in lines) for name in ("received", "stored", "quarantined")
    )


def test_what_is_in_quarantine_can_be_imported_when_its_cause_is_mended(
    registry: Registry, store: EmbeddedStore
) -> None:
    imported(csv_of(HEADER, *series(5, device="new-1")), registry, store, SKIPPING)
    (kept,) = registry.quarantine.find(limit=10)
    registry.devices.put([Device("new-1", "station", VILLAGE)])
    found, heard = imported(kept.payload, registry, store)

    assert (5, 5, []) == (kept.readings, found.stored, heard.rows)


def test_what_is_older_than_the_house_keeps_is_told(registry: Registry, store: EmbeddedStore) -> None:
    found, heard = imported(GOOD, registry, store, keep_days=1)
    old = csv_of(HEADER, f"station-1,air_temperature,{NOW - 2 * 86_400_000},1")
    refused, told = imported(old, registry, store, keep_days=1)

    assert (30, []) == (found.stored, heard.rows)
    assert [(2, "at", Reason.STORE_REFUSED)] == [(row.row, row.column, row.reason) for row in told.rows]
    assert 1 == refused.refused


def test_doubtful_readings_are_flagged_and_kept(registry: Registry, store: EmbeddedStore) -> None:
    lines = series(20)
    lines[5] = f"station-1,air_temperature,{START + 5 * MINUTE},99"
    lines[9] = f"station-1,air_temperature,{START + 9 * MINUTE},45"
    lines.append(f"station-1,air_temperature,{NOW + 86_400_000},20")
    found, _ = imported(csv_of(HEADER, *lines), registry, store)
    flagged = {
        place: Quality(reading.quality) for place, reading in enumerate(everything(store)) if reading.quality != LATE
    }

    assert {
        5: Quality.RANGE | Quality.STEP | Quality.LATE,
        9: Quality.STEP | Quality.LATE,
        20: Quality.CLOCK,
    } == flagged
    assert {"range": 1, "step": 2, "clock": 1, "late": 20} == found.flagged


def test_history_before_what_is_stored_is_compared_with_its_own_past(registry: Registry, store: EmbeddedStore) -> None:
    """What stands after a reading is no past of it."""
    store.write([Reading("station-1", "air_temperature", NOW, 20.0, 20.0, 0, NOW)])
    lines = series(20)
    lines[9] = f"station-1,air_temperature,{START + 9 * MINUTE},45"
    imported(csv_of(HEADER, *lines), registry, store)

    assert [START + 9 * MINUTE] == [each.at for each in everything(store) if each.quality & Quality.STEP]


def test_history_after_what_is_stored_is_compared_with_it(registry: Registry, store: EmbeddedStore) -> None:
    imported(csv_of(HEADER, *series(5)), registry, store)
    imported(csv_of(HEADER, f"station-1,air_temperature,{START + 5 * MINUTE},45"), registry, store)

    assert Quality.STEP | LATE == everything(store)[-1].quality


def test_a_file_that_breaks_off_keeps_what_came_before_and_may_come_again(
    registry: Registry, store: EmbeddedStore
) -> None:
    with pytest.raises(Invalid, match="cannot be read after row"):
        imported(GOOD + b"station-1,air_temperature,5,\xff\n", registry, store, SKIPPING)
    found, _ = imported(GOOD, registry, store)

    assert 30 == found.stored + found.duplicates
    assert 30 == len(everything(store))


def test_progress_grows_to_the_whole(registry: Registry, store: EmbeddedStore) -> None:
    _, heard = imported(GOOD, registry, store)

    assert sorted(heard.shares) == heard.shares
    assert 1.0 == heard.shares[-1]


def test_a_parquet_file_gives_the_same_readings(registry: Registry, store: EmbeddedStore, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(GOOD.decode())))
    file = parquet_of(
        device=[row["device"] for row in rows],
        metric=[row["metric"] for row in rows],
        at=[int(row["at"]) for row in rows],
        value=[float(row["value"]) for row in rows],
    )
    with EmbeddedStore.open(tmp_path / "other.duckdb", zone=Settings().zone, metrics=METRICS) as other:
        imported(file, registry, other)
        imported(GOOD, registry, store)

        assert everything(store) == everything(other)


@pytest.mark.parametrize("name", ["alamosa", "vlissingen"])
def test_a_real_record_as_a_file_gives_the_readings_of_its_replay(
    name: str, registry: Registry, store: EmbeddedStore
) -> None:
    record = replay.record(name)
    registry.devices.put_profiles(county.profiles())
    registry.devices.put([replace(each, region=VILLAGE) for each in county.devices() if each.id == record.device])
    outcome = Outcome()
    pipeline = Pipeline(CurrentDirectory(RegistryDirectory(registry), lambda: NOW), Checks(ClockLimits()))
    for message in replay.messages(record):
        pipeline.process(replace(message, at=NOW), outcome)
    text = (Path(replay.__file__).parent / "records" / record.file).read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    headings = [f"{record.device}/{column.metric} [{column.unit}]" for column in record.columns.values()]
    lines = [",".join([row["time"], *(row[column] for column in record.columns)]) for row in rows]
    found, heard = imported(csv_of(",".join(["at", *headings]), *lines), registry, store)

    assert [] == heard.rows
    assert {(each.metric, each.at): each for each in outcome.readings} == {
        (each.metric, each.at): each for each in everything(store)
    }
    assert len(outcome.readings) == found.stored + found.duplicates
