"""The regions of the sample county, from the official table and the invented places."""

import csv
from functools import cache
from importlib.resources import files
from typing import Final

from devices.county.places import PLACES, Place
from telemetry.model import Level, Region

PROVINCE: Final = "370000000000"
CITY: Final = "370500000000"
COUNTY: Final = "370522000000"
"""Lijin County."""
BENCHMARK: Final = "370502000000"
"""Dongying District, whose streets the villages are compared with."""
ABROAD: Final = "910000000000"
"""The stations of the real records. 91 is no province: it stands for abroad in Chinese identity numbers."""

_ENGLISH: Final = {
    PROVINCE: "Shandong Province",
    CITY: "Dongying City",
    COUNTY: "Lijin County",
    BENCHMARK: "Dongying District",
    "370522001000": "Lijin Subdistrict",
    "370522002000": "Fenghuangcheng Subdistrict",
    "370522101000": "Beisong Town",
    "370522102000": "Yanwo Town",
    "370522103000": "Chenzhuang Town",
    "370522104000": "Tingluo Town",
    "370522201000": "Mingji Township",
    "370522206000": "Diaokou Township",
    "370522400000": "Lijin Economic Development Zone",
    "370502001000": "Wenhui Subdistrict",
    "370502002000": "Huanghe Road Subdistrict",
    "370502003000": "Dongcheng Subdistrict",
    "370502004000": "Xindian Subdistrict",
    "370502005000": "Shengli Subdistrict",
    "370502006000": "Shengyuan Subdistrict",
    "370502102000": "Niuzhuang Town",
    "370502103000": "Liuhu Town",
    "370502104000": "Shikou Town",
    "370502105000": "Longju Town",
    "370502400000": "Dongying Trade Park",
}
# Rough, for a map; WGS84.
_CENTROIDS: Final = {COUNTY: (37.49, 118.25), BENCHMARK: (37.45, 118.60), CITY: (37.43, 118.67)}


@cache
def regions() -> tuple[Region, ...]:
    """Parents before children: the province, the city, two counties with all their towns, the sample places, abroad."""
    official = tuple(_official(row) for row in _divisions() if _taken(row))
    towns = {region.code[:9]: region.code for region in official if region.level is Level.TOWN}
    abroad = Region(ABROAD, Level.PROVINCE, "境外实测站", "Stations abroad (real records)", sample=True)
    return (*official, *(_sample(place, towns[place.code[:9]]) for place in PLACES), abroad)


def _divisions() -> list[dict[str, str]]:
    text = files("devices.records").joinpath("dongying_divisions.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _taken(row: dict[str, str]) -> bool:
    return row["code"] in (PROVINCE, CITY, COUNTY, BENCHMARK) or row["parent"] in (COUNTY, BENCHMARK)


def _official(row: dict[str, str]) -> Region:
    code = row["code"]
    latitude, longitude = _CENTROIDS.get(code, (None, None))
    return Region(
        code=code,
        level=Level(row["level"]),
        name=row["name"],
        name_en=_ENGLISH[code],
        parent=row["parent"] or None,
        latitude=latitude,
        longitude=longitude,
    )


def _sample(place: Place, town: str) -> Region:
    return Region(
        code=place.code,
        level=Level.VILLAGE,
        name=place.name,
        name_en=place.name_en,
        parent=town,
        setting=place.setting,
        urban_rural_class=place.urban_rural_class,
        latitude=place.latitude,
        longitude=place.longitude,
        population=place.population,
        households=place.households,
        sample=True,
    )
