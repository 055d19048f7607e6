"""The contract of both store ports: what is kept, and how it is found again. Runs on every implementation."""

import random

import pytest

from telemetry.errors import StoreUnavailable
from telemetry.model import Fold, Quality, Reading
from telemetry.store.ports import Cursor, Identity, RawQuery
from tests.store_contract import AIR, DAY, HOUR, METER, MINUTE, RAIN, START, Subject, buckets, every, reading, subject

__all__ = ["subject"]

ALL = RawQuery(("air", "meter", "rain"), ("station-1", "station-2"), 0, START + 400 * DAY, 100_000)


def pages(under_test: Subject, query: RawQuery) -> list[Reading]:
    """Every page, one after the other."""
    found: list[Reading] = []
    cursor = query.after
    while page := under_test.store.raw(
        RawQuery(query.metrics, query.devices, query.start, query.stop, query.limit, cursor, query.suspect)
    ):
        assert len(page) <= query.limit
        found += page
        cursor = Cursor(page[-1].at, page[-1].metric, page[-1].device)
    return found


def test_a_reading_comes_back_as_it_was_written(subject: Subject) -> None:
    doubts = int(Quality.LATE | Quality.STEP)
    written = Reading("station-1:a", "air", START + 1, 21.25, 2125.0, doubts, START + 40 * DAY)
    subject.store.write([written])
    query = RawQuery(("air",), ("station-1:a",), START, START + 2, 10)

    assert [written] == subject.store.raw(query)
    subject.settle()
    assert [written] == subject.store.raw(query)
    subject.reopen()
    assert [written] == subject.store.raw(query)


def test_an_empty_batch_is_fine(subject: Subject) -> None:
    subject.store.write([])

    assert [] == subject.store.raw(ALL)


def test_a_reading_written_twice_is_kept_once(subject: Subject) -> None:
    batch = every(MINUTE, [1.0, 2.0, 3.0])
    subject.store.write(batch)
    subject.store.write(batch)
    subject.settle()
    subject.store.write(batch)

    assert batch == subject.store.raw(ALL)
    assert [3] == buckets(subject.store, AIR, [START, START + HOUR]).count


def test_within_a_batch_the_later_one_wins(subject: Subject) -> None:
    first, second = reading(START, 1.0), reading(START, 2.0)
    subject.store.write([first, second])

    assert [second] == subject.store.raw(ALL)
    assert [second] == subject.store.latest(None, None)


@pytest.mark.parametrize("settled", [(False, False), (True, False), (False, True), (True, True)])
def test_a_correction_replaces(subject: Subject, settled: tuple[bool, bool]) -> None:
    subject.store.write(every(MINUTE, [1.0, 2.0, 3.0]))
    if settled[0]:
        subject.settle()
    correction = reading(START + MINUTE, 8.0)
    subject.store.write([correction])
    if settled[1]:
        subject.settle()

    assert [1.0, 8.0, 3.0] == [kept.value for kept in subject.store.raw(ALL)]
    day = buckets(subject.store, AIR, [START, START + DAY])
    assert ([4.0], [3], [8.0]) == (day.value, day.count, day.high)


def test_a_correction_can_put_a_reading_in_doubt_and_clear_it_again(subject: Subject) -> None:
    subject.store.write(every(MINUTE, [1.0, 2.0]))
    subject.settle()
    edges = [START, START + HOUR]
    subject.store.write([reading(START, 1.0, quality=Quality.RANGE)])
    doubted = buckets(subject.store, AIR, edges)
    subject.settle()
    settled = buckets(subject.store, AIR, edges)
    subject.store.write([reading(START, 1.0)])

    assert ([2.0], [1], [1]) == (doubted.value, doubted.count, doubted.excluded)
    assert doubted == settled
    assert [1.5] == buckets(subject.store, AIR, edges).value


