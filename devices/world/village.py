"""What people and animals do with the weather: drinking water, the grid, sun on the roofs, barns."""

from typing import Final

import numpy as np

from devices.distribution import Daily, Walk
from devices.physics import DAY_MS, pv_output
from devices.world.cohort import Cohort, Places
from devices.world.noise import Floats, normal, salted, smooth, uniform
from devices.world.scene import Scene, Signals
from devices.world.weather import STEP_H, Weather

# Hours of the Beijing day, as shares of the daily mean.
# fmt: off
_WATER_HOURS: Final = Daily((
    0.25, 0.2, 0.2, 0.2, 0.3, 0.7, 1.6, 2.1, 1.7, 1.2, 1.0, 1.1,
    1.4, 1.1, 0.8, 0.8, 0.9, 1.3, 1.9, 2.0, 1.6, 1.2, 0.7, 0.4,
))
_LOAD_HOURS: Final = Daily((
    0.55, 0.5, 0.48, 0.47, 0.5, 0.65, 0.95, 1.15, 1.05, 0.95, 0.95, 1.1,
    1.15, 1.0, 0.9, 0.9, 1.0, 1.3, 1.7, 1.8, 1.65, 1.35, 0.95, 0.7,
))
_ANIMAL_HOURS: Final = Daily((
    0.4, 0.4, 0.4, 0.4, 0.6, 1.2, 1.7, 1.5, 1.2, 1.0, 1.0, 1.1,
    1.2, 1.1, 1.0, 1.1, 1.4, 1.7, 1.5, 1.0, 0.8, 0.6, 0.5, 0.4,
))
# fmt: on
_CHLORINE: Final = Walk(0.28, 0.62, 9 * 3600)
_OUTAGE_CHANCE: Final = {False: 0.03, True: 0.006}
"""Per day, by urban or not."""


