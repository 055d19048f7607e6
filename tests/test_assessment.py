"""The gate, the spread and the number behind it; and the same for groups of places, on a county worked by hand."""

from dataclasses import replace

import numpy as np
import pytest

from insight.assessment import Assessment, assessed, combined
from insight.declared import Declared, Place
from insight.gate import WORDS, Gate, Lack, Refusal, hidden
from insight.measures import comparable
from insight.measures.grid import Evidence
from telemetry.errors import Invalid
from telemetry.series import Folded
from tests.evidence import VILLAGE, folded

WEEK = 7 * 24
PM25 = comparable("pm25")
WATER = comparable("drinking_water_per_person")


def air(*values: float | None, devices: int = 1) -> Evidence:
    """A week of hours in which these values repeat themselves."""
    hours = [values[hour % len(values)] for hour in range(WEEK)]
    return {"pm25": folded("pm25", {f"air-{number}": hours for number in range(devices)})}


def daily(*values: float) -> Evidence:
    """So many days of PM2.5, each the same all day long."""
    return {"pm25": folded("pm25", {"air": [value for value in values for _ in range(24)]})}


def lack(found: Assessment) -> Lack:
    """Why there is no number."""
    assert found.refusal is not None
    assert found.value is None
    assert found.spread is None
    return found.refusal.lack


def test_a_number_comes_with_all_it_rests_on() -> None:
    found = assessed(PM25, air(10, 20, devices=2), VILLAGE)

    assert 15.0 == found.value
    assert (2, 2, WEEK * 2 * 4, 0, 1.0) == (
        found.tally.devices,
        found.tally.due,
        found.tally.readings,
        found.tally.excluded,
        found.tally.coverage,
    )
    assert (0, WEEK * 3_600_000) == (found.start, found.stop)
    assert ("ug/m3", 1) == (found.measure.unit, found.measure.version)
    assert found.refusal is None


def test_the_declared_number_behind_it_is_named() -> None:
    found = assessed(WATER, {"supply_volume": folded("supply_volume", {"meter": [2.0] * WEEK})}, VILLAGE)

    assert VILLAGE.persons == found.divided_by


def test_the_spread_is_that_of_the_days() -> None:
    found = assessed(PM25, daily(10, 20, 30, 40, 50), VILLAGE)

    assert found.spread is not None
    assert (5, 14.0, 20.0, 30.0, 40.0, 46.0) == (
        found.spread.of,
        found.spread.p10,
        found.spread.p25,
        found.spread.p50,
        found.spread.p75,
        found.spread.p90,
    )


def test_the_interval_is_the_same_whenever_it_is_asked_for() -> None:
    once, again = (assessed(PM25, daily(*range(10, 40)), VILLAGE).interval for _ in range(2))

    assert once is not None
    assert once == again
    assert once.low < 24.5 < once.high
    assert once != assessed(PM25, daily(*range(10, 40)), VILLAGE, seed=1).interval


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """Of 200 months of independent days around 50."""
    rng = np.random.default_rng(7)
    hits = 0
    for _ in range(200):
        found = assessed(PM25, daily(*map(float, rng.normal(50, 10, 30))), VILLAGE).interval
        assert found is not None
        hits += found.low <= 50 <= found.high

    assert 0.92 <= hits / 200 <= 0.98


def test_nine_days_have_no_interval() -> None:
    found = assessed(PM25, daily(*[10, 20, 30] * 3), VILLAGE)

    assert (20.0, None) == (found.value, found.interval)


def test_below_the_coverage_there_is_no_number() -> None:
    found = assessed(PM25, air(10, None), VILLAGE)

    assert Lack.LOW_COVERAGE is lack(found)
    assert found.refusal is not None
    assert (0.5, 0.7) == (found.refusal.have, found.refusal.want)
    assert "too much of the expected data is missing: 70% of the expected data, 50% is there" == found.refusal.words


def test_a_silent_device_lowers_the_coverage() -> None:
    evidence = {"pm25": folded("pm25", {"air": [10.0] * WEEK, "dead": [None] * WEEK})}

    assert Lack.LOW_COVERAGE is lack(assessed(PM25, evidence, VILLAGE))


