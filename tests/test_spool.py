"""What waits on the disk: in order, through a new start, within its limits."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices.message import Message
from ingest.backlog import Room, SpoolLimits
from ingest.pipeline import DAY_MS, DeviceDay, Outcome, Tally
from ingest.records import Entry, Mark
from ingest.spool import Spool
from telemetry.errors import Reason, SpoolUnavailable
from telemetry.model import Quarantined, Reading

NOW = 1_795_420_800_000
HOUR_MS = 3_600_000
MANY = 1_000_000


class Clock:
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


def outcome(number: int, *, readings: int = 1, repeats: bool = False) -> Outcome:
    """Of one message of the device d-<number>."""
    at = NOW + number
    made = Outcome(messages=[Message(f"rurban/v1/d-{number}/up", b"{}", at)])
    for place in range(readings):
        made.readings.append(Reading(f"d-{number}", "air_temperature", at + place, 20.5, 20.5, 0, at))
        made.regions.append("370522101201")
        made.owners.append(f"d-{number}")
        made.sources.append(0)
    made.repeats = [0] if repeats else []
    made.tallies = {DeviceDay(f"d-{number}", at // DAY_MS): Tally(readings, 0)}
    return made


Opened = Callable[..., Spool]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Opens the spool of the test's folder; whatever is open at the end is closed."""
    with contextlib.ExitStack() as stack:

        def opens(
            settled: int = 0, *, clock: Clock | None = None, limits: SpoolLimits | None = None, size: int = 1 << 20
        ) -> Spool:
            spool = Spool(
                tmp_path, settled_until=lambda _: settled, clock=clock or Clock(), limits=limits, segment_bytes=size
            )
            stack.callback(spool.close)
            return spool

        yield opens


def drained(spool: Spool, most: int = 1) -> list[list[int]]:
    """The positions of all that waits, in the groups in which it is settled."""
    groups = []
    while (found := spool.oldest(most))[0]:
        groups.append([entry.position for entry in found[0]])
        spool.release(found[0])
    return groups


def whole(entries: list[Entry]) -> list[Outcome]:
    return [entry.outcome for entry in entries]


@pytest.mark.parametrize("size", [1, 1 << 20], ids=["a file each", "one file"])
def test_outcomes_come_back_as_they_were_in_order_also_after_a_new_start(opened: Opened, size: int) -> None:
    outcomes = [outcome(number, readings=number) for number in range(1, 9)]
    outcomes[3].quarantined.append(Quarantined("t", b"\xff", Reason.MALFORMED, "no JSON", NOW, "d-4"))
    spool = opened(size=size)
    for one in outcomes:
        spool.append([one], since=3)
    in_memory, _ = spool.oldest(MANY)
    spool.close()
    again = opened(size=size)
    from_disk, mark = again.oldest(MANY)
    again.close()

    assert (outcomes, outcomes, None) == (whole(in_memory), whole(from_disk), mark)
    assert [3] * 8 == [entry.head.since for entry in from_disk]


def test_what_is_settled_is_gone_also_after_a_new_start(opened: Opened, tmp_path: Path) -> None:
    spool = opened(size=1)
    for number in range(6):
        spool.append([outcome(number)], since=0)
    for _ in range(3):
        spool.release(spool.oldest(1)[0])
    files = len(list(tmp_path.glob("*.spool")))
    spool.close()
    again = opened(settled=4)

    assert (3, [[5], [6]], 0) == (files, drained(again), again.backlog.outcomes)
    again.append([outcome(9)], since=0)
    assert [[7]] == drained(again)
    again.close()
    assert [] == list(tmp_path.glob("*.spool"))


def test_positions_go_on_where_no_file_is_left(opened: Opened) -> None:
    spool = opened(settled=40)

    assert 41 == spool.append([outcome(1)], since=0)


def test_a_registry_older_than_the_disk_gets_what_is_still_there(opened: Opened) -> None:
    spool = opened(size=1)
    for number in range(6):
        spool.append([outcome(number)], since=0)
    for _ in range(3):
        spool.release(spool.oldest(1)[0])
    spool.close()
    again = opened(settled=1, size=1)

    assert ([[4], [5], [6]], 0) == (drained(again), again.waiting().damaged)


def test_a_spool_without_its_name_is_refused(opened: Opened, tmp_path: Path) -> None:
    """Its records would all be settled once more."""
    (tmp_path / "id").write_text("", "ascii")
    with pytest.raises(SpoolUnavailable, match=f"{tmp_path}/id is empty: restore it"):
        opened()


def test_small_outcomes_are_settled_together_and_kinds_are_not_mixed(opened: Opened) -> None:
    replay = outcome(4)
    replay.replays = 17
    spool = opened()
    spool.append([outcome(1), outcome(2), outcome(3), replay, outcome(5), outcome(6, repeats=True)], since=0)
    spool.append([outcome(7), outcome(8)], since=None)

    assert [[1, 2], [3], [4], [5], [6, 7], [8]] == drained(spool, most=2)


def test_a_mark_binds_the_outcomes_that_it_names_through_a_new_start(opened: Opened) -> None:
    spool = opened()
    spool.append([outcome(number, repeats=True) for number in (1, 2, 3)], since=0)
    mark = Mark(1, 2, dropped=[0], corrected=[1], since=5)
    spool.mark(mark)
    spool.append([outcome(4)], since=0)
    spool.close()
    again = opened()
    found, kept = again.oldest(MANY)

    assert ([1, 2], mark) == ([entry.position for entry in found], kept)
    assert [[1, 2], [3], [5]] == drained(again, most=MANY)


