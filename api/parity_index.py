"""The index by parity: a place's indicators beside those of a benchmark, as fairly as `/compare` holds them."""

from collections.abc import Iterator, Mapping, Sequence

from api.declared_entry import DeclaredBench
from api.judging import Bench, Judge, entry
from insight.comparison import Comparison
from insight.figures import DECLARED
from insight.index.composite import Index, parity_indexed
from insight.index.framework import Framework
from insight.index.values import IndicatorValue, Origin
from insight.measures import COMPARABLES


def beside_each(bench: Bench, judge: Judge, told: DeclaredBench, framework: Framework) -> Mapping[str, Comparison]:
    """By indicator: readings beside readings, declared numbers beside those of the same year, never across.

    Raises:
        StoreUnavailable: the store cannot answer now.
    """
    measures = [COMPARABLES[one.id] for one in framework.indicators if one.id in COMPARABLES]
    judge.prepare(measures, bench.groups)
    found = [entry(bench, judge, measure, 0) for measure in measures]
    found += [told.entry(DECLARED[one.id], history=False) for one in framework.indicators if one.id in DECLARED]
    return {one.measure: one.city for one in found if one is not None}


def parity_index(beside: Mapping[str, Comparison], framework: Framework) -> Index:
    """What one side lacks, or has below zero, has no score."""
    here = {name: one.place.value for name, one in beside.items() if _comparable(one)}
    there = {name: one.benchmark.value for name, one in beside.items() if _comparable(one)}
    return parity_indexed(here, there, framework)


def parity_values(beside: Mapping[str, Comparison], framework: Framework) -> Sequence[IndicatorValue]:
    """The place's own side, indicator by indicator."""
    return list(_values(beside, framework))


def _values(beside: Mapping[str, Comparison], framework: Framework) -> Iterator[IndicatorValue]:
    for one in framework.indicators:
        place = beside[one.id].place if one.id in beside else None
        value = place.value if place else None
        known = Origin.DECLARED if one.id in DECLARED else Origin.READINGS
        yield IndicatorValue(
            one.id, Origin.NONE if value is None else known, value, place, place.declared if place else None
        )


def _comparable(one: Comparison) -> bool:
    here, there = one.place.value, one.benchmark.value
    return one.gap is not None and here is not None and there is not None and min(here, there) >= 0
