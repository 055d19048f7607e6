"""One weather over the county, with its local differences: a function of (seed, instant) alone."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from devices.physics import (
    DAY_MS,
    HOUR_MS,
    clear_sky_irradiance,
    cloud_transmission,
    day_of_year,
    lagged,
    relative_humidity,
    sun_height,
)
from devices.world.cohort import Places
from devices.world.noise import Floats, Instants, Keys, key, salted, smooth, uniform

STEP_MS: Final = 600_000
STEP_H: Final = STEP_MS / HOUR_MS
STEPS: Final = DAY_MS // STEP_MS
"""Per day; a day has one node more, its end."""
BEIJING_MS: Final = 8 * HOUR_MS
WET_MM_H: Final = 0.2
"""Rain from which roads are wet and the air is washed."""

_BLOCK_MS: Final = 6 * HOUR_MS
_LONGEST_RAIN_BLOCKS: Final = 2
_COLDEST_DAY: Final = 18
_YEAR_MEAN: Final = 13.2
_YEAR_AMPLITUDE: Final = 15.0
"""Of the air temperature of Dongying [Cel]; default, unverified."""
_SUN_MEMORY: Final = STEPS // 4
_WALL_MEMORY: Final = STEPS - _SUN_MEMORY
"""Nodes that the air remembers the sun, and walls and water the air: together the day before."""
_GROUND_LAG_STEPS: Final = 15.0
_WALL_LAG_STEPS: Final = 36.0


@dataclass(frozen=True, slots=True)
class Weather:
    """One UTC day; rows are places, columns the day's nodes, both ends included."""

    at: Instants
    """Milliseconds UTC, one row."""
    hour: Floats
    """Of the Beijing day, [0, 24), one row."""
    temperature: Floats
    slow_temperature: Floats
    """Of the air over the last 24 hours: what walls, water and the upper soil follow [Cel]."""
    humidity: Floats
    pressure: Floats
    wind: Floats
    direction: Floats
    irradiance: Floats
    rain: Floats
    """mm/h."""


def weather(seed: int, places: Places, day: int) -> Weather:
    """The weather of the day that begins `day` days after 1970-01-01T00:00Z."""
    nodes = np.arange(-STEPS, STEPS + 1, dtype=np.int64)[None, :] * STEP_MS + day * DAY_MS
    county = np.array([[key(seed, "weather")]], dtype=np.uint64)
    rain = rainfall(county, places, nodes)
    sky = _irradiance(county, places, nodes, rain)
    season = _season(county, nodes)
    # The day before serves the memories only.
    sun = lagged(sky, _SUN_MEMORY, _GROUND_LAG_STEPS)
    air = _air_temperature(places, season[:, _SUN_MEMORY:], sun, nodes[:, _SUN_MEMORY:])
    at = nodes[:, STEPS:]
    temperature = air[:, _WALL_MEMORY:]
    return Weather(
        at=at,
        hour=((at + BEIJING_MS) % DAY_MS) / HOUR_MS,
        temperature=temperature,
        slow_temperature=lagged(air, _WALL_MEMORY, _WALL_LAG_STEPS),
        humidity=_humidity(county, season[:, STEPS:], temperature, rain[:, STEPS:], at),
        pressure=_pressure(county, places, at),
        wind=_wind(county, places, at, sun[:, _WALL_MEMORY:]),
        direction=_direction(county, places, at),
        irradiance=sky[:, STEPS:],
        rain=rain[:, STEPS:],
    )


