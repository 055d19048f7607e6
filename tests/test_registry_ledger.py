"""The book of fates, on SQLite and PostgreSQL."""

import datetime as dt
import itertools
import random
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from telemetry.errors import Invalid, Reason
from telemetry.model import LedgerLine, Quarantined
from telemetry.registry import LedgerCursor, Registry, open_registry
from tests.books import settle
from tests.postgres import DATABASES, registry_url

DAY = dt.date(2026, 11, 23)
NEXT_DAY = dt.date(2026, 11, 24)
AFTER = dt.date(2026, 11, 25)


@pytest.fixture(params=DATABASES)
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    with open_registry(registry_url(request.param, tmp_path)) as opened:
        yield opened


def book(registry: Registry) -> list[LedgerLine]:
    return registry.ledger.find(start=DAY, stop=AFTER, limit=1_000)


def line(device: str, *, stored: int = 0, duplicate: int = 0, quarantined: int = 0, day: dt.date = DAY) -> LedgerLine:
    return LedgerLine(day, device, stored + duplicate + quarantined, stored, duplicate, quarantined)


def test_counts_of_the_same_day_and_device_add_up(registry: Registry) -> None:
    registry.ledger.settle([line("a", stored=5, duplicate=2), line("b", quarantined=1)])
    registry.ledger.settle([line("a", stored=3), line("a", quarantined=4), line("a", stored=1, day=NEXT_DAY)])

    expected = [
        line("a", stored=8, duplicate=2, quarantined=4),
        line("b", quarantined=1),
        line("a", stored=1, day=NEXT_DAY),
    ]
    assert expected == book(registry)


def test_a_replayed_message_moves_from_quarantined_to_stored(registry: Registry) -> None:
    registry.ledger.settle([line("a", quarantined=5)])
    registry.ledger.settle([line("a", stored=4, quarantined=-4)])

    assert [line("a", stored=4, quarantined=1)] == book(registry)


@pytest.mark.parametrize(
    "wrong",
    [
        LedgerLine(DAY, "a", received=2, stored=1),
        LedgerLine(DAY, "a", received=1, in_flight=1),
        LedgerLine(DAY, "a", received=2, stored=1, in_flight=1),
    ],
)
def test_a_line_that_does_not_add_up_is_refused_with_all_its_neighbours(registry: Registry, wrong: LedgerLine) -> None:
    lost = Quarantined("t", b"", Reason.EMPTY, "", 0)
    with pytest.raises(Invalid, match="does not add up"):
        registry.ledger.settle([line("b", stored=1), wrong])
    with pytest.raises(Invalid, match="does not add up"):
        settle(registry, [line("b", stored=1), wrong], [lost])

    assert [] == book(registry)
    assert [] == registry.quarantine.find(limit=1)


def test_what_is_in_flight_counts_as_received_and_is_summed_over_workers(registry: Registry) -> None:
    registry.ledger.settle([line("a", stored=5)])
    registry.ledger.hold("worker-1", [LedgerLine(DAY, "a", in_flight=2), LedgerLine(DAY, "b", in_flight=1)])
    registry.ledger.hold("worker-2", [LedgerLine(DAY, "a", in_flight=3), LedgerLine(NEXT_DAY, "a", in_flight=4)])

    expected = [
        LedgerLine(DAY, "a", received=10, stored=5, in_flight=5),
        LedgerLine(DAY, "b", received=1, in_flight=1),
        LedgerLine(NEXT_DAY, "a", received=4, in_flight=4),
    ]
    assert expected == book(registry)


def test_a_worker_that_holds_anew_replaces_its_own_lines_only(registry: Registry) -> None:
    registry.ledger.hold("worker-1", [LedgerLine(DAY, "a", in_flight=2), LedgerLine(DAY, "b", in_flight=1)])
    registry.ledger.hold("worker-2", [LedgerLine(DAY, "b", in_flight=7)])
    registry.ledger.hold("worker-1", [LedgerLine(DAY, "a", in_flight=1), LedgerLine(DAY, "c", in_flight=0)])

    expected = [LedgerLine(DAY, "a", received=1, in_flight=1), LedgerLine(DAY, "b", received=7, in_flight=7)]
    assert expected == book(registry)
    registry.ledger.hold("worker-1", [])
    registry.ledger.hold("worker-2", [])

    assert [] == book(registry)


def test_a_worker_holds_nothing_but_what_is_in_flight(registry: Registry) -> None:
    for wrong in (LedgerLine(DAY, "a", received=1, stored=1, in_flight=1), LedgerLine(DAY, "a", in_flight=-1)):
        with pytest.raises(Invalid, match="not in flight only"):
            registry.ledger.hold("worker", [wrong])


def test_find_narrows_by_day_and_device(registry: Registry) -> None:
    registry.ledger.settle([line("a", stored=1), line("b", stored=2), line("a", stored=3, day=NEXT_DAY)])
    registry.ledger.hold("worker", [LedgerLine(DAY, "c", in_flight=4)])
    find = registry.ledger.find

    assert [line("a", stored=3, day=NEXT_DAY)] == find(start=NEXT_DAY, stop=AFTER, limit=10)
    assert [line("b", stored=2)] == find(devices=["b", "nobody", "' OR 1=1 --"], start=DAY, stop=AFTER, limit=10)
    assert ["b", "c"] == [found.device for found in find(devices=["c", "b"], start=DAY, stop=AFTER, limit=10)]
    assert [] == find(devices=[], start=DAY, stop=AFTER, limit=10)
    assert [] == find(start=DAY, stop=DAY, limit=10)


