"""What was said of a place, as values of derived metrics: so that boards and `/series` see its history.

Pure: no clock, no network, no store. Each measure is a channel, so `parity` of the channel `pm25` is how near the place
comes to its city in fine particles. A number that was refused is not written; that it was, and why, is.
"""

from collections.abc import Iterator, Mapping
from math import copysign
from types import MappingProxyType
from typing import Final, NamedTuple

from insight.gate import Lack, Refusal
from insight.index.composite import Index
from insight.scorecard import Entry, Scorecard, Standing

METRICS: Final = frozenset(
    {"parity", "peer_parity", "gap_change", "standing", "refusal", "score_coverage", "village_index"}
)
"""Rows of the catalogue; all of the domain `benchmark`."""
PROFILE: Final = "scores"
"""Of the devices under whose names the house says them: they stand in a place and measure nothing there."""
INDEX: Final = "index"
"""The channel of `refusal` that tells of the index; what the index says is `village_index` without a channel."""

STANDINGS: Final[Mapping[Standing, float]] = MappingProxyType(
    {Standing.BEHIND: -1.0, Standing.LEVEL: 0.0, Standing.AHEAD: 1.0}
)
SAID: Final = 0.0
CODES: Final[Mapping[Lack, int]] = MappingProxyType(
    {
        Lack.SMALL_CELL: 1,
        Lack.NO_DEVICES: 2,
        Lack.FEW_DEVICES: 3,
        Lack.NO_READINGS: 4,
        Lack.FEW_READINGS: 5,
        Lack.COVERAGE_UNKNOWN: 6,
        Lack.LOW_COVERAGE: 7,
        Lack.NO_DENOMINATOR: 8,
        Lack.ZERO_DENOMINATOR: 9,
        Lack.NO_BENCHMARK: 10,
        Lack.ZERO_BENCHMARK: 11,
        Lack.OTHER_UNIT: 12,
        Lack.FEW_PLACES: 13,
        Lack.FEW_INDICATORS: 14,
        Lack.SHORT_HISTORY: 15,
        Lack.NOT_DECLARED: 16,
        Lack.OTHER_YEAR: 17,
    }
)
"""What is stored for each reason: never given to another one."""
_MONTHS: Final = 12
_PERCENT: Final = 100.0


class Score(NamedTuple):
    """One value of a derived metric."""

    metric: str
    channel: str | None
    """The measure, or the index's dimension."""
    value: float


def of_card(card: Scorecard) -> Iterator[Score]:
    """Every measure of a place beside its benchmark and its peers."""
    for entry in card.entries:
        yield from _of_entry(entry)


def of_index(index: Index) -> Iterator[Score]:
    """The index and its dimensions, or why there is none."""
    yield Score("refusal", INDEX, _code(index.refusal))
    if index.overall is not None:
        yield Score("village_index", None, index.overall)
    for dimension, score in index.dimensions.items():
        if score is not None:
            yield Score("village_index", dimension.value, score)


def _of_entry(entry: Entry) -> Iterator[Score]:
    measure, city = entry.measure, entry.city
    yield Score("refusal", measure, _code(city.refusal))
    if entry.standing in STANDINGS:
        yield Score("standing", measure, STANDINGS[entry.standing])
    if city.parity is not None:
        yield Score("parity", measure, city.parity)
    if entry.peers is not None and entry.peers.parity is not None:
        yield Score("peer_parity", measure, entry.peers.parity)
    if city.place.tally.coverage is not None:
        yield Score("score_coverage", measure, _PERCENT * min(1.0, city.place.tally.coverage))
    change = _gap_change(entry)
    if change is not None:
        yield Score("gap_change", measure, change)


def _gap_change(entry: Entry) -> float | None:
    """By how much of the benchmark the distance grows in a month, in %; less than zero = it closes."""
    gap, there = entry.city.gap, entry.city.benchmark.value
    if entry.trend is None or not gap or not there:
        return None
    return _PERCENT * copysign(1.0, gap) * entry.trend.slope.slope / abs(there) / _MONTHS


def _code(refusal: Refusal | None) -> float:
    return SAID if refusal is None else float(CODES[refusal.lack])
