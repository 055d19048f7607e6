"""Parity, gap, trend of the gap, years behind, rankings; and what a place is held against."""

import pytest

from insight.assessment import Assessment, assessed
from insight.benchmarks import Figure, FigureKind, Regions, chosen, city_of, urban_of_city, village_level
from insight.comparison import Course, compared, gap_trend, parity, parity_score, ranked, years_behind
from insight.declared import Declared, Place
from insight.figures import FIGURES, STATISTICS
from insight.gate import Lack
from insight.measures import COMPARABLES, comparable
from telemetry.errors import Invalid, Unknown
from telemetry.model import Better, Level, Region, Setting
from tests import village
from tests.evidence import VILLAGE, folded

PM25 = comparable("pm25")


def air(*days: float, code: str = "370522101201", measure: str = "pm25") -> Assessment:
    """A place with these daily means."""
    metric = comparable(measure).metrics[0]
    evidence = {metric: folded(metric, {code: [day for day in days for _ in range(24)]} if days else {}, empty=24)}
    return assessed(comparable(measure), evidence, Place(code, Declared(1000), Declared(300)))


def test_internet_users_of_town_and_country() -> None:
    """CNNIC, June 2020: 76.4 % and 52.3 %."""
    urban, rural = FIGURES["cnnic-2020-urban"].value, FIGURES["cnnic-2020-rural"].value

    assert 24.1 == round(urban - rural, 1)
    assert 0.6846 == round(parity(rural, urban, Better.HIGHER) or 0, 4)


def test_parity_turns_round_where_less_is_better() -> None:
    assert 0.25 == parity(240.0, 60.0, Better.LOWER)
    assert 2.0 == parity(30.0, 60.0, Better.LOWER)


@pytest.mark.parametrize(
    ("place", "benchmark", "better", "ratio", "score"),
    [
        (0.0, 0.0, Better.LOWER, 1.0, 1.0),
        (0.0, 60.0, Better.LOWER, None, 1.0),
        (60.0, 0.0, Better.LOWER, 0.0, 0.0),
        (5.0, 0.0, Better.HIGHER, None, 1.0),
        (0.0, 5.0, Better.HIGHER, 0.0, 0.0),
        (8.0, 4.0, Better.HIGHER, 2.0, 1.0),
    ],
)
def test_parity_at_zero(place: float, benchmark: float, better: Better, ratio: float | None, score: float) -> None:
    assert ratio == parity(place, benchmark, better)
    assert score == parity_score(place, benchmark, better)


def test_below_zero_there_is_no_parity() -> None:
    with pytest.raises(Invalid, match="parity"):
        parity(-0.2, 0.4, Better.HIGHER)


def test_a_village_beside_its_city() -> None:
    found = compared(air(*[40, 44, 36, 40, 40] * 3), air(*[50, 55, 45, 50, 50] * 3, code="city"))

    assert (pytest.approx(1.25), pytest.approx(10.0), False, True) == (
        found.parity,
        found.gap,
        found.behind,
        found.certain,
    )
    assert found.gap_interval is not None
    assert 8 < found.gap_interval.low < 10 < found.gap_interval.high < 12


def test_weather_that_both_had_is_no_uncertainty() -> None:
    """Both swing by the same 30 ug/m3; the gap of 2 is certain all the same."""
    days = [20.0, 50.0, 30.0, 45.0, 25.0, 40.0, 35.0] * 2
    found = compared(air(*days), air(*(day + 2 for day in days), code="city"))

    assert found.certain
    assert found.gap_interval is not None
    assert (pytest.approx(2), pytest.approx(2)) == (found.gap_interval.low, found.gap_interval.high)


def test_a_gap_that_may_be_chance_is_not_certain() -> None:
    found = compared(air(*[20, 50, 30, 45, 25, 40] * 2), air(*[51, 22, 44, 31, 42, 24] * 2, code="city"))

    assert (False, True) == (found.certain, found.gap is not None)


def test_nothing_is_compared_with_a_refusal() -> None:
    assert_refused(compared(air(), air(50, code="city")).refusal, Lack.NO_DEVICES)
    assert_refused(compared(air(50), air(code="city")).refusal, Lack.NO_BENCHMARK)


def assert_refused(refusal: object, lack: Lack) -> None:
    assert lack is getattr(refusal, "lack", None)


def test_a_refused_comparison_holds_no_number() -> None:
    found = compared(air(), air(50, code="city"))

    assert (None, None, None, None, False) == (
        found.parity,
        found.gap,
        found.behind,
        found.gap_interval,
        found.certain,
    )


def test_a_benchmark_of_zero_leaves_the_gap() -> None:
    found = compared(air(0, 0, 0), air(5, 5, 5, code="city"))

    assert (5.0, None, False) == (found.gap, found.parity, found.behind)
    assert_refused(found.refusal, Lack.ZERO_BENCHMARK)


def test_other_periods_are_not_compared() -> None:
    with pytest.raises(Invalid, match="the same measure, version and period"):
        compared(air(1, 2), air(1, code="city"))


def test_a_standard_is_a_benchmark() -> None:
    evidence = {"supply_volume": folded("supply_volume", {"meter": [1.18 * 0.7] * 240})}
    limit = FIGURES["ches18-quantity"]
    found = compared(assessed(comparable("drinking_water_per_person"), evidence, VILLAGE), limit)

    assert (pytest.approx(0.48), True) == (found.parity, found.behind)
    assert "quantity, water-rich areas, since 2018 (T/CHES 18-2018 (RURALWATER))" == limit.label


