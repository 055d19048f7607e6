"""How numbers are written in answers."""

import math

from hypothesis import given
from hypothesis import strategies as st

from api.words import rounded


def test_the_dust_of_binary_addition_is_not_shown_and_gaps_stay() -> None:
    assert [19.1, None, 0.0, -0.3, 120_000.0] == rounded(
        [19.099999999999994, None, 0.0, -0.30000000000000004, 119_999.99999999999], significant=12
    )
    assert [0.9333, None, 1.0] == rounded([14 / 15, None, 1.0], decimals=4)
    assert [] == rounded([], significant=12)


@given(st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False)))
def test_twelve_digits_are_kept_of_any_number(values: list[float | None]) -> None:
    for before, after in zip(values, rounded(values, significant=12), strict=True):
        if before is None or after is None:
            assert before is after is None
        else:
            assert math.isclose(before, after, rel_tol=1e-11, abs_tol=0.0)


@given(st.lists(st.decimals(min_value=-9999, max_value=9999, places=4, allow_nan=False)))
def test_a_number_of_few_digits_is_given_back_as_it_is(numbers: list[float]) -> None:
    values = [float(number) for number in numbers]
    assert values == rounded([value * (1 + 2**-52) for value in values], significant=12)
    assert values == rounded([value * (1 + 2**-52) for value in values], decimals=4)
