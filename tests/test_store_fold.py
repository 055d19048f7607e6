"""The contract of `ReadingReader.folded`: folds over time and across devices, in calendar windows, doubt kept out."""

import datetime as dt
import math

import pytest

from telemetry.model import Fold, Metric, Quality
from telemetry.store.ports import FoldQuery, Member
from telemetry.window import edges, parse
from tests.store_contract import (
    AIR,
    BERLIN,
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
    metric,
    reading,
    subject,
)

__all__ = ["subject"]

BOTH = pytest.mark.parametrize("settled", [False, True])


def instant(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp() * 1000)


@BOTH
@pytest.mark.parametrize(
    ("fold", "expected"),
    [
        (Fold.MEAN, [2.5, 6.5]),
        (Fold.SUM, [10.0, 26.0]),
        (Fold.MIN, [1.0, 5.0]),
        (Fold.MAX, [4.0, 8.0]),
        (Fold.FIRST, [1.0, 5.0]),
        (Fold.LAST, [4.0, 8.0]),
    ],
)
def test_a_bucket_holds_its_start_and_not_its_end(
    subject: Subject, fold: Fold, expected: list[float], settled: bool
) -> None:
    subject.store.write(every(15 * MINUTE, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]))
    if settled:
        subject.settle()

    hours = buckets(subject.store, AIR, [START, START + HOUR, START + 2 * HOUR], fold=fold)
    assert expected == hours.value
    assert ([4, 4], [1.0, 5.0], [4.0, 8.0], [1, 1]) == (hours.count, hours.low, hours.high, hours.devices)


@BOTH
def test_two_gauges_do_not_double_the_rain(subject: Subject, settled: bool) -> None:
    for device in ("gauge-1", "gauge-2"):
        subject.store.write(every(HOUR, [1.0] * 24, RAIN, device, start=START + HOUR))
    if settled:
        subject.settle()

    day = buckets(subject.store, RAIN, [START, START + DAY], devices=["gauge-1", "gauge-2"])
    assert ([24.0], [48], [2]) == (day.value, day.count, day.devices)


@BOTH
def test_rain_that_fell_until_midnight_belongs_to_the_day_that_ends(subject: Subject, settled: bool) -> None:
    """End-stamped hourly rain: the last hour of January is stamped 1 February 00:00."""
    january, march = instant("2026-01-01T00:00+08:00"), instant("2026-03-01T00:00+08:00")
    hours = (march - january) // HOUR
    subject.store.write(every(HOUR, [1.0] * hours, RAIN, start=january + HOUR))
    if settled:
        subject.settle()

    months = buckets(subject.store, RAIN, edges(parse("1mo", SHANGHAI), january, march))
    assert ([31 * 24.0, 28 * 24.0], [31 * 24, 28 * 24]) == (months.value, months.count)


@BOTH
def test_groups_come_in_the_order_of_their_members(subject: Subject, settled: bool) -> None:
    for device, value in (("a", 1.0), ("b", 3.0), ("c", 8.0)):
        subject.store.write([reading(START, value, device=device)])
    if settled:
        subject.settle()
    members = (Member("c", "rural"), Member("nobody", "empty"), Member("a", "urban"), Member("b", "urban"))

    (found,) = subject.store.folded([FoldQuery(AIR, members, (START, START + HOUR), Fold.MEAN, Fold.MEAN)])
    expected = [("rural", [8.0], [1]), ("empty", [None], [0]), ("urban", [2.0], [2])]
    assert expected == [(line.group, line.value, line.devices) for line in found]


