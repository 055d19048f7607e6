"""Results of recounts, claims of nights, and the ledger's sums, on SQLite and PostgreSQL."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from telemetry.errors import Reason, Unknown
from telemetry.model import LedgerLine, Quarantined
from telemetry.recount import Balance, DayCounts, Difference, Recount
from telemetry.registry import Registry, open_registry
from telemetry.registry._recounts import KEPT, MOST_DIFFERENCES
from tests.postgres import DATABASES, registry_url

DAY = dt.date(2026, 11, 23)
NEXT_DAY = dt.date(2026, 11, 24)
HOUR_MS = 3_600_000
CLEAN = Recount(1_000, 20, 3, 400, 0, 0)
WRONG = Recount(
    2_000, 30, 3, 398, 1, 2, (Difference("a'é", 5, 3, -2, (DayCounts(NEXT_DAY, 2, 1), DayCounts(DAY, 3, 2))),)
)


@pytest.fixture(params=DATABASES)
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    with open_registry(registry_url(request.param, tmp_path)) as opened:
        yield opened


def test_results_come_back_whole_newest_first(registry: Registry) -> None:
    assert [] == registry.recounts.newest()
    registry.recounts.keep(WRONG, "worker")
    registry.recounts.keep(CLEAN, "worker")

    assert [WRONG] == registry.recounts.newest()
    assert [WRONG, CLEAN] == registry.recounts.newest(10)


def test_only_the_last_results_are_kept(registry: Registry) -> None:
    for number in range(KEPT + 5):
        registry.recounts.keep(replace(CLEAN, at=number), "worker")

    assert list(range(KEPT + 4, 4, -1)) == [one.at for one in registry.recounts.newest(1000)]


def test_of_very_many_differences_the_first_are_kept(registry: Registry) -> None:
    many = tuple(Difference(f"d{number}", 1, 0, -1) for number in range(MOST_DIFFERENCES + 1))
    registry.recounts.keep(replace(WRONG, differing=len(many), differences=many), "worker")
    (found,) = registry.recounts.newest()

    assert (len(many), many[:MOST_DIFFERENCES]) == (found.differing, found.differences)


def test_one_of_many_workers_counts_in_a_night(registry: Registry) -> None:
    claim = registry.recounts.claim
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda number: claim(DAY, f"worker-{number}", 1_000), range(8)))

    assert 7 == claimed.count(None)
    assert [] == registry.recounts.newest()
    assert claim(NEXT_DAY, "worker-1", 2_000) is not None


def test_a_night_that_was_counted_is_not_claimed_again(registry: Registry) -> None:
    registry.recounts.keep(CLEAN, "one", registry.recounts.claim(DAY, "one", 1_000))

    assert [None, None] == [registry.recounts.claim(DAY, name, 100 * HOUR_MS) for name in ("one", "two")]
    assert [CLEAN] == registry.recounts.newest(10)


def test_a_night_whose_worker_died_is_claimed_by_itself_or_hours_later(registry: Registry) -> None:
    claim = partial(registry.recounts.claim, DAY)
    number = claim("one", 0)

    assert number is not None
    assert (None, number) == (claim("two", 6 * HOUR_MS), claim("one", 6 * HOUR_MS))
    assert (None, number) == (claim("two", 12 * HOUR_MS), claim("two", 12 * HOUR_MS + 1))


def test_a_night_that_is_given_up_can_be_claimed_by_another(registry: Registry) -> None:
    registry.recounts.give_up(registry.recounts.claim(DAY, "one", 0) or 0)

    assert registry.recounts.claim(DAY, "two", 2) is not None


def test_what_is_asked_for_is_counted_by_one_worker(registry: Registry) -> None:
    assert registry.recounts.take("one") is None
    number = registry.recounts.ask(1_000)
    assert ("", None) == registry.recounts.under(number)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda place: registry.recounts.take(f"worker-{place}"), range(8)))
    worker, untold = registry.recounts.under(number)
    registry.recounts.keep(WRONG, worker, number)

    assert ([number], 7, None) == ([one for one in taken if one is not None], taken.count(None), untold)
    assert (worker, WRONG) == registry.recounts.under(number)
    assert [WRONG] == registry.recounts.newest(10)


def test_what_was_given_up_is_told_to_whoever_asked(registry: Registry) -> None:
    number = registry.recounts.ask(1_000)
    registry.recounts.give_up(number)
    with pytest.raises(Unknown, match="the worker gave it up"):
        registry.recounts.under(number)


def test_the_balance_of_a_device_is_over_all_days(registry: Registry) -> None:
    registry.ledger.settle(
        [
            LedgerLine(DAY, "a", received=3, stored=2, duplicate=1),
            LedgerLine(NEXT_DAY, "a", received=5, stored=5),
            LedgerLine(DAY, "b", received=4, quarantined=4),
            LedgerLine(DAY, "c", received=1, stored=1),
        ]
    )
    registry.ledger.hold("one", [LedgerLine(DAY, "a", in_flight=2), LedgerLine(DAY, "d", in_flight=1)])
    registry.ledger.hold("two", [LedgerLine(DAY, "a", in_flight=7)])

    assert {"a": Balance(7, 9), "c": Balance(1), "d": Balance(0, 1)} == registry.ledger.balances(None)
    assert {"a": Balance(7, 9)} == registry.ledger.balances(["a", "b", "nobody"])
    assert {DAY: 2, NEXT_DAY: 5} == registry.ledger.stored_by_day("a")
    assert {} == registry.ledger.stored_by_day("b")


def test_the_sums_are_those_of_all_lines_whoever_wrote_them(registry: Registry) -> None:
    lost = Quarantined("t", b"", Reason.EMPTY, "", 0, "a", readings=4)

    def work(_: int) -> None:
        for day in (DAY, NEXT_DAY):
            registry.ledger.settle([LedgerLine(day, "a", received=3, stored=2, duplicate=1)])
            registry.ledger.settle([LedgerLine(day, "b", received=4, quarantined=4)])
            registry.quarantine.add([lost])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(10)))
    (first, *_) = registry.quarantine.find(limit=1)
    moved = [LedgerLine(DAY, "b", received=0, stored=3, duplicate=1, quarantined=-4)]
    registry.quarantine.replayed(first.id or 0, 1, "3 readings stored", ledger=moved)
    registry.ledger.hold("one", [LedgerLine(DAY, "a", in_flight=2)])
    ever, total = registry.ledger.ever(), registry.ledger.total(start=DAY, stop=dt.date(2026, 11, 25))

    assert (142, 43, 21, 76, 2) == (ever.received, ever.stored, ever.duplicate, ever.quarantined, ever.in_flight)
    assert replace(ever, day=DAY) == total


def test_every_opening_of_a_registry_adds_to_the_same_sums(tmp_path: Path) -> None:
    url = registry_url("postgresql", tmp_path)
    for _ in range(5):
        with open_registry(url) as registry:
            registry.ledger.settle([LedgerLine(DAY, "a", received=1, stored=1)])
            stored = registry.ledger.ever().stored

    assert stored == 5
