"""Theil's and Sen's slope against the worked example of Sen (1968)."""

import pytest

from insight.trend import MAX_POINTS, theil_sen
from telemetry.errors import Invalid

SEN_TIMES = [1, 2, 3, 4, 10, 12, 18]
SEN_VALUES = [9, 15, 19, 20, 45, 55, 78]


def test_the_example_of_sen() -> None:
    """Slope 4; 93 % interval 26/7 to 35/8 (the paper's own list of slopes has slips, says R's package `deming`)."""
    found = theil_sen(SEN_TIMES, SEN_VALUES, level=0.93)

    assert (4.0, 4.0, 26 / 7, 35 / 8) == (found.slope, found.intercept, found.low, found.high)
    assert found.certain


def test_three_points() -> None:
    """As in the tests of SciPy's `theilslopes`; three points allow no interval."""
    found = theil_sen([0, 1, 2], [0, 1, 1])

    assert (0.5, 0.5, None, None) == (found.slope, found.intercept, found.low, found.high)
    assert not found.certain


def test_one_wild_month_does_not_turn_the_trend() -> None:
    found = theil_sen(range(12), [*range(6), 1000, *range(7, 12)])

    assert pytest.approx(1.0) == found.slope


def test_equal_values_narrow_nothing_and_break_nothing() -> None:
    found = theil_sen(range(6), [3.0] * 6)

    assert (0.0, 0.0, 0.0) == (found.slope, found.low, found.high)
    assert not found.certain


@pytest.mark.parametrize(
    ("times", "values", "wrong"),
    [
        ([1, 1], [1, 2], "all times are the same"),
        ([1, 2], [1], "2 times and 1 values"),
        ([], [], "shape"),
        ([1, 2], [1, float("nan")], "missing"),
        (range(MAX_POINTS + 1), range(MAX_POINTS + 1), "at most"),
    ],
)
def test_what_has_no_slope_is_refused(times: list[float], values: list[float], wrong: str) -> None:
    with pytest.raises(Invalid, match=wrong):
        theil_sen(times, values)


def test_a_level_is_a_probability() -> None:
    with pytest.raises(Invalid, match="level"):
        theil_sen([1, 2], [1, 2], level=95)
