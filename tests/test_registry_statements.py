"""What was said of months and years that are over, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from telemetry.errors import Invalid
from telemetry.registry import Registry, open_registry
from telemetry.registry._statements import MOST_OF_ONE
from telemetry.statement import Statement
from tests.postgres import DATABASES, registry_url

MONTH = (1_000_000, 2_000_000)
SAID = Statement("pm25", "370522101201", "urban:370500000000", *MONTH, 1, 60.5, 30.25, 3_000_000)


@pytest.fixture(params=DATABASES)
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    with open_registry(registry_url(request.param, tmp_path)) as opened:
        yield opened


def said(registry: Registry, of: Statement = SAID) -> dict[str, list[Statement]]:
    return registry.statements.said(of.region, of.benchmark, of.start, of.stop)


def test_what_was_said_comes_back_by_subject(registry: Registry) -> None:
    refused = replace(SAID, subject="voltage_in_band", value=None, benchmark_value=None)
    elsewhere = [replace(SAID, region="370522101202"), replace(SAID, benchmark=""), replace(SAID, stop=3)]
    assert {} == said(registry)
    assert 5 == registry.statements.remember([SAID, refused, *elsewhere])

    assert {"pm25": [SAID], "voltage_in_band": [refused]} == said(registry)
    assert {"pm25": [elsewhere[1]]} == said(registry, elsewhere[1])


def test_the_same_said_again_is_no_statement(registry: Registry) -> None:
    later = replace(SAID, said_at=4_000_000)
    kept = [registry.statements.remember(told) for told in ([SAID, SAID], [later], [later, SAID])]

    assert ([1, 0, 0], {"pm25": [SAID]}) == (kept, said(registry))


def test_what_changes_and_changes_back_is_told_in_its_order(registry: Registry) -> None:
    changed = replace(SAID, value=70.0, said_at=4_000_000)
    back = replace(SAID, said_at=5_000_000)
    by_another_formula = replace(back, formula=2, said_at=6_000_000)
    for one in (SAID, changed, back, by_another_formula):
        registry.statements.remember([one])

    assert {"pm25": [SAID, changed, back, by_another_formula]} == said(registry)


def test_of_one_the_first_and_the_newest_are_kept(registry: Registry) -> None:
    told = [replace(SAID, value=float(day), said_at=SAID.said_at + day) for day in range(MOST_OF_ONE + 5)]
    for one in told:
        registry.statements.remember([one])

    assert [told[0], *told[6:]] == said(registry)["pm25"]
    assert MOST_OF_ONE == len(said(registry)["pm25"])


def test_where_the_whole_is_full_those_of_the_periods_that_ended_first_go(registry: Registry) -> None:
    months = [replace(SAID, start=month, stop=month + 1, said_at=100 - month) for month in range(6)]
    for one in (months[4], months[0], months[2], months[5], months[1]):
        registry.statements.remember([one], most=3)

    assert [{}, {}, {"pm25": [months[2]]}, {}, {"pm25": [months[4]]}, {"pm25": [months[5]]}] == [
        said(registry, one) for one in months
    ]


def test_a_text_that_cannot_be_stored_is_refused(registry: Registry) -> None:
    with pytest.raises(Invalid, match="statement"):
        registry.statements.remember([SAID, replace(SAID, benchmark="\x00")])

    assert {} == said(registry)
