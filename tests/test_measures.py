"""Comparable measures: the table against the catalogue, and each normaliser by hand."""

import math

import pytest

from insight.declared import Place
from insight.figures import DECLARED
from insight.measures import COMPARABLES, EVERY_METRIC, Normaliser, comparable
from insight.measures.comparable import window_of
from insight.measures.parts import parts
from telemetry.errors import Invalid, Unknown
from telemetry.metrics import METRICS
from telemetry.model import Better, Fold
from telemetry.series import Folded
from telemetry.window import parse
from tests.evidence import VILLAGE, ZONE, folded


def value(measure: str, *evidence: Folded, place: Place = VILLAGE) -> float:
    """Of the place; NaN = there is nothing to divide by."""
    found = parts(comparable(measure), {one.metric.id: one for one in evidence}, place).value
    return math.nan if found is None else found


@pytest.mark.parametrize("name", COMPARABLES)
def test_a_measure_is_made_of_what_the_catalogue_has(name: str) -> None:
    row = comparable(name)

    assert set() == {*row.metrics, *row.divided_by, *(limit.metric for limit in row.limits)} - set(METRICS)
    assert row.metrics or row.metrics == EVERY_METRIC


@pytest.mark.parametrize("name", COMPARABLES)
def test_a_measure_points_one_way_and_says_what_it_is(name: str) -> None:
    row = comparable(name)

    assert row.better in {Better.HIGHER, Better.LOWER}
    assert row.unit
    assert row.source
    assert row.name_en.isascii()
    assert any("\u4e00" <= character <= "\u9fff" for character in row.name_zh)
    assert row.formula.startswith("(1.")
    assert str(parse(row.every, ZONE)) == row.every


@pytest.mark.parametrize(
    ("every", "slowest_s", "expected"),
    [
        ("1h", 60, "1h"),
        ("1h", None, "1h"),
        ("1d", 60, "1d"),
        ("1h", 3601, "2h"),
        ("1h", 86_400, "1d"),
        ("1h", 1e9, "1y"),
    ],
)
def test_in_each_bucket_every_device_is_due(every: str, slowest_s: float | None, expected: str) -> None:
    assert expected == window_of(every, slowest_s)


@pytest.mark.parametrize("name", COMPARABLES)
def test_a_bucket_is_no_shorter_than_the_usual_interval(name: str) -> None:
    row = comparable(name)
    slowest = max((METRICS[metric].interval_s or 0.0 for metric in row.metrics[:1] + row.divided_by), default=0.0)

    assert row.every == window_of(row.every, slowest)


def test_what_is_asked_of_the_store() -> None:
    assert (("outage_state", Fold.MEAN),) == comparable("outage_minutes").asked()
    assert (("irrigation_volume", None), ("rainfall_total", None), ("rainfall_interval", None)) == comparable(
        "irrigation_per_rain"
    ).asked()
    assert () == comparable("silent_minutes").asked()


def test_no_two_measures_share_a_name() -> None:
    assert len(COMPARABLES) == len({row.name_en for row in COMPARABLES.values()})
    assert len(COMPARABLES) == len({row.name_zh for row in COMPARABLES.values()})


def test_every_metric_that_points_a_way_is_a_measure() -> None:
    pointing = {row.id for row in METRICS.values() if row.comparable in {Better.HIGHER, Better.LOWER}}

    assert set() == pointing - set(COMPARABLES)


def test_what_no_source_confirms_says_so() -> None:
    assert comparable("voltage_in_band").verified
    assert not comparable("polluted_air_hours").verified
    assert not comparable("water_samples_met").verified


def test_every_way_to_normalise_is_used() -> None:
    assert set(Normaliser) == {row.normaliser for row in (*COMPARABLES.values(), *DECLARED.values())}


def test_an_unknown_measure_is_refused_with_what_was_perhaps_meant() -> None:
    with pytest.raises(Unknown, match=r"unknown measure: voltage_in_bend .*did you mean voltage_in_band"):
        comparable("voltage_in_bend")


