"""One village: its weather, water, air and supply, instrument by instrument."""

from dashboards import notes
from dashboards.panels import amounts, curves, in_all, present
from dashboards.queries import VILLAGE
from dashboards.sheet import Row, Sheet
from dashboards.variables import county, probes, town, village, window


def sheet() -> Sheet:
    return Sheet(
        title="Village 村庄",
        description="One village, instrument by instrument. 一个村庄的各项监测。",
        variables=[county(), town(), village(), probes(), window()],
        annotations=[notes.silent(VILLAGE), notes.refused()],
        rows=[_now(), _weather(), _soil_and_water(), _power_and_air()],
    )


def _now() -> Row:
    return Row(
        "Now 当前",
        [
            present("air_temperature", VILLAGE),
            in_all("rainfall_total", VILLAGE),
            present("groundwater_depth", VILLAGE),
            in_all("supply_volume", VILLAGE),
            in_all("energy_import", VILLAGE),
            present("outage_state", VILLAGE),
        ],
    )


def _weather() -> Row:
    return Row(
        "Weather 气象",
        [
            curves("air_temperature", VILLAGE),
            curves("air_relative_humidity", VILLAGE),
            amounts("rainfall_total", VILLAGE),
            curves("wind_speed", VILLAGE),
            curves("wind_direction", VILLAGE),
            curves("solar_irradiance", VILLAGE),
        ],
    )


def _soil_and_water() -> Row:
    return Row(
        "Soil and water 土壤与水",
        [
            curves("soil_moisture_vwc_20cm", VILLAGE),
            curves("groundwater_depth", VILLAGE),
            curves("canal_level", VILLAGE),
            curves("supply_pressure", VILLAGE),
            amounts("supply_volume", VILLAGE),
            curves("free_chlorine", VILLAGE),
        ],
    )


def _power_and_air() -> Row:
    return Row(
        "Power and air 用电与空气",
        [
            curves("active_power", VILLAGE),
            amounts("energy_import", VILLAGE),
            curves("pv_power", VILLAGE),
            curves("pm25", VILLAGE),
            curves("noise_level", VILLAGE),
            curves("barn_temperature", VILLAGE),
        ],
    )
