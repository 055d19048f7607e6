"""Theil, Gini and Dagum against worked numbers and against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight.inequality import dagum, gini, theil, theil_urban_rural
from telemetry.errors import Invalid

AMOUNTS = st.lists(st.floats(0.01, 1e4), min_size=1, max_size=12)


def test_theil_of_town_and_country_in_china() -> None:
    """51 821 and 21 691 yuan a head, 932.67 and 477.00 million persons."""
    persons = [932.67, 477.00]
    found = theil_urban_rural([51_821 * persons[0], 21_691 * persons[1]], persons)

    assert 0.0655 == round(found, 4)


def test_equal_heads_have_a_theil_of_zero() -> None:
    assert pytest.approx(0, abs=1e-12) == theil_urban_rural([30, 60, 90], [1, 2, 3])


def test_theil_splits_into_within_and_between() -> None:
    found = theil({"urban": [4.0, 6.0], "rural": [1.0, 3.0]})
    relative = np.array([4, 6, 1, 3]) / 3.5
    between = 10 / 14 * np.log(5 / 3.5) + 4 / 14 * np.log(2 / 3.5)

    assert pytest.approx(float((relative * np.log(relative)).mean())) == found.total
    assert pytest.approx(float(between)) == found.between
    assert found.total == found.within + found.between


def test_theil_leaves_out_what_it_is_not_defined_for_and_says_so() -> None:
    found = theil({"urban": [4.0, 0.0], "rural": [4.0, -1.0]})

    assert (2, pytest.approx(0, abs=1e-12)) == (found.dropped, found.total)


def test_theil_of_nothing_positive_is_refused() -> None:
    with pytest.raises(Invalid, match="no value is positive"):
        theil({"urban": [0.0]})


def test_theil_counts_a_place_by_its_weight() -> None:
    weighted = theil({"all": [1.0, 3.0]}, {"all": [2.0, 1.0]})
    repeated = theil({"all": [1.0, 1.0, 3.0]})

    assert pytest.approx(repeated.total) == weighted.total


def test_gini_by_hand() -> None:
    """The differences among 1, 2, 3 and 6 add up to 32, counted both ways; the mean is 3."""
    assert pytest.approx(32 / (2 * 16 * 3)) == gini([1, 3, 2, 6])


def test_gini_of_zeros_and_one_is_defined() -> None:
    assert pytest.approx(0.75) == gini([0, 0, 0, 5])


@pytest.mark.parametrize("values", [[0.0, 0.0], [-1.0, 3.0]])
def test_gini_of_nothing_or_of_debts_is_refused(values: list[float]) -> None:
    with pytest.raises(Invalid, match="Gini"):
        gini(values)


def test_dagum_by_hand() -> None:
    """Groups 1, 3 and 2, 6: d = 9/4, p = 1/4, so D = 0.8; G between = 10 / 24."""
    found = dagum({"rural": [1, 3], "urban": [2, 6]})

    assert pytest.approx(1 / 3) == found.total
    assert pytest.approx(0.125) == found.within
    assert pytest.approx(10 / 24 * 0.5 * 0.8) == found.net_between
    assert pytest.approx(10 / 24 * 0.5 * 0.2) == found.transvariation
    assert {"rural": pytest.approx(0.25), "urban": pytest.approx(0.25)} == dict(found.groups)
    assert {("rural", "urban"): pytest.approx(10 / 24)} == dict(found.pairs)


def test_groups_that_do_not_overlap_have_no_transvariation() -> None:
    assert pytest.approx(0, abs=1e-12) == dagum({"rural": [1, 2], "urban": [5, 9]}).transvariation


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_the_parts_of_dagum_add_up_to_the_gini_by_its_definition(
    one: list[float], two: list[float], three: list[float]
) -> None:
    found = dagum({"a": one, "b": two, "c": three})
    values = np.array(one + two + three)
    by_definition = np.abs(values[:, None] - values).sum() / (2 * len(values) ** 2 * values.mean())

    assert pytest.approx(by_definition, abs=1e-9) == found.total
    assert pytest.approx(found.total) == found.within + found.net_between + found.transvariation


def test_a_weight_of_two_is_two_places() -> None:
    weighted = dagum({"a": [1, 4], "b": [2, 7]}, {"a": [2, 1], "b": [1, 1]})
    repeated = dagum({"a": [1, 1, 4], "b": [2, 7]})

    assert pytest.approx(repeated.total) == weighted.total
    assert pytest.approx(repeated.net_between) == weighted.net_between


def test_weights_of_other_groups_are_refused() -> None:
    with pytest.raises(Invalid, match="weights are of other groups"):
        dagum({"a": [1, 4]}, {"b": [1, 1]})