def test_pages_of_settled_and_held_lines_follow_one_another_without_gap_or_repeat(registry: Registry) -> None:
    chance = random.Random(7)  # noqa: S311  # test data, no secrets
    days = [DAY, NEXT_DAY]
    devices = [f"{letter}-{number}" for letter, number in itertools.product("aZé", range(20))]
    expected: dict[tuple[dt.date, str], list[int]] = defaultdict(lambda: [0, 0])
    settled = [(chance.choice(days), chance.choice(devices)) for _ in range(60)]
    held = [(chance.choice(days), chance.choice(devices)) for _ in range(60)]
    for identity in settled:
        expected[identity][0] += 1
    for identity in held:
        expected[identity][1] += 1
    registry.ledger.settle([line(device, stored=1, day=day) for day, device in settled])
    for worker in range(3):
        registry.ledger.hold(f"worker-{worker}", [LedgerLine(*key, in_flight=1) for key in held[worker::3]])

    found: list[LedgerLine] = []
    while page := registry.ledger.find(
        start=DAY, stop=AFTER, limit=7, after=LedgerCursor(found[-1].day, found[-1].device) if found else None
    ):
        found.extend(page)

    assert [
        LedgerLine(day, device, received=stored + flying, stored=stored, in_flight=flying)
        for (day, device), (stored, flying) in sorted(expected.items())
    ] == found


def test_a_page_has_a_limit(registry: Registry) -> None:
    for limit in (0, -1, 10**9):
        with pytest.raises(Invalid, match="limit"):
            registry.ledger.find(start=DAY, stop=AFTER, limit=limit)


def test_any_text_comes_back_unharmed(registry: Registry) -> None:
    texts = sorted(["'; DROP TABLE ledger; --", '" OR ""="', "%_/\\", "$1 %s %(name)s :name ?", "村🌾é", "a\nb\tc", ""])

    registry.ledger.settle([line(text, stored=1) for text in texts])
    for text in texts:
        registry.ledger.hold(text, [LedgerLine(DAY, text, in_flight=1)])

    assert [LedgerLine(DAY, text, received=2, stored=1, in_flight=1) for text in texts] == book(registry)


def test_many_threads_that_settle_the_same_lines_add_up_exactly(registry: Registry) -> None:
    devices = [f"d-{number}" for number in range(10)]

    def work(worker: int) -> None:
        chance = random.Random(worker)  # noqa: S311  # test data, no secrets
        for _ in range(20):
            # In an order of its own, as batches come: opposite orders must not deadlock.
            lines = [line(device, stored=2, quarantined=1) for device in chance.sample(devices, len(devices))]
            items = [Quarantined("t", b"x", Reason.EMPTY, "", 0, device) for device in devices]
            settle(registry, lines, items)
            registry.ledger.hold(f"worker-{worker}", [LedgerLine(DAY, chance.choice(devices), in_flight=1)])

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(work, worker) for worker in range(8)]:
            done.result()

    totals = [(found.stored, found.quarantined) for found in book(registry)]
    assert [(320, 160)] * 10 == totals
    assert {Reason.EMPTY: 1600} == registry.quarantine.counts()
    assert 8 == sum(found.in_flight for found in book(registry))


def test_every_fate_is_in_received_while_others_write(registry: Registry) -> None:
    def write() -> None:
        for number in range(40):
            registry.ledger.hold("worker", [LedgerLine(DAY, "a", in_flight=number % 3)])
            registry.ledger.settle([line("a", stored=number % 5, duplicate=1)])

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        seen = [book(registry)]
        while not writing.done():
            seen.append(book(registry))
        writing.result()

    lines = list(itertools.chain(*seen))
    assert lines
    assert all(found.received == found.stored + found.duplicate + found.in_flight for found in lines)
    assert sorted(found.duplicate for found in lines) == [found.duplicate for found in lines]


def test_the_total_is_the_sum_of_all_lines_of_its_days(registry: Registry) -> None:
    registry.ledger.settle(
        [
            LedgerLine(DAY, "a", received=3, stored=2, duplicate=1),
            LedgerLine(DAY, "b", received=5, stored=1, quarantined=4),
            LedgerLine(NEXT_DAY, "a", received=7, stored=7),
        ]
    )
    registry.ledger.hold("worker-1", [LedgerLine(DAY, "b", received=2, in_flight=2)])
    total = partial(registry.ledger.total, start=DAY, stop=NEXT_DAY)

    assert LedgerLine(DAY, "", 10, 3, 1, 4, 2) == total()
    assert LedgerLine(DAY, "", 3, 2, 1, 0, 0) == total(devices=["a"])
    assert LedgerLine(DAY, "", 0) == total(devices=["c"])