def test_as_measured_is_the_mean_over_time_of_the_mean_over_devices() -> None:
    assert 25.0 == value("pm25", folded("pm25", {"a": [10, 40, None], "b": [20, None, 20]}))


def test_drinking_water_per_person() -> None:
    """118 m3 in two days for 1 180 persons: 50 L a day."""
    assert pytest.approx(50) == value("drinking_water_per_person", folded("supply_volume", {"meter": [59 / 24] * 48}))


def test_a_meter_counts_through_a_gap() -> None:
    """What it counted while it was silent stands in the next reading: the hours of the gap are measured time."""
    gap: list[float | None] = [2.0, None, None, 6.0]

    assert pytest.approx(8 * 1000 / (1180 * 4 / 24)) == value(
        "drinking_water_per_person", folded("supply_volume", {"meter": gap})
    )


def test_two_meters_add_up() -> None:
    both = folded("energy_import", {"a": [100.0] * 24, "b": [76.0] * 24})

    assert pytest.approx(24 * 176 / 352) == value("electricity_per_household", both)


def test_irrigation_per_mu() -> None:
    assert pytest.approx(0.24) == value("irrigation_per_mu", folded("irrigation_volume", {"pump": [24.0] * 24}))


def test_irrigation_per_mm_of_rain() -> None:
    """8 000 m3 on 2 400 mu are 5 mm; two gauges that saw 9 and 11 mm saw 10 mm of rain, not 20."""
    water = folded("irrigation_volume", {"pump": [8000.0, 0.0]}, hours=24)
    rain = folded("rainfall_total", {"east": [9.0, 0.0], "west": [11.0, 0.0]}, hours=24)

    assert pytest.approx(0.5) == value("irrigation_per_rain", water, rain)


def test_without_rain_there_is_nothing_to_divide_by() -> None:
    water = folded("irrigation_volume", {"pump": [8000.0, 0.0]}, hours=24)

    assert math.isnan(value("irrigation_per_rain", water, folded("rainfall_total", {"east": [0.0, 0.0]}, hours=24)))
    assert math.isnan(value("irrigation_per_rain", water))


def test_another_gauge_will_do() -> None:
    water = folded("irrigation_volume", {"pump": [8000.0]}, hours=24)

    assert pytest.approx(0.5) == value(
        "irrigation_per_rain", water, folded("rainfall_interval", {"east": [10.0]}, hours=24)
    )


def test_electricity_per_degree_day() -> None:
    """8 degrees below 18, then 4 above 26, then mild: 12 degree days.

    The day without a temperature takes no part, nor does the cold one after the meter's last word; what the meter
    counted while it was silent stands in its next reading.
    """
    energy = folded("energy_import", {"meter": [352.0, None, 704.0, 9999.0, None]}, hours=24)
    air = folded("air_temperature", {"roof": [10.0, 30.0, 20.0, None, -20.0]}, hours=24)

    assert pytest.approx(3 / 12) == value("electricity_per_degree_day", energy, air)


def test_voltage_is_in_its_band_with_the_bounds_inside() -> None:
    """196 V is -10.9 %, 198.0 V -10 %, 235.4 V +7 %."""
    assert 75.0 == value("voltage_in_band", folded("voltage_a", {"meter": [196.0, 198.0, 235.4, 220.0]}))


def test_a_day_with_eight_hours_without_water_has_failed() -> None:
    """Day one lacks pressure for 8 hours, day two for 7, of day three nothing is known."""
    hours: list[float | None] = [*[10.0] * 8, *[200.0] * 16, *[10.0] * 7, *[200.0] * 17, *[None] * 24]

    assert pytest.approx(50) == value("water_assured_days", folded("supply_pressure", {"works": hours}))


