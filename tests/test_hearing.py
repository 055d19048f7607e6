"""What the messages of a device tell of its clock."""

import random

import pytest

from insight.clock import clock_state
from telemetry.hearing import GONE, SAMPLES, Hearing, Note

T0 = 1_795_420_800_000
MINUTE = 60_000
HOUR = 60 * MINUTE


def heard(*notes: Note, hearing: Hearing | None = None) -> Hearing:
    """As messages come: one by one."""
    known = hearing or Hearing()
    for note in notes:
        known.hear([note], {}, {})
    return known


def live(count: int, *, skew: int, first: int = 0, delay: int = 200) -> list[Note]:
    """A message a minute from minute `first` on, by a clock that is so many milliseconds ahead."""
    return [(T0 + i * MINUTE + delay, T0 + i * MINUTE + skew, None) for i in range(first, first + count)]


@pytest.mark.parametrize("skew", [0, 3 * HOUR, -3 * HOUR, 8 * HOUR, 1500])
@pytest.mark.parametrize("count", [1, 2, 20])
def test_a_constant_error_is_found_but_for_the_time_on_the_way(skew: int, count: int) -> None:
    assert skew - 200 == heard(*live(count, skew=skew)).skew_ms


def test_a_device_without_a_clock_tells_nothing() -> None:
    hearing = heard((T0, None, None), (T0 + MINUTE, None, 2))

    assert (None, 0, T0 + MINUTE) == (hearing.skew_ms, hearing.spread_ms, hearing.heard_at)


def test_slow_messages_do_not_move_the_estimate() -> None:
    chance = random.Random(1)  # noqa: S311  # test data, no secrets
    hearing = Hearing()
    found = []
    for i in range(200):
        delay = 200 if chance.random() < 0.6 else chance.randrange(200, 40_000)
        heard((T0 + i * MINUTE + delay, T0 + i * MINUTE + 7_000, None), hearing=hearing)
        found.append(hearing.skew_ms)

    assert sum(skew == 6_800 for skew in found) > 150


@pytest.mark.parametrize(("before", "after", "within"), [(3 * HOUR, 0, 5), (-3 * HOUR, 0, 2), (0, 3 * HOUR, 2)])
def test_a_clock_that_is_set_is_followed_within_a_few_messages(before: int, after: int, within: int) -> None:
    hearing = heard(*live(10, skew=before))
    heard(*live(within, skew=after, first=10), hearing=hearing)

    assert after - 200 == hearing.skew_ms


def test_one_absurd_time_moves_nothing() -> None:
    hearing = heard(*live(10, skew=0))
    heard((T0 + 10 * MINUTE, 4_000_000_000_000, None), hearing=hearing)
    at_once = hearing.skew_ms
    heard(*live(3, skew=0, first=11), hearing=hearing)

    assert (-200, -200, 4_000_000_000_000) == (at_once, hearing.skew_ms, hearing.ahead_until)


def back_filled(*, newest_first: bool) -> list[Note]:
    """Three hours that a device had kept, sent within two minutes, then live messages again."""
    kept = [T0 + i * MINUTE for i in range(10, 190)]
    if newest_first:
        kept.reverse()
    resumed = T0 + 190 * MINUTE
    return [(resumed + i * 600, at, None) for i, at in enumerate(kept)]


@pytest.mark.parametrize("newest_first", [False, True])
def test_what_a_device_had_kept_is_no_news_of_its_clock(newest_first: bool) -> None:
    hearing = heard(*live(10, skew=0))
    seen = []
    for note in back_filled(newest_first=newest_first):
        heard(note, hearing=hearing)
        seen.append(hearing.skew_ms)
    heard(*live(3, skew=0, first=193), hearing=hearing)

    assert {-200} == set(seen)
    assert -200 == hearing.skew_ms


def test_late_messages_between_live_ones_are_no_news_of_the_clock() -> None:
    hearing = heard(*live(10, skew=0))
    for i, note in enumerate(live(60, skew=0, first=20)):
        heard(note, (note[0] + 1_000, T0 - HOUR + i * MINUTE, None), hearing=hearing)

    assert -200 == hearing.skew_ms


def test_what_is_said_of_a_device_is_no_sign_of_life_of_its_own() -> None:
    hearing = Hearing()
    hearing.hear([(T0, T0, 7), (T0 + MINUTE, None, GONE)], {}, {})
    hearing.hear([(T0 + 2 * MINUTE, None, GONE)], {}, {})

    assert (T0, T0 + 2 * MINUTE) == (hearing.heard_at, hearing.gone_at)
    assert 7 == (hearing.numbers.highest if hearing.numbers else None)


def test_messages_that_come_together_are_one_sample() -> None:
    hearing = Hearing()
    hearing.hear([(T0 + 2 * MINUTE, T0 + i * 1000, None) for i in range(100)], {}, {})

    assert 1 == len(hearing.delays)


def test_what_is_remembered_is_bounded_and_its_spread_is_told() -> None:
    hearing = heard(*live(50, skew=0), *live(1, skew=0, first=50, delay=9_200))

    assert (SAMPLES, 9_000) == (len(hearing.delays), hearing.spread_ms)


@pytest.mark.parametrize(
    ("skew_ms", "words"),
    [
        (None, None),
        (0, "right"),
        (300_000, "right"),
        (-300_000, "right"),
        (300_001, "ahead by 5 min"),
        (3 * HOUR, "ahead by 3 h"),
        (-8 * HOUR - 90_000, "behind by 8 h 1 min"),
        (26 * HOUR, "ahead by 1 d 2 h"),
    ],
)
def test_the_state_of_a_clock_in_words(skew_ms: int | None, words: str | None) -> None:
    assert words == clock_state(skew_ms, 300)


def test_one_delivery_of_what_was_kept_says_nothing_of_the_clock() -> None:
    """A clock that is ahead is known at once: no message is on its way for less than nothing."""
    assert (None, "behind by 1 h", "ahead by 1 h") == (
        clock_state(-HOUR, 300, samples=2),
        clock_state(-HOUR, 300, samples=3),
        clock_state(HOUR, 300, samples=1),
    )
