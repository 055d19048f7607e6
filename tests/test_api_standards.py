"""A village held against a standard over HTTP: double, hardly used, asked for by nobody, and what is not known."""

import datetime as dt
from typing import Any

import pytest

from telemetry.instant import DAY_MS, day_of
from telemetry.model import Device, LedgerLine, Measure, Profile
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from tests import books
from tests.api_fixture import NOW, Served, house, served
from tests.compared_county import OTHER, settle
from tests.village import VILLAGE

__all__ = ["house"]

TODAY = day_of(NOW)
SET = "digital-village-2022"


@pytest.fixture
def town(registry: Registry, store: EmbeddedStore) -> Served:
    """Two projects measure the air; the one in the village hourly."""
    settle(registry)
    registry.devices.put_profiles([Profile("everything", "", "native_json", ())])
    registry.devices.put_profiles(
        [Profile("air", "", "native_json", (Measure("pm25", interval_s=3600), Measure("noise_level", interval_s=3600)))]
    )
    registry.devices.put(
        [Device("air-1", "air", VILLAGE, project="clean-air"), Device("air-2", "air", OTHER, project="smart-town")]
    )
    return served(registry, store)


def held(house: Served, region: str = VILLAGE) -> dict[str, Any]:
    return house.get(f"/standards/{SET}/{region}")


def findings(house: Served, flaw: str, region: str = VILLAGE) -> list[tuple[str, list[str]]]:
    """Those that concern the air; four other devices stand in the village."""
    found = [one for one in held(house, region)["findings"] if one["flaw"] == flaw]
    return [(one["subject"], one["devices"]) for one in found if one["devices"][0].startswith("air-")]


def known(house: Served) -> dict[str, tuple[int, int, str]]:
    return {one["flaw"]: (one["known"], one["of"], one["words"]) for one in held(house)["known"]}


def test_double_is_what_two_projects_measure_in_the_town_of_the_village(town: Served) -> None:
    expected = [(f"{function} in 370522101000", ["air-1", "air-2"]) for function in ("air quality", "noise")]

    assert expected == findings(town, "double")
    assert expected == findings(town, "double", "370522101")


def test_a_village_is_not_told_of_what_is_double_elsewhere(town: Served) -> None:
    town.registry.stays.move("air-1", OTHER, None, None, at=NOW - DAY_MS)

    assert [] == findings(town, "double")


def test_of_a_device_without_a_project_nothing_is_said(town: Served) -> None:
    town.registry.devices.put([Device("air-1", "air", VILLAGE)])

    assert [] == findings(town, "double")
    assert (0, 5) == known(town)["double"][:2]


def test_what_hardly_speaks_is_in_low_use(town: Served) -> None:
    """Of 48 readings a day, 30 days long, a tenth came; who was never heard is silent, which is another matter."""
    assert ([], 0) == (findings(town, "low_use"), known(town)["low_use"][0])
    begun = NOW - 40 * DAY_MS
    town.registry.devices.put([Device("air-1", "air", VILLAGE, valid_from=begun)])
    _hear(town, "air-1", 144)

    assert [("air-1", ["air-1"])] == findings(town, "low_use")
    _hear(town, "air-1", 200)
    assert ([], 1) == (findings(town, "low_use"), known(town)["low_use"][0])


def _hear(house: Served, device: str, readings: int) -> None:
    at = NOW - 2 * DAY_MS
    line = LedgerLine(day_of(at), device, received=readings, stored=readings)
    books.settle(house.registry, [line], [], {device: [(at, None, None)]})


@pytest.mark.parametrize(
    ("question", "counts"),
    [
        ("/series?metric=pm25&device=air-1", True),
        (f"/series?metric=pm25&region={VILLAGE}&every=1h", True),
        (f"/latest?region={VILLAGE}", False),
        (f"/compare?metric=pm25&region={VILLAGE}", True),
        (f"/explain?measure=pm25&region={VILLAGE}", True),
        (f"/scorecard/{VILLAGE}", False),
        ("/latest", False),
        ("/latest?region=370522", False),
        ("/series?metric=air_temperature&device=air-1", False),
    ],
)
def test_a_question_that_names_what_it_wants_is_remembered(town: Served, question: str, counts: bool) -> None:
    town.get(question)

    assert ({"pm25": TODAY} if counts else {}) == town.registry.asked.last(["air-1"]).get("air-1", {})


def test_who_looks_at_one_village_has_asked_for_what_it_says(house: Served) -> None:
    house.get(f"/latest?region={VILLAGE}")

    assert TODAY == house.registry.asked.last(["station-1"])["station-1"]["air_temperature"]


def test_nobody_s_device_is_named_after_ninety_days_and_not_before(town: Served) -> None:
    assert (0, 5, "nobody has asked this house for anything yet") == known(town)["unwatched"]
    town.registry.asked.note({"pm25": {"air-2"}}, TODAY - dt.timedelta(days=89))
    assert [] == findings(town, "unwatched")
    assert known(town)["unwatched"][2].endswith("90 days are needed, 89 are there")


def test_a_device_that_nobody_asked_for_since_the_record_began(town: Served) -> None:
    begun = TODAY - dt.timedelta(days=120)
    town.registry.asked.note({"pm25": {"air-2"}}, begun)

    assert [("air-1", ["air-1"])] == findings(town, "unwatched")
    town.get("/series?metric=noise_level&device=air-1")
    assert [] == findings(town, "unwatched")


def test_a_device_that_came_later_could_not_be_asked_for_before(town: Served) -> None:
    town.registry.asked.note({"pm25": {"air-2"}}, TODAY - dt.timedelta(days=120))
    town.registry.devices.put([Device("air-1", "air", VILLAGE, valid_from=NOW - 89 * DAY_MS)])

    assert [] == findings(town, "unwatched")