def test_late_data_changes_the_right_buckets_only(subject: Subject) -> None:
    values = [float(hour % 24) for hour in range(72)]
    subject.store.write(every(HOUR, values) + every(HOUR, values, device="station-2"))
    subject.settle()
    days = [START + day * DAY for day in range(4)]
    before = buckets(subject.store, AIR, days)
    neighbour = buckets(subject.store, AIR, days, devices=["station-2"])
    subject.store.write([reading(START + DAY + 30 * MINUTE, 999.0)])
    unsettled = buckets(subject.store, AIR, days)
    subject.settle()

    after = buckets(subject.store, AIR, days)
    assert [before.high[0], 999.0, before.high[2]] == after.high
    assert [before.value[0], ((before.value[1] or 0.0) * 24 + 999.0) / 25, before.value[2]] == pytest.approx(
        after.value
    )
    assert [24, 25, 24] == after.count
    assert unsettled == after
    assert neighbour == buckets(subject.store, AIR, days, devices=["station-2"])


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_raw_pages_are_complete_and_without_repeats(subject: Subject, limit: int) -> None:
    rng = random.Random(5)  # noqa: S311 (made-up readings)
    readings = [
        reading(START + at, rng.random(), of, device)
        for of in (AIR, METER, RAIN)
        for device in ("station-1", "station-2")
        for at in (*range(0, 10 * MINUTE, MINUTE), 90 * DAY, 90 * DAY + 1)
    ]
    rng.shuffle(readings)
    subject.store.write(readings[:40])
    subject.settle()
    subject.store.write(readings[40:])

    ordered = sorted(readings, key=lambda kept: (kept.at, kept.metric, kept.device))
    query = RawQuery(ALL.metrics, ALL.devices, ALL.start, ALL.stop, limit)
    assert ordered == pages(subject, query)


def test_a_page_goes_on_from_a_reading_that_was_never_there(subject: Subject) -> None:
    subject.store.write(every(MINUTE, [1.0, 2.0, 3.0]))
    query = RawQuery(("air",), ("station-1",), START, START + DAY, 10, Cursor(START + MINUTE, "air", "station-0"))

    assert [2.0, 3.0] == [kept.value for kept in subject.store.raw(query)]


def test_a_raw_range_is_half_open_and_can_leave_suspects_out(subject: Subject) -> None:
    subject.store.write([*every(MINUTE, [1.0, 2.0, 3.0]), reading(START + 30, 9.0, quality=Quality.STUCK)])
    query = RawQuery(("air",), ("station-1",), START, START + 2 * MINUTE, 10)
    good = RawQuery(("air",), ("station-1",), START, START + 2 * MINUTE, 10, suspect=False)

    assert [1.0, 9.0, 2.0] == [kept.value for kept in subject.store.raw(query)]
    assert [1.0, 2.0] == [kept.value for kept in subject.store.raw(good)]


def test_what_nobody_wrote_is_empty(subject: Subject) -> None:
    assert [] == subject.store.raw(ALL)
    assert [] == subject.store.latest(None, None)
    assert [] == subject.store.latest(["nobody"], ["nothing"])
    assert {} == subject.store.existing([Identity("nobody", "air", START)])
    assert [] == subject.store.names("air")
    nothing = buckets(subject.store, AIR, [START, START + HOUR, START + 2 * HOUR])
    assert ([None, None], [0, 0], [0, 0]) == (nothing.value, nothing.count, nothing.devices)


def test_latest_is_the_newest_of_every_series(subject: Subject) -> None:
    subject.store.write(
        [
            reading(START + MINUTE, 2.0),
            reading(START, 1.0),
            reading(START, 3.0, METER),
            reading(START, 4.0, device="station-1:deep"),
            reading(START, 5.0, device="station-2"),
        ]
    )

    def values(*args: list[str] | None) -> list[float]:
        return sorted(kept.value for kept in subject.store.latest(*args))

    for _ in range(2):
        assert [2.0, 3.0, 4.0, 5.0] == values(None, None)
        assert [2.0, 3.0, 4.0] == values(["station-1"], None)
        assert [4.0] == values(["station-1:deep"], None)
        assert [3.0] == values(["station-1"], ["meter"])
        assert [5.0] == values(["station-2", "nobody"], ["air"])
        subject.reopen()


