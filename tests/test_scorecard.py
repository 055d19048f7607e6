"""The scorecard: what is behind first, and nothing said of what is not certain."""

import pytest

from insight.assessment import Assessment, assessed
from insight.comparison import compared
from insight.declared import Declared, Place
from insight.measures import comparable
from insight.scorecard import Entry, Standing, scorecard
from telemetry.errors import Invalid
from tests.evidence import folded


def daily(measure: str, code: str, *days: float) -> Assessment:
    metric = comparable(measure).metrics[0]
    evidence = {metric: folded(metric, {code: [day for day in days for _ in range(24)]} if days else {}, empty=480)}
    return assessed(comparable(measure), evidence, Place(code, Declared(1000), Declared(300)))


def entry(measure: str, here: list[float], there: list[float]) -> Entry:
    return Entry(compared(daily(measure, "village", *here), daily(measure, "city", *there)))


WAVES = [9.0, 11.0] * 10
ENTRIES = [
    entry("turbidity", [*WAVES], [wave - 2 for wave in WAVES]),
    entry("pm25", [*WAVES], [wave + 2 for wave in WAVES]),
    entry("noise_level", [*WAVES], [20 - wave for wave in WAVES]),
    entry("cod_mn", [], [*WAVES]),
    entry("dissolved_oxygen", [*WAVES], [wave + 1 for wave in WAVES]),
]


def test_what_is_behind_comes_first_and_what_is_refused_last() -> None:
    found = scorecard("village", ENTRIES)

    assert [
        ("dissolved_oxygen", Standing.BEHIND),
        ("turbidity", Standing.BEHIND),
        ("noise_level", Standing.LEVEL),
        ("pm25", Standing.AHEAD),
        ("cod_mn", Standing.REFUSED),
    ] == [(one.measure, one.standing) for one in found.entries]
    assert [1, 2, 1, 1] == [found.count(one) for one in Standing]


def test_a_scorecard_is_of_one_place() -> None:
    with pytest.raises(Invalid, match="scorecard of city"):
        scorecard("city", ENTRIES)


def test_a_measure_stands_there_once() -> None:
    with pytest.raises(Invalid, match="a measure twice"):
        scorecard("village", [*ENTRIES, ENTRIES[0]])