def test_a_mark_of_which_a_record_is_damaged_does_not_hold_for_the_others(opened: Opened, tmp_path: Path) -> None:
    spool = opened(size=1)
    spool.append([outcome(1, repeats=True)], since=0)
    for number in (2, 3):
        spool.append([outcome(number, repeats=True)], since=0)
    spool.mark(Mark(1, 3, dropped=[2], corrected=[], since=5))
    spool.close()
    path = tmp_path / f"{2:020}.spool"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    found, mark = opened(size=1).oldest(MANY)

    assert ([1, 3], None) == ([entry.position for entry in found], mark)


def test_it_says_what_waits_and_since_when(opened: Opened) -> None:
    clock = Clock()
    spool = opened(clock=clock, limits=SpoolLimits(most_bytes=1 << 20))
    spool.waiting()
    for number in range(100):
        clock.now = NOW + number * 1000
        spool.append([outcome(number, readings=3)], since=0)
    waits = spool.waiting()
    held = spool.backlog.held()
    drained(spool)
    spool.close()
    hours_left = (waits.most_bytes - waits.bytes) / waits.bytes * 99_000 / HOUR_MS

    assert (100, NOW, pytest.approx(hours_left)) == (waits.outcomes, waits.oldest_at, waits.hours_left)
    assert Counter({DeviceDay(f"d-{number}", NOW // DAY_MS): 3 for number in range(100)}) == held
    assert (0, 0, None) == (spool.waiting().outcomes, spool.waiting().bytes, spool.waiting().oldest_at)


def test_beyond_its_size_it_takes_nothing_more_until_something_is_settled(opened: Opened) -> None:
    spool = opened(limits=SpoolLimits(most_bytes=1), size=1)
    spool.append([outcome(1)], since=0)
    with pytest.raises(SpoolUnavailable, match=r"0 MB wait for the store, as many as may \(RURBAN_SPOOL_MB\)"):
        spool.append([outcome(2)], since=0)
    spool.release(spool.oldest(1)[0])
    spool.append([outcome(2)], since=0)

    assert ([[2]], False) == (drained(spool), spool.overdue)


def test_a_file_that_is_mostly_settled_does_not_fill_a_small_spool(opened: Opened) -> None:
    spool = opened(limits=SpoolLimits(most_bytes=64_000))
    spool.append([outcome(0)], since=0)
    for number in range(1, 500):
        spool.append([outcome(number)], since=0)
        spool.release(spool.oldest(1)[0])

    assert 1 == spool.waiting().outcomes
    assert spool.waiting().bytes < 8000


def test_the_replay_of_an_old_message_does_not_make_the_spool_old(opened: Opened) -> None:
    clock = Clock()
    spool = opened(clock=clock, limits=SpoolLimits(most_age_ms=HOUR_MS))
    clock.now += 2 * HOUR_MS
    replay = outcome(0)
    replay.replays = 17
    spool.append([replay], since=0)
    spool.append([outcome(2 * HOUR_MS)], since=0)

    assert 2 == spool.waiting().outcomes


def test_a_clock_that_is_set_back_does_not_pile_up_what_was_asked_before() -> None:
    room = Room(SpoolLimits())
    room.hours_left(0, NOW + 10 * HOUR_MS)
    room.hours_left(1 << 20, NOW)
    hours = room.hours_left(2 << 20, NOW + 60_000)

    assert pytest.approx((4094 << 20) / (1 << 20) / 60) == hours


def test_beyond_its_age_it_takes_nothing_more(opened: Opened) -> None:
    clock = Clock()
    spool = opened(clock=clock, limits=SpoolLimits(most_age_ms=HOUR_MS))
    spool.append([outcome(0)], since=0)
    clock.now += HOUR_MS + 1
    with pytest.raises(SpoolUnavailable, match=r"more than 1 h \(RURBAN_SPOOL_HOURS\)"):
        spool.append([outcome(2)], since=0)


def test_where_the_operator_has_chosen_so_the_oldest_is_overdue_instead(opened: Opened) -> None:
    spool = opened(limits=SpoolLimits(most_bytes=1, drop_oldest=True))
    for number in range(3):
        spool.append([outcome(number)], since=0)

    assert spool.overdue


def test_damage_is_counted_and_what_can_be_read_is_settled(opened: Opened, tmp_path: Path) -> None:
    spool = opened(size=1)
    for number in range(5):
        spool.append([outcome(number)], since=0)
    for position in (2, 5):
        path = tmp_path / f"{position:020}.spool"
        path.write_bytes(path.read_bytes()[:-1] + b"\0")
    spool.close()
    again = opened(size=1)
    damaged = again.waiting().damaged

    assert (1, [[1], [3], [4]], 0) == (damaged, drained(again), again.backlog.outcomes)


def test_damage_that_comes_up_later_does_not_wait_for_ever(opened: Opened, tmp_path: Path) -> None:
    spool = opened(size=1)
    for number in range(6):
        spool.append([outcome(number)], since=0)
    path = tmp_path / f"{6:020}.spool"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")

    assert ([[1], [2], [3], [4], [5]], 0, 1) == (drained(spool), spool.backlog.outcomes, spool.waiting().damaged)
