"""The invented villages and committees, one row each, and what is measured there."""

from dataclasses import dataclass, field
from typing import Final

from telemetry.model import Setting


@dataclass(frozen=True, slots=True)
class Place:
    """A sample village or residents' committee, and its devices as (short name, profile, how many)."""

    code: str
    short: str
    """Starts the ids of most of its devices: never changes, nor does its place in the table."""
    name: str
    name_en: str
    urban_rural_class: str
    latitude: float
    longitude: float
    population: int
    households: int
    instruments: tuple[tuple[str, str, int], ...] = field(default=())

    @property
    def setting(self) -> Setting:
        """First digit of the class code: 1 = urban, 2 = rural."""
        return Setting.URBAN if self.urban_rural_class.startswith("1") else Setting.RURAL


_VILLAGE: Final = (
    ("weather", "weather_station", 1),
    ("rain", "rain_gauge", 2),
    ("soil", "soil_probe", 4),
    ("canal", "canal_gauge", 1),
    ("well", "groundwater_well", 2),
    ("water", "water_supply", 1),
    ("barn", "barn_node", 2),
    ("grid", "feeder_meter", 2),
    ("pv", "pv_inverter", 1),
)
_GRAIN: Final = (*_VILLAGE[:2], ("soil", "soil_probe", 6), *_VILLAGE[3:])
_CATTLE: Final = (*_VILLAGE[:6], ("barn", "barn_node", 4), *_VILLAGE[7:])
_TRUCK: Final = (("truck", "cold_chain_truck", 2),)
_AIR: Final = (("air", "air_quality_station", 1),)
_RESERVOIR: Final = (("reservoir", "reservoir_station", 1),)
_TOWN_CENTRE: Final = (
    ("weather", "weather_station", 1),
    ("rain", "rain_gauge", 1),
    ("water", "water_supply", 1),
    ("grid", "feeder_meter", 2),
    *_AIR,
)
_CITY: Final = (
    ("weather", "city_weather_station", 1),
    ("rain", "rain_gauge", 1),
    ("air", "air_quality_station", 2),
    ("traffic", "traffic_counter", 2),
    ("water", "district_water_meter", 2),
    ("grid", "substation_meter", 2),
    ("pv", "pv_inverter", 1),
)

# A table: code, short, name, English name, class, latitude, longitude, population, households, instruments.
# fmt: off
PLACES: Final = (
    Place("370522101001", "bs00", "北宋社区(示例)", "Beisong Community (sample)", "122",
          37.405, 118.125, 2640, 870, _TOWN_CENTRE),
    Place("370522101201", "bs01", "槐林村(示例)", "Huailin Village (sample)", "220",
          37.418, 118.137, 1180, 352, (*_GRAIN, *_AIR, *_TRUCK)),
    Place("370522101202", "bs02", "河口新村(示例)", "Hekou New Village (sample)", "220",
          37.397, 118.102, 960, 288, (*_VILLAGE, *_RESERVOIR)),
    Place("370522101203", "bs03", "枣园村(示例)", "Zaoyuan Village (sample)", "220",
          37.432, 118.093, 1420, 421, (*_GRAIN, *_TRUCK)),
    Place("370522101204", "bs04", "柳堤村(示例)", "Liudi Village (sample)", "220",
          37.381, 118.149, 760, 236, _CATTLE),
    Place("370522101205", "bs05", "麦香村(示例)", "Maixiang Village (sample)", "220",
          37.445, 118.121, 1010, 305, (*_GRAIN, *_AIR)),
    Place("370522101206", "bs06", "沙窝村(示例)", "Shawo Village (sample)", "220",
          37.370, 118.117, 640, 198, _VILLAGE),
    Place("370522102201", "yw01", "盐滩村(示例)", "Yantan Village (sample)", "220",
          37.602, 118.332, 1330, 402, (*_CATTLE, *_TRUCK, *_RESERVOIR)),
    Place("370522102202", "yw02", "羊圈村(示例)", "Yangjuan Village (sample)", "220",
          37.584, 118.361, 890, 262, _CATTLE),
    Place("370522103201", "cz01", "东沟村(示例)", "Donggou Village (sample)", "220",
          37.628, 118.447, 1120, 340, (*_VILLAGE, *_RESERVOIR)),
    Place("370522103202", "cz02", "莲塘村(示例)", "Liantang Village (sample)", "220",
          37.655, 118.472, 700, 215, _VILLAGE),
    Place("370522104201", "tl01", "棉田村(示例)", "Miantian Village (sample)", "220",
          37.702, 118.541, 980, 301, (*_GRAIN, *_TRUCK)),
    Place("370522104202", "tl02", "新淤村(示例)", "Xinyu Village (sample)", "220",
          37.731, 118.578, 560, 174, _VILLAGE),
    Place("370522201201", "mj01", "明集中心村(示例)", "Mingji Central Village (sample)", "210",
          37.482, 118.197, 1760, 540, (*_VILLAGE, *_AIR)),
    Place("370522206201", "dk01", "望海村(示例)", "Wanghai Village (sample)", "220",
          37.948, 118.623, 430, 140, _VILLAGE),
    Place("370502001001", "wh01", "文汇示例社区", "Wenhui Sample Community", "111",
          37.449, 118.512, 9800, 3600, _CITY),
    Place("370502002001", "hh01", "黄河路示例社区", "Huanghe Road Sample Community", "111",
          37.462, 118.548, 11200, 4100, _CITY),
    Place("370502003001", "dc01", "东城示例社区", "Dongcheng Sample Community", "111",
          37.441, 118.671, 12400, 4700, _CITY),
    Place("370502004001", "xd01", "辛店示例社区", "Xindian Sample Community", "111",
          37.434, 118.498, 7600, 2800, _CITY),
    Place("370502005001", "sl01", "胜利示例社区", "Shengli Sample Community", "111",
          37.470, 118.583, 10500, 3900, _CITY),
    Place("370502006001", "sy01", "胜园示例社区", "Shengyuan Sample Community", "111",
          37.428, 118.561, 6900, 2500, _CITY),
)
# fmt: on
