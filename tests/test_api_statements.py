"""A changed past is shown as changed: what was said of a month or year, when, and the difference."""

from typing import Any

import pytest
from msgspec import structs

from insight.figures import STATISTICS
from insight.index.framework import DIGITAL_VILLAGE
from insight.measures import COMPARABLES
from telemetry.instant import iso
from telemetry.model import Device, Measure, Profile, Reading, Statistic
from telemetry.registry import Registry
from telemetry.statement import Statement
from telemetry.store.embedded import EmbeddedStore
from tests.api_fixture import HOUR, NOW, Served, served
from tests.compared_county import OTHER, PLACES, SECOND_STREET, settle
from tests.village import STREET, VILLAGE

OCTOBER = "start=2026-10-01&stop=2026-11-01"
FIRST, STOP = 1_790_812_800_000, 1_793_491_200_000
"""2026-10-01T00:00:00Z and 2026-11-01T00:00:00Z."""
MINUTE = 60_000
LATER = NOW + 10 * MINUTE
URBAN = "urban:370500000000"


def hourly(code: str, value: float, start: int = FIRST) -> list[Reading]:
    return [Reading(f"air-{code}", "pm25", at, value, value, 0, at) for at in range(start, STOP, HOUR)]


@pytest.fixture
def house(registry: Registry, store: EmbeddedStore) -> Served:
    """October: PM2.5 of 10 in the village but for its last day, which has not come, and of 5 in the city."""
    settle(registry)
    registry.devices.put_profiles([Profile("everything", "", "native_json", (Measure("air_pressure"),))])
    registry.devices.put_profiles([Profile("air", "", "native_json", (Measure("pm25", interval_s=3600),))])
    registry.devices.put([Device(f"air-{code}", "air", code) for code in PLACES])
    for code, value in {VILLAGE: 10.0, OTHER: 20.0, STREET: 5.0, SECOND_STREET: 5.0}.items():
        store.write([row for row in hourly(code, value) if code != VILLAGE or row.at < STOP - 24 * HOUR])
    return served(registry, store)


def later(house: Served, now: int = LATER) -> Served:
    """The same house, when nothing is remembered from minutes ago."""
    return served(house.registry, house.store, now=now)


def card(house: Served, question: str = OCTOBER, region: str = VILLAGE) -> dict[str, Any]:
    entries = house.get(f"/scorecard/{region}?{question}")["entries"]
    return {one["measure"]["id"]: one for one in entries}


def last_day_comes(house: Served) -> None:
    late = hourly(VILLAGE, 41.0, STOP - 24 * HOUR)
    house.store.write([structs.replace(row, received_at=NOW + MINUTE) for row in late])


def test_late_data_change_a_month_and_the_scorecard_says_so(house: Served) -> None:
    """A day at 41 after thirty at 10: 11 instead of 10; asked again, it is still told what was said first."""
    assert [] == card(house)["pm25"]["changed"]
    assert [] == card(later(house))["pm25"]["changed"]
    last_day_comes(house)

    for _ in range(2):
        found = card(later(house))["pm25"]
        assert 11.0 == pytest.approx(found["place"]["value"])
        (was,) = found["changed"]
        assert (iso(NOW), 1, 10.0, 5.0) == tuple(
            was[name] for name in ("said_at", "formula", "value", "benchmark_value")
        )
        assert (1.0, 0.0) == (pytest.approx(was["difference"]), was["benchmark_difference"])


def test_what_was_said_is_computed_again_as_of_when_it_was_said(house: Served) -> None:
    card(house)
    last_day_comes(house)
    (was,) = card(later(house))["pm25"]["changed"]
    again = card(later(house), f"{OCTOBER}&as_of={was['said_at']}")["pm25"]

    assert (was["value"], was["benchmark_value"], []) == (
        again["place"]["value"],
        again["city"]["benchmark"]["value"],
        again["changed"],
    )


def test_what_changes_once_more_tells_all_that_was_said(house: Served) -> None:
    card(house)
    last_day_comes(house)
    card(later(house))
    house.store.write(hourly(VILLAGE, 10.0, STOP - 24 * HOUR))
    found = card(later(house, LATER + 10 * MINUTE))["pm25"]

    assert [(iso(LATER), pytest.approx(11.0), pytest.approx(-1.0))] == [
        (was["said_at"], was["value"], was["difference"]) for was in found["changed"]
    ]