def test_late_data_does_not_become_the_latest(subject: Subject) -> None:
    subject.store.write([reading(START + HOUR, 2.0)])
    subject.settle()
    subject.store.write([reading(START, 1.0)])
    subject.reopen()

    assert [2.0] == [kept.value for kept in subject.store.latest(None, None)]


def test_a_doubtful_clock_is_the_latest_only_where_there_is_no_other(subject: Subject) -> None:
    future = reading(START + 300 * DAY, 9.0, quality=Quality.CLOCK)
    subject.store.write([future])
    assert [future] == subject.store.latest(None, None)
    good = reading(START, 1.0)
    subject.store.write([good])

    for _ in range(2):
        assert [good] == subject.store.latest(None, None)
        subject.reopen()


@pytest.mark.parametrize("settled", [False, True])
def test_the_latest_steps_back_when_its_clock_turns_out_to_be_wrong(subject: Subject, settled: bool) -> None:
    older, newest = every(MINUTE, [1.0, 2.0])
    subject.store.write([older, newest])
    if settled:
        subject.settle()
    subject.store.write([reading(newest.at, 2.0, quality=Quality.CLOCK)])

    for _ in range(2):
        assert [older] == subject.store.latest(None, None)
        subject.reopen()


def test_a_correction_of_the_latest_is_the_latest(subject: Subject) -> None:
    subject.store.write(every(MINUTE, [1.0, 2.0]))
    subject.settle()
    subject.store.write([reading(START + MINUTE, 7.0)])

    for _ in range(2):
        assert [7.0] == [kept.value for kept in subject.store.latest(["station-1"], None)]
        subject.reopen()


def test_existing_tells_what_is_stored(subject: Subject) -> None:
    subject.store.write(every(MINUTE, [1.0, 2.0, 3.0]))
    subject.settle()
    subject.store.write([reading(START + 10 * MINUTE, 4.0), reading(START + 5 * MINUTE, 4.0, METER)])
    stored = {
        Identity("station-1", "air", START + MINUTE),
        Identity("station-1", "air", START + 10 * MINUTE),
        Identity("station-1", "meter", START + 5 * MINUTE),
    }
    others = {
        Identity("station-1", "air", START + MINUTE + 1),
        Identity("station-1", "air", START + 5 * MINUTE),
        Identity("station-1", "meter", START + MINUTE),
        Identity("station-2", "air", START + MINUTE),
        Identity("station-1", "nothing", START + MINUTE),
    }

    assert stored == subject.store.existing(stored | others).keys()
    assert {} == subject.store.existing([])


def test_names_are_the_series_of_a_metric_sorted(subject: Subject) -> None:
    subject.store.write([reading(START, 1.0, device=name) for name in ("b", "a:2", "a")])
    subject.store.write([reading(START, 1.0, METER, "c")])

    for _ in range(2):
        assert ["a", "a:2", "b"] == subject.store.names("air")
        assert ["c"] == subject.store.names("meter")
        subject.reopen()


def test_everything_is_still_there_after_reopening(subject: Subject) -> None:
    batch = every(HOUR, [float(value) for value in range(100)])
    subject.store.write(batch[:50])
    subject.reopen()
    subject.store.write(batch[50:])
    subject.reopen()
    subject.reopen()

    assert batch == subject.store.raw(ALL)
    edges = [START, START + DAY, START + 5 * DAY]
    assert [sum(range(24)), sum(range(24, 100))] == buckets(subject.store, AIR, edges, fold=Fold.SUM).value


def test_a_store_that_is_closed_cannot_answer(subject: Subject) -> None:
    subject.store.check()
    subject.store.close()
    with pytest.raises(StoreUnavailable):
        subject.store.check()
