"""Measures that are declared, as they stand beside a benchmark and beside peers."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from api.declarations import declared
from api.judging import Bench, Group
from insight import declared_years
from insight.assessment import Assessment
from insight.benchmarks import Figure
from insight.comparison import Comparison, compared
from insight.declared import Declared, Place
from insight.declared_years import Side, by_year, same_year, year_of
from insight.figures import DECLARED
from insight.measures import Comparable
from insight.scorecard import Entry
from telemetry.registry import Registry

_Numbers = Mapping[tuple[str, str], Mapping[int, Declared]]
"""By region and id, the numbers of each year."""


@dataclass(frozen=True, slots=True)
class DeclaredBench:
    """A bench, and all that is declared of those who take part in it."""

    bench: Bench
    numbers: _Numbers
    places: Mapping[str, Place]
    latest: int
    """Numbers of later years than the period's end take no part."""

    def entry(self, measure: Comparable, *, history: bool) -> Entry | None:
        """The place beside benchmark and peers, both of the same year; None = a figure of another measure."""
        bench, public = self.bench, self.bench.public
        here = self._side(measure, bench.place)
        if isinstance(bench.benchmark, Figure):
            if bench.benchmark.measure != measure.id:
                return None
            told = by_year(measure, here, public=public)
            year = year_of(told, bench.benchmark, self.latest)
            place = declared_years.at(measure, here, told, year)
            return Entry(compared(place, bench.benchmark), self._beside_peers(place, year))
        there = self._side(measure, bench.benchmark)
        mine, other, year = same_year(measure, here, there, self.latest, public=public)
        place = declared_years.at(measure, here, mine, year)
        city = compared(place, declared_years.at(measure, there, other, year))
        behind = declared_years.behind(measure, place, other, year) if history and city.gap is not None else None
        return Entry(city, self._beside_peers(place, year), years_behind=behind)

    def _beside_peers(self, place: Assessment, year: int) -> Comparison | None:
        """Of the year that the place is told of."""
        if self.bench.peers is None:
            return None
        peers = self._side(place.measure, self.bench.peers.group)
        told = by_year(place.measure, peers, public=self.bench.public)
        return compared(place, declared_years.at(place.measure, peers, told, year))

    def _side(self, measure: Comparable, group: Group) -> Side:
        none: Mapping[int, Declared] = {}
        members = tuple((self.places[code], self.numbers.get((code, measure.id), none)) for code in group.units)
        return Side(group.id, self.numbers.get((group.id, measure.id), none), members)


def declared_bench(bench: Bench, registry: Registry) -> DeclaredBench:
    """Raise `RegistryUnavailable`."""
    codes = {code for group in bench.groups for code in (*group.units, group.id)}
    numbers: dict[tuple[str, str], dict[int, Declared]] = {}
    for one in registry.statistics.find(codes, DECLARED, bench.period.as_of):
        numbers.setdefault((one.region, one.id), {})[one.year] = declared(one)
    units = [code for group in bench.groups for code in group.units]
    end = dt.datetime.fromtimestamp((bench.period.stop - 1) / 1000, bench.period.zone)
    return DeclaredBench(bench, numbers, bench.declared.places(units), end.year)
