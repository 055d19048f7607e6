"""The county: its villages on a map and in a table, and what they measure side by side."""

from dashboards import notes, own
from dashboards.panels import amounts, in_all, places, present
from dashboards.queries import PLACES
from dashboards.sheet import Row, Sheet
from dashboards.tables import places_map, places_table
from dashboards.variables import DEVICES_NAMES, PLACES_NAMES, unscheduled, window
from dashboards.variables import places as place_variables


def sheet() -> Sheet:
    return Sheet(
        title="County 县域总览",
        description="All villages of a county: map, freshness, coverage, and what they measure. 县域各村总览。",
        variables=[*place_variables(), unscheduled(), window()],
        annotations=[notes.refused()],
        rows=[_now(), _villages(), _weather_and_soil(), _water(), _power_and_air()],
    )


def _now() -> Row:
    return Row(
        "Now 当前",
        [
            own.known(PLACES_NAMES, "Villages 村庄数", f"\"level\" = 'village' AND {PLACES}"),
            own.known(DEVICES_NAMES, "Devices 设备数", PLACES),
            present("air_temperature", PLACES),
            in_all("rainfall_total", PLACES),
            in_all("supply_volume", PLACES),
            present("outage_state", PLACES),
        ],
    )


def _villages() -> Row:
    return Row("Villages 村庄", [places_map(), places_table()])


def _weather_and_soil() -> Row:
    return Row(
        "Weather and soil, by village 气象与土壤",
        [
            places("air_temperature", PLACES),
            amounts("rainfall_total", PLACES),
            places("soil_moisture_vwc_20cm", PLACES),
        ],
    )


def _water() -> Row:
    return Row(
        "Water, by village 水",
        [
            places("groundwater_depth", PLACES),
            amounts("irrigation_volume", PLACES),
            amounts("supply_volume", PLACES),
        ],
    )


def _power_and_air() -> Row:
    return Row(
        "Power and air, by village 用电与空气",
        [
            amounts("energy_import", PLACES),
            places("outage_state", PLACES),
            places("pm25", PLACES),
        ],
    )
