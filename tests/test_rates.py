"""The rate of a source: a bucket of tokens that fills again, whatever the clock does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.rates import STRANGERS, Rate, Rates, by_topic

NOW = 1_795_420_800_000


def admitted(rates: Rates, source: str, *times: int) -> int:
    return sum(rates.admits(source, at) for at in times)


def test_a_source_may_send_its_burst_at_once_and_its_rate_for_ever() -> None:
    rates = Rates(Rate(per_s=10, burst=50))

    assert 50 == admitted(rates, "a", *[NOW] * 100)
    assert 100 == admitted(rates, "a", *range(NOW + 1, NOW + 10_001))


def test_a_bucket_fills_again_while_its_source_is_silent() -> None:
    rates = Rates(Rate(per_s=10, burst=50))
    admitted(rates, "a", *[NOW] * 100)

    assert 30 == admitted(rates, "a", *[NOW + 3000] * 100)
    assert 50 == admitted(rates, "a", *[NOW + 100_000] * 100)


def test_each_source_has_a_bucket_of_its_own() -> None:
    rates = Rates(Rate(per_s=1, burst=2))

    assert (2, 2) == (admitted(rates, "a", *[NOW] * 9), admitted(rates, "b", *[NOW] * 9))


@pytest.mark.parametrize("back_ms", [1, 1000, 3_600_000, NOW])
def test_a_clock_that_is_set_back_takes_the_burst_and_not_the_rate(back_ms: int) -> None:
    rates = Rates(Rate(per_s=10, burst=50))
    admitted(rates, "a", NOW)
    later = [NOW - back_ms + 100 * number for number in range(1, 101)]

    assert 99 <= admitted(rates, "a", *later) <= 100


def test_a_clock_that_is_set_back_by_a_day_costs_nobody_a_message() -> None:
    rates = Rates(Rate(per_s=50, burst=1000))
    ahead = NOW + 86_400_000

    assert 10 == admitted(rates, "a", *[ahead + number for number in range(5)], *[NOW + number for number in range(5)])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    per_s=st.floats(0.1, 1000),
    burst=st.integers(1, 100),
    pauses=st.lists(st.integers(0, 500), min_size=1, max_size=300),
)
def test_no_window_of_time_holds_more_than_burst_and_rate(per_s: float, burst: int, pauses: list[int]) -> None:
    rates = Rates(Rate(per_s=per_s, burst=burst))
    at, taken = NOW, []
    for pause in pauses:
        at += pause
        if rates.admits("a", at):
            taken.append(at)

    assert all(
        last - first + 1 <= burst + (taken[last] - taken[first]) * per_s / 1000 + 1e-6
        for first in range(0, len(taken), 7)
        for last in range(first, len(taken))
    )


def test_invented_names_share_a_fixed_number_of_small_buckets() -> None:
    rates = by_topic(Rate(per_s=10, burst=300), known=lambda topic: topic == "known")
    names = [f"invented-{number}" for number in range(10_000)]

    assert STRANGERS * 3 == sum(rates.admits(name, NOW) for name in names)
    assert 300 == admitted(rates, "known", *[NOW] * 1000)


def test_a_name_that_is_registered_gets_a_bucket_of_its_own_at_once() -> None:
    registered: set[str] = set()
    rates = by_topic(Rate(per_s=10, burst=100), known=registered.__contains__)
    before = admitted(rates, "new", *[NOW] * 50)
    registered.add("new")

    assert (1, 100) == (before, admitted(rates, "new", *[NOW] * 200))
