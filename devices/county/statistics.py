"""What is declared of the sample places: what makes them similar, and what no sensor measures. All invented."""

from functools import cache
from typing import Final

from devices.county.places import PLACES, Place
from telemetry.declared_words import number
from telemetry.model import Setting, Statistic

_YEAR: Final = 2025
_SOURCE: Final = "sample, invented"
_COAST: Final = 38.0
"""Latitude at which the river reaches the sea."""
_SHORE: Final = 37.7
_BARNS: Final = 2
_FEW_PROBES: Final = 4
_SHARES: Final = {
    "production_informatisation": (22.0, 38.0),
    "traceability": (19.0, 33.0),
    "online_sales_share": (12.0, 24.0),
    "affairs_disclosure": (72.0, 91.0),
    "bright_eyes_coverage": (70.0, 92.0),
    "online_service_rate": (64.0, 88.0),
    "ecommerce_stations": (70.0, 90.0),
    "road_access": (88.0, 94.0),
    "water_assurance": (86.0, 94.0),
    "emergency_plan": (61.0, 85.0),
}
"""By statistic: about so many % in villages and in the city."""


@cache
def statistics() -> tuple[Statistic, ...]:
    """Year, source and who entered it stand with each; persons and households are in the rows of the places."""
    return tuple(
        Statistic(place.code, name, _YEAR, value, _SOURCE, "demo") for place in PLACES for name, value in _of(place)
    )


def _of(place: Place) -> tuple[tuple[str, float], ...]:
    """Towards the sea it is lower, drier and cooler."""
    inland = _COAST - place.latitude
    urban = place.setting is Setting.URBAN
    return (
        ("rain_mm", round(530 + 60 * inland)),
        ("temperature", round(12.6 + 1.2 * inland, 1)),
        ("elevation_m", round(3 + 14 * inland, 1)),
        *_words(place),
        ("internet_users", round(80.0 if urban else 58 + 10 * inland, 1)),
        *((name, _share(place, step, *bases)) for step, (name, bases) in enumerate(_SHARES.items(), 1)),
    )


def _words(place: Place) -> tuple[tuple[str, float], ...]:
    terrain = "coast" if place.latitude > _SHORE else "plain"
    counts = {profile: count for _, profile, count in place.instruments}
    crop = "forage" if counts.get("barn_node", 0) > _BARNS else "wheat-maize"
    crop = "cotton" if counts.get("soil_probe", 0) == _FEW_PROBES and crop != "forage" else crop
    told = [("terrain", terrain)] if "soil_probe" not in counts else [("terrain", terrain), ("main_crop", crop)]
    return tuple((name, number(name, word) or 0.0) for name, word in told)


def _share(place: Place, step: int, rural: float, urban: float) -> float:
    """In %; a few more or less from place to place."""
    base = urban if place.setting is Setting.URBAN else rural
    return min(100.0, base + (int(place.code[-6:]) * (2 * step + 1) % 11 - 5))