@BOTH
def test_many_questions_are_answered_as_each_of_them_alone(subject: Subject, settled: bool) -> None:
    """Of several metrics, folds and buckets; a village's station also counts for its town, twice in one call."""
    values = {AIR: [3.0, 5.0, 8.0, 1.0], METER: [70.0, 90.0, 4.0, 9.0], RAIN: [1.0, 0.0, 2.0, 4.0], VALVE: [1.0, 0.0]}
    for of, told in values.items():
        for device in ("a", "b"):
            subject.store.write(every(20 * MINUTE, told, of, device, start=START + 20 * MINUTE))
    if settled:
        subject.settle()
    hours, quarters = (tuple(range(START, START + 2 * HOUR + 1, step)) for step in (HOUR, HOUR // 4))
    village, town = (Member("a", "village", 100.0, 6e5),), (Member("a", "town"), Member("b", "town"))
    questions = [
        FoldQuery(of, members, cut, of.fold, of.across)
        for of in values
        for members in (village, town, (*village, Member("b", "alone")), (), (Member("nobody", "empty"),))
        for cut in (hours, quarters)
    ]

    alone = [subject.store.folded([question])[0] for question in questions]
    assert alone == subject.store.folded(questions)
    assert [] == subject.store.folded([])
    assert sum(any(line.count) for lines in alone for line in lines) > len(questions) // 2


@BOTH
@pytest.mark.parametrize(
    ("values", "rollover_at", "expected"),
    [
        ([100.0, 130.0, 130.0, 150.0], None, 50.0),
        ([100.0, 130.0, 3.0, 10.0], None, 30.0 + 3.0 + 7.0),
        ([9990.0, 9998.0, 4.0, 6.0], 10_000.0, 8.0 + 4.0 + 2.0),
        ([9000.0, 9500.0, 600.0, 700.0], 10_000.0, 500.0 + 1100.0 + 100.0),
        ([9000.0, 9500.0, 600.0, 700.0], None, 500.0 + 0.0 + 100.0),
        ([9000.0, 9500.0, 600.0, 700.0], 5_000.0, 500.0 + 0.0 + 100.0),
    ],
    ids=["grows", "reset", "small-after-rollover", "rollover", "unexplained", "beyond-its-own-rollover"],
)
def test_a_counters_increase_follows_the_counter_rule(
    subject: Subject, values: list[float], rollover_at: float | None, expected: float, settled: bool
) -> None:
    """A drop to less than 5 % is a reset and counts what there is; another one needs the meter's rollover."""
    subject.store.write(every(10 * MINUTE, values, METER, start=START + MINUTE))
    if settled:
        subject.settle()

    for stop in (HOUR, DAY):
        found = buckets(subject.store, METER, [START, START + stop], rollover_at=rollover_at)
        assert ([pytest.approx(expected)], [4]) == (found.value, found.count)


@BOTH
def test_an_increase_goes_on_over_bucket_edges_and_from_the_reading_before(subject: Subject, settled: bool) -> None:
    """Stamped at its end: what a reading at an edge has counted belongs to the bucket before."""
    subject.store.write(every(HOUR, [10.0, 20.0, 40.0, 45.0], METER, start=START - 40 * DAY))
    subject.store.write(every(HOUR, [50.0, 51.0, 53.0], METER))
    if settled:
        subject.settle()

    hours = buckets(subject.store, METER, [START - HOUR, START, START + HOUR, START + 2 * HOUR, START + 3 * HOUR])
    assert ([5.0, 1.0, 2.0, None], [1, 1, 1, 0]) == (hours.value, hours.count)
    days = buckets(subject.store, METER, [START - 50 * DAY, START - 39 * DAY, START, START + DAY])
    assert [35.0, 5.0, 3.0] == days.value
    assert [None] == buckets(subject.store, METER, [START - 50 * DAY, START - 40 * DAY]).value


@BOTH
def test_the_increase_of_a_village_is_the_sum_of_its_meters(subject: Subject, settled: bool) -> None:
    subject.store.write(every(HOUR, [0.0, 10.0, 30.0], METER, "meter-1"))
    subject.store.write(every(HOUR, [500.0, 501.0, 1.0], METER, "meter-2"))
    if settled:
        subject.settle()

    found = buckets(subject.store, METER, [START, START + DAY], devices=["meter-1", "meter-2"])
    assert [32.0] == found.value


@BOTH
def test_suspect_readings_stay_out_of_folds_but_come_when_asked(subject: Subject, settled: bool) -> None:
    subject.store.write(
        [
            reading(START, 10.0),
            reading(START + MINUTE, 99.0, quality=Quality.RANGE | Quality.LATE),
            reading(START + 2 * MINUTE, 20.0, quality=Quality.LATE),
            reading(START + 3 * MINUTE, 30.0, quality=Quality.DUPLICATE_TIME),
            reading(START + HOUR, 5.0, quality=Quality.ESTIMATED),
        ]
    )
    if settled:
        subject.settle()
    hours = [START, START + HOUR, START + 2 * HOUR]

    good = buckets(subject.store, AIR, hours)
    assert ([20.0, None], [3, 0], [1, 1]) == (good.value, good.count, good.excluded)
    assert ([10.0, None], [30.0, None], [1, 0]) == (good.low, good.high, good.devices)
    asked = buckets(subject.store, AIR, hours, suspect=True)
    assert ([39.75, 5.0], [4, 1], [0, 0]) == (asked.value, asked.count, asked.excluded)


@BOTH
def test_a_suspect_reading_of_a_counter_is_stepped_over(subject: Subject, settled: bool) -> None:
    subject.store.write(every(HOUR, [10.0, 12.0], METER))
    subject.store.write([reading(START + 2 * HOUR, 900.0, METER, quality=Quality.STEP)])
    subject.store.write(every(HOUR, [14.0, 15.0], METER, start=START + 3 * HOUR))
    if settled:
        subject.settle()

    hours = buckets(subject.store, METER, [START + hour * HOUR for hour in range(5)])
    assert ([2.0, None, 2.0, 1.0], [1, 0, 1, 1], [0, 1, 0, 0]) == (hours.value, hours.count, hours.excluded)


@BOTH
def test_directions_are_folded_as_angles(subject: Subject, settled: bool) -> None:
    subject.store.write(every(MINUTE, [350.0, 10.0, 20.0, 340.0], WIND, start=START + HOUR))
    subject.store.write(every(MINUTE, [0.0, 180.0], WIND, start=START + 3 * HOUR))
    subject.store.write(every(MINUTE, [90.0], WIND, "vane-2", start=START + HOUR))
    if settled:
        subject.settle()
    hours = [START + hour * HOUR for hour in range(1, 5)]

    north = buckets(subject.store, WIND, hours)
    assert pytest.approx(1.0) == math.cos(math.radians(north.value[0] or 0.0))
    assert ([None, None], [4, 0, 2]) == (north.value[1:], north.count)
    assert pytest.approx(45.0) == buckets(subject.store, WIND, hours, devices=["station-1", "vane-2"]).value[0]


def test_a_state_is_the_last_one_and_on_anywhere_is_on(subject: Subject) -> None:
    subject.store.write(every(MINUTE, [1.0, 0.0], VALVE, "valve-1") + every(MINUTE, [0.0, 1.0], VALVE, "valve-2"))

    assert [1.0] == buckets(subject.store, VALVE, [START, START + HOUR], devices=["valve-1", "valve-2"]).value
    assert [0.0] == buckets(subject.store, VALVE, [START, START + HOUR], devices=["valve-1"]).value


@BOTH
@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-06-01", 24), ("2026-10-25", 25)], ids=["spring", "summer", "autumn"]
)
def test_days_are_as_long_as_the_clock_makes_them(subject: Subject, day: str, hours: int, settled: bool) -> None:
    start = int(dt.datetime.fromisoformat(day).replace(tzinfo=BERLIN).timestamp() * 1000)
    subject.store.write(every(HOUR, [1.0] * 96, start=start - 36 * HOUR))
    if settled:
        subject.settle()

    cut = edges(parse("1d", BERLIN), start, start + hours * HOUR)
    assert (start, start + hours * HOUR) == cut
    assert [hours] == buckets(subject.store, AIR, cut).count


@BOTH
@pytest.mark.parametrize(("of", "first"), [(AIR, 0), (RAIN, HOUR)], ids=["gauge", "interval-sum"])
def test_the_hydrological_day_runs_from_eight_to_eight(subject: Subject, of: Metric, first: int, settled: bool) -> None:
    """SL 651 E.1.1.3; each hour's value is the hour of the day, so the sum tells which hours took part."""
    eight = instant("2026-05-01T08:00+08:00")
    subject.store.write(every(HOUR, [1.0] * 24 + [100.0] * 24, of, start=eight + first))
    if settled:
        subject.settle()

    days = buckets(subject.store, of, edges(parse("1hd", SHANGHAI), eight, eight + 2 * DAY), fold=Fold.SUM)
    assert [24.0, 2400.0] == days.value


@BOTH
def test_quarter_hours_and_odd_edges_are_folded_from_readings(subject: Subject, settled: bool) -> None:
    subject.store.write(every(MINUTE, [float(value) for value in range(60)]))
    if settled:
        subject.settle()

    quarters = buckets(subject.store, AIR, edges(parse("15m", SHANGHAI), START, START + HOUR))
    assert [7.0, 22.0, 37.0, 52.0] == quarters.value
    odd = buckets(subject.store, AIR, [START - 7, START + 1, START + MINUTE + 1, START + 3 * DAY + 11])
    assert ([0.0, 1.0], [1, 1, 58]) == (odd.value[:2], odd.count)


def test_a_metric_outside_the_catalogue_is_kept_and_folded(subject: Subject) -> None:
    unknown = metric("unknown", METER.kind, Fold.INCREASE, Fold.SUM)
    subject.store.write(every(HOUR, [1.0, 4.0, 9.0], unknown))
    subject.settle()

    assert [8.0] == buckets(subject.store, unknown, [START, START + DAY]).value
