"""Declared numbers: of the same year, or refused with the years that there are."""

import pytest

from insight.benchmarks import Figure, FigureKind
from insight.comparison import compared
from insight.declared import Declared, Place
from insight.declared_years import Side, at, behind, by_year, same_year, year_of
from insight.figures import DECLARED, FIGURES
from insight.gate import Lack

INTERNET = DECLARED["internet_users"]
Numbers = dict[int, float]


def place(code: str, persons: float = 1000, households: float | None = 300) -> Place:
    return Place(code, Declared(persons), None if households is None else Declared(households))


def numbers(given: Numbers) -> dict[int, Declared]:
    return {year: Declared(value, year, "survey", "Li") for year, value in given.items()}


def village(given: Numbers, households: float | None = 300) -> Side:
    return Side("v", numbers(given), ((place("v", households=households), numbers(given)),))


def city(*given: Numbers, own: Numbers | None = None) -> Side:
    members = [(place(f"s{n}", 1000 * (n + 1)), numbers(one)) for n, one in enumerate(given)]
    return Side("city", numbers(own or {}), tuple(members))


def beside(here: Side, there: Side, latest: int = 2025) -> tuple[int, float | None, float | None]:
    mine, other, year = same_year(INTERNET, here, there, latest, public=True)
    return year, at(INTERNET, here, mine, year).value, at(INTERNET, there, other, year).value


def test_the_newest_year_that_both_have() -> None:
    assert (2022, 50.0, 70.0) == beside(village({2020: 40, 2022: 50, 2024: 60}), city({2020: 65, 2022: 70}))
    assert (2020, 40.0, 65.0) == beside(village({2020: 40, 2022: 50}), city({2020: 65, 2022: 70}), latest=2021)


def test_a_city_is_the_mean_of_its_places_by_persons_unless_it_has_a_number_of_its_own() -> None:
    """Equation (23): 1 000 persons at 60 and 2 000 at 75."""
    assert (2020, 40.0, 70.0) == beside(village({2020: 40}), city({2020: 60}, {2020: 75}))
    assert (2020, 40.0, 81.0) == beside(village({2020: 40}), city({2020: 60}, {2020: 75}, own={2020: 81}))


def test_different_years_are_refused_with_those_that_there_are() -> None:
    here, there = village({2024: 61}), city({2018: 70, 2020: 76})
    mine, other, year = same_year(INTERNET, here, there, 2025, public=True)
    found = compared(at(INTERNET, here, mine, year), at(INTERNET, there, other, year))

    assert (2024, None, Lack.NO_BENCHMARK) == (year, found.gap, found.refusal and found.refusal.lack)
    assert "one of 2024; there are those of 2018, 2020" in (found.refusal.words if found.refusal else "")


def test_what_nobody_declared_is_refused() -> None:
    mine = by_year(INTERNET, village({}), public=True)
    refusal = at(INTERNET, village({}), mine, 2025).refusal

    assert ({}, Lack.NOT_DECLARED) == (mine, refusal and refusal.lack)


def test_a_city_speaks_when_most_of_its_people_are_counted() -> None:
    """2 000 of 3 000 are fewer than 70 %."""
    told = by_year(INTERNET, city({}, {2020: 75}), public=True)[2020]

    assert (None, Lack.FEW_PLACES) == (told.value, told.refusal and told.refusal.lack)


@pytest.mark.parametrize("households", [4, None])
def test_a_handful_of_households_is_told_to_nobody_in_public(households: float | None) -> None:
    side = village({2020: 40}, households)

    refusal = by_year(INTERNET, side, public=True)[2020].refusal
    assert Lack.SMALL_CELL is (refusal and refusal.lack)
    assert 40.0 == by_year(INTERNET, side, public=False)[2020].value


def test_a_declared_number_is_exact_and_tells_who_entered_it() -> None:
    here, there = village({2020: 52.3}), city(own={2020: 76.4})
    found = compared(*(at(INTERNET, side, by_year(INTERNET, side, public=False), 2020) for side in (here, there)))

    assert (pytest.approx(0.6846, abs=1e-4), True, True, None) == (
        found.parity,
        found.certain,
        found.behind,
        found.gap_interval,
    )
    assert Declared(52.3, 2020, "survey", "Li") == found.place.declared


def test_the_same_number_is_no_difference() -> None:
    here, there = village({2020: 76.4}), city(own={2020: 76.4})
    found = compared(*(at(INTERNET, side, by_year(INTERNET, side, public=False), 2020) for side in (here, there)))

    assert (0.0, 1.0, False) == (found.gap, found.parity, found.certain)


def test_a_statistic_of_a_table_asks_for_its_year_and_a_limit_for_the_newest() -> None:
    told = by_year(INTERNET, village({2020: 50, 2024: 61}), public=True)
    limit = Figure("l", "internet_users", 50.0, "%", 2018, "s", "c", FigureKind.LIMIT)

    assert 2020 == year_of(told, FIGURES["cnnic-2020-rural"], 2025)
    assert (2024, 2020) == (year_of(told, limit, 2025), year_of(told, limit, 2023))


def test_years_behind_by_the_declared_years_of_the_benchmark() -> None:
    """Equation (6): at 50 the city stood half way between 40 of 2016 and 60 of 2018."""
    history = by_year(INTERNET, city({}, own={2016: 40, 2018: 60, 2024: 80}), public=True)
    here = at(INTERNET, village({2024: 50}), by_year(INTERNET, village({2024: 50}), public=True), 2024)
    found = behind(INTERNET, here, history, 2024)

    assert (7.0, 2017.0) == (found and found.years, found and found.at)
    assert behind(INTERNET, here, {2024: history[2024]}, 2024) is None
