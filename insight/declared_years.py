"""Declared numbers beside each other: of the same year on both sides, or refused with the reason.

Nobody can compare 61 % of 2024 with 76 % of 2020 and say what the place did. Pure: no clock, no network, no store.
Equation numbers are those of `docs/comparison.md`.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from insight.assessment import GATE, Assessment, Stratum, combined, whole
from insight.benchmarks import Figure, FigureKind
from insight.comparison import YearsBehind, years_behind
from insight.declared import Declared, Place
from insight.gate import Lack, Refusal, Tally
from insight.measures import Comparable
from insight.measures.parts import Parts

_NOTHING = Tally(0, 0, 0, 0, None)
"""Nothing was measured."""


@dataclass(frozen=True, slots=True)
class Side:
    """A place or group, and what is declared of it, by year."""

    name: str
    own: Mapping[int, Declared]
    """Of the region itself; what somebody counted for a town counts before the mean of its villages."""
    members: tuple[tuple[Place, Mapping[int, Declared]], ...]
    """The village-level places that it is made of, each with its own numbers."""


Years = Mapping[int, Assessment]
"""By year, a value or a refusal."""


def by_year(measure: Comparable, side: Side, *, public: bool) -> dict[int, Assessment]:
    """A value, or a refusal, for each year of which anything is declared.

    Equation (27): the declared number; of a group that has none of its own, equation (23) over its places.
    """
    years = sorted({*side.own, *(year for _, numbers in side.members for year in numbers)})
    return {year: _of_year(measure, side, year, public=public) for year in years}


def same_year(measure: Comparable, here: Side, there: Side, latest: int, *, public: bool) -> tuple[Years, Years, int]:
    """Both sides by year, and the newest year up to `latest` in which both have a value.

    Where there is none: the newest in which `here` has one, else in which anything is declared; the other side is then
    refused in `at`.
    """
    mine, other = by_year(measure, here, public=public), by_year(measure, there, public=public)
    both = set(_told(mine)) & set(_told(other))
    for years in (both, _told(mine), _told(other)):
        past = [year for year in years if year <= latest]
        if past:
            return mine, other, max(past)
    return mine, other, latest


def year_of(years: Years, figure: Figure, latest: int) -> int:
    """The year that may be held against a figure: a statistic's own; of a limit, the newest that is declared."""
    if figure.kind is FigureKind.STATISTIC and figure.year is not None:
        return figure.year
    return max((year for year in _told(years) if year <= latest), default=latest)


def at(measure: Comparable, side: Side, years: Years, year: int) -> Assessment:
    """The value of a year, or why there is none."""
    if year in years:
        return years[year]
    told = _told(years)
    if told:
        needed = f"one of {year}; there are those of {', '.join(map(str, told))}"
        return _refused(measure, side.name, year, Refusal(Lack.OTHER_YEAR, needed))
    needed = f"a number of {year} for {measure.id}, with its source"
    return _refused(measure, side.name, year, Refusal(Lack.NOT_DECLARED, needed))


def behind(measure: Comparable, place: Assessment, benchmark: Years, year: int) -> YearsBehind | None:
    """By equation (6) over the years for which the benchmark is declared; None = there is but one, or no number."""
    past = [one for one in _told(benchmark) if one <= year]
    if place.value is None or len(past) < 2 or past[-1] != year:  # noqa: PLR2004 -- two make a history
        return None
    values = [benchmark[one].value or 0.0 for one in past]
    return years_behind(year, place.value, past, values, measure.better)


def _of_year(measure: Comparable, side: Side, year: int, *, public: bool) -> Assessment:
    number = side.own.get(year)
    places = [place for place, _ in side.members]
    if number is None:
        members = [(_member(measure, place, numbers, year), place) for place, numbers in side.members]
        return combined(side.name, members, public=public)
    refusal = GATE.suppressed(measure, whole(side.name, places)) if public else None
    return _refused(measure, side.name, year, refusal) if refusal else _number(measure, side.name, year, number)


def _member(measure: Comparable, place: Place, numbers: Mapping[int, Declared], year: int) -> Assessment:
    number = numbers.get(year)
    if number is None:
        return _refused(measure, place.code, year, Refusal(Lack.NOT_DECLARED, f"a number of {year}"))
    return _number(measure, place.code, year, number)


def _number(measure: Comparable, name: str, year: int, number: Declared) -> Assessment:
    """One day of one quotient, so that groups and gaps are computed as those of readings are."""
    strata = (Stratum(name, 1.0, Parts((number.value,), (1.0,))),)
    return replace(_blank(measure, name, year), value=number.value, refusal=None, strata=strata, declared=number)


def _refused(measure: Comparable, name: str, year: int, refusal: Refusal) -> Assessment:
    return replace(_blank(measure, name, year), refusal=refusal)


def _blank(measure: Comparable, name: str, year: int) -> Assessment:
    start, stop = (int(dt.datetime(one, 1, 1, tzinfo=dt.UTC).timestamp() * 1000) for one in (year, year + 1))
    return Assessment(name, measure, start, stop, _NOTHING, refusal=Refusal(Lack.NOT_DECLARED, f"a number of {year}"))


def _told(years: Years) -> list[int]:
    """Those that have a value, ascending."""
    return sorted(year for year, one in years.items() if one.value is not None)