def test_the_worse_coverage_of_what_is_divided_and_what_it_is_divided_by_counts() -> None:
    days = 30
    evidence = {
        "irrigation_volume": folded("irrigation_volume", {"pump": [100.0] * days}, hours=24),
        "rainfall_total": folded("rainfall_total", {"gauge": [1.0, None] * (days // 2)}, hours=24),
    }

    assert Lack.LOW_COVERAGE is lack(assessed(comparable("irrigation_per_rain"), evidence, VILLAGE))


def unknown_coverage(evidence: Folded) -> Folded:
    """As of devices that report on event."""
    lines = [replace(line, coverage=[None] * len(line.coverage)) for line in evidence.lines]
    return replace(evidence, lines=lines)


@pytest.mark.parametrize(
    ("evidence", "gate", "expected"),
    [
        ({"pm25": folded("pm25", {})}, Gate(), Lack.NO_DEVICES),
        (air(None), Gate(), Lack.NO_READINGS),
        (air(10), Gate(devices=2), Lack.FEW_DEVICES),
        ({"pm25": folded("pm25", {"air": [10.0] * 7})}, Gate(readings=28 + 1, coverage=0.5), None),
        ({"pm25": folded("pm25", {"air": [10.0] * 5 + [None] * 2})}, Gate(), Lack.FEW_READINGS),
        ({"pm25": unknown_coverage(air(10)["pm25"])}, Gate(), Lack.COVERAGE_UNKNOWN),
    ],
)
def test_what_is_missing_is_said(evidence: Evidence, gate: Gate, expected: Lack | None) -> None:
    found = assessed(PM25, evidence, VILLAGE, gate=gate)

    assert expected is (lack(found) if found.refusal else None)


def test_one_reading_a_year_is_all_of_what_is_reported_once_a_year() -> None:
    asked = comparable("broadband_coverage")
    evidence = {"broadband_coverage": folded("broadband_coverage", {"office": [92.0]}, hours=24, per_bucket=1)}

    assert ("1y", 92.0) == (asked.every, assessed(asked, evidence, VILLAGE).value)


def test_completeness_is_told_however_low_it_is() -> None:
    found = assessed(comparable("data_completeness"), air(10, None, None, None), VILLAGE)

    assert pytest.approx(25.0) == found.value


@pytest.mark.parametrize(
    ("persons", "expected"), [(None, Lack.NO_DENOMINATOR), (Declared(0, 2025), Lack.ZERO_DENOMINATOR)]
)
def test_nothing_is_divided_by_what_nobody_declared(persons: Declared | None, expected: Lack) -> None:
    evidence = {"supply_volume": folded("supply_volume", {"meter": [2.0] * WEEK})}

    assert expected is lack(assessed(WATER, evidence, replace(VILLAGE, persons=persons)))


def test_no_rain_is_no_number() -> None:
    evidence = {
        "irrigation_volume": folded("irrigation_volume", {"pump": [100.0] * 30}, hours=24),
        "rainfall_total": folded("rainfall_total", {"gauge": [0.0] * 30}, hours=24),
    }

    assert Lack.ZERO_DENOMINATOR is lack(assessed(comparable("irrigation_per_rain"), evidence, VILLAGE))


@pytest.mark.parametrize(
    ("measure", "place", "refused"),
    [
        ("pm25", replace(VILLAGE, households=Declared(4)), True),
        ("pm25", replace(VILLAGE, households=Declared(5)), False),
        ("pm25", replace(VILLAGE, households=None), True),
        ("irrigation_per_mu", replace(VILLAGE, farms=Declared(4)), True),
        ("irrigation_per_mu", replace(VILLAGE, farms=None), False),
        ("irrigation_per_mu", replace(VILLAGE, farms=None, households=Declared(3)), True),
        ("barn_co2", VILLAGE, False),
        ("barn_co2", replace(VILLAGE, farms=None), True),
    ],
)
def test_fewer_than_five_households_or_farms_are_not_published(measure: str, place: Place, refused: bool) -> None:
    asked = comparable(measure)
    evidence = {asked.metrics[0]: folded(asked.metrics[0], {"one": [10.0] * WEEK})}
    public = assessed(asked, evidence, place, public=True)

    assert refused == (public.refusal is not None)
    assert not refused or Lack.SMALL_CELL is lack(public)
    assert assessed(asked, evidence, place).refusal is None


def test_who_may_know_it_is_told_by_the_others_and_the_total() -> None:
    assert frozenset({"a", "c"}) == hidden({"a": 3, "b": 200, "c": 90})
    assert frozenset({"a", "b"}) == hidden({"a": 3, "b": None, "c": 90})
    assert frozenset() == hidden({"b": 200, "c": 90})


def test_every_reason_has_words_in_both_languages() -> None:
    assert set(Lack) == set(WORDS)


def test_a_number_beside_a_refusal_cannot_be() -> None:
    found = assessed(PM25, air(10), VILLAGE)
    with pytest.raises(Invalid, match="one of the two"):
        replace(found, refusal=Refusal(Lack.NO_DEVICES, "one"))


def test_no_evidence_at_all_is_refused() -> None:
    with pytest.raises(Invalid, match="evidence"):
        assessed(PM25, {}, VILLAGE)


# A county of two towns with two villages each: litres a day, persons, households, mu.
COUNTY = {
    "370522101201": (80.0, 1000.0, 300.0, 2000.0),
    "370522101202": (100.0, 500.0, 160.0, 3000.0),
    "370522102201": (60.0, 250.0, 90.0, 500.0),
    "370522102202": (120.0, 750.0, 200.0, 1500.0),
}


def place(code: str) -> Place:
    _, persons, households, mu = COUNTY[code]
    return Place(code, Declared(persons), Declared(households), Declared(mu), Declared(households))


def litres(code: str) -> tuple[Assessment, Place]:
    per_hour = COUNTY[code][0] * COUNTY[code][1] / 1000 / 24
    evidence = {"supply_volume": folded("supply_volume", {f"{code}-meter": [per_hour] * WEEK})}
    return assessed(WATER, evidence, place(code)), place(code)


def test_a_county_is_the_litres_of_all_over_the_persons_of_all() -> None:
    """(80 x 1000 + 100 x 500 + 60 x 250 + 120 x 750) / 2500 = 235 000 / 2500 = 94."""
    found = combined("370522000000", [litres(code) for code in COUNTY])

    assert pytest.approx(94) == found.value
    assert (4, 4, 4 * WEEK * 4, 1.0) == (
        found.tally.devices,
        found.tally.due,
        found.tally.readings,
        found.tally.coverage,
    )
    assert found.spread is not None
    assert (4, 90.0) == (found.spread.of, pytest.approx(found.spread.p50))


def test_a_county_of_towns_is_the_county_of_their_villages() -> None:
    """Town one: 130 000 / 1500 = 86.67; town two: 105 000 / 1000 = 105."""
    codes = list(COUNTY)
    one, two = (combined(name, [litres(code) for code in pair]) for name, pair in (("1", codes[:2]), ("2", codes[2:])))
    county = combined("county", [(one, Place("1", Declared(1500))), (two, Place("2", Declared(1000)))])

    assert [pytest.approx(130_000 / 1500), pytest.approx(105)] == [one.value, two.value]
    assert pytest.approx(94) == county.value
    assert codes == [stratum.place for stratum in county.strata]


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("pm25", 235_000 / 2500),  # by persons
        ("power_factor", 69_400 / 750),  # by households
        ("pest_trap_count", 670_000 / 7000),  # by mu
        ("barn_co2", 69_400 / 750),  # by farms, here one a household
    ],
)
def test_each_measure_weighs_by_what_it_is_per(measure: str, expected: float) -> None:
    asked = comparable(measure)
    members = [
        (assessed(asked, {measure: folded(measure, {code: [value] * WEEK})}, place(code)), place(code))
        for code, (value, *_) in COUNTY.items()
    ]

    assert pytest.approx(expected) == combined("county", members).value


def test_a_county_speaks_when_most_of_its_people_do() -> None:
    """Without the village of 500, 80 % of the people have a value: (80 000 + 15 000 + 90 000) / 2000."""
    members = [litres(code) for code in COUNTY]
    silent = assessed(WATER, {"supply_volume": folded("supply_volume", {}, empty=WEEK)}, place("370522101202"))
    members[1] = (silent, members[1][1])
    found = combined("county", members)

    assert pytest.approx(185_000 / 2000) == found.value
    assert ("370522101202",) == found.missing


def test_a_county_is_silent_when_most_of_its_people_are() -> None:
    members = [litres(code) for code in COUNTY]
    silent = assessed(WATER, {"supply_volume": folded("supply_volume", {}, empty=WEEK)}, place("370522101201"))
    members[0] = (silent, members[0][1])
    found = combined("county", members)

    assert Lack.FEW_PLACES is lack(found)
    assert found.refusal is not None
    assert (pytest.approx(0.6), 0.7) == (found.refusal.have, found.refusal.want)


def test_a_city_without_farms_has_no_places_that_irrigate() -> None:
    asked = comparable("irrigation_per_mu")
    evidence = {"irrigation_volume": folded("irrigation_volume", {}, empty=WEEK)}
    streets = [Place(code, Declared(9800), Declared(3600)) for code in ("370502001001", "370502002001")]
    found = combined("city", [(assessed(asked, evidence, street), street) for street in streets])

    assert Lack.FEW_PLACES is lack(found)
    assert found.refusal is not None
    assert "places with a value; none of 2 has one, most often for no_devices" == found.refusal.needed


def test_a_place_nobody_counted_cannot_be_weighed() -> None:
    one, two, *_ = (litres(code) for code in COUNTY)

    assert Lack.NO_DENOMINATOR is lack(combined("county", [one, (two[0], Place("370522101202"))]))


def test_a_group_of_few_households_is_not_published() -> None:
    members = [(litres(code)[0], replace(place(code), households=Declared(1))) for code in COUNTY]

    assert Lack.SMALL_CELL is lack(combined("county", members, public=True))


def test_a_group_of_different_periods_is_refused() -> None:
    members = [litres(code) for code in COUNTY]
    members[0] = (replace(members[0][0], stop=1), members[0][1])
    with pytest.raises(Invalid, match="different measures, versions or periods"):
        combined("county", members)
