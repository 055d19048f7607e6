"""The contract of ReadingCounter: every identity ever kept is counted once. Runs on every implementation."""

import datetime as dt
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from telemetry.errors import StoreUnavailable
from telemetry.model import Quality, Reading
from telemetry.store.influx_address import Address
from telemetry.store.influx_count import InfluxCounter
from telemetry.store.influx_server import InfluxServer, Rows
from telemetry.store.influxql import NS
from telemetry.store.retention import FOR_EVER, for_ever
from telemetry.store.traits import traits_of
from tests import influxdb, store_oracle
from tests.mosquitto import free_port
from tests.store_contract import (
    AIR,
    CATALOGUE,
    DAY,
    HOUR,
    METER,
    MINUTE,
    RAIN,
    START,
    Subject,
    every,
    reading,
    subject,
)
from tests.test_retention import FOUR_DAYS, SINCE, embedded, forget, influx

__all__ = ["subject"]

NOWHERE_NEAR = (0, 1, 60 * 365 * DAY, 230 * 365 * DAY)
"""Clocks that are off by decades, in the past and in the future."""


def test_every_identity_counts_once_over_all_metrics_by_series(subject: Subject) -> None:
    subject.store.write(every(MINUTE, [1.0, 2.0, 3.0]) + every(HOUR, [1.0, 2.0], METER))
    subject.settle()
    # A correction of what is in its place, the same once more, and new ones beside them.
    subject.store.write([reading(START, 9.0), reading(START, 9.0), reading(START + DAY, 1.0)])
    subject.store.write([reading(START, 1.0, device="station-1:deep"), reading(START + DAY, 2.0)])
    subject.store.write([reading(START, 1.0, RAIN, "station-2", quality=Quality.RANGE)])

    for _ in range(2):
        assert {"station-1": 6, "station-1:deep": 1, "station-2": 1} == subject.store.counter.counted(None)
        assert {"station-1": 6, "station-1:deep": 1} == subject.store.counter.counted(["station-1", "nobody"])
        assert {"station-1:deep": 1} == subject.store.counter.counted(["station-1:deep"])
        assert {} == subject.store.counter.counted(["nobody"]) == subject.store.counter.counted([])
        subject.settle()


def test_an_empty_store_counts_nothing(subject: Subject) -> None:
    assert ({}, {}) == (subject.store.counter.counted(None), subject.store.counter.by_day("nobody"))


def test_clocks_that_are_far_off_are_counted_too(subject: Subject) -> None:
    subject.store.write([reading(at, 1.0, of, quality=Quality.CLOCK) for at in NOWHERE_NEAR for of in (AIR, RAIN)])
    subject.store.write(every(HOUR, [1.0] * 100))

    assert {"station-1": 108} == subject.store.counter.counted(None)


def test_random_writes_count_as_the_obvious_way_counts_them(subject: Subject) -> None:
    chance = random.Random(11)  # noqa: S311 (made-up readings)
    batches: list[list[Reading]] = []
    for _ in range(6):
        batches.append(
            [
                reading(
                    START + chance.randrange(40) * HOUR * chance.choice((1, 24)),
                    1.0,
                    chance.choice((AIR, RAIN, METER)),
                    chance.choice(("a", "b", "b:low")),
                )
                for _ in range(50)
            ]
        )
        subject.store.write(batches[-1])
        if chance.random() < 0.5:
            subject.settle()
    expected = Counter(kept.device for kept in store_oracle.stored(batches))

    assert expected == subject.store.counter.counted(None)


def test_the_days_of_a_device_are_those_of_receipt(subject: Subject) -> None:
    midnight = 20_000 * DAY
    received = [midnight - 1, midnight, midnight + 5, midnight + DAY]
    devices = ["station-1", "station-1:deep", "station-1", "station-1"]
    subject.store.write(
        [
            Reading(device, AIR.id, START + place, 1.0, 1.0, 0, at)
            for place, (device, at) in enumerate(zip(devices, received, strict=True))
        ]
    )
    subject.settle()
    # A correction counts on the day on which it came.
    subject.store.write([Reading("station-1", AIR.id, START, 2.0, 2.0, 0, midnight + 7)])
    subject.store.write([reading(START, 1.0, device="station-2")])
    first = dt.datetime.fromtimestamp(midnight / 1000, dt.UTC).date()

    for _ in range(2):
        assert {first: 3, first + dt.timedelta(days=1): 1} == subject.store.counter.by_day("station-1")
        subject.settle()


def test_a_store_that_is_closed_cannot_count(subject: Subject) -> None:
    subject.store.close()
    with pytest.raises(StoreUnavailable):
        subject.store.counter.counted(None)


COUNTED = {"station-1": len(FOUR_DAYS)}
LATER = [reading(SINCE + 5 * MINUTE + 1, 900.0, of) for of in (AIR, RAIN)]


def test_the_embedded_store_counts_what_it_has_forgotten(tmp_path: Path) -> None:
    since = [FOR_EVER]
    with embedded(tmp_path / "s", lambda: since[-1]) as store:
        store.write(FOUR_DAYS)
        store.merge()
        for later in (SINCE, SINCE + HOUR):
            since.append(later)
            store.merge()

            assert COUNTED == store.counter.counted(None) == store.counter.counted(["station-1"])
        store.write([reading(SINCE + HOUR + 1, 900.0, RAIN)])
        store.merge()

        assert {"station-1": len(FOUR_DAYS) + 1} == store.counter.counted(None)


def test_influxdb_counts_what_the_server_has_forgotten() -> None:
    address = influxdb.shared().new_database()
    with influx(address) as store:
        store.write(FOUR_DAYS)
        store.merge()
        whole = store.counter.counted(None)
    with influx(address, keep_days=2) as store:
        before = store.counter.counted(None)
        for of in CATALOGUE.values():
            forget(address, of)
        after = store.counter.counted(["station-1"])
        store.write(LATER)

        assert COUNTED == whole == before == after
        assert {"station-1": len(FOUR_DAYS) + 2} == store.counter.counted(None)


class SlowServer(InfluxServer):
    """Cannot count more than a day at once."""

    def query(
        self, statements: Sequence[str], bound: Mapping[str, object], *, nanoseconds: bool = False
    ) -> list[list[Rows]]:
        start, stop = bound.get("p0"), bound.get("p1")
        if "count(" in statements[0] and isinstance(start, int) and isinstance(stop, int):
            assert stop > start
            if stop - start > DAY * NS:
                raise StoreUnavailable("too slow")
        return super().query(statements, bound, nanoseconds=nanoseconds)


def test_an_influxdb_that_is_too_slow_is_asked_for_shorter_stretches_and_each_border_counts_once() -> None:
    address = influxdb.shared().new_database()
    readings = every(HOUR, [1.0] * 24 * 9) + [reading(at, 1.0) for at in NOWHERE_NEAR]
    with influx(address) as store:
        store.write(readings)
    server = SlowServer(address)
    counted = InfluxCounter(server, server, for_ever, traits=lambda _: traits_of(None)).counted(None)
    server.close()

    assert {"station-1": len(readings)} == counted


def test_an_influxdb_that_is_away_is_told_after_a_few_tries() -> None:
    nowhere = Address(f"http://127.0.0.1:{free_port()}", "rurban", timeout_s=1.0)
    with influx(nowhere) as store, pytest.raises(StoreUnavailable, match="cannot be asked"):
        store.counter.counted(None)