def outages(places: Places, weather: Weather, day: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Where and when there is no power: now and then, for a quarter of an hour to two hours."""
    today = np.array([day], dtype=np.int64)
    chance = np.where(places.urban, _OUTAGE_CHANCE[True], _OUTAGE_CHANCE[False])
    hit = uniform(salted(places.keys, "outage"), today) < chance
    start = day * DAY_MS + uniform(salted(places.keys, "outage start"), today) * 0.9 * DAY_MS
    length = (0.25 + 1.75 * uniform(salted(places.keys, "outage length"), today)) / 24 * DAY_MS
    return np.asarray(hit & (weather.at >= start) & (weather.at < start + length), dtype=np.bool_)


def solar(cohort: Cohort, scene: Scene) -> Signals:
    """Inverters on roofs; they stop with the grid."""
    sky = scene.weather
    capacity = cohort.trait("capacity", 20.0, 70.0)
    power = pv_output(capacity, sky.irradiance[cohort.place], sky.temperature[cohort.place])
    power = power * ~scene.outage[cohort.place]
    scene.pv_kw[:] += cohort.summed(power, scene.places.count)
    return {"pv_power": power, "energy_export": scene.metered(cohort, "export", power, 2e5)}


def feeders(cohort: Cohort, scene: Scene) -> Signals:
    """Households by the hour and the temperature, plus pumps, minus roofs; voltage falls with what flows."""
    sky = scene.weather
    households = scene.places.households[cohort.place] * cohort.share
    cold = np.maximum(0.0, 14.0 - sky.slow_temperature) * 0.035
    hot = np.maximum(0.0, sky.temperature - 26.0) * 0.07
    hours = _LOAD_HOURS.at(cohort.keys, scene.at)
    humming = 1 + 0.08 * smooth(salted(cohort.keys, "load"), scene.at, 1800)
    load = 0.42 * households * hours * humming * (1 + (cold + hot)[cohort.place])
    on = ~scene.outage[cohort.place]
    power = (load + (scene.pump_kw - scene.pv_kw)[cohort.place] * cohort.share) * on
    per_household = power / np.maximum(households, 1.0)
    sag = cohort.trait("line", 2.0, 8.0) * per_household
    voltage = (229.0 - sag + normal(salted(cohort.keys, "volt"), scene.at) * 0.5) * on
    frequency = 50.0 + 0.015 * normal(salted(scene.places.keys[:1], "frequency"), scene.at) * np.ones_like(power)
    return {
        "voltage_a": voltage,
        # A balanced three-phase line at a power factor of 0.95.
        "current_a": np.abs(power) * 1000.0 / (3 * np.maximum(voltage, 150.0) * 0.95),
        "active_power": power,
        "energy_import": scene.metered(cohort, "import", np.maximum(power, 0.0), 9e5),
        "energy_export": scene.metered(cohort, "export", np.maximum(-power, 0.0), 2e4),
        # Nothing to measure on a dead line.
        "frequency": np.where(on, frequency, np.nan),
        "outage_state": (~on).astype(np.float64),
    }


def supplies(cohort: Cohort, scene: Scene) -> Signals:
    """Drinking water: people's hours, a night flow that is mostly leakage, a tank that the works refill."""
    people = scene.places.households[cohort.place] * cohort.share
    mean = people * np.where(scene.places.urban[cohort.place], 0.36, 0.26) / 24.0
    leak = mean * cohort.trait("leak", 0.06, 0.28)
    thirst = 1 + 0.012 * np.maximum(0.0, scene.weather.slow_temperature[cohort.place] - 15.0)
    hours = _WATER_HOURS.at(cohort.keys, scene.at) * (1 + 0.12 * smooth(cohort.keys, scene.at, 1200))
    flow = mean * hours * thirst + leak
    loss = cohort.trait("loss", 50.0, 120.0) * (flow / (2.5 * mean)) ** 2
    base = cohort.trait("pressure", 290.0, 360.0) + np.where(scene.places.urban[cohort.place], 40.0, 0.0)
    pressure = (base - loss) * np.where(scene.outage[cohort.place], 0.55, 1.0)
    signals = {
        "supply_flow": flow,
        "supply_pressure": pressure + 1.5 * normal(salted(cohort.keys, "pressure"), scene.at),
        "supply_volume": scene.metered(cohort, "volume", flow, 2e5),
        "free_chlorine": _CHLORINE.at(cohort.keys, scene.at) + np.where(scene.places.urban[cohort.place], 0.1, 0.0),
    }
    if any(measure.metric == "tank_level" for measure in cohort.profile.measures):
        signals["tank_level"] = _tank(cohort, scene, flow, mean + leak)
    return signals


def barns(cohort: Cohort, scene: Scene) -> Signals:
    """Animals heat the barn; vents open with the warmth outside and carry gases and damp away."""
    outside = scene.weather.slow_temperature[cohort.place]
    activity = _ANIMAL_HOURS.at(cohort.keys, scene.at)
    # 1 = vents wide open; from 0 Cel on they open, at 24 Cel they are.
    vents = np.clip(outside / 24.0, 0.08, 1.0)
    warmth = cohort.trait("warmth", 11.0, 15.0) * (1.05 - vents) + 1.5
    inside = outside + warmth + 0.5 * activity + 0.3 * smooth(cohort.keys, scene.at, 3600)
    heads = np.floor(cohort.trait("heads", 40.0, 160.0))
    wander = 1 + 0.15 * smooth(salted(cohort.keys, "gas"), scene.at, 7200)
    drink = heads * 42.0 / 24.0 * activity * (1 + 0.03 * np.maximum(0.0, inside - 20.0))
    return {
        "barn_temperature": inside,
        "barn_humidity": np.clip(84.0 - 24.0 * vents + 4.0 * smooth(cohort.keys, scene.at, 5400), 25.0, 99.0),
        "barn_ammonia": cohort.trait("ammonia", 9.0, 17.0) * (1.1 - vents) * wander + 1.0,
        "barn_co2": 430.0 + cohort.trait("breath", 1500.0, 2300.0) * (1.1 - vents) * (0.6 + 0.4 * activity) * wander,
        "drinking_water_intake": scene.metered(cohort, "water", drink, 5e4),
    }


def _tank(cohort: Cohort, scene: Scene, flow: Floats, mean: Floats) -> Floats:
    """Level [m] of a tank of twelve hours' use, refilled at a steady pace that leans towards 3 m; not in an outage."""
    area = mean[:, 0] * 12.0 / 3.0
    level = scene.begin("tank.level", cohort.trait("level", 2.4, 3.4)[:, 0])
    powered = ~scene.outage[cohort.place]
    levels = np.empty_like(flow)
    for node in range(flow.shape[1]):
        levels[:, node] = level
        if node < flow.shape[1] - 1:
            refill = mean[:, 0] * np.clip(1.0 + 0.8 * (3.0 - level), 0.0, 2.0) * powered[:, node]
            level = np.clip(level + (refill - flow[:, node]) * STEP_H / area, 0.0, 4.0)
    scene.stores["tank.level"] = level
    return levels
