"""Village beside city: fair, or refused with a reason."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from telemetry.calibration import Calibration, Linear
from telemetry.model import Device, Measure, Profile, Reading, Statistic
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.ports import Buckets, FoldQuery, Store
from tests.api_fixture import HOUR, Served, served
from tests.compared_county import DAYS, OTHER, PLACES, RANGE, SECOND_STREET, START, compared, settle
from tests.village import STREET, VILLAGE

TABLE = "region,id,value,year,source\n"


class CountingReader:
    """The store's reading side; remembers how many questions came with each call."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.questions: list[int] = []
        self.raw, self.latest, self.existing = store.raw, store.latest, store.existing
        self.names, self.check = store.names, store.check

    def folded(self, queries: Sequence[FoldQuery]) -> list[list[Buckets]]:
        """See ReadingReader."""
        self.questions.append(len(queries))
        return self._store.folded(queries)


@pytest.fixture
def county(registry: Registry, store: EmbeddedStore) -> Served:
    return compared(registry, store)


@pytest.fixture
def steady(registry: Registry, store: EmbeddedStore) -> Served:
    """PM2.5 of 10 and 20 in the two villages, of 5 in the city and of 12 there a year ago."""
    settle(registry)
    registry.devices.put_profiles([Profile("air", "", "native_json", (Measure("pm25", interval_s=3600),))])
    registry.devices.put([Device(f"air-{code}", "air", code) for code in PLACES])
    registry.devices.put_profiles([Profile("everything", "", "native_json", (Measure("air_pressure"),))])
    for code, value in {VILLAGE: 10.0, OTHER: 20.0, STREET: 5.0, SECOND_STREET: 5.0}.items():
        _hourly(store, f"air-{code}", START, value)
        if value == 5:
            _hourly(store, f"air-{code}", START - 365 * 24 * HOUR, 12.0)
    return served(registry, store)


def _hourly(store: EmbeddedStore, device: str, start: int, value: float, hours: int = DAYS * 24) -> None:
    store.write([Reading(device, "pm25", at, value, value, 0, at) for at in range(start, start + hours * HOUR, HOUR)])


def test_what_is_computed_by_a_calibration_takes_part_from_its_beginning_to_its_end(steady: Served) -> None:
    """The village tells coarse dust, from which fine dust is computed in the second week, until the last two days."""
    registry, week = steady.registry, START + 7 * 24 * HOUR
    registry.devices.put_profiles([Profile("coarse", "", "native_json", (Measure("pm10", interval_s=3600),))])
    registry.devices.put([Device(f"air-{VILLAGE}", "coarse", VILLAGE)])
    half = Calibration(f"air-{VILLAGE}", "pm25", Linear(0.5), week, computed_from="pm10")
    registry.calibrations.put(half)
    whole = compare(steady, f"metric=pm25&region={VILLAGE}")["place"]
    registry.calibrations.put(replace(half, curve=None, valid_from=week + 5 * 24 * HOUR))
    ended = compare(steady, f"metric=pm25&region={VILLAGE}")["place"]
    shown = steady.lines(f"metric=pm25&device=air-{VILLAGE}&{RANGE}&every=1d")[0]["points"]
    told = steady.get(f"/explain?{RANGE}&measure=pm25&region={VILLAGE}")["parts"][0]["ingredients"]

    assert [(10.0, 1, 1.0)] * 2 == [(one["value"], one["devices"], one["coverage"]) for one in (whole, ended)]
    assert [None] * 7 + [1.0] * 5 + [None] * 2 == [point["coverage"] for point in shown]
    assert [f"air-{VILLAGE}"] == [one["device"] for one in told]


def compare(house: Served, question: str) -> dict[str, Any]:
    return house.get(f"/compare?{RANGE}&{question}")