def test_a_refusal_was_said_too(house: Served) -> None:
    """Nobody heard any noise; then somebody brought it along."""
    house.registry.devices.put_profiles(
        [Profile("noise", "", "native_json", (Measure("noise_level", interval_s=3600),))]
    )
    house.registry.devices.put([Device(f"air-{code}", "noise", code) for code in (VILLAGE, STREET)])
    assert card(served(house.registry, house.store))["noise_level"]["place"]["value"] is None
    house.store.write(
        [Reading(f"air-{VILLAGE}", "noise_level", at, 30.0, 30.0, 0, at) for at in range(FIRST, STOP, HOUR)],
    )
    (was,) = card(later(house))["noise_level"]["changed"]

    assert (iso(NOW), None, None) == (was["said_at"], was["value"], was["difference"])


def test_a_formula_that_was_replaced_is_shown_as_a_change(house: Served) -> None:
    was = Statement("surface_water_met", VILLAGE, URBAN, FIRST, STOP, 1, None, None, STOP + HOUR)
    house.registry.statements.remember([was])
    found = card(house)["surface_water_met"]

    assert (2, 1, iso(STOP + HOUR)) == (
        found["measure"]["version"],
        found["changed"][0]["formula"],
        found["changed"][0]["said_at"],
    )


@pytest.mark.parametrize(
    "question",
    [
        "start=2026-10-01&stop=2026-10-31",
        "start=2026-11-01&stop=2026-12-01",
        f"{OCTOBER}&as_of=2026-11-02",
        f"{OCTOBER}&peers={OTHER}",
        f"{OCTOBER}&similar=3",
        f"{OCTOBER}&benchmark={STREET},{SECOND_STREET}",
        "tz=Asia/Shanghai&start=2026-10-01T00:00Z&stop=2026-11-01T00:00Z",
    ],
)
def test_what_is_no_plain_answer_of_a_closed_period_is_not_remembered(house: Served, question: str) -> None:
    card(house, question)

    assert [] == subjects(house)


def test_private_answers_are_neither_remembered_nor_compared(house: Served) -> None:
    closed = served(house.registry, house.store, token="secret")
    answer = closed.client.get(
        f"/api/v1/scorecard/{VILLAGE}?{OCTOBER}&public=false", headers={"Authorization": "Bearer secret"}
    )

    assert (200, []) == (answer.status_code, subjects(house))


def subjects(house: Served) -> list[str]:
    """Of everything that is remembered."""
    with house.registry.statements._database.read() as connection:
        return [row.subject for row in connection.exec_driver_sql("SELECT subject FROM statements")]


def test_months_years_and_benchmarks_are_remembered_apart(house: Served) -> None:
    for question in (OCTOBER, f"{OCTOBER}&benchmark=370502", "start=2025-01-01&stop=2026-01-01"):
        card(house, question)
    last_day_comes(house)

    assert 1 == len(card(later(house), f"{OCTOBER}&benchmark=370502")["pm25"]["changed"])
    assert [] == card(later(house), "start=2025-01-01&stop=2026-01-01")["pm25"]["changed"]
    september = "start=2026-09-01&stop=2026-10-01"
    assert [] == card(later(house), september)["pm25"]["changed"]


def declare(house: Served, value: float, year: int = 2025) -> None:
    ids = [one.id for one in DIGITAL_VILLAGE.indicators]
    assert set(ids) <= STATISTICS.keys() | COMPARABLES.keys()
    house.registry.statistics.put(
        Statistic(code, name, year, value, "ledger", "Li", NOW) for name in ids for code in PLACES
    )


@pytest.mark.parametrize("by", ["goalposts", "parity"])
def test_the_index_of_a_month_is_remembered_as_it_was_scored(house: Served, by: str) -> None:
    """On goalposts from declared numbers, which a later year replaces; by parity too little is known on both sides."""
    declare(house, 50.0)
    question = f"/index/{VILLAGE}?by={by}&{OCTOBER}"
    first = house.get(question)
    declare(house, 60.0, 2026)
    now = later(house).get(question)
    expected = [] if by == "parity" else [(iso(NOW), first["overall"], now["overall"] - first["overall"])]

    assert ([], by == "parity") == (first["changed"], first["overall"] is None)
    assert expected == [(was["said_at"], was["value"], was["difference"]) for was in now["changed"]]
    kept = house.registry.statements.said(VILLAGE, URBAN if by == "parity" else "", FIRST, STOP)
    assert {f"index by {by}": 1 + len(expected)} == {subject: len(said) for subject, said in kept.items()}


def test_an_index_by_former_weights_is_shown_as_a_change(house: Served) -> None:
    said = Statement("index by parity", VILLAGE, URBAN, FIRST, STOP, 0, 0.5, None, STOP + HOUR)
    house.registry.statements.remember([said])
    (was,) = house.get(f"/index/{VILLAGE}?by=parity&{OCTOBER}")["changed"]

    assert (0, 0.5, None) == (was["formula"], was["value"], was["difference"])
