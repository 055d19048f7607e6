"""The catalogue: complete, consistent, and its two folds kept apart."""

import pytest

from insight import scores
from telemetry.catalogue.marks import MARKS
from telemetry.errors import Unknown
from telemetry.metrics import METRICS, metric
from telemetry.model import Fold, Kind
from telemetry.units import conversion

# The minimum canonical catalogue, in its order; every table, panel and profile counts on these ids.
_CANONICAL_TEXT = """
air_temperature air_relative_humidity air_pressure wind_speed wind_direction rainfall_total rainfall_interval
solar_irradiance par ground_surface_temperature reference_evapotranspiration soil_moisture_vwc_10cm
soil_moisture_vwc_20cm soil_moisture_vwc_40cm soil_relative_moisture soil_temperature soil_ec soil_ph leaf_wetness
greenhouse_co2 greenhouse_vpd irrigation_volume irrigation_valve fertilizer_applied pest_trap_count ndvi_mean vci lst
barn_temperature barn_humidity barn_thi barn_ammonia barn_hydrogen_sulfide barn_co2 animal_body_temperature
animal_activity herd_size animal_deaths feed_intake drinking_water_intake egg_production vaccination_coverage
river_level reservoir_level reservoir_storage river_discharge canal_level canal_flow canal_volume gate_opening
pump_state pump_power pump_head groundwater_depth evaporation_pan dam_seepage_flow dam_pore_pressure
water_temperature water_ph dissolved_oxygen conductivity turbidity cod_mn ammonia_nitrogen total_phosphorus
total_nitrogen fluoride nitrate_nitrogen chlorophyll_a free_chlorine supply_pressure supply_flow supply_volume
tank_level minimum_night_flow voltage_a current_a active_power reactive_power power_factor energy_import
energy_export pv_power frequency outage_state cargo_temperature cargo_humidity door_open vehicle_position
vehicle_speed traffic_count road_surface_state parcel_inbound parcel_outbound pm25 noise_level battery_level rssi
uplink_delay packet_loss broadband_coverage monitored_households
"""
CANONICAL = _CANONICAL_TEXT.split()
ADDED = {
    "groundwater_level",
    "snr",
    "cod",
    "bod5",
    "suspended_solids",
    "effluent_flow",
    "pm10",
    "flow_velocity",
    "station_voltage",
    *scores.METRICS,
}
ADDED |= {"voltage_b", "voltage_c", "current_b", "current_c"}
COUNTERS = [row for row in METRICS.values() if row.kind is Kind.COUNTER]
ACROSS = {Fold.MEAN, Fold.SUM, Fold.MIN, Fold.MAX, Fold.DIRECTION}


def test_all_canonical_metrics_are_there_in_their_order() -> None:
    assert len(CANONICAL) == 102
    assert CANONICAL == [name for name in METRICS if name not in ADDED]
    assert set(METRICS) >= ADDED


def test_no_two_rows_share_an_id_or_a_name() -> None:
    assert len(METRICS) == len(CANONICAL) + len(ADDED)
    assert len(METRICS) == len({row.name_en for row in METRICS.values()})
    assert len(METRICS) == len({row.name_zh for row in METRICS.values()})


@pytest.mark.parametrize("name", METRICS)
def test_a_row_is_found_under_its_own_id(name: str) -> None:
    assert name == metric(name).id


@pytest.mark.parametrize("name", METRICS)
def test_limits_make_sense(name: str) -> None:
    row = metric(name)

    assert row.low < row.high
    assert row.step is None or 0 < row.step <= row.high - row.low
    assert row.stuck_after_s is None or row.stuck_after_s >= 6 * 3600
    assert row.interval_s is None or row.interval_s > 0


@pytest.mark.parametrize("name", METRICS)
def test_every_unit_is_in_the_table_of_units(name: str) -> None:
    unit = metric(name).unit

    assert (1.0, 0.0) == (conversion(unit, unit).gain, conversion(unit, unit).offset)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_named_in_both_languages(name: str) -> None:
    row = metric(name)

    assert row.name_en
    assert row.name_en.isascii()
    assert any("\u4e00" <= character <= "\u9fff" for character in row.name_zh)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_says_where_its_limits_come_from(name: str) -> None:
    assert metric(name).source
    assert metric(name).domain


@pytest.mark.parametrize("name", METRICS)
def test_folds_fit_the_kind(name: str) -> None:
    row = metric(name)

    assert (row.kind is Kind.COUNTER) == (row.fold is Fold.INCREASE)
    assert (row.kind is Kind.INTERVAL_SUM) == (row.fold is Fold.SUM)
    assert row.kind is not Kind.STATE or row.fold in {Fold.LAST, Fold.MAX}
    assert row.across in ACROSS
    assert (row.fold is Fold.DIRECTION) == (row.across is Fold.DIRECTION)


@pytest.mark.parametrize("name", ["rainfall_total", "rainfall_interval", "evaporation_pan"])
def test_two_gauges_do_not_double_the_rain(name: str) -> None:
    assert metric(name).fold in {Fold.INCREASE, Fold.SUM}
    assert Fold.MEAN == metric(name).across


def test_what_separate_meters_counted_adds_up_in_a_place() -> None:
    averaged = [row.id for row in COUNTERS if row.across is not Fold.SUM]

    assert ["rainfall_total"] == averaged


def test_states_and_counters_have_no_step_and_are_never_stuck() -> None:
    resting = [row for row in METRICS.values() if row.kind in {Kind.STATE, Kind.COUNTER, Kind.INTERVAL_SUM}]

    assert [] == [row.id for row in resting if row.step is not None or row.stuck_after_s is not None]


def test_an_amount_that_grows_with_a_place_is_not_compared_as_it_stands() -> None:
    sums = [row for row in METRICS.values() if row.across is Fold.SUM]

    assert [] == [row.id for row in sums if row.comparable is not None]


def test_wind_turns_freely() -> None:
    assert metric("wind_direction").step is None
    assert Fold.DIRECTION == metric("wind_direction").fold


def test_an_unknown_metric_is_refused_with_what_was_perhaps_meant() -> None:
    with pytest.raises(Unknown, match=r"unknown metric: air_temprature .*did you mean air_temperature"):
        metric("air_temprature")


def test_an_unknown_metric_like_no_other_is_refused_without_a_guess() -> None:
    with pytest.raises(Unknown, match=r"^unknown metric: qqq$"):
        metric("qqq")


def test_marks_ascend_and_lie_within_what_is_plausible() -> None:
    for metric_id, marks in MARKS.items():
        metric = METRICS[metric_id]
        given = [marks.act_below, marks.watch_below, marks.watch_from, marks.act_from]
        known = [mark for mark in given if mark is not None]

        assert known
        assert sorted(known) == known
        assert metric.low <= known[0] <= known[-1] <= metric.high
