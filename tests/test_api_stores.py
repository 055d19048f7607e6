"""Whichever store a house has, its API says the same: random readings in both, random questions to both."""

import itertools
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telemetry.instant import iso
from telemetry.metrics import METRICS
from telemetry.model import Device, Fold, Measure, Profile, Quality, Reading
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.influx import InfluxStore
from tests import influxdb
from tests.api_fixture import NOW, Served, served
from tests.store_contract import DAY, HOUR, MINUTE, places_of
from tests.village import STREET, VILLAGE

SPAN = 5 * DAY
BEGIN = NOW - SPAN
MEASURES = {
    "air_temperature": ("mean", "min", "max", "first", "last"),
    "rainfall_interval": ("sum", "max"),
    "supply_volume": ("increase", "last"),
    "wind_direction": ("direction", "last"),
}

instants = st.one_of(
    st.integers(0, SPAN // HOUR).map(lambda hour: BEGIN + hour * HOUR),
    st.integers(0, SPAN // (10 * MINUTE)).map(lambda step: BEGIN + step * 10 * MINUTE),
    st.integers(0, SPAN).map(lambda at: BEGIN + at),
)
values = st.one_of(st.integers(0, 359).map(float), st.sampled_from([0.1, 49.9, 99.5, 350.25]))
doubts = st.sampled_from([0, 0, 0, int(Quality.RANGE), int(Quality.LATE), int(Quality.STEP)])
batches = st.lists(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from([*MEASURES]), instants, values, doubts), min_size=1, max_size=60
    ),
    min_size=1,
    max_size=3,
)
questions = st.lists(
    st.tuples(
        st.sampled_from([*MEASURES]),
        st.integers(0, 4),
        st.sampled_from(["5m", "20m", "1h", "6h", "1d", "1hd", "1w", "1mo"]),
        st.sampled_from(["UTC", "Asia/Shanghai", "Europe/Berlin", "Asia/Kolkata"]),
        st.sampled_from(["device", "region", "setting"]),
        st.sampled_from(["good", "all"]),
        st.tuples(st.integers(-HOUR, SPAN), st.integers(MINUTE, SPAN)),
    ),
    min_size=2,
    max_size=6,
)


@pytest.fixture
def houses(registry: Registry, store: EmbeddedStore) -> Iterator[tuple[Served, Served]]:
    """On the embedded store and on InfluxDB, with the same registry."""
    measures = tuple(
        Measure(name, interval_s=600, rollover_at=400 if name == "supply_volume" else None) for name in MEASURES
    )
    registry.devices.put_profiles([Profile("all", "", "native_json", measures)])
    address = influxdb.shared().new_database()
    with InfluxStore(address, places_of, metrics=METRICS, clock=lambda: NOW) as influx:
        first, second = served(registry, store), served(registry, influx)
        with first.client, second.client:
            yield first, second


def test_both_stores_give_the_same_answers(houses: tuple[Served, Served]) -> None:
    example = itertools.count()

    @settings(
        max_examples=30,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(batches, st.booleans(), st.sets(instants, max_size=2), questions)
    def check(written: list[list[Any]], merged: bool, moves: set[int], asked: list[Any]) -> None:
        prefix = f"e{next(example)}"
        regions = (VILLAGE, VILLAGE, STREET)
        devices = [Device(f"{prefix}-{place}", "all", region) for place, region in enumerate(regions)]
        houses[0].registry.devices.put(devices)
        for at, region in zip(sorted(moves), (STREET, VILLAGE), strict=False):
            houses[0].registry.stays.move(devices[0].id, region, None, None, at=at)
        for batch in written:
            readings = [
                Reading(devices[place].id, name, at, value, value, doubt, at + 1)
                for place, name, at, value, doubt in batch
            ]
            for house in houses:
                house.store.write(readings)
        if merged:
            for house in houses:
                house.store.merge()  # type: ignore[attr-defined] # of both stores, not of the port
        chosen = "&".join(f"device={device.id}" for device in devices)
        for question in asked:
            path = f"{_query(question)}&{chosen}"
            _compare(houses, path)
            _check_moves(houses[0], path)
        for pages in (
            f"/latest?{chosen}",
            f"/series?metric=air_temperature&start={iso(BEGIN)}&stop={iso(NOW)}&{chosen}",
        ):
            assert houses[0].get(pages) == houses[1].get(pages)

    check()


def _check_moves(house: Served, path: str) -> None:
    """However devices were moved, each reading counts in one place."""

    def counts(by: str) -> list[int]:
        lines = house.get(path.replace("by=region", f"by={by}"))["series"]
        return [sum(of) for of in zip(*([point["count"] for point in line["points"]] for line in lines), strict=True)]

    if "by=region" in path and "fold=increase" not in path:
        assert counts("device") == counts("region"), path


def _query(question: list[Any]) -> str:
    name, fold, every, tz, by, quality, (first, length) = question
    if by == "setting" and METRICS[name].across is Fold.SUM:
        # Refused: it would tell how many meters each setting has.
        by = "region"
    start = BEGIN + first
    stop = min(start + length, start + 10 * DAY)
    return (
        f"/series?metric={name}&fold={MEASURES[name][fold % len(MEASURES[name])]}&every={every}&tz={tz}&by={by}"
        f"&quality={quality}&start={iso(start)}&stop={iso(stop)}"
    )


def _compare(houses: tuple[Served, Served], path: str) -> None:
    embedded, influx = (house.get(path) for house in houses)
    assert [line.pop("points") for line in embedded["series"]] == [
        _close(line.pop("points")) for line in influx["series"]
    ], path
    assert embedded == influx


def _close(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Equal but for what sums in another order differ by."""
    return [
        {
            name: pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value
            for name, value in point.items()
        }
        for point in points
    ]


def test_the_house_zone_makes_no_difference(houses: tuple[Served, Served]) -> None:
    """The embedded store keeps days of its house zone; a question may ask for those of any other."""
    device = Device("zones-1", "all", VILLAGE)
    houses[0].registry.devices.put([device])
    readings = [Reading(device.id, "rainfall_interval", at, 1.0, 1.0, 0, at) for at in range(BEGIN, NOW, 20 * MINUTE)]
    for house in houses:
        house.store.write(readings)
        house.store.merge()  # type: ignore[attr-defined] # of both stores, not of the port
    for zone in ("Asia/Shanghai", "America/St_Johns", "Asia/Kathmandu"):
        assert ZoneInfo(zone)
        _compare(houses, f"/series?metric=rainfall_interval&every=1d&tz={zone}&start=-6d&device={device.id}")
