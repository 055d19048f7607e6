"""Declared numbers, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from telemetry.errors import Conflict, Invalid
from telemetry.model import Statistic
from telemetry.registry import Registry, open_registry
from tests import village
from tests.postgres import DATABASES, registry_url

PERSONS = Statistic(village.VILLAGE, "persons", 2024, 1180.0, "census", "Li", 1_000)


@pytest.fixture(params=DATABASES)
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    with open_registry(registry_url(request.param, tmp_path)) as opened:
        village.settle(opened)
        yield opened


def test_each_year_is_kept_and_a_correction_replaces_it(registry: Registry) -> None:
    newer, corrected = replace(PERSONS, year=2025, value=1170.0), replace(PERSONS, value=1181.0)
    registry.statistics.put([PERSONS, newer])
    registry.statistics.put([corrected])

    assert [corrected, newer] == registry.statistics.find([village.VILLAGE], ["persons"])
    assert [] == registry.statistics.find([village.STREET])
    assert [] == registry.statistics.find(None, ["mu"])


def test_as_of_an_instant_only_what_had_been_entered_is_there(registry: Registry) -> None:
    """A number that was replaced since is absent: what it was is not kept."""
    newer = replace(PERSONS, year=2025, entered_at=2_000)
    registry.statistics.put([PERSONS, newer])

    assert ([], [PERSONS]) == (registry.statistics.find(as_of=999), registry.statistics.find(as_of=1_999))
    registry.statistics.put([replace(PERSONS, value=1.0, entered_at=3_000)])
    assert [newer] == registry.statistics.find(as_of=2_000)


def test_of_a_table_with_an_unknown_region_nothing_is_kept(registry: Registry) -> None:
    with pytest.raises(Conflict):
        registry.statistics.put([PERSONS, replace(PERSONS, region="370522101999")])

    assert [] == registry.statistics.find()


@pytest.mark.parametrize("wrong", [{"year": 20}, {"value": -1.0}, {"source": "\x00"}])
def test_a_number_that_cannot_be_kept_is_refused(registry: Registry, wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid, match=f"persons of {village.VILLAGE}"):
        registry.statistics.put([replace(PERSONS, **wrong)])  # type: ignore[arg-type]  # one field of each kind