def test_a_village_beside_its_city(steady: Served) -> None:
    found = compare(steady, f"metric=pm25&region={VILLAGE}")

    assert ("ug/m3", "lower", 1) == tuple(found["measure"][name] for name in ("unit", "better", "version"))
    assert (10.0, 1, DAYS * 24, 1.0) == tuple(
        found["place"][name] for name in ("value", "devices", "readings", "coverage")
    )
    assert ("urban:370500000000", 5.0) == (found["city"]["benchmark"]["place"], found["city"]["benchmark"]["value"])
    assert (0.5, -5.0, True, "behind") == tuple(
        found["city"][name] for name in ("parity", "gap", "certain", "standing")
    )


def test_years_behind_by_the_same_days_of_earlier_years(steady: Served) -> None:
    """The city stood at 12 a year ago and at 5 now: at 10 it stood five sevenths of a year ago."""
    found = compare(steady, f"metric=pm25&region={VILLAGE}")["city"]["years_behind"]

    assert pytest.approx(5 / 7, rel=1e-2) == found["years"]
    assert compare(steady, f"metric=pm25&region={VILLAGE}&history=0")["city"]["years_behind"] is None


def test_a_town_is_the_mean_of_its_villages_by_what_the_measure_is_per(steady: Served) -> None:
    """1 000 persons at 10 and 3 000 at 20: 17.5, at town and county; with the city's 10 000 at 5, 8.571."""
    for code, value in {"370522101": 17.5, "370522": 17.5, "370502": 5.0, "3705": 120_000 / 14_000}.items():
        assert (
            pytest.approx(value) == compare(steady, f"metric=pm25&region={code}&benchmark={VILLAGE}")["place"]["value"]
        )


def test_a_city_has_no_benchmark_but_a_value(steady: Served) -> None:
    found = compare(steady, "metric=pm25&region=3705")

    assert "no_benchmark" == found["city"]["refusal"]["reason"]
    assert found["place"]["value"] is not None


def test_what_is_declared_counts_before_the_region_s_own_row(steady: Served) -> None:
    table = TABLE + f"{VILLAGE},persons,9000,2025,census\n"
    answer = steady.client.post("/api/v1/statistics?entered_by=Li", content=table, headers={"Content-Type": "text/csv"})

    assert (201, {"kept": 1}) == (answer.status_code, answer.json())
    assert pytest.approx(12.5) == compare(steady, "metric=pm25&region=370522101")["place"]["value"]
    (kept,) = steady.get(f"/statistics?region={VILLAGE}")["statistics"]
    assert (9000, 2025, "census", "Li") == tuple(kept[name] for name in ("value", "year", "source", "entered_by"))


@pytest.mark.parametrize(
    ("table", "status", "words"),
    [
        (TABLE + f"{VILLAGE},persons,9,2025,\n", 422, "line 2"),
        (TABLE + f"{VILLAGE},pesons,9,2025,census\n", 422, "persons"),
        (TABLE + "370522101999,persons,9,2025,census\n", 404, "370522101999"),
        ("region,id\n", 422, "region, id, value, year, source"),
    ],
)
def test_a_wrong_table_is_refused_whole(steady: Served, table: str, status: int, words: str) -> None:
    good = f"{VILLAGE},mu,2400,2025,ledger\n" if table.startswith(TABLE) else ""
    answer = steady.client.post(
        "/api/v1/statistics?entered_by=Li", content=table + good, headers={"Content-Type": "text/csv"}
    )

    assert status == answer.status_code
    assert words in answer.text
    assert [] == steady.get("/statistics")["statistics"]


def test_similar_places_come_from_what_is_declared(steady: Served) -> None:
    assert [] == compare(steady, f"metric=pm25&region={VILLAGE}")["similar"]["similar"]
    steady.registry.statistics.put(
        Statistic(code, name, 2025, value, "atlas", "Li")
        for code in (VILLAGE, OTHER)
        for name, value in (("rain_mm", 560.0), ("temperature", 13.0), ("elevation_m", 8.0))
    )
    found = compare(steady, f"metric=pm25&region={VILLAGE}")

    assert [OTHER] == [one["code"] for one in found["similar"]["similar"]]
    assert (2.0, 10.0) == (found["peers"]["parity"], found["peers"]["gap"])


