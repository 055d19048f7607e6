"""Readings are kept for a while, their rollups for ever: on either store, and told to whoever sends what is too old."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from telemetry.errors import StoreUnavailable
from telemetry.model import Fold, Metric
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.influx import InfluxStore
from telemetry.store.influx_address import Address
from telemetry.store.ports import Buckets, RawQuery, ReadingReader
from telemetry.store.retention import FOR_EVER, kept_since
from tests import influxdb
from tests.store_contract import (
    AIR,
    BERLIN,
    CATALOGUE,
    DAY,
    HOUR,
    METER,
    MINUTE,
    RAIN,
    SHANGHAI,
    START,
    WIND,
    buckets,
    every,
    places_of,
    reading,
)

DAYS = [START + day * DAY for day in range(5)]
NOW = START + 4 * DAY + HOUR
SINCE = START + 2 * DAY + HOUR
"""Two days before NOW."""
FOUR_DAYS = [
    *every(10 * MINUTE, [float(value % 50) for value in range(4 * 144)]),
    *every(10 * MINUTE, [float(value) for value in range(4 * 144)], METER),
    *every(HOUR, [1.0] * 96, RAIN, start=START + HOUR),
    *every(HOUR, [350.0, 20.0] * 48, WIND),
]
ASKED: tuple[tuple[Metric, Fold | None], ...] = (
    *((of, None) for of in (AIR, METER, RAIN, WIND)),
    *((of, fold) for of in (AIR, METER) for fold in (Fold.FIRST, Fold.LAST)),
)


def answers(store: ReadingReader) -> list[Buckets]:
    return [buckets(store, of, DAYS, fold=fold) for of, fold in ASKED]


def rounded(line: Buckets) -> Buckets:
    """Without what sums in another order differ by."""
    return replace(line, value=[None if value is None else round(value, 9) for value in line.value])


def air(store: ReadingReader) -> list[int]:
    """The instants of what is still there."""
    return [row.at for row in store.raw(RawQuery((AIR.id,), ("station-1",), 0, 2**62, 10_000))]


def embedded(path: Path, since: Callable[[], int], zone: object = SHANGHAI) -> EmbeddedStore:
    return EmbeddedStore.open(path, zone=zone, metrics=CATALOGUE, kept_since=since)  # type: ignore[arg-type]


def test_days_are_counted_back_to_the_beginning_of_an_hour() -> None:
    assert SINCE == kept_since(2, lambda: NOW + 17 * MINUTE)
    assert FOR_EVER == kept_since(0, lambda: NOW)


def test_the_embedded_store_forgets_readings_and_keeps_what_was_rolled_up(tmp_path: Path) -> None:
    since = FOR_EVER
    with embedded(tmp_path / "s", lambda: since) as store:
        store.write(FOUR_DAYS)
        store.merge()
        before = answers(store)
        since = SINCE
        store.merge()

        assert before == answers(store)
        assert min(air(store)) == SINCE
    with embedded(tmp_path / "s", lambda: SINCE) as store:
        store.write([reading(SINCE + 5 * MINUTE, 900.0)])
        store.merge()

        assert before[0].high[:2] == answers(store)[0].high[:2]
        assert (900.0, before[0].count[2] + 1) == (answers(store)[0].high[2], answers(store)[0].count[2])


def test_what_is_too_old_is_refused_and_harms_no_rollup(tmp_path: Path) -> None:
    with embedded(tmp_path / "s", lambda: SINCE) as store:
        refused = store.write([reading(SINCE - HOUR, 1.0), reading(SINCE, 2.0), reading(SINCE + 1, 3.0)])

        assert [0, 1] == [item.position for item in refused]
        assert "RURBAN_KEEP_DAYS" in refused[0].detail
        assert [SINCE + 1] == air(store)


def test_rollups_whose_readings_are_forgotten_are_not_made_anew_for_another_zone(tmp_path: Path) -> None:
    with embedded(tmp_path / "s", lambda: SINCE) as store:
        store.write([reading(SINCE + 1, 3.0)])
    with pytest.raises(StoreUnavailable, match=r"time zone Europe/Berlin .* are forgotten"):
        embedded(tmp_path / "s", lambda: SINCE, BERLIN)


def influx(address: Address, keep_days: int = 0) -> InfluxStore:
    kept = Address(address.url, address.bucket, keep_days=keep_days)
    return InfluxStore(kept, places_of, metrics=CATALOGUE, clock=lambda: NOW)


def forget(address: Address, of: Metric) -> None:
    """What the server's retention does in its own time."""
    influxdb.shared().ask(f"DELETE FROM {of.id} WHERE time < {SINCE}ms", address.bucket)  # noqa: S608 (a name above)


def test_influxdb_answers_from_rollups_when_the_readings_are_gone() -> None:
    address = influxdb.shared().new_database()
    with influx(address) as store:
        store.write(FOUR_DAYS)
        from_readings = answers(store)
        store.merge()
        before = answers(store)
    for of in CATALOGUE.values():
        forget(address, of)
    with influx(address, keep_days=2) as store:
        after = answers(store)
        refused = store.write([reading(SINCE - HOUR, 1.0), reading(SINCE + 5 * MINUTE, 900.0)])
        store.merge()
        late = buckets(store, AIR, DAYS)
        left = air(store)

    assert [rounded(line) for line in from_readings] == [rounded(line) for line in before]
    assert before == after
    assert [0] == [item.position for item in refused]
    assert min(left) == SINCE
    assert (before[0].value[:2], 900.0) == (late.value[:2], late.high[2])


def test_a_series_whose_readings_are_all_gone_is_still_known_by_its_rollups() -> None:
    address = influxdb.shared().new_database()
    with influx(address) as store:
        store.write(every(HOUR, [1.0] * 24, device="retired"))
        store.merge()
        influxdb.shared().ask("DROP MEASUREMENT air", address.bucket)

        assert ["retired"] == store.names(AIR.id)
        assert [24] == buckets(store, AIR, DAYS[:2], devices=["retired"]).count


def test_a_counter_goes_on_from_a_rollup_whose_readings_are_gone() -> None:
    address = influxdb.shared().new_database()
    with influx(address) as store:
        store.write(every(HOUR, [10.0, 20.0, 30.0], METER))
        store.write(every(HOUR, [100.0, 120.0], METER, start=SINCE + HOUR))
        store.merge()
    forget(address, METER)
    with influx(address, keep_days=2) as store:
        found = buckets(store, METER, [SINCE, START + 4 * DAY])

    assert [90.0] == found.value


def test_the_server_is_told_how_long_to_keep_readings_and_keeps_rollups_for_ever() -> None:
    address = Address(influxdb.shared().url, "kept_for_a_week", keep_days=7)
    with InfluxStore(address, places_of, metrics=CATALOGUE, clock=lambda: NOW) as store:
        store.prepared()

    def duration(database: str) -> str:
        told = json.loads(influxdb.shared().ask(f"SHOW RETENTION POLICIES ON {database}"))
        return str(told["results"][0]["series"][0]["values"][0][1])

    assert ("168h0m0s", "0s") == (duration("kept_for_a_week"), duration("kept_for_a_week_hourly"))
