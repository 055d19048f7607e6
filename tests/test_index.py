"""The index: goalposts, composites, refusals, ranks, and how far ranks move with the weights."""

from dataclasses import replace

import numpy as np
import pytest

from insight.assessment import Assessment, assessed
from insight.coupling import Lag, coupled
from insight.declared import Declared
from insight.gate import Lack
from insight.index.composite import CHUNK, composites, indexed, parity_indexed, ranks, scores
from insight.index.framework import DIGITAL_VILLAGE, Dimension, Framework, Indicator, checked
from insight.index.normal import goalposts, min_max, winsorised
from insight.index.sensitivity import MOST_PLACES, rank_intervals
from insight.index.values import Origin, indicator_values
from insight.measures import comparable
from telemetry.errors import Invalid
from telemetry.model import Better
from tests.evidence import VILLAGE as HERE
from tests.evidence import folded

SMALL = Framework(
    "small",
    1,
    (
        Indicator("broadband_coverage", Dimension.INFRASTRUCTURE, 0, 100),
        Indicator("outage_minutes", Dimension.INFRASTRUCTURE, 400, 0, weight=3),
        Indicator("pm25", Dimension.ENVIRONMENT, 75, 15),
        Indicator("internet_users", Dimension.SERVICE, 0, 100),
    ),
    {Dimension.INFRASTRUCTURE: 2, Dimension.ENVIRONMENT: 1, Dimension.SERVICE: 1},
)
VILLAGE: dict[str, float | None] = {
    "broadband_coverage": 80,
    "outage_minutes": 200,
    "pm25": 45,
    "internet_users": 52.3,
}
CITY: dict[str, float | None] = {"broadband_coverage": 100, "outage_minutes": 50, "pm25": 60, "internet_users": 76.4}


def test_goalposts_of_what_should_be_high_and_what_should_be_low() -> None:
    found = goalposts([[62, 180], [120, 500], [-5, 0], [float("nan"), 60]], [0, 240], [100, 0])

    assert [[0.62, 0.25], [1.0, 0.0], [0.0, 1.0]] == found[:3].tolist()
    assert np.isnan(found[3, 0])
    assert 0.75 == found[3, 1]


def test_goalposts_that_are_the_same_are_refused() -> None:
    with pytest.raises(Invalid, match="goalposts"):
        goalposts([[1]], [5], [5])


def test_min_max_of_both_directions() -> None:
    assert [0.0, 0.5, 1.0] == list(min_max([10, 20, 30], Better.HIGHER))
    assert [1.0, 0.5, 0.0] == list(min_max([10, 20, 30], Better.LOWER))


def test_a_column_without_differences_is_in_the_middle() -> None:
    assert [0.5, 0.5] == list(min_max([7, 7], Better.HIGHER))


def test_wild_values_are_pulled_in_to_the_quantiles() -> None:
    found = winsorised([*range(1, 20), 1000])

    assert np.quantile([*range(1, 20), 1000], 0.95) == found[-1]
    assert pytest.approx(1.95) == found[0]


def test_the_index_of_a_village_by_hand() -> None:
    """Infrastructure (0.8 x 0.5^3)^(1/4) = 0.5623, environment 0.5, service 0.523; half, quarter, quarter."""
    found = indexed(VILLAGE, SMALL)
    infrastructure = (0.8 * 0.5**3) ** 0.25

    assert pytest.approx(infrastructure) == found.dimensions[Dimension.INFRASTRUCTURE]
    assert pytest.approx(0.5 * infrastructure + 0.25 * 0.5 + 0.25 * 0.523) == found.overall
    assert (4, 4, None, "small", 1) == (found.valid, found.required, found.refusal, found.framework, found.version)
    assert {"broadband_coverage": 0.8, "outage_minutes": 0.5, "pm25": 0.5, "internet_users": 0.523} == dict(
        found.scores
    )


def test_three_of_four_indicators_are_enough_and_two_are_not() -> None:
    three, two = (
        indexed(VILLAGE | {"pm25": None}, SMALL),
        indexed(VILLAGE | {"pm25": None, "internet_users": None}, SMALL),
    )

    assert three.overall is not None
    assert three.dimensions[Dimension.ENVIRONMENT] is None
    assert (None, 2) == (two.overall, two.valid)
    assert two.refusal is not None
    assert (Lack.FEW_INDICATORS, 0.5, 0.7) == (two.refusal.lack, two.refusal.have, two.refusal.want)
    assert {None} == set(two.dimensions.values())


