"""Weather stations, air, traffic and trucks: what needs no store but a meter."""

from typing import Final

import numpy as np

from devices.distribution import Clamped, Constant, Daily, Normal, Product, Sum, Switch, Uniform, Walk
from devices.world.cohort import Cohort
from devices.world.noise import Floats, smooth
from devices.world.scene import Scene, Signals
from devices.world.weather import WET_MM_H

# fmt: off
_RUSH: Final = Daily((
    0.15, 0.1, 0.08, 0.08, 0.12, 0.35, 0.9, 1.9, 1.7, 1.2, 1.1, 1.3,
    1.2, 1.1, 1.1, 1.2, 1.5, 2.1, 1.9, 1.4, 1.1, 0.8, 0.5, 0.3,
))
# fmt: on
_WORKING: Final = Daily(
    (0, 0, 0, 0, 0, 0.4, 1, 1, 1, 1, 1, 0.6, 0.6, 1, 1, 1, 1, 0.7, 0.2, 0, 0, 0, 0, 0),
)
_PM25: Final = Sum((Walk(15.0, 90.0, 30 * 3600), Walk(-6.0, 6.0, 3600)))
_NOISE: Final = Sum((Constant(36.0), Normal(0.0, 1.2), Walk(-2.0, 2.0, 1800)))
_CELL: Final = Walk(12.2, 12.9, 10 * 86_400)
_FADING: Final = Walk(-4.0, 4.0, 6 * 3600)
_UMOL_PER_J: Final = 2.02
"""Photosynthetic photons per joule of global radiation (Meek et al. 1984)."""

# A truck, as data. The door is looked at every quarter of an hour: each opening lets the warmth in.
_DOOR: Final = Switch(0.12, 900)
_CARGO: Final = Sum((Constant(3.4), Walk(-1.2, 1.2, 2400), Normal(0.0, 0.15)))
_SPEED: Final = Clamped(Product((_WORKING, Switch(0.6, 1800), Uniform(25.0, 85.0))), 0.0, 100.0)
_BATTERY: Final = Clamped(Sum((Walk(62.0, 99.0, 20 * 86_400), Normal(0.0, 0.4))), 0.0, 100.0)


def weather_stations(cohort: Cohort, scene: Scene) -> Signals:
    """The weather of the place, as its instruments see it."""
    sky = scene.weather
    signals = {
        "air_temperature": sky.temperature,
        "air_relative_humidity": sky.humidity,
        "air_pressure": sky.pressure,
        "wind_speed": sky.wind,
        "wind_direction": sky.direction,
        "solar_irradiance": sky.irradiance,
        "par": sky.irradiance * _UMOL_PER_J,
    }
    reported = {measure.metric for measure in cohort.profile.measures}
    return {metric: values[cohort.place] for metric, values in signals.items() if metric in reported}


def rain_gauges(cohort: Cohort, scene: Scene) -> Signals:
    """The rain of the place, a few percent more or less by the gauge's site."""
    rain = scene.weather.rain[cohort.place] * cohort.trait("site", 0.95, 1.05)
    return {"rainfall_total": scene.metered(cohort, "rain", rain, 1000.0)}


def air_stations(cohort: Cohort, scene: Scene) -> Signals:
    """Fine particles that stagnant air gathers and rain washes out; noise that follows the traffic."""
    sky = scene.weather
    urban = scene.places.urban[cohort.place]
    stagnant = np.clip(2.4 / (sky.wind + 0.6), 0.5, 1.8)[cohort.place]
    washed = np.where(sky.rain > WET_MM_H, 0.55, 1.0)[cohort.place]
    traffic = _RUSH.at(cohort.keys, scene.at)
    return {
        "pm25": _PM25.at(_county_keys(scene), scene.at) * stagnant * washed * np.where(urban, 1.25, 0.95),
        "noise_level": _NOISE.at(cohort.keys, scene.at) + np.where(urban, 9.0 + 5.0 * traffic, 2.0 * traffic),
    }


def traffic_counters(cohort: Cohort, scene: Scene) -> Signals:
    """Vehicles by the hour, fewer and slower in the rain."""
    wet = (scene.weather.rain > WET_MM_H)[cohort.place]
    busy = _RUSH.at(cohort.keys, scene.at) * np.where(wet, 0.8, 1.0) * (1 + 0.15 * smooth(cohort.keys, scene.at, 900))
    rate = cohort.trait("lanes", 150.0, 520.0) * busy
    return {
        "traffic_count": scene.metered(cohort, "count", rate, 1e6),
        "vehicle_speed": cohort.trait("limit", 44.0, 58.0) - 8.0 * busy - np.where(wet, 5.0, 0.0),
    }


def trucks(cohort: Cohort, scene: Scene) -> Signals:
    """A cooled hold on its rounds: composed distributions, and the weather through the open door."""
    at = scene.at
    open_door = _DOOR.at(cohort.keys, at) * (_WORKING.at(cohort.keys, at) > 0)
    outside = scene.weather.temperature[cohort.place]
    cargo = _CARGO.at(cohort.keys, at)
    return {
        "cargo_temperature": cargo + 0.25 * open_door * (outside - cargo),
        "cargo_humidity": np.clip(82.0 + 5.0 * smooth(cohort.keys, at, 5400) - 8.0 * open_door, 0.0, 100.0),
        "door_open": open_door,
        "vehicle_speed": _SPEED.at(cohort.keys, at) * (1 - open_door),
    }


def _battery(cohort: Cohort, scene: Scene) -> Floats:
    return _BATTERY.at(cohort.keys, scene.at)


def _voltage(cohort: Cohort, scene: Scene) -> Floats:
    """Of a lead battery under a small solar panel: up to the charger's limit by day."""
    return _CELL.at(cohort.keys, scene.at) + np.clip(scene.weather.irradiance[cohort.place] / 400.0, 0.0, 1.0)


def _rssi(cohort: Cohort, scene: Scene) -> Floats:
    """At the nearest gateway: by its distance, and a little by the day."""
    return cohort.trait("path", -112.0, -82.0) + _FADING.at(cohort.keys, scene.at)


def _snr(cohort: Cohort, scene: Scene) -> Floats:
    """Good where the signal is strong, and never better than the receiver shows."""
    return np.clip(9.0 + 0.5 * (_rssi(cohort, scene) + 95.0), -15.0, 11.0)


OF_DEVICES: Final = {"battery_level": _battery, "station_voltage": _voltage, "rssi": _rssi, "snr": _snr}
"""Metric -> what any device may say of itself."""


def _county_keys(scene: Scene) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
    """One key for all: haze lies over the whole county."""
    return scene.places.keys[:1]
