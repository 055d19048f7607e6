"""Definitions that were replaced: kept as they were, and computed again by whoever names their version."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from insight.index.composite import indexed
from insight.index.framework import DIGITAL_VILLAGE, Framework, checked
from insight.measures import COMPARABLES, comparable
from insight.measures.parts import parts
from insight.superseded import FRAMEWORKS, MEASURES, earlier, of_version
from telemetry.errors import Invalid
from telemetry.model import Device, Measure, Profile, Reading
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from tests.api_fixture import HOUR, Served, served
from tests.compared_county import DAYS, RANGE, START, settle
from tests.evidence import VILLAGE as HERE
from tests.evidence import folded
from tests.village import VILLAGE

SOUR: Mapping[str, float] = {
    "dissolved_oxygen": 8.0,
    "cod_mn": 4.0,
    "ammonia_nitrogen": 0.5,
    "total_phosphorus": 0.1,
    "water_ph": 5.5,
}
"""A river within class III but for its acidity."""


def test_a_sour_river_met_the_class_before_acidity_was_asked_for() -> None:
    evidence = {name: folded(name, {"river": [value]}) for name, value in SOUR.items()}
    now = comparable("surface_water_met")
    before = of_version(now, MEASURES, 1)

    assert ((2, 0.0), (1, 100.0)) == tuple((one.version, parts(one, evidence, HERE).value) for one in (now, before))
    assert (now, [1], []) == (of_version(now, MEASURES, None), earlier(now), earlier(before))


def test_what_is_kept_was_followed_by_something_else() -> None:
    assert len({(row.id, row.version) for row in MEASURES}) == len(MEASURES)
    for row in MEASURES:
        now = COMPARABLES[row.id]
        assert row.version < now.version
        assert (row.unit, row.better) == (now.unit, now.better)
    for framework in FRAMEWORKS:
        assert framework.version < DIGITAL_VILLAGE.version
        assert framework == checked(framework)


def test_an_index_is_computed_by_the_weights_of_its_version() -> None:
    """Of a table of its own: the first index has not been replaced yet."""
    small = Framework(
        "small", 2, DIGITAL_VILLAGE.indicators[:2], {DIGITAL_VILLAGE.indicators[0].dimension: 1.0}, least_valid=0.5
    )
    first, second = small.indicators
    heavy = replace(small, version=1, indicators=(replace(first, weight=9.0), second))
    values = {first.id: first.best, second.id: second.worst}
    scores = [indexed(values, of_version(small, [heavy], version)).overall for version in (None, 2, 1)]

    assert [pytest.approx(0.01**0.5), pytest.approx(0.01**0.5), pytest.approx(0.01**0.1)] == scores


@pytest.mark.parametrize(("of", "version"), [("surface_water_met", 3), ("pm25", 2)])
def test_a_version_that_is_not_kept_is_refused_with_those_that_are(of: str, version: int) -> None:
    with pytest.raises(Invalid, match=rf"{of} has no version {version}; allowed: 1"):
        of_version(comparable(of), MEASURES, version)


@pytest.fixture
def river(registry: Registry, store: EmbeddedStore) -> Served:
    """A fortnight of a sour river."""
    settle(registry)
    reports = tuple(Measure(name, interval_s=3600) for name in SOUR)
    registry.devices.put_profiles([Profile("river", "", "native_json", reports)])
    registry.devices.put([Device("river-1", "river", VILLAGE)])
    times = range(START, START + DAYS * 24 * HOUR, HOUR)
    store.write([Reading("river-1", name, at, value, value, 0, at) for name, value in SOUR.items() for at in times])
    return served(registry, store)


def test_the_api_says_what_was_said_by_the_former_formula(river: Served) -> None:
    """One after the other within a minute; each tile leads to the ingredients of its own version."""
    question = f"/compare?measure=surface_water_met&region={VILLAGE}&{RANGE}&history=0"
    for more, version, value in (("", 2, 0.0), ("&formula=1", 1, 100.0), ("&formula=2", 2, 0.0)):
        told = river.get(question + more)
        explained = river.get(told["place"]["explain"].removeprefix("/api/v1"))

        assert (version, value) == (told["measure"]["version"], told["place"]["value"])
        assert (version, value) == (explained["measure"]["version"], explained["tile"]["value"])


def test_the_table_of_measures_tells_earlier_versions(river: Served) -> None:
    now, before = (river.get(f"/measures/surface_water_met{more}") for more in ("", "?formula=1"))

    assert ((2, [1], 5), (1, [], 4)) == tuple(
        (one["version"], one["earlier"], len(one["limits"])) for one in (now, before)
    )


@pytest.mark.parametrize(
    "question",
    [
        f"/compare?metric=pm25&region={VILLAGE}",
        f"/compare?measure=internet_users&region={VILLAGE}",
        f"/explain?measure=pm25&region={VILLAGE}",
        f"/index/{VILLAGE}?",
    ],
)
def test_a_formula_that_there_never_was_is_refused_by_name(river: Served, question: str) -> None:
    answer = river.client.get(f"/api/v1{question}&formula=7").json()

    assert (422, "formula", "1") == (answer["status"], answer["parameter"], answer["allowed"])
