"""Curves against the vectors of the field, what holds when, and what is refused. All pure."""

from dataclasses import replace

import pytest

from telemetry.calibration import (
    Calibration,
    Curve,
    Linear,
    Polynomial,
    Rating,
    Segment,
    Table,
    by_series,
    lasting,
    periods,
)
from telemetry.calibration_rules import check
from telemetry.errors import Conflict, Invalid, Unknown
from telemetry.model import Measure, Profile

CANAL = Segment(low=1.0, high=2.5, a=12.5, z0=0.80, b=1.62)
UPPER = Segment(low=2.5, high=4.0, a=12.0, z0=0.75, b=1.66)
RATING = Rating((CANAL, UPPER))
STORAGE = Table(((100.0, 5e4), (102.0, 9e4), (105.0, 3e5)))
GAUGE = Profile("gauge", "", "native_json", (Measure("river_level"), Measure("supply_volume")))
PROBE = Profile("probe", "", "native_json", (), open=True)
DISCHARGE = Calibration("g-1", "river_discharge", RATING, 1000, computed_from="river_level")
LEVEL = Calibration("g-1", "river_level", Linear(1.0, 0.25), 1000)


@pytest.mark.parametrize(
    ("curve", "x", "value", "estimated"),
    [
        (Linear(1.1, -0.5), 10.0, 10.5, False),
        (Polynomial((1.0, -2.0, 0.5)), 4.0, 1.0, False),
        # The worked example: 12.5 (2.35 - 0.80)^1.62 = 25.424.
        (RATING, 2.35, 25.424, False),
        (RATING, 3.0, 12.0 * 2.25**1.66, False),
        (RATING, 0.8, 0.0, False),
        (RATING, -7.0, 0.0, False),
        (RATING, 0.9, 12.5 * 0.1**1.62, True),
        (RATING, 5.0, 12.0 * 4.25**1.66, True),
        # Half of the measured range above its lowest stage is the end: 1 + 1.5 (4 - 1).
        (RATING, 5.5, 12.0 * 4.75**1.66, True),
        (RATING, 50.0, 12.0 * 4.75**1.66, True),
        (STORAGE, 101.0, 7e4, False),
        (STORAGE, 102.0, 9e4, False),
        (STORAGE, 100.0, 5e4, False),
        (STORAGE, 105.0, 3e5, False),
        # Below the first row lies the dead storage; above the last nobody knows.
        (STORAGE, 90.0, 5e4, True),
        (STORAGE, 105.01, 3e5, True),
        (Polynomial((0.0, 1e200, 1e200)), 1e200, 1e300, True),
    ],
)
def test_a_curve_gives_the_value_and_whether_it_is_estimated(
    curve: Curve, x: float, value: float, estimated: bool
) -> None:
    assert (pytest.approx(value, rel=2e-5), estimated) == curve.computed(x)


def test_the_curve_that_holds_is_the_newest_that_has_begun() -> None:
    later, gone = replace(LEVEL, valid_from=2000, curve=Linear(1.0, 0.5)), replace(LEVEL, superseded_at=5)
    found = by_series([later, DISCHARGE, replace(gone, curve=Linear(9.0)), LEVEL, replace(LEVEL, channel="2")])
    level = found["river_level", None]

    assert {("river_level", None), ("river_level", "2")} == found.keys()
    assert level.own is not None
    assert [None, LEVEL.curve, LEVEL.curve, later.curve] == [level.own.at(at) for at in (999, 1000, 1999, 2000)]
    assert [None, RATING] == [level.derived["river_discharge"].at(at) for at in (999, 5000)]
    assert {} == found["river_level", "2"].derived


def test_none_from_then_on_is_an_end_and_needs_something_that_ends() -> None:
    over = replace(DISCHARGE, curve=None, valid_from=2000)
    again = replace(DISCHARGE, valid_from=3000)
    course = by_series([DISCHARGE, over, again])["river_level", None].derived["river_discharge"]

    assert [(None, False), (RATING, False), (None, True), (RATING, False)] == [
        (course.at(at), course.has_ended(at)) for at in (999, 1999, 2000, 3000)
    ]
    assert ([DISCHARGE, LEVEL], [LEVEL], [again]) == (
        lasting([DISCHARGE, LEVEL]),
        lasting([over, DISCHARGE, LEVEL]),
        lasting([again, over, DISCHARGE]),
    )
    check(over, Profile("other", "", "native_json", (Measure("river_discharge"),)), [DISCHARGE])
    for others in ([], [LEVEL], [replace(DISCHARGE, channel="2")], [again]):
        with pytest.raises(Invalid, match="no calibration of 'river_discharge' holds then that could end"):
            check(over, GAUGE, others)