def rainfall(county: Keys, places: Places, at: Instants) -> Floats:
    """Rain [mm/h] of the events that began within the last 12 hours; none lasts longer."""
    total = np.zeros((places.count, at.shape[1]))
    first = int(at.min()) // _BLOCK_MS - _LONGEST_RAIN_BLOCKS
    for block in range(first, int(at.max()) // _BLOCK_MS + 1):
        total += _shower(county, places, block, at)
    return total


def _shower(county: Keys, places: Places, block: int, at: Instants) -> Floats:
    """The event of one six-hour block, if it has one: a hump over 1 to 8 hours, deeper in some places."""
    chance, offset, length, depth, angle = (
        uniform(salted(county, name), np.array([block], dtype=np.int64)).item()
        for name in ("chance", "offset", "length", "depth", "angle")
    )
    summer = 0.5 - 0.5 * np.cos(2 * np.pi * (block * _BLOCK_MS / DAY_MS - _COLDEST_DAY) / 365.2425)
    if chance > 0.02 + 0.085 * summer:
        return np.zeros((1, 1))
    begin = (block + offset) * _BLOCK_MS
    duration_h = 1.0 + 7.0 * length
    depth_mm = -np.log(1.0 - depth) * (2.5 + 10.5 * summer) + 0.5
    phase = np.clip((at - begin) / (duration_h * HOUR_MS), 0.0, 1.0)
    # A broad pattern over the county, so that neighbours see much the same, and a little luck for each.
    pattern = np.sin(9.0 * (places.latitude * np.cos(7 * angle) + places.longitude * np.sin(7 * angle)))
    luck = uniform(salted(places.keys, "luck"), np.array([block], dtype=np.int64))
    local = 1.0 + 0.35 * pattern + 0.4 * (luck - 0.5)
    return np.asarray(local * depth_mm / duration_h * 2.0 * np.sin(np.pi * phase) ** 2, dtype=np.float64)


def _irradiance(county: Keys, places: Places, at: Instants, rain: Floats) -> Floats:
    cover = 0.42 + 0.42 * smooth(salted(county, "cloud"), at, 20 * 3600) + 0.25 * smooth(places.keys, at, 2 * 3600)
    cover = np.clip(np.maximum(cover, np.where(rain > 0, 0.97, 0.0)), 0.0, 1.0)
    clear = clear_sky_irradiance(sun_height(at, places.latitude, places.longitude))
    return clear * cloud_transmission(cover)


def _season(county: Keys, at: Instants) -> Floats:
    """What the air would be on average that day: the year's course and the passing air masses [Cel]."""
    year = _YEAR_MEAN - _YEAR_AMPLITUDE * np.cos(2 * np.pi * (day_of_year(at) - _COLDEST_DAY) / 365.2425)
    return year + 4.5 * smooth(salted(county, "air mass"), at, 3.5 * 86_400)


def _air_temperature(places: Places, season: Floats, sun: Floats, at: Instants) -> Floats:
    """The season, warmed by the sun of the last hours; the city is a little warmer."""
    local = 0.4 * smooth(salted(places.keys, "site"), at, 30 * 86_400) + 0.3 * smooth(places.keys, at, 3 * 3600)
    heat_island = np.where(places.urban, 1.2, 0.0)
    return season - 3.2 + sun * 0.021 + local + heat_island


def _humidity(county: Keys, season: Floats, temperature: Floats, rain: Floats, at: Instants) -> Floats:
    spread = 6.5 + 3.5 * smooth(salted(county, "dryness"), at, 1.5 * 86_400)
    wet = np.clip(rain / 0.5, 0.0, 1.0)
    dew_point = np.minimum(season - spread, temperature)
    return np.clip(relative_humidity(temperature, dew_point) * (1 - wet) + 96.0 * wet, 12.0, 100.0)


def _pressure(county: Keys, places: Places, at: Instants) -> Floats:
    year = 1015.5 + 11.0 * np.cos(2 * np.pi * (day_of_year(at) - _COLDEST_DAY) / 365.2425)
    masses = 6.0 * smooth(salted(county, "pressure"), at, 2.5 * 86_400)
    return year + masses + 0.8 * uniform(salted(places.keys, "altitude"), np.zeros(1, dtype=np.int64))


def _wind(county: Keys, places: Places, at: Instants, sun: Floats) -> Floats:
    breeze = 2.6 + 1.9 * smooth(salted(county, "wind"), at, 12 * 3600) + 0.0035 * sun
    gusts = 1.0 + 0.3 * smooth(salted(places.keys, "gust"), at, 1200)
    return np.maximum(0.2, breeze * gusts * np.where(places.urban, 0.75, 1.0))


def _direction(county: Keys, places: Places, at: Instants) -> Floats:
    east = smooth(salted(county, "east"), at, 18 * 3600) + 0.15 * smooth(salted(places.keys, "east"), at, 1800)
    north = smooth(salted(county, "north"), at, 18 * 3600) + 0.15 * smooth(salted(places.keys, "north"), at, 1800)
    return np.degrees(np.arctan2(east, north)) % 360.0
