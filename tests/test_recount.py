"""When a device differs, and when it was only written to meanwhile."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from telemetry.recount import AT_ONCE, SETTLED_AFTER_S, Balance, DayCounts, Difference, Recount, Recounter

DAY = dt.date(2026, 11, 23)
NEXT_DAY = dt.date(2026, 11, 24)


@dataclass
class Busy:
    """Ledger and store of a house whose workers write between any two looks at it."""

    stored: dict[str, int] = field(default_factory=dict)
    in_flight: dict[str, int] = field(default_factory=dict)
    series: dict[str, int] = field(default_factory=dict)
    booked_days: dict[dt.date, int] = field(default_factory=dict)
    days: dict[dt.date, int] = field(default_factory=dict)
    before_count: Callable[[int], None] = lambda _: None
    """Called with the number of the count that begins."""
    in_pause: Callable[[int], None] = lambda _: None
    asked: list[Collection[str] | None] = field(default_factory=list)

    def balances(self, devices: Collection[str] | None) -> Mapping[str, Balance]:
        """See LedgerBook."""
        found = {
            name: Balance(self.stored.get(name, 0), self.in_flight.get(name, 0))
            for name in {*self.stored, *self.in_flight}
        }
        return {name: one for name, one in found.items() if devices is None or name in devices}

    def stored_by_day(self, device: str) -> Mapping[dt.date, int]:
        """See LedgerBook."""
        del device
        return self.booked_days

    def counted(self, devices: Collection[str] | None) -> Mapping[str, int]:
        """See ReadingCounter."""
        self.asked.append(devices)
        self.before_count(len(self.asked))
        wanted = {name: name.rpartition(":")[0] or name for name in self.series}
        return {
            name: count
            for name, count in self.series.items()
            if devices is None or name in devices or wanted[name] in devices
        }

    def by_day(self, device: str) -> Mapping[dt.date, int]:
        """See ReadingCounter."""
        del device
        return self.days

    def pause(self, seconds: float) -> None:
        assert seconds == SETTLED_AFTER_S
        self.in_pause(len(self.asked))

    def recount(self, *, devices: Collection[str] | None = None, known: Collection[str] = ()) -> Recount:
        times = iter((1_000, 1_250))
        recounter = Recounter(self, self, known, pause=self.pause)
        return recounter.recount(lambda: next(times), devices=devices, days_since=DAY)


def test_a_house_at_rest_that_agrees_is_counted_once() -> None:
    house = Busy(stored={"a": 3, "b": 4}, series={"a": 2, "a:low": 1, "b": 4})

    assert Recount(1_000, 250, 2, 7, 0, 0) == house.recount()
    assert [None] == house.asked


def test_an_id_with_a_colon_is_a_device_of_its_own() -> None:
    house = Busy(stored={"a": 3}, series={"a": 3, "new:1": 2})
    found = house.recount(known=["a", "new:1"])

    assert [("new:1", 2)] == [(one.device, one.difference) for one in found.differences]


def test_missing_and_surplus_readings_are_told_the_largest_difference_first() -> None:
    house = Busy(stored={"a": 10, "b": 5, "c": 1}, series={"a": 9, "b": 8, "d": 2, "c": 1})
    found = house.recount()

    assert (4, 20, 3, 6) == (found.devices, found.readings, found.differing, found.off_by)
    assert [("b", 5, 8, 3), ("d", 0, 2, 2), ("a", 10, 9, -1)] == [
        (one.device, one.ledger, one.store, one.difference) for one in found.differences
    ]
    assert [None, ["a", "b", "d"]] == house.asked


def test_a_device_is_told_with_the_days_on_which_it_differs_as_far_as_they_are_kept() -> None:
    forgotten = DAY - dt.timedelta(days=1)
    house = Busy(
        stored={"a": 9},
        series={"a": 8},
        booked_days={forgotten: 4, DAY: 3, NEXT_DAY: 2},
        days={forgotten: 1, DAY: 2, NEXT_DAY: 2},
    )

    assert (Difference("a", 9, 8, -1, (DayCounts(DAY, 3, 2),)),) == house.recount().differences


def test_what_a_worker_has_in_its_hands_is_no_difference() -> None:
    """It is in the store before the ledger says so."""
    house = Busy(stored={"a": 10}, series={"a": 10})

    def write(_: int) -> None:
        house.series["a"] += 5

    def settle(_: int) -> None:
        house.stored["a"] = house.series["a"]

    house.before_count, house.in_pause = write, settle

    assert 0 == house.recount().differing


def test_what_is_settled_while_the_store_is_counted_is_no_difference() -> None:
    house = Busy(stored={"a": 10}, series={"a": 10})

    def write_and_settle(_: int) -> None:
        house.series["a"] += 5
        house.stored["a"] += 5

    house.before_count = house.in_pause = write_and_settle

    assert 0 == house.recount().differing


def test_what_stands_in_flight_may_be_in_the_store_already() -> None:
    house = Busy(stored={"a": 10}, in_flight={"a": 5}, series={"a": 13})

    assert 0 == house.recount().differing


def test_a_difference_that_does_not_last_is_none() -> None:
    house = Busy(stored={"a": 10}, series={"a": 12})

    def settle(number: int) -> None:
        if number == 2:
            house.stored["a"] = 12

    house.before_count = settle

    assert 0 == house.recount().differing


def test_a_small_loss_of_a_busy_device_shows_when_it_is_counted_alone() -> None:
    house = Busy(stored={"a": 10, "b": 10}, series={"a": 9, "b": 10})

    def write(number: int) -> None:
        if number == 1:
            for name in ("a", "b"):
                house.series[name] += 5
                house.stored[name] += 5

    house.before_count = write
    found = house.recount()

    assert [("a", -1)] == [(one.device, one.difference) for one in found.differences]


def test_a_large_loss_of_a_device_that_never_rests_is_told_as_far_as_it_is_certain() -> None:
    house = Busy(stored={"a": 100}, series={"a": 50})

    def write(_: int) -> None:
        house.series["a"] += 5
        house.stored["a"] += 5

    house.before_count = house.in_pause = write

    assert [("a", -45)] == [(one.device, one.difference) for one in house.recount().differences]


def test_many_busy_devices_are_counted_again_some_at_a_time() -> None:
    names = [f"d{number:04}" for number in range(AT_ONCE + 1)]
    house = Busy(stored=dict.fromkeys(names, 1), series=dict.fromkeys(names, 1))

    def write(number: int) -> None:
        if number == 1:
            for name in names:
                house.series[name] = house.stored[name] = 2

    house.before_count = write

    assert 0 == house.recount().differing
    assert [None, names[:AT_ONCE], names[AT_ONCE:]] == house.asked


def test_only_the_devices_that_are_asked_for_are_counted() -> None:
    house = Busy(stored={"a": 10, "b": 5}, series={"a": 9, "b": 8})
    found = house.recount(devices=["a"])

    assert (1, 1, ["a"]) == (found.devices, found.differing, [one.device for one in found.differences])


def test_a_recount_says_in_words_what_it_came_to() -> None:
    agreed, differing = Recount(0, 0, 3, 400, 0, 0), Recount(0, 0, 3, 398, 1, 2)

    assert "the ledger agrees with the store: 3 devices, 400 readings" == str(agreed)
    assert "1 devices differ from the ledger, by 2 readings (3 devices, 398 readings)" == str(differing)