def test_a_period_ends_where_the_next_one_of_the_series_begins() -> None:
    later, other = replace(LEVEL, valid_from=2000), replace(LEVEL, channel="2", valid_from=1500)

    assert [(DISCHARGE, None), (LEVEL, 2000), (later, None), (other, None)] == periods([other, later, LEVEL, DISCHARGE])


WRONG: dict[str, tuple[Curve, str]] = {
    "gain": (Linear(0.0), "curve.gain: 0 would make every reading alike"),
    "infinite": (Linear(1.0, float("inf")), "curve.offset: inf"),
    "long polynomial": (Polynomial((1.0,) * 9), "curve.coefficients: are 9; allowed: 2 to 8"),
    "constant polynomial": (Polynomial((1.0, 0.0)), "curve.coefficients: would make every reading alike"),
    "short table": (Table(((0.0, 1.0),)), "curve.points: are 1; allowed: 2 to 2000"),
    "inputs that fall": (Table(((0.0, 1.0), (2.0, 2.0), (1.0, 3.0))), "curve.points, point 3: 1.0 does not come after"),
    "values that fall": (
        Table(((0.0, 1.0), (1.0, 3.0), (2.0, 2.0), (3.0, 4.0))),
        "curve.points, point 3: 2.0 after 3.0, where the table rises from end to end; allowed: values that go one way",
    ),
    "flat table": (Table(((0.0, 1.0), (1.0, 1.0))), "begin and end with the same value"),
    "no segments": (Rating(()), "curve.segments: are 0; allowed: 1 to 20"),
    "upside down": (Rating((Segment(2.0, 1.0, 1.0, 0.0, 1.5),)), "segment 1, high: 1.0 is not above low, 2.0"),
    "negative a": (Rating((Segment(1.0, 2.0, -1.0, 0.0, 1.5),)), "segment 1, a: -1.0 is out of range"),
    "z0 above low": (Rating((Segment(1.0, 2.0, 1.0, 1.5, 1.5),)), "segment 1, z0: 1.5 is above low, 1.0"),
    "too steep": (Rating((Segment(1.0, 2e6, 1.0, 0.0, 900.0),)), "segment 1, b: 900.0 makes its discharge at"),
    "a gap": (Rating((CANAL, Segment(2.6, 4.0, 12.0, 0.75, 1.66))), "segment 2, low: 2.6 is not"),
    "a jump": (Rating((CANAL, Segment(2.5, 4.0, 24.0, 0.75, 1.66))), "segment 2: at 2.5 the discharge jumps from"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_curve_that_cannot_be_is_refused_by_name(name: str) -> None:
    curve, told = WRONG[name]
    with pytest.raises(Invalid) as refused:
        check(replace(LEVEL, curve=curve), GAUGE, ())

    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"metric": "air_temperature"}, "metric: profile 'gauge' does not report 'air_temperature'; allowed: one of"),
        ({"metric": "river_discharge", "computed_from": "canal_level"}, "computed_from: profile 'gauge'"),
        ({"computed_from": "river_level"}, "computed_from: is the metric itself"),
        ({"metric": "river_level", "computed_from": "supply_volume"}, "the device reports 'river_level' itself"),
        ({"metric": "canal_volume", "computed_from": "river_level"}, "metric: canal_volume is a counter"),
        ({"metric": "canal_flow", "computed_from": "supply_volume"}, "computed_from: supply_volume is a counter"),
        ({"metric": "supply_volume", "curve": STORAGE}, "curve: supply_volume is a counter"),
    ],
)
def test_what_the_device_cannot_have_is_refused_by_name(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(replace(LEVEL, **wrong), GAUGE, ())  # type: ignore[arg-type]  # one wrong field each

    assert told in str(refused.value)


def test_a_metric_that_nobody_knows_is_unknown() -> None:
    with pytest.raises(Unknown, match="did you mean river_level"):
        check(replace(LEVEL, metric="river_levl"), GAUGE, ())


@pytest.mark.parametrize(
    "other",
    [
        replace(DISCHARGE, computed_from="canal_level"),
        replace(DISCHARGE, metric="river_level", computed_from="canal_level"),
        replace(DISCHARGE, metric="canal_flow", computed_from="river_discharge"),
    ],
)
def test_one_metric_comes_about_in_one_way_and_in_one_step(other: Calibration) -> None:
    with pytest.raises(Conflict):
        check(DISCHARGE, PROBE, [other])

    check(DISCHARGE, PROBE, [replace(other, channel="2"), replace(other, superseded_at=1), LEVEL])
