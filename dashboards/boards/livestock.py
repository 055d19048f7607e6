"""The livestock barn: heat, gases and what the animals drink."""

from dashboards import notes
from dashboards.panels import amounts, curves, in_all, places, present
from dashboards.queries import DEVICES, PLACES
from dashboards.sheet import Row, Sheet
from dashboards.variables import device, window
from dashboards.variables import places as place_variables


def sheet() -> Sheet:
    return Sheet(
        title="Livestock barn 畜禽舍",
        description="Climate and gases in the barns, and what the animals drink. 畜禽舍环境与饮水。",
        variables=[*place_variables(), device(), window()],
        annotations=[notes.silent(DEVICES)],
        rows=[_now(), _climate(), _gases(), _animals()],
    )


def _now() -> Row:
    return Row(
        "Now 当前",
        [
            present("barn_temperature", DEVICES),
            present("barn_humidity", DEVICES),
            present("barn_thi", DEVICES),
            present("barn_ammonia", DEVICES),
            present("barn_co2", DEVICES),
            in_all("drinking_water_intake", DEVICES),
        ],
    )


def _climate() -> Row:
    return Row(
        "Climate 环境",
        [
            curves("barn_temperature", DEVICES),
            curves("barn_humidity", DEVICES),
            curves("barn_thi", DEVICES),
        ],
    )


def _gases() -> Row:
    return Row(
        "Gases 气体",
        [
            curves("barn_ammonia", DEVICES),
            curves("barn_co2", DEVICES),
            curves("barn_hydrogen_sulfide", DEVICES),
        ],
    )


def _animals() -> Row:
    return Row(
        "Animals, by village 动物",
        [
            amounts("drinking_water_intake", PLACES),
            places("barn_ammonia", PLACES),
            places("barn_temperature", PLACES),
        ],
    )