def test_a_village_with_gaps_is_refused_in_words(steady: Served) -> None:
    steady.registry.devices.put([Device("deaf", "air", VILLAGE)])
    found = compare(steady, f"metric=pm25&region={VILLAGE}")

    assert found["place"]["value"] is None
    assert ("low_coverage", 0.5, 0.7) == tuple(found["place"]["refusal"][name] for name in ("reason", "have", "want"))
    assert "refused" == found["city"]["standing"]


def test_four_households_are_not_told_of(steady: Served, registry: Registry) -> None:
    (row,) = [one for one in registry.places.all() if one.code == VILLAGE]
    registry.places.put([replace(row, households=4)])
    found = compare(steady, f"metric=pm25&region={VILLAGE}")
    town = steady.get(f"/explain?measure=pm25&region=370522101&{RANGE}")

    assert ("small_cell", None) == (found["place"]["refusal"]["reason"], found["place"]["value"])
    assert (17.5, [], sorted([VILLAGE, OTHER])) == (town["tile"]["value"], town["parts"], town["not_shown"])


def test_who_shows_the_token_may_ask_of_four_households(registry: Registry, steady: Served) -> None:
    (row,) = [one for one in registry.places.all() if one.code == VILLAGE]
    registry.places.put([replace(row, households=4)])
    closed = served(registry, steady.store, token="secret")
    question = f"/api/v1/compare?{RANGE}&metric=pm25&region={VILLAGE}&public=false"

    assert 422 == steady.client.get(question).status_code
    answer = closed.client.get(question, headers={"Authorization": "Bearer secret"})
    assert 10.0 == answer.json()["place"]["value"]
    assert answer.json()["place"]["explain"].endswith("&public=false")


@pytest.mark.parametrize(
    ("question", "status", "words"),
    [
        ("region=370522101201", 422, "one of measure and metric"),
        ("region=370522101201&metric=pm25&measure=pm25", 422, "one of measure and metric"),
        ("region=370522101201&metric=supply_volume", 422, "drinking_water_per_person"),
        ("region=370522101201&measure=voltage_in_bond", 404, "voltage_in_band"),
        ("region=370522101201&measure=pm25&benchmark=moon", 422, "urban, division codes"),
        ("region=370522101201&measure=pm25&benchmark=ches18-quantity", 422, "no figure of pm25"),
        ("region=370522101999&measure=pm25", 404, "370522101999"),
        ("region=37&measure=pm25", 422, "no city above it"),
    ],
)
def test_a_wrong_question_is_told_what_would_be_right(steady: Served, question: str, status: int, words: str) -> None:
    answer = steady.client.get(f"/api/v1/compare?{question}")

    assert (status, True) == (answer.status_code, words in answer.text)


def _declare(house: Served, code: str, year: int, value: float, name: str = "internet_users") -> None:
    house.registry.statistics.put([Statistic(code, name, year, value, "survey", "Li")])


def test_declared_numbers_are_compared_with_year_source_and_who_entered_them(steady: Served) -> None:
    """The city: 8 000 persons at 80 and 2 000 at 70."""
    for code, value in {VILLAGE: 39.0, STREET: 80.0, SECOND_STREET: 70.0}.items():
        _declare(steady, code, 2024, value)
    _declare(steady, VILLAGE, 2025, 99.0)
    found = compare(steady, f"measure=internet_users&region={VILLAGE}")

    told = found["place"]["declared"]
    assert ("as declared", 39.0, 2024, "survey", "Li") == (
        found["measure"]["normaliser"],
        *(told[name] for name in ("value", "year", "source", "entered_by")),
    )
    assert (78.0, 0.5, 39.0, "behind") == (
        found["city"]["benchmark"]["value"],
        *(found["city"][name] for name in ("parity", "gap", "standing")),
    )
    ingredients = steady.client.get(found["city"]["benchmark"]["statistics"]).json()["statistics"]
    assert {STREET: 80.0, SECOND_STREET: 70.0} == {one["region"]: one["value"] for one in ingredients}