def test_a_figure_of_another_measure_or_unit_is_not_compared() -> None:
    with pytest.raises(Invalid, match="the same measure"):
        compared(air(50), FIGURES["ches18-quantity"])
    milligrams = Figure("own", "pm25", 0.035, "mg/m3", 2012, "GB 3095, unverified", "a year", FigureKind.LIMIT)

    assert_refused(compared(air(50), milligrams).refusal, Lack.OTHER_UNIT)


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_says_of_what_when_and_from_where(name: str) -> None:
    figure = FIGURES[name]
    known = {row.id: row.unit for row in COMPARABLES.values()} | {row.id: row.unit for row in STATISTICS.values()}

    assert known[figure.measure] == figure.unit
    assert figure.source
    assert str(figure.year or "year not known") in figure.label


def test_a_gap_that_closes() -> None:
    closing = gap_trend([2018, 2019, 2020, 2021, 2022, 2023], [24, 22, 19, 17, 15, 12])

    assert Course.CLOSING is closing.course
    assert pytest.approx(-7 / 3) == closing.slope.slope


def test_a_gap_that_widens_on_the_other_side() -> None:
    assert Course.WIDENING is gap_trend(range(6), [-1, -2, -3, -4, -5, -6]).course


def test_a_gap_that_only_wavers() -> None:
    assert Course.UNCERTAIN is gap_trend(range(6), [5, 7, 4, 6, 5, 7]).course


URBAN = [(2008, 30.0), (2012, 50.0), (2016, 64.0), (2020, 76.4)]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (52.3, 2020 - (2012 + 4 * 2.3 / 14)),
        (64.0, 4.0),
        (76.4, 0.0),
        (80.0, 0.0),
    ],
)
def test_years_behind(place: float, expected: float) -> None:
    years, values = zip(*URBAN, strict=True)

    assert pytest.approx(expected) == years_behind(2020, place, years, values, Better.HIGHER).years


def test_years_behind_where_less_is_better() -> None:
    assert 3.0 == years_behind(2020, 180, [2016, 2017, 2020], [240, 180, 12], Better.LOWER).years


def test_the_latest_year_counts_where_the_benchmark_fell_back() -> None:
    assert 1.0 == years_behind(2020, 5, [2016, 2018, 2019, 2020], [5, 9, 5, 8], Better.HIGHER).years


def test_further_behind_than_the_history_reaches() -> None:
    years, values = zip(*URBAN, strict=True)
    found = years_behind(2020, 12.0, years, values, Better.HIGHER)

    assert found.years is None
    assert_refused(found.refusal, Lack.SHORT_HISTORY)


def test_a_history_that_does_not_ascend_is_refused() -> None:
    with pytest.raises(Invalid, match="ascend"):
        years_behind(2020, 12.0, [2019, 2018], [1, 2], Better.HIGHER)


def test_no_ranking_over_a_refused_value() -> None:
    found = ranked([air(30, code="b"), air(code="silent"), air(20, code="a"), air(30, code="c"), air(40, code="d")])

    assert [("a", 1), ("b", 2), ("c", 2), ("d", 4)] == [(one.place, one.rank) for one in found.ranks]
    assert ["silent"] == [place for place, _ in found.unranked]


def test_one_place_is_not_ranked() -> None:
    found = ranked([air(30, code="b"), air(code="silent")])

    assert () == found.ranks
    assert_refused(found.refusal, Lack.FEW_PLACES)


REGIONS = {region.code: region for region in village.REGIONS}
TOWN = "440983102000"
XINYI = {
    region.code: region
    for region in (
        Region("440900000000", Level.CITY, "茂名市"),
        Region("440983000000", Level.COUNTY, "信宜市", parent="440900000000"),
        Region(TOWN, Level.TOWN, "town", parent="440983000000"),
        Region("440983102202", Level.VILLAGE, "飞马村", parent=TOWN, urban_rural_class="220"),
        Region("440983102209", Level.VILLAGE, "赤坎村委会", parent=TOWN, urban_rural_class="111"),
        Region("440983102210", Level.VILLAGE, "no class", parent=TOWN),
    )
}
"""Real codes: a village committee of class 111 is urban."""


def test_the_city_of_a_village_by_default() -> None:
    found = urban_of_city(village.VILLAGE, REGIONS)

    assert Regions("urban:370500000000", (village.STREET,), "urban regions of 东营市") == found


def test_a_village_is_urban_by_its_class_not_by_its_name() -> None:
    rural = village_level(TOWN, XINYI.values(), Setting.RURAL, XINYI)

    assert ("440983102209",) == urban_of_city("440983102202", XINYI).codes
    assert ["440983102202"] == [one.code for one in rural]


def test_an_urban_region_is_not_its_own_benchmark() -> None:
    assert () == urban_of_city(village.STREET, REGIONS).codes
    assert () == urban_of_city("370502000000", REGIONS).codes


def test_a_county_under_direct_administration_is_its_own_city() -> None:
    province = Region("420000000000", Level.PROVINCE, "湖北省")
    county = Region("429004000000", Level.COUNTY, "仙桃市", parent=province.code)

    assert county == city_of(county.code, {province.code: province, county.code: county})


def test_a_province_has_no_city() -> None:
    with pytest.raises(Invalid, match="no city above"):
        city_of("370000000000", REGIONS)


def test_any_regions_are_a_benchmark() -> None:
    found = chosen([village.STREET, village.STREET], REGIONS, "one street")

    assert (village.STREET,) == found.codes
    with pytest.raises(Unknown, match="999999999999"):
        chosen(["999999999999"], REGIONS, "nowhere")
    with pytest.raises(Invalid, match="no regions"):
        chosen([], REGIONS, "nothing")
