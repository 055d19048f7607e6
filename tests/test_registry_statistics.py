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


def test_of_a_table_with_an_unknown_region_nothing_is_kept(registry: Registry) -> None:
    with pytest.raises(Conflict):
        registry.statistics.put([PERSONS, replace(PERSONS, region="370522101999")])

    assert [] == registry.statistics.find()


@pytest.mark.parametrize("wrong", [{"year": 20}, {"value": -1.0}, {"source": "\x00"}])
def test_a_number_that_cannot_be_kept_is_refused(registry: Registry, wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid, match=f"persons of {village.VILLAGE}"):
        registry.statistics.put([replace(PERSONS, **wrong)])  # type: ignore[arg-type]  # one field of each kind