def test_what_is_missing_weighs_nothing() -> None:
    """Without environment: two thirds infrastructure, one third service."""
    found = indexed(VILLAGE | {"pm25": None}, SMALL)

    assert pytest.approx(2 / 3 * (0.8 * 0.5**3) ** 0.25 + 0.523 / 3) == found.overall


def test_one_indicator_at_its_worst_does_not_hide_the_others() -> None:
    found = indexed(VILLAGE | {"broadband_coverage": 0}, SMALL)

    assert pytest.approx((0.01 * 0.5**3) ** 0.25) == found.dimensions[Dimension.INFRASTRUCTURE]


def test_the_index_by_parity_with_the_city() -> None:
    """0.8 of the broadband, a quarter of the reliability, cleaner air cut off at 1, 0.6846 of the users."""
    found = parity_indexed(VILLAGE, CITY, SMALL)

    assert {"broadband_coverage": 0.8, "outage_minutes": 0.25, "pm25": 1.0, "internet_users": 0.6846} == {
        name: round(score, 4) for name, score in found.scores.items()
    }
    assert 1.0 == parity_indexed(CITY, CITY, SMALL).overall


def test_what_the_city_does_not_know_has_no_parity() -> None:
    found = parity_indexed(VILLAGE, CITY | {"pm25": None}, SMALL)

    assert 3 == found.valid


def test_village_and_city_coupled() -> None:
    rural, urban = indexed(VILLAGE, SMALL).overall, indexed(CITY, SMALL).overall
    assert rural is not None
    assert urban is not None

    assert Lag.RURAL is coupled(urban, rural).lag


def air(*values: float) -> Assessment:
    """PM2.5 of the village, or the refusal of it."""
    evidence = {"pm25": folded("pm25", {"air": [*values] * 24} if values else {}, empty=24)}
    return assessed(comparable("pm25"), evidence, HERE)


def test_readings_come_before_what_is_declared_and_both_are_named() -> None:
    declared = {"pm25": Declared(60, 2024, "bureau"), "internet_users": Declared(52.3, 2020, "CNNIC", "Li")}
    found = indicator_values(SMALL, [air(45)], declared)

    assert [
        ("broadband_coverage", Origin.NONE, None),
        ("outage_minutes", Origin.NONE, None),
        ("pm25", Origin.READINGS, 45.0),
        ("internet_users", Origin.DECLARED, 52.3),
    ] == [(one.indicator, one.origin, one.value) for one in found]
    assert declared["internet_users"] == found[3].declared


def test_where_readings_are_refused_a_declared_number_stands_in_and_says_so() -> None:
    found = indicator_values(SMALL, [air()], {"pm25": Declared(60, 2024, "bureau")})[2]

    assert (Origin.DECLARED, 60.0) == (found.origin, found.value)
    assert found.refusal is not None
    assert Lack.NO_DEVICES is found.refusal.lack


def test_an_index_is_of_one_place() -> None:
    with pytest.raises(Invalid, match="each measure of one place once"):
        indicator_values(SMALL, [air(45), air(45)], {})


def test_an_indicator_of_another_index_is_refused() -> None:
    with pytest.raises(Invalid, match="no indicator voltage_in_band"):
        indexed({"voltage_in_band": 99}, SMALL)


def test_a_country_is_scored_as_its_villages_are() -> None:
    rng = np.random.default_rng(3)
    values = rng.uniform(0, 100, (CHUNK + 7, 4))
    values[rng.random(values.shape) < 0.2] = np.nan
    whole = composites(scores(values, SMALL), SMALL)
    for place in (0, CHUNK - 1, CHUNK, CHUNK + 6):
        names = (one.id for one in SMALL.indicators)
        given = {
            name: None if np.isnan(value) else float(value) for name, value in zip(names, values[place], strict=True)
        }
        alone = indexed(given, SMALL)

        assert (alone.overall is None) == bool(np.isnan(whole.overall[place]))
        assert alone.overall is None or pytest.approx(alone.overall) == whole.overall[place]


def test_scores_outside_zero_to_one_are_refused() -> None:
    with pytest.raises(Invalid, match="outside 0 to 1"):
        composites([[62, 0.5, 0.5, 0.5]], SMALL)
    with pytest.raises(Invalid, match="3 columns"):
        composites([[0.5, 0.5, 0.5]], SMALL)