def test_declared_numbers_of_different_years_are_refused_in_words(steady: Served) -> None:
    _declare(steady, VILLAGE, 2024, 39.0)
    _declare(steady, VILLAGE, 2020, 26.15)
    question = f"measure=internet_users&region={VILLAGE}"

    words = compare(steady, question)["city"]["refusal"]["words"]
    assert "a number of 2024 for internet_users" in words
    figure = compare(steady, f"{question}&benchmark=cnnic-2020-rural")["city"]
    assert (2020, 0.5) == (figure["figure"]["year"], pytest.approx(figure["parity"]))
    refused = compare(steady, f"{question}&benchmark=cnnic-2021-rural")["city"]
    assert ("other_year", None) == (refused["refusal"]["reason"], refused["parity"])
    assert "there are those of 2020, 2024" in refused["refusal"]["words"]


def test_a_scorecard_has_the_declared_rows(steady: Served) -> None:
    for code in (VILLAGE, STREET, SECOND_STREET):
        _declare(steady, code, 2024, 50.0)
    entries = {one["measure"]["id"]: one for one in steady.get(f"/scorecard/{VILLAGE}?{RANGE}")["entries"]}

    assert ("no certain difference", 1.0) == tuple(entries["internet_users"]["city"][n] for n in ("standing", "parity"))
    assert "nobody has declared it" in entries["emergency_plan"]["place"]["refusal"]["words"]


def test_what_is_declared_has_no_readings_to_explain(steady: Served) -> None:
    answer = steady.client.get(f"/api/v1/explain?measure=internet_users&region={VILLAGE}")

    assert (422, "/api/v1/statistics?id=internet_users" in answer.text) == (answer.status_code, True)


def test_a_standard_s_limit_may_be_the_benchmark(county: Served) -> None:
    found = compare(county, f"measure=drinking_water_per_person&region={VILLAGE}&benchmark=ches18-quantity")["city"]

    assert (None, 35.0, "limit") == (found["benchmark"], found["figure"]["value"], found["figure"]["kind"])
    assert found["parity"] > 1


def test_a_scorecard_has_every_measure_once_and_refuses_in_words(county: Served) -> None:
    card = county.get(f"/scorecard/{VILLAGE}?{RANGE}")
    measures = [one["id"] for one in county.get("/measures")["measures"]]
    standings = [one["city"]["standing"] for one in card["entries"]]

    assert sorted(measures) == sorted(one["measure"]["id"] for one in card["entries"])
    assert {one["standing"]: one["measures"] for one in card["counts"]} == {
        name: standings.count(name) for name in ("ahead", "behind", "no certain difference", "refused")
    }
    assert all((one["place"]["value"] is None) == (one["place"]["refusal"] is not None) for one in card["entries"])
    assert all(one["city"]["refusal"]["words"] for one in card["entries"] if one["city"]["standing"] == "refused")
    assert standings.count("refused") < len(standings)


def test_a_scorecard_s_tile_is_that_of_compare(county: Served) -> None:
    card = county.get(f"/scorecard/{VILLAGE}?{RANGE}")
    (entry,) = [one for one in card["entries"] if one["measure"]["id"] == "voltage_in_band"]
    single = compare(county, f"measure=voltage_in_band&region={VILLAGE}&history=0")

    assert [] == entry.pop("changed")
    assert entry == {name: single[name] for name in entry}


def test_a_scorecard_asks_the_store_once_for_each_length_of_bucket(county: Served) -> None:
    reader = CountingReader(county.store)
    counted = served(county.registry, county.store, reader=reader)
    found = counted.get(f"/scorecard/{VILLAGE}?{RANGE}")
    lengths = {one["place"]["every"] for one in found["entries"]}

    assert len(reader.questions) <= len(lengths) < sum(reader.questions)


def test_the_index_tells_what_each_number_rests_on(county: Served) -> None:
    county.registry.statistics.put([Statistic(VILLAGE, "internet_users", 2024, 61.0, "survey", "Li")])
    found = county.get(f"/index/{VILLAGE}?{RANGE}")
    by_name = {one["id"]: one for one in found["indicators"]}

    assert ("few_indicators", None) == (found["refusal"]["reason"], found["overall"])
    assert ("declared", 0.61, 2024) == (
        by_name["internet_users"]["origin"],
        by_name["internet_users"]["score"],
        by_name["internet_users"]["declared"]["year"],
    )
    assert ("readings", "none") == (by_name["pm25"]["origin"], by_name["emergency_plan"]["origin"])
    assert found["valid"] == sum(one["origin"] != "none" for one in found["indicators"])


