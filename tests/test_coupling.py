"""The coupling coordination degree against the source's table."""

import pytest

from insight.coupling import Coordination, Lag, Stage, coupled, degrees, graded, lag, stage
from telemetry.errors import Invalid

SOURCE = [
    (2011, 0.101, 0.280, 0.882, 0.190, 0.410),
    (2012, 0.165, 0.406, 0.906, 0.286, 0.509),
    (2013, 0.187, 0.427, 0.920, 0.307, 0.532),
    (2014, 0.238, 0.511, 0.931, 0.374, 0.590),
]
"""Urban and rural logistics, table 4 of CCD1: computed there from more digits than are printed."""


@pytest.mark.parametrize(("year", "urban", "rural", "coupling", "development", "coordination"), SOURCE)
def test_the_table_of_the_source(  # noqa: PLR0913, PLR0917 -- its columns
    year: int, urban: float, rural: float, coupling: float, development: float, coordination: float
) -> None:
    found = coupled(urban, rural)

    assert pytest.approx(coupling, abs=0.001) == found.coupling, year
    assert pytest.approx(development, abs=0.001) == found.development
    assert pytest.approx(coordination, abs=0.001) == found.coordination


@pytest.mark.parametrize(
    ("coordination", "expected"),
    [
        (0.05, Coordination.EXTREME_DISORDER),
        (0.1, Coordination.EXTREME_DISORDER),
        (0.100001, Coordination.SERIOUS_DISORDER),
        (0.3 + 0.1, Coordination.MILD_DISORDER),
        (0.41, Coordination.NEAR_DISORDER),
        (0.6, Coordination.BARELY),
        (0.7, Coordination.PRIMARY),
        (0.8, Coordination.INTERMEDIATE),
        (0.9, Coordination.GOOD),
        (1.0, Coordination.QUALITY),
    ],
)
def test_ten_classes_with_their_upper_bound_inside(coordination: float, expected: Coordination) -> None:
    assert expected is graded(coordination)


@pytest.mark.parametrize(
    ("coupling", "expected"),
    [(0.3, Stage.LOW), (0.5, Stage.ANTAGONISM), (0.8, Stage.RUNNING_IN), (0.81, Stage.HIGH)],
)
def test_four_stages_of_coupling(coupling: float, expected: Stage) -> None:
    assert expected is stage(coupling)


@pytest.mark.parametrize(
    ("urban", "rural", "expected"),
    [(0.7, 0.4, Lag.RURAL), (0.4, 0.7, Lag.URBAN), (0.5, 0.4, Lag.NONE), (0.4, 0.5, Lag.NONE)],
)
def test_who_lags(urban: float, rural: float, expected: Lag) -> None:
    assert expected is lag(urban, rural)


def test_two_equally_poor_places_are_coupled_and_in_disorder() -> None:
    found = coupled(0.05, 0.05)

    assert (pytest.approx(1.0), Coordination.MODERATE_DISORDER) == (found.coupling, found.grade)


def test_a_composite_of_zero_is_lifted_and_told() -> None:
    found = coupled(0.8, 0.0)

    assert found.floored
    assert 0 < found.coupling < 0.1


def test_three_subsystems_and_many_places_at_once() -> None:
    found = degrees([[0.2, 0.4, 0.8], [0.5, 0.5, 0.5]])

    assert pytest.approx(3 * (0.2 * 0.4 * 0.8) ** (1 / 3) / 1.4) == found.coupling[0]
    assert pytest.approx(1.0) == found.coupling[1]


def test_a_composite_above_one_is_refused() -> None:
    with pytest.raises(Invalid, match="outside 0 to 1"):
        coupled(62.0, 0.5)
