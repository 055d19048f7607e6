"""Entropy weights and TOPSIS against worked matrices."""

import numpy as np
import pytest

from insight.arrays import Numbers
from insight.index.topsis import topsis
from insight.index.weights import Method, chosen, entropy_weights
from telemetry.errors import Invalid
from telemetry.model import Better

ELSAYED: list[list[float]] = [
    [7, 312, 1891, 6613, 163],
    [72, 88, 728, 941804, 1078],
    [10, 252, 2594, 3466, 117471],
    [10, 145, 980, 2371, 86329],
    [65, 54, 350, 501, 29897],
    [29, 48, 380, 912, 34051],
    [7, 476, 3300, 78470, 2212],
    [70, 87, 650, 733, 819000],
    [4, 86, 591, 3015, 103],
    [12, 79, 579, 3240, 96098],
    [21, 45, 261, 1253, 453],
    [1, 72, 530, 4333, 0.1048],
]
THREE_PLACES = np.array([[62, 0.90, 180], [88, 0.97, 60], [99, 0.995, 12]])
"""Broadband, water assurance, SAIDI of two villages and a city."""
DIRECTIONS = (Better.HIGHER, Better.HIGHER, Better.LOWER)


def scaled() -> Numbers:
    spread = THREE_PLACES.max(axis=0) - THREE_PLACES.min(axis=0)
    share: Numbers = (THREE_PLACES - THREE_PLACES.min(axis=0)) / spread
    share[:, 2] = 1 - share[:, 2]
    return share


def test_the_matrix_of_elsayed() -> None:
    expected = [0.104991, 0.069124, 0.071373, 0.449937, 0.304575]

    assert expected == [round(float(weight), 6) for weight in entropy_weights(ELSAYED)]


def test_three_places_scaled_and_weighted() -> None:
    weights = entropy_weights(scaled())

    assert [0.7027, 0.7368, 0.7143] == [round(float(value), 4) for value in scaled()[1]]
    assert [0.3347, 0.3317, 0.3336] == [round(float(weight), 4) for weight in weights]
    assert [0.0, 0.7179, 1.0] == [round(float(score), 4) for score in scaled() @ weights]


def test_topsis_of_three_places() -> None:
    found = topsis(THREE_PLACES, entropy_weights(scaled()), DIRECTIONS)

    assert [0.0, 0.7135, 1.0] == [round(float(score), 4) for score in found]


def test_a_constant_column_weighs_nothing() -> None:
    assert [0.0, 1.0] == list(entropy_weights([[3, 1], [3, 2], [3, 4]]))


def test_columns_that_tell_nothing_weigh_the_same() -> None:
    assert [0.5, 0.5] == list(entropy_weights([[3, 0], [3, 0]]))


def test_with_three_places_the_experts_decide() -> None:
    found = chosen(Method.ENTROPY, scaled(), [1, 1, 2])

    assert (Method.EXPERT, (0.25, 0.25, 0.5)) == (found.method, found.values)
    assert "3 places are too few" in found.note


def test_with_more_the_entropy_does() -> None:
    found = chosen(Method.ENTROPY, ELSAYED, [1] * 5)

    assert (Method.ENTROPY, "") == (found.method, found.note)
    assert 0.449937 == round(found.values[3], 6)


def test_an_expert_table_of_another_length_is_refused() -> None:
    with pytest.raises(Invalid, match="expert weights"):
        chosen(Method.EXPERT, ELSAYED, [1, 1])


def test_negative_values_are_refused() -> None:
    with pytest.raises(Invalid, match="negative"):
        entropy_weights([[1, -1], [2, 2]])


def test_places_that_do_not_differ_are_all_in_the_middle() -> None:
    assert [0.5, 0.5] == list(topsis([[1, 2], [1, 2]], [1, 1], [Better.HIGHER] * 2))


def test_a_column_without_direction_is_refused() -> None:
    with pytest.raises(Invalid, match="directions"):
        topsis([[1, 2], [1, 2]], [1, 1], [Better.HIGHER, Better.NEITHER])
