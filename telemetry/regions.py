"""The rules of the 12-digit statistical division codes and of the urban-rural class.

Pure: no clock, no network, no store. Source: GB/T 2260 (province, prefecture, county) with the statistical division
and urban-rural class codes of the National Bureau of Statistics. A code has no check digit, and its zeros tell neither
its level nor its parent, which stand in the division table: there are counties under direct administration, and
cities without counties.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from telemetry.errors import Invalid
from telemetry.model import Level, Region, Setting

CLASSES: Mapping[str, str] = MappingProxyType(
    {
        "111": "main city",
        "112": "urban-rural fringe",
        "121": "town centre",
        "122": "town-rural fringe",
        "123": "special area",
        "210": "township centre",
        "220": "village",
    }
)
"""The urban-rural class codes; the first digit tells urban (1) from rural (2)."""

DEPTH: Mapping[Level, int] = MappingProxyType({level: depth for depth, level in enumerate(Level)})
"""0 = province; a parent's depth is smaller than its child's, by one or more."""

_CODE = re.compile(r"[1-9][0-9]{11}")
_PREFIX = re.compile(r"[1-9][0-9]{1,11}")


def is_code(text: str) -> bool:
    """Whether the text is a whole 12-digit code."""
    return _CODE.fullmatch(text) is not None


def padded(code: str) -> str:
    """The 12-digit code that a shorter one stands for: `370522101` is `370522101000`. Raise `Invalid` for others."""
    if _PREFIX.fullmatch(code) is None:
        raise Invalid("region", f"{code!r} is no division code", "2 to 12 digits, the first of them not 0")
    return code.ljust(12, "0")


def setting_of(urban_rural_class: str) -> Setting:
    """Urban or rural, by the first digit of the class; a place's name does not tell. Raise `Invalid` if unknown."""
    if urban_rural_class not in CLASSES:
        raise Invalid("urban-rural class", f"{urban_rural_class!r} is unknown", ", ".join(CLASSES))
    return Setting.URBAN if urban_rural_class.startswith("1") else Setting.RURAL


def checked(region: Region) -> Region:
    """The region with its setting filled in from its class, or `Invalid` naming the region and the field.

    A village's setting comes from its class alone. Above village level there is no class, and a setting may be
    declared.
    """
    where = f"region {region.code!r}"
    if not is_code(region.code):
        raise Invalid(f"{where}, code", "not a division code", "12 digits, the first of them not 0")
    if region.parent is not None and not is_code(region.parent):
        raise Invalid(f"{where}, parent", f"{region.parent!r} is not a division code", "12 digits, or none at the top")
    return replace(region, level=Level(region.level), setting=_setting(region, where))


def below(child: Level, parent: Level) -> bool:
    """Whether a region of one level may hang under one of the other: levels may be skipped, never turned round."""
    return DEPTH[child] > DEPTH[parent]


def _setting(region: Region, where: str) -> Setting | None:
    if region.urban_rural_class is None:
        if region.level == Level.VILLAGE and region.setting is not None:
            raise Invalid(
                f"{where}, setting", "a village's comes from its class, and none is given", ", ".join(CLASSES)
            )
        return region.setting
    if region.level != Level.VILLAGE:
        raise Invalid(f"{where}, urban_rural_class", f"a {region.level} has none", "none above village level")
    if region.urban_rural_class not in CLASSES:
        raise Invalid(f"{where}, urban_rural_class", f"{region.urban_rural_class!r} is unknown", ", ".join(CLASSES))
    setting = setting_of(region.urban_rural_class)
    if region.setting not in (None, setting):
        raise Invalid(
            f"{where}, setting", f"{region.setting} contradicts the class {region.urban_rural_class}", setting
        )
    return setting
