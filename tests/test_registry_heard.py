"""Who was heard, on SQLite and PostgreSQL."""

import datetime as dt
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from telemetry.errors import Invalid
from telemetry.instant import DAY_MS
from telemetry.model import Heard, HeardDay, LedgerLine
from telemetry.registry import Registry, open_registry
from tests.books import settle
from tests.postgres import DATABASES, registry_url

DAY = dt.date(2026, 11, 23)
NEXT_DAY = dt.date(2026, 11, 24)
AFTER = dt.date(2026, 11, 25)
T0 = 1_795_420_800_000
"""2026-11-23T08:00Z."""
MINUTE = 60_000


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return registry_url(request.param, tmp_path)


@pytest.fixture
def registry(url: str) -> Iterator[Registry]:
    with open_registry(url) as opened:
        yield opened


def test_a_device_is_known_by_its_newest_message(registry: Registry) -> None:
    registry.heard.note({"a": [(T0, T0 - 300, 1), (T0 + MINUTE, T0 + MINUTE - 200, 2)], "b": [(T0, None, None)]})
    registry.heard.note({"b": [(T0 - MINUTE, None, None)]})

    assert registry.heard.find() == {
        "a": Heard("a", T0 + MINUTE, True, -200, T0 + MINUTE, 0, 1),
        "b": Heard("b", T0),
    }
    assert {"b"} == registry.heard.find(["b", "nobody", "' OR 1=1 --"]).keys()
    assert {} == registry.heard.find([])


def test_numbers_go_on_over_restarts_and_batches(url: str) -> None:
    for first in (1, 11, 31):
        with open_registry(url) as registry:
            registry.heard.note({"a": [(T0 + i * MINUTE, T0 + i * MINUTE, i) for i in range(first, first + 10)]})
    with open_registry(url) as registry:
        assert {(DAY, "a"): HeardDay(DAY, "a", messages=30, lost=10)} == registry.heard.days(start=DAY, stop=AFTER)


def test_a_gap_that_is_filled_the_next_day_is_taken_off_its_own(registry: Registry) -> None:
    registry.heard.note({"a": [(T0, T0, 1), (T0 + MINUTE, T0 + MINUTE, 5)]})
    registry.heard.note({"a": [(T0 + DAY_MS, T0 + 30_000, 3)]})

    assert registry.heard.days(start=DAY, stop=AFTER) == {
        (DAY, "a"): HeardDay(DAY, "a", messages=2, lost=2),
        (NEXT_DAY, "a"): HeardDay(NEXT_DAY, "a", messages=1, lost=0),
    }
    assert {"a": HeardDay(DAY, "a", messages=3, lost=2)} == registry.heard.total(start=DAY, stop=AFTER)


def test_a_day_counts_readings_that_are_stored_or_wait_but_no_duplicates(registry: Registry) -> None:
    settle(registry, [LedgerLine(DAY, "a", received=9, stored=5, duplicate=3, quarantined=1)], [], {"a": [(T0, T0, 7)]})
    registry.ledger.hold("worker", [LedgerLine(DAY, "a", in_flight=2), LedgerLine(NEXT_DAY, "b", in_flight=4)])

    assert registry.heard.days(start=DAY, stop=AFTER) == {
        (DAY, "a"): HeardDay(DAY, "a", readings=7, messages=1),
        (NEXT_DAY, "b"): HeardDay(NEXT_DAY, "b", readings=4),
    }
    assert {"b": HeardDay(DAY, "b", readings=4)} == registry.heard.total(devices=["b"], start=DAY, stop=AFTER)
    assert {} == registry.heard.total(devices=["a"], start=NEXT_DAY, stop=AFTER)


def test_what_is_heard_stands_or_falls_with_its_batch(registry: Registry) -> None:
    with pytest.raises(Invalid, match="does not add up"):
        settle(registry, [LedgerLine(DAY, "a", received=2)], [], {"a": [(T0, T0, 1)]})

    assert {} == registry.heard.find()


def test_workers_that_share_the_messages_of_a_device_lose_none(registry: Registry) -> None:
    """Each settles its part in its own order; what is missing for one has come to another."""
    devices = [f"d-{number}" for number in range(5)]

    def work(worker: int) -> None:
        chance = random.Random(worker)  # noqa: S311  # test data, no secrets
        for first in range(worker, 120, 24):
            numbers = range(first, first + 24, 4)
            notes = [(T0 + number * 1_000, T0 + number * 1_000, number) for number in numbers]
            registry.heard.note(dict.fromkeys(chance.sample(devices, len(devices)), notes))

    registry.heard.note({device: [(T0 - 1_000, T0 - 1_000, 0)] for device in devices})
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, worker) for worker in (1, 2, 3, 4)]:
            done.result()

    days = registry.heard.total(start=DAY, stop=AFTER)
    assert dict.fromkeys(devices, (121, 0)) == {name: (day.messages, day.lost) for name, day in days.items()}


def test_workers_that_hear_a_new_device_at_once_both_count(registry: Registry) -> None:
    def work(worker: int) -> None:
        registry.heard.note({f"d-{number}": [(T0 + worker, T0, None)] for number in range(20)})

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work, worker) for worker in range(4)]:
            done.result()

    assert {f"d-{number}": T0 + 3 for number in range(20)} == {
        device: heard.at for device, heard in registry.heard.find().items()
    }
