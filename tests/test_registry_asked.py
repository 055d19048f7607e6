"""Who was asked for, and since when that is known, on SQLite and PostgreSQL."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from telemetry.registry import Registry, open_registry
from tests.postgres import DATABASES, registry_url

MONDAY, TUESDAY = dt.date(2026, 11, 23), dt.date(2026, 11, 24)


@pytest.fixture(params=DATABASES)
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    with open_registry(registry_url(request.param, tmp_path)) as opened:
        yield opened


def test_before_the_first_question_nothing_is_known(registry: Registry) -> None:
    assert (None, {}) == (registry.asked.since(), registry.asked.last(["a"]))


def test_the_last_day_of_each_device_and_metric_is_kept(registry: Registry) -> None:
    registry.asked.note({"pm25": {"a", "b"}, "noise_level": {"a"}}, MONDAY)
    registry.asked.note({"pm25": {"a"}}, TUESDAY)

    expected = {"a": {"pm25": TUESDAY, "noise_level": MONDAY}, "b": {"pm25": MONDAY}}
    assert expected == registry.asked.last(["a", "b", "c"])
    assert {"b": {"pm25": MONDAY}} == registry.asked.last(["b"])


def test_the_record_begins_once(registry: Registry) -> None:
    registry.asked.note({"pm25": {"a"}}, MONDAY)
    registry.asked.note({"pm25": {"a"}}, TUESDAY)

    assert MONDAY == registry.asked.since()
