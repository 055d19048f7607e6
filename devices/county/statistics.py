"""What is declared of the sample places: what makes them similar, and what no sensor measures. All invented."""

from functools import cache
from typing import Final

from devices.county.places import PLACES, Place
from telemetry.model import Setting, Statistic

_YEAR: Final = 2025
_SOURCE: Final = "sample, invented"
_COAST: Final = 38.0
"""Latitude at which the river reaches the sea."""


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
        ("internet_users", round(80.0 if urban else 58 + 10 * inland, 1)),
    )