def test_an_index_is_told_when_enough_is_known(county: Served) -> None:
    lacking = [one for one in county.get(f"/index/{VILLAGE}?{RANGE}")["indicators"] if one["origin"] == "none"]
    county.registry.statistics.put(Statistic(VILLAGE, one["id"], 2025, one["best"], "survey", "Li") for one in lacking)
    found = county.get(f"/index/{VILLAGE}?{RANGE}")

    assert (None, 28) == (found["refusal"], found["valid"])
    assert 0 < found["overall"] < 1


def test_an_index_by_parity_holds_readings_beside_readings_and_years_beside_years(steady: Served) -> None:
    for code, value in {VILLAGE: 40.0, STREET: 80.0, SECOND_STREET: 80.0}.items():
        _declare(steady, code, 2024, value)
        _declare(steady, code, 2024 if code == VILLAGE else 2023, 50.0, "road_access")
    found = steady.get(f"/index/{VILLAGE}?{RANGE}&by=parity")
    told = {one["id"]: one for one in found["indicators"]}

    scores = {name: told[name]["score"] for name in ("pm25", "internet_users", "road_access", "emergency_plan")}
    assert {"pm25": 0.5, "internet_users": 0.5, "road_access": None, "emergency_plan": None} == scores
    assert (10.0, 5.0, "readings") == tuple(told["pm25"][name] for name in ("value", "benchmark", "origin"))
    assert ("declared", 2024) == (told["internet_users"]["origin"], told["internet_users"]["declared"]["year"])
    assert "there are those of 2023" in told["road_access"]["refusal"]["words"]
    assert ("parity", "few_indicators", None) == (found["by"], found["refusal"]["reason"], found["overall"])


def test_an_index_by_parity_with_itself_is_one(county: Served) -> None:
    lacking = [one for one in county.get(f"/index/{VILLAGE}?{RANGE}")["indicators"] if one["origin"] == "none"]
    for one in lacking:
        _declare(county, VILLAGE, 2025, 7.0, one["id"])
    found = county.get(f"/index/{VILLAGE}?{RANGE}&by=parity&benchmark={VILLAGE}")

    assert {1.0} == {one["score"] for one in found["indicators"] if one["score"] is not None}


def test_an_index_by_parity_needs_places(county: Served) -> None:
    answer = county.client.get(f"/api/v1/index/{VILLAGE}?by=parity&benchmark=cnnic-2020-rural")

    assert (422, True) == (answer.status_code, "a figure of one measure" in answer.text)


def test_a_region_is_held_against_a_standard(county: Served) -> None:
    sets = [one["id"] for one in county.get("/standards")["standards"]]
    found = county.get("/standards/BEISONG-1.0/370522101")

    assert ["BEISONG-1.0", "digital-village-2022"] == sorted(sets)
    assert ("unverified", 7) == (found["standard"]["status"], len(found["clauses"]))
    assert 404 == county.client.get("/api/v1/standards/moon/370522101").status_code


def test_measures_and_figures_say_where_they_come_from(county: Served) -> None:
    (row,) = [county.get("/measures/voltage_in_band")]
    figures = {one["id"]: one for one in county.get("/measures/figures")["figures"]}

    assert row["formula"].startswith("(1.7)")
    assert ("internet_users", 76.4, 2020) == tuple(
        figures["cnnic-2020-urban"][name] for name in ("measure", "value", "year")
    )


@pytest.mark.parametrize("metric", ["supply_volume", "outage_state"])
def test_sums_of_all_urban_and_all_rural_places_are_refused(county: Served, metric: str) -> None:
    answer = county.client.get(f"/api/v1/series?metric={metric}&by=setting&every=1d")
    fair = metric == "outage_state"

    assert (200 if fair else 422) == answer.status_code
    assert fair or "/api/v1/compare" in answer.json()["allowed"]
