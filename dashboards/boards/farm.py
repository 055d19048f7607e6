"""Farm and soil: what the crop stands in, drinks and sees."""

from dashboards import notes
from dashboards.panels import amounts, curves, in_all, places, present, states
from dashboards.queries import DEVICES, PLACES
from dashboards.sheet import Row, Sheet
from dashboards.variables import device, window
from dashboards.variables import places as place_variables


def sheet() -> Sheet:
    return Sheet(
        title="Farm and soil 农田与土壤",
        description="Soil moisture, temperature and salt, weather and irrigation. 墒情、气象与灌溉。",
        variables=[*place_variables(), device(), window()],
        annotations=[notes.silent(DEVICES)],
        rows=[_now(), _soil(), _weather(), _irrigation()],
    )


def _now() -> Row:
    return Row(
        "Now 当前",
        [
            present("soil_moisture_vwc_10cm", DEVICES),
            present("soil_moisture_vwc_20cm", DEVICES),
            present("soil_moisture_vwc_40cm", DEVICES),
            present("soil_temperature", DEVICES),
            in_all("rainfall_total", DEVICES),
            in_all("irrigation_volume", DEVICES),
        ],
    )


def _soil() -> Row:
    return Row(
        "Soil, by probe 土壤",
        [
            curves("soil_moisture_vwc_10cm", DEVICES),
            curves("soil_moisture_vwc_20cm", DEVICES),
            curves("soil_moisture_vwc_40cm", DEVICES),
            curves("soil_temperature", DEVICES),
            curves("soil_ec", DEVICES),
            places("soil_moisture_vwc_20cm", PLACES),
        ],
    )


def _weather() -> Row:
    return Row(
        "Weather 气象",
        [
            curves("air_temperature", DEVICES),
            curves("air_relative_humidity", DEVICES),
            amounts("rainfall_total", DEVICES),
            curves("solar_irradiance", DEVICES),
            curves("par", DEVICES),
            curves("wind_speed", DEVICES),
        ],
    )


def _irrigation() -> Row:
    return Row(
        "Irrigation 灌溉",
        [
            amounts("irrigation_volume", DEVICES),
            curves("pump_power", DEVICES),
            curves("groundwater_depth", DEVICES),
            states("pump_state", DEVICES, ("off 停", "runs 运行")),
        ],
    )
