"""Lost messages are told from the numbers of those that came, whatever the network and the counter do."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry.sequence import FURTHEST, MOST_GAPS, Losses, Numbers

DAY = 20_780
thorough = settings(max_examples=300, deadline=None, derandomize=True, database=None)


def followed(numbers: list[int], *, timed: bool | None = None) -> tuple[int, int]:
    """How many messages came and how many are lost; `timed` = each was measured at the time of its number."""
    losses: Losses = {}
    known = Numbers(numbers[0])
    came, newest = 1, numbers[0]
    for number in numbers[1:]:
        newer = None if timed is None else number > newest
        came += known.follow(number, DAY, losses, newer=newer)
        newest = max(newest, number)
    return came, sum(losses.values())


@thorough
@given(
    start=st.sampled_from([0, 1, 7, 200, 250, 65_530, 2**32 - 9]),
    width=st.sampled_from([8, 16, 32, 53]),
    fates=st.lists(st.tuples(st.booleans(), st.integers(0, 2), st.integers(0, 15)), max_size=60),
    timed=st.booleans(),
)
def test_what_never_came_is_lost_and_nothing_else(
    start: int, width: int, fates: list[tuple[bool, int, int]], timed: bool
) -> None:
    """Messages are dropped, doubled and overtake one another, while a counter of any width wraps."""
    arrivals = [(0, 0)]
    for place, (dropped, copies, delay) in enumerate(fates, start=1):
        if not dropped:
            arrivals += [(place + delay * (copy + 1), place) for copy in range(copies + 1)]
    order = [place for _, place in sorted(arrivals, key=lambda arrival: arrival[0])]
    losses: Losses = {}
    known = Numbers(start % 2**width)
    came, newest = 1, 0
    for place in order[1:]:
        newer = place > newest if timed else None
        came += known.follow((start + place) % 2**width, DAY, losses, newer=newer)
        newest = max(newest, place)

    assert (len(set(order)), max(order) + 1 - len(set(order))) == (came, sum(losses.values()))


@pytest.mark.parametrize("timed", [True, None])
@pytest.mark.parametrize(
    ("numbers", "lost"),
    [
        ([1, 2, 3], 0),
        ([1, 2, 5], 2),
        ([1, 5, 3], 2),
        ([1, 1, 2, 2, 1], 0),
        ([7, FURTHEST + 7], FURTHEST - 1),
        ([7, FURTHEST + 8], 0),
        ([7, 2**52, 2**52 + 1], 0),
        ([65_535, 0, 2], 1),
        ([254, 2], 3),
        ([254, 2, 255, 0, 1], 0),
    ],
)
def test_examples(numbers: list[int], lost: int, timed: bool | None) -> None:
    steps = list(range(len(numbers)))
    if timed:
        steps = [number + 2**16 * (number < numbers[0] and numbers[0] > 200) for number in numbers]
    known, losses, newest = Numbers(numbers[0]), Losses(), steps[0]
    for number, step in zip(numbers[1:], steps[1:], strict=True):
        known.follow(number, DAY, losses, newer=step > newest if timed else None)
        newest = max(newest, step)

    assert lost == sum(losses.values())


@pytest.mark.parametrize(("highest", "first"), [(5000, 0), (5000, 1), (40, 0), (65_000, 3), (9, 9)])
def test_a_device_that_starts_anew_has_lost_nothing(highest: int, first: int) -> None:
    """What it measures later bears a smaller number."""
    losses: Losses = {}
    known = Numbers(highest)
    for number in (first, first + 1, first + 2):
        assert known.follow(number, DAY, losses, newer=True)

    assert (first + 2, 0) == (known.highest, sum(losses.values()))


def test_a_device_without_a_clock_starts_anew_far_behind() -> None:
    assert (3, 0) == followed([5000, 1, 2])


def test_a_device_without_a_clock_that_starts_anew_close_behind_is_followed_again_from_where_it_was() -> None:
    came, lost = followed([3, *range(6)])

    assert (3, 0) == (came, lost)


@pytest.mark.parametrize("backwards", [False, True])
def test_what_a_device_had_kept_during_an_outage_is_lost_no_more(backwards: bool) -> None:
    """It sends what is new first, and what it had kept beside it, hours later."""
    kept = list(range(101, 9_000))
    live = list(range(9_000, 9_000 + len(kept)))
    mixed = [number for pair in zip(live, reversed(kept) if backwards else kept, strict=True) for number in pair]

    assert (8_899, 8_899) == (followed([100, 9_000], timed=True)[1], len(kept))
    assert (2 * len(kept) + 1, 0) == followed([100, *mixed], timed=True)


def test_a_late_message_is_taken_off_the_day_on_which_it_was_missed() -> None:
    losses: Losses = {}
    known = Numbers(1)
    for number, day in ((4, DAY), (2, DAY + 1), (6, DAY + 1)):
        known.follow(number, day, losses, newer=number > 2)

    assert {DAY: 1, DAY + 1: 1} == losses


def test_what_is_remembered_is_bounded() -> None:
    losses: Losses = {}
    known = Numbers(0)
    for number in range(2, 2_000, 2):
        known.follow(number, DAY, losses, newer=True)

    assert (MOST_GAPS, 999) == (len(known.gaps), sum(losses.values()))
    assert not known.follow(1, DAY, losses, newer=False)
    assert known.follow(1_997, DAY, losses, newer=False)


def test_a_number_that_only_looked_like_a_wrap_costs_little() -> None:
    """A device that started anew at 250 is taken for a counter of 8 bits, until it counts on."""
    losses: Losses = {}
    known = Numbers(250)
    for number in range(400):
        known.follow(number, DAY, losses, newer=True)

    assert sum(losses.values()) <= 100