def test_hours_of_polluted_air() -> None:
    assert 25.0 == value("polluted_air_hours", folded("pm25", {"a": [75.0, 75.1, 10.0, None, 20.0]}))


def test_outage_minutes_per_household_and_year() -> None:
    """Half an hour without power for 300 of 400 households in ten days."""
    states = {"big": [0.5] + [0.0] * 239, "small": [0.0] * 240}
    place = Place("370522101201", served={"big": 300, "small": 100})

    assert pytest.approx(30 * 0.75 * 36.5) == value("outage_minutes", folded("outage_state", states), place=place)


def test_supply_points_of_unknown_size_count_the_same() -> None:
    states = {"a": [1.0, 0.0], "b": [0.0, 0.0]}

    assert pytest.approx(0.25 * 60 * 8760) == value("outage_minutes", folded("outage_state", states))


WATER: dict[str, dict[str, list[float | None]]] = {
    "free_chlorine": {"works": [0.3, 0.3, 0.01, 0.3]},
    "turbidity": {"works": [0.5, 2.4, 0.5, None], "river": [90.0, 90.0, 90.0, 90.0]},
}


@pytest.mark.parametrize(
    ("measure", "expected"), [("water_samples_met", 50.0), ("water_samples_met_small_supply", 75.0)]
)
def test_2_4_ntu_fails_in_a_city_and_passes_in_a_small_supply_with_a_note(measure: str, expected: float) -> None:
    """And the river, where nobody measures chlorine, is no drinking water."""
    found = value(measure, *(folded(name, lines) for name, lines in WATER.items()))

    assert expected == found
    assert not comparable(measure).verified


@pytest.mark.parametrize(
    ("oxygen", "ph", "expected"),
    [(5.6, 7.8, 100.0), (1.9, 7.8, 0.0), (5.6, 9.2, 0.0)],
)
def test_the_worst_quantity_decides_on_the_class_of_a_river(oxygen: float, ph: float, expected: float) -> None:
    said = {
        "dissolved_oxygen": oxygen,
        "cod_mn": 4.1,
        "ammonia_nitrogen": 0.4,
        "total_phosphorus": 0.18,
        "water_ph": ph,
    }

    assert expected == value("surface_water_met", *(folded(name, {"river": [number]}) for name, number in said.items()))


def test_completeness_counts_every_series_the_same() -> None:
    air, wind = (
        folded("air_temperature", {"a": [1.0, None, 1.0, 1.0]}),
        folded("wind_speed", {"a": [1.0, None, None, None]}),
    )

    assert pytest.approx(50) == value("data_completeness", air, wind)


def test_a_place_is_silent_when_nobody_speaks() -> None:
    air, wind = (
        folded("air_temperature", {"a": [1.0, None, None, 1.0]}),
        folded("wind_speed", {"b": [None, 1.0, None, None]}),
    )

    assert pytest.approx(60 / (4 / 24)) == value("silent_minutes", air, wind)


def test_who_speaks_once_a_day_does_not_make_a_place_silent() -> None:
    daily = folded("soil_ph", {"b": [1.0, None, None, None]}, per_bucket=0)
    air = folded("air_temperature", {"a": [1.0, 1.0, 1.0, 1.0]})

    assert pytest.approx(0) == value("silent_minutes", air, daily)


def test_a_day_is_an_entry() -> None:
    found = parts(comparable("pm25"), {"pm25": folded("pm25", {"a": [10.0] * 24 + [20.0] * 12})}, VILLAGE)

    assert (10.0, 20.0) == found.days
    assert (24.0, 12.0) == found.under


def test_different_buckets_are_refused() -> None:
    evidence = {
        "irrigation_volume": folded("irrigation_volume", {"pump": [1.0]}, hours=24),
        "rainfall_total": folded("rainfall_total", {"east": [1.0] * 24}),
    }
    with pytest.raises(Invalid, match="different buckets"):
        parts(comparable("irrigation_per_rain"), evidence, VILLAGE)
