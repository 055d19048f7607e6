"""The contract of questions as of an instant: what was known then, however much has come since. On every store."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from telemetry.errors import Invalid
from telemetry.model import Fold, Metric, Quality, Reading
from telemetry.series import MOST_AS_OF, Source, folded
from telemetry.store.ports import Buckets, Cursor, FoldQuery, Member, RawQuery
from telemetry.window import parse
from tests import influxdb
from tests.store_contract import (
    AIR,
    DAY,
    HOUR,
    METER,
    MINUTE,
    RAIN,
    SHANGHAI,
    START,
    VALVE,
    WIND,
    Subject,
    buckets,
    every,
    reading,
    subject,
)
from tests.test_retention import FOUR_DAYS, SINCE, embedded, forget, influx, rounded

__all__ = ["subject"]

DAYS = [START, START + DAY, START + 2 * DAY]
THEN = START + 2 * DAY
"""When the question was asked for the first time."""
KINDS = pytest.mark.parametrize("of", [AIR, RAIN, METER, WIND, VALVE], ids=lambda of: of.id)


def late(readings: Iterable[Reading], received_at: int = THEN + HOUR) -> list[Reading]:
    return [structs.replace(row, received_at=received_at) for row in readings]


@KINDS
@pytest.mark.parametrize("settled", [False, True])
def test_what_was_answered_then_is_answered_again(subject: Subject, of: Metric, settled: bool) -> None:
    """Late ones lie between the others and before the first edge, in doubt and not, and where rollups are."""
    subject.store.write(every(HOUR, [float(value % 360) for value in range(47)], of, start=START + MINUTE))
    subject.settle()
    then = buckets(subject.store, of, DAYS, as_of=THEN)
    subject.store.write(late(every(HOUR, [500.0] * 48, of, start=START + 30 * MINUTE)))
    subject.store.write(late([reading(START - HOUR, 7.0, of), reading(START + 5, 1.0, of, quality=Quality.RANGE)]))
    if settled:
        subject.settle()

    now = buckets(subject.store, of, DAYS)
    assert then == buckets(subject.store, of, DAYS, as_of=THEN)
    assert rounded(now) == rounded(buckets(subject.store, of, DAYS, as_of=THEN + HOUR))
    assert (sum(then.count), sum(now.count), [1, 0]) == (47, 95, now.excluded)


def test_the_instant_itself_belongs_to_what_was_known(subject: Subject) -> None:
    subject.store.write([reading(START, 1.0, received_at=THEN), reading(START + 1, 3.0, received_at=THEN + 1)])

    assert [1.0, None] == buckets(subject.store, AIR, DAYS, as_of=THEN).value
    assert [2.0, None] == buckets(subject.store, AIR, DAYS, as_of=THEN + 1).value
    assert [None, None] == buckets(subject.store, AIR, DAYS, as_of=THEN - 1).value


@KINDS
@pytest.mark.parametrize("hours", [1, 5])
def test_many_due_readings_are_read_a_part_at_a_time(subject: Subject, of: Metric, hours: int) -> None:
    """So many that each part is one bucket, or all in one: the answer is the same but for what was due."""
    subject.store.write(every(17 * MINUTE, [float(value % 360) for value in range(200)], of, start=START - HOUR))
    edges = tuple(START + hour * HOUR for hour in range(0, 41, hours))

    def asked(interval_ms: float) -> Buckets:
        query = FoldQuery(of, (Member("station-1", "all", None, interval_ms),), edges, of.fold, of.across, as_of=THEN)
        ((line,),) = subject.store.folded([query])
        return replace(line, due=[])

    assert rounded(asked(1e6)) == rounded(asked(1.0))


@pytest.mark.parametrize("settled", [False, True])
def test_a_reading_that_was_written_again_later_is_absent(subject: Subject, settled: bool) -> None:
    """The known limit: what is kept of it came later, and what it was before is gone."""
    subject.store.write(every(HOUR, [1.0, 2.0, 3.0]))
    if settled:
        subject.settle()
    subject.store.write(late([reading(START + HOUR, 8.0)]))
    if settled:
        subject.settle()

    assert ([2.0, None], [2, 0]) == ((line := buckets(subject.store, AIR, DAYS, as_of=THEN)).value, line.count)
    assert [4.0, None] == buckets(subject.store, AIR, DAYS).value


def test_a_counter_goes_on_from_the_last_reading_that_was_known(subject: Subject) -> None:
    subject.store.write([reading(START - 40 * DAY, 10.0, METER), reading(START + HOUR, 30.0, METER)])
    subject.store.write(late([reading(START - HOUR, 25.0, METER)]))
    subject.settle()

    assert [20.0, None] == buckets(subject.store, METER, DAYS, as_of=THEN).value
    assert [5.0, None] == buckets(subject.store, METER, DAYS).value


def test_a_rollover_is_counted_as_of_then_too(subject: Subject) -> None:
    subject.store.write([reading(START + HOUR, 900.0, METER), reading(START + 2 * HOUR, 700.0, METER)])
    subject.store.write(late([reading(START + 90 * MINUTE, 950.0, METER)]))

    assert [800.0, None] == buckets(subject.store, METER, DAYS, rollover_at=1000.0, as_of=THEN).value
    assert [800.0, None] == buckets(subject.store, METER, DAYS, rollover_at=1000.0).value


def test_suspect_readings_take_part_as_of_then_where_they_are_asked_for(subject: Subject) -> None:
    subject.store.write([reading(START, 1.0), reading(START + 1, 3.0, quality=Quality.STUCK)])
    subject.store.write(late([reading(START + 2, 50.0, quality=Quality.STUCK)]))

    line = buckets(subject.store, AIR, DAYS, suspect=True, as_of=THEN)
    assert ([2.0, None], [0, 0]) == (line.value, line.excluded)
    assert [1, 0] == buckets(subject.store, AIR, DAYS, as_of=THEN).excluded


def test_readings_page_by_page_as_of_then(subject: Subject) -> None:
    known = every(MINUTE, [1.0, 2.0, 3.0, 4.0])
    subject.store.write(known)
    subject.settle()
    subject.store.write(late([reading(START + 30_000, 9.0), reading(START + 3 * MINUTE, 9.0)]))
    first = RawQuery((AIR.id,), ("station-1",), START, START + DAY, 2, as_of=THEN)
    page = subject.store.raw(first)
    after = Cursor(page[-1].at, page[-1].metric, page[-1].device)

    assert (known[:2], known[2:3]) == (page, subject.store.raw(replace(first, after=after)))
    assert 5 == len(subject.store.raw(replace(first, limit=10, as_of=None)))


def test_present_and_past_are_asked_together(subject: Subject) -> None:
    subject.store.write(every(HOUR, [1.0] * 24))
    subject.store.write(late([reading(START + 1, 26.0)]))
    subject.settle()
    sources, days = [Source("station-1", "all", 3600.0)], parse("1d", SHANGHAI)

    def asked(as_of: int | None) -> tuple[float | None, float | None]:
        (line,) = folded(subject.store, AIR, sources, days, *DAYS[:2], now=THEN + DAY, as_of=as_of).lines
        return line.buckets.value[0], line.coverage[0]

    assert ((1.0, 1.0), (2.0, 1.0)) == (asked(THEN), asked(None))
    # Half of the day had not come yet, and was not due either.
    assert (1.0, 1.0) == asked(START + 12 * HOUR)


def test_more_than_can_be_read_one_by_one_is_refused_with_numbers(subject: Subject) -> None:
    subject.store.write([reading(START, 1.0)])
    sources, days = [Source("station-1", "all", 1.0)], parse("1d", SHANGHAI)

    def asked(length: int, as_of: int | None) -> int:
        return len(folded(subject.store, AIR, sources, days, START, START + length, now=2**50, as_of=as_of).edges)

    assert (58, 59) == (asked(57 * DAY, 2**50), asked(58 * DAY, None))
    with pytest.raises(Invalid, match=rf"as_of: some {58 * 86_400} readings .*at most {MOST_AS_OF}: a shorter time"):
        asked(58 * DAY, 2**50)


def test_the_embedded_store_refuses_a_past_that_it_has_forgotten(tmp_path: Path) -> None:
    since = [-(2**62)]
    with embedded(tmp_path / "s", lambda: since[-1]) as store:
        store.write(FOUR_DAYS)
        store.merge()
        assert [144, 144] == buckets(store, AIR, DAYS, as_of=THEN + DAY).count
        since.append(SINCE)
        store.merge()
        with pytest.raises(Invalid, match=r"as_of: readings before 2026-01-02T17:00:00Z are forgotten"):
            buckets(store, AIR, DAYS, as_of=THEN + DAY)
        assert [138] == buckets(store, AIR, [SINCE, SINCE + 23 * HOUR], as_of=SINCE + DAY).count
        assert [144, 144] == buckets(store, AIR, DAYS).count


def test_influxdb_refuses_a_past_that_it_has_forgotten() -> None:
    address = influxdb.shared().new_database()
    with influx(address) as store:
        store.write(FOUR_DAYS)
        store.merge()
    forget(address, AIR)
    with (
        influx(address, keep_days=2) as store,
        pytest.raises(Invalid, match=r"readings before 2026-01-02T17:00:00Z are forgotten"),
    ):
        buckets(store, AIR, DAYS, fold=Fold.MAX, as_of=THEN + DAY)