def test_ranks_are_within_groups_and_none_without_a_value() -> None:
    overall = np.array([0.5, 0.9, np.nan, 0.9, 0.3, 0.2])
    groups = np.array([1, 1, 1, 1, 2, 2])

    assert [3, 1, 0, 1, 1, 2] == ranks(overall, groups).tolist()
    assert [0, 0] == ranks(np.array([np.nan, np.nan]), np.array([1, 1])).tolist()


def three_places() -> list[list[float]]:
    """The first is best in everything, the other two each in something; the last has too few values."""
    nan = float("nan")
    return [[0.9, 0.9, 0.9, 0.9], [0.8, 0.3, 0.5, 0.5], [0.3, 0.42, 0.5, 0.5], [0.9, nan, nan, 0.9]]


def test_a_rank_that_no_weights_change_and_two_that_they_do() -> None:
    found = rank_intervals(three_places(), SMALL)

    assert [1, 3, 2, 0] == found.rank.tolist()
    assert [1, 2, 2, 0] == found.low.tolist()
    assert [1, 3, 3, 0] == found.high.tolist()


def test_ranks_move_the_same_way_whenever_they_are_asked_for() -> None:
    scored = np.random.default_rng(5).uniform(0, 1, (40, 4))
    once, again = rank_intervals(scored, SMALL), rank_intervals(scored, SMALL)

    assert once.low.tolist() == again.low.tolist()
    assert once.high.tolist() == again.high.tolist()
    assert (once.low <= once.rank).mean() > 0.9
    assert (once.rank <= once.high).mean() > 0.9
    assert (once.low < once.high).any()


def test_without_doubt_about_the_weights_ranks_do_not_move() -> None:
    scored = np.random.default_rng(5).uniform(0, 1, (40, 4))
    found = rank_intervals(scored, SMALL, spread=0.0, draws=20)

    assert found.rank.tolist() == found.low.tolist() == found.high.tolist()


def test_places_with_the_same_scores_share_their_rank_in_every_draw() -> None:
    found = rank_intervals([[0.5, 0.4, 0.3, 0.2]] * 3 + [[0.1, 0.1, 0.1, 0.1]], SMALL, draws=50)

    assert [1, 1, 1, 4] == found.low.tolist() == found.high.tolist()


def test_a_country_has_no_rank_intervals_at_once() -> None:
    with pytest.raises(Invalid, match="20000 places at most"):
        rank_intervals(np.full((MOST_PLACES + 1, 4), 0.5), SMALL)


def test_nobody_is_ranked_where_nobody_has_a_value() -> None:
    found = rank_intervals([[float("nan")] * 4], SMALL)

    assert ([0], [0], [0]) == (found.rank.tolist(), found.low.tolist(), found.high.tolist())


def test_the_platform_s_index_is_made_of_measures_and_statistics_that_point_its_way() -> None:
    assert DIGITAL_VILLAGE == checked(DIGITAL_VILLAGE)
    assert set(Dimension) == {one.dimension for one in DIGITAL_VILLAGE.indicators}


def test_goalposts_and_weights_nobody_confirmed_say_so() -> None:
    assert "unverified" in DIGITAL_VILLAGE.source
    assert all("unverified" in one.source for one in DIGITAL_VILLAGE.indicators)


def test_an_index_with_a_goalpost_turned_round_is_refused() -> None:
    wrong = replace(SMALL, indicators=(*SMALL.indicators[:-1], Indicator("internet_users", Dimension.SERVICE, 100, 0)))
    with pytest.raises(Invalid, match="goalposts point the other way"):
        checked(wrong)


def test_an_index_of_what_nobody_knows_is_refused() -> None:
    strange = replace(SMALL, indicators=(*SMALL.indicators[:-1], Indicator("joy", Dimension.SERVICE, 0, 10)))
    with pytest.raises(Invalid, match="'joy' is unknown"):
        checked(strange)

    assert strange == checked(strange, known=["joy"])


@pytest.mark.parametrize(
    ("indicators", "dimensions", "wrong"),
    [
        ((), {}, "no indicators"),
        (SMALL.indicators[:1] * 2, {Dimension.INFRASTRUCTURE: 1}, "one twice"),
        (SMALL.indicators, {Dimension.INFRASTRUCTURE: 1}, "dimensions"),
        ((Indicator("pm25", Dimension.ENVIRONMENT, 5, 5),), {Dimension.ENVIRONMENT: 1}, "goalposts"),
    ],
)
def test_what_makes_no_index_is_refused(
    indicators: tuple[Indicator, ...], dimensions: dict[Dimension, float], wrong: str
) -> None:
    with pytest.raises(Invalid, match=wrong):
        Framework("wrong", 1, indicators, dimensions)
