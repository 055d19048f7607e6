"""Device models as data: how each one speaks, what it reports, how often, and what it knows better than the catalogue.

The simulator reports all measures of a profile in one message, every interval.
"""

from dataclasses import replace
from functools import cache
from typing import Final

from telemetry.model import Measure, Profile

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_DAY: Final = 86_400.0

_FROZEN_AFTER: Final = 6 * _HOUR
"""These instruments never show the same digits that long, unless they hang."""

RAIN_GAUGE_ROLLOVER_MM: Final = 1000.0


def _profile(
    profile_id: str, name: str, interval_s: float, *measures: Measure | str, codec: str = "native_json"
) -> Profile:
    rows = (Measure(row) if isinstance(row, str) else row for row in measures)
    return Profile(profile_id, name, codec, tuple(replace(row, interval_s=interval_s) for row in rows))


def _lively(metric: str) -> Measure:
    """A measure whose last digit is always on the move."""
    return Measure(metric, stuck_after_s=_FROZEN_AFTER)


_FARM: Final = (
    _profile(
        "weather_station",
        "Automatic weather station",
        20 * _MINUTE,
        _lively("air_temperature"),
        "air_relative_humidity",
        _lively("air_pressure"),
        "wind_speed",
        "wind_direction",
        "solar_irradiance",
        "par",
    ),
    _profile(
        "rain_gauge",
        "Village rain gauge, 0.2 mm tipping bucket",
        15 * _MINUTE,
        Measure("rainfall_total", rollover_at=RAIN_GAUGE_ROLLOVER_MM),
        "battery_level",
    ),
    _profile(
        "soil_probe",
        "Soil probe at 10, 20 and 40 cm",
        60 * _MINUTE,
        "soil_moisture_vwc_10cm",
        "soil_moisture_vwc_20cm",
        "soil_moisture_vwc_40cm",
        "soil_temperature",
        "soil_ec",
        "battery_level",
        codec="senml_cbor",
    ),
    _profile(
        "barn_node",
        "Barn climate node",
        30 * _MINUTE,
        _lively("barn_temperature"),
        _lively("barn_humidity"),
        "barn_ammonia",
        _lively("barn_co2"),
        "drinking_water_intake",
        codec="senml_json",
    ),
)

_WATER: Final = (
    _profile(
        "canal_gauge",
        "Canal gauge with gate",
        30 * _MINUTE,
        "canal_level",
        "canal_flow",
        "canal_volume",
        "gate_opening",
        "water_temperature",
    ),
    _profile(
        "reservoir_station",
        "Reservoir station",
        15 * _MINUTE,
        "reservoir_level",
        "reservoir_storage",
        "water_temperature",
        codec="senml_json",
    ),
    _profile(
        "groundwater_well",
        "Groundwater well with pump",
        20 * _MINUTE,
        _lively("groundwater_depth"),
        "pump_state",
        "pump_power",
        "irrigation_volume",
    ),
    _profile(
        "water_supply",
        "Village drinking-water supply",
        20 * _MINUTE,
        "supply_flow",
        _lively("supply_pressure"),
        "supply_volume",
        "free_chlorine",
        "tank_level",
    ),
    _profile(
        "district_water_meter",
        "City district water meter",
        20 * _MINUTE,
        "supply_flow",
        _lively("supply_pressure"),
        "supply_volume",
        "free_chlorine",
    ),
)

_GRID: Final = (
    _profile(
        "feeder_meter",
        "Village grid feeder meter",
        30 * _MINUTE,
        _lively("voltage_a"),
        "current_a",
        "active_power",
        "energy_import",
        "energy_export",
        _lively("frequency"),
        "outage_state",
    ),
    _profile(
        "substation_meter",
        "City substation meter",
        30 * _MINUTE,
        _lively("voltage_a"),
        "current_a",
        "active_power",
        "energy_import",
        "energy_export",
        _lively("frequency"),
        "outage_state",
    ),
    _profile("pv_inverter", "Photovoltaic inverter", 15 * _MINUTE, "pv_power", "energy_export"),
)

_TOWN: Final = (
    _profile(
        "city_weather_station",
        "City weather station",
        20 * _MINUTE,
        _lively("air_temperature"),
        "air_relative_humidity",
        _lively("air_pressure"),
        "wind_speed",
        "wind_direction",
        "solar_irradiance",
    ),
    _profile("air_quality_station", "Air-quality station", 15 * _MINUTE, "pm25", _lively("noise_level")),
    _profile("traffic_counter", "Traffic counter", 10 * _MINUTE, "traffic_count", "vehicle_speed"),
    _profile(
        "cold_chain_truck",
        "Cold-chain truck",
        15 * _MINUTE,
        _lively("cargo_temperature"),
        _lively("cargo_humidity"),
        "door_open",
        "vehicle_speed",
    ),
)

_RECORDS: Final = (
    Profile(
        "surfrad_station",
        "SURFRAD radiation and weather station",
        "native_json",
        tuple(
            # The digits of a clear night rest for long: no stuck limit below a day.
            replace(measure, interval_s=_MINUTE, stuck_after_s=measure.stuck_after_s or _DAY)
            for measure in (
                Measure("air_temperature"),
                Measure("air_relative_humidity"),
                Measure("wind_speed"),
                Measure("wind_direction"),
                Measure("air_pressure"),
                # A pyranometer under a clear night sky shows less than nothing: its thermal offset.
                Measure("solar_irradiance", low=-10.0),
            )
        ),
    ),
    Profile(
        "knmi_rain_gauge",
        "KNMI rain gauge, hourly, stamped with the end of the hour",
        "native_json",
        (Measure("rainfall_interval", interval_s=_HOUR),),
    ),
    Profile(
        "monitoring_well",
        "Groundwater monitoring well",
        "native_json",
        (Measure("groundwater_level", interval_s=3 * _HOUR),),
    ),
)

_PROBE: Final = Profile("probe", "Probe that accepts every catalogued metric", "native_json", (), open=True)


@cache
def profiles() -> tuple[Profile, ...]:
    """All device models of the demonstration, simulated and real."""
    return (*_FARM, *_WATER, *_GRID, *_TOWN, *_RECORDS, _PROBE)
