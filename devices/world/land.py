"""Soil, wells, canals and reservoirs: where the rain goes and what irrigation takes."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from devices.physics import DAY_MS, HOUR_MS, canal_depth, evapotranspiration, gate_flow, pump_input_kw
from devices.world.cohort import Cohort
from devices.world.noise import Floats, normal, salted, smooth, uniform
from devices.world.scene import Scene, Signals
from devices.world.weather import BEIJING_MS, STEP_H, WET_MM_H

_LAYERS_MM: Final = np.array([150.0, 150.0, 200.0])
"""Soil around the probes at 10, 20 and 40 cm."""
_ROOTS: Final = np.array([0.5, 0.3, 0.2])
"""Shares of the layers in what plants take."""
_SATURATION: Final = 0.46
_DRAINAGE_PER_H: Final = 0.06
_SOIL_WARMTH_H: Final = 30.0
_FIELD_HA_PER_WELL: Final = 2.0
_DRY: Final = 0.5
"""Share of the plant-available water below which a village irrigates."""
_RATED_FLOW_M3_H: Final = (26.0, 42.0)
_PIPE_HEAD_M: Final = 12.0
_TURNS: Final = 0.35
"""Share of the three-day turns in which a canal gets water."""
_SEEPAGE_M3_S: Final = 0.03


@dataclass(frozen=True, slots=True)
class Catchment:
    """Land whose rain runs together."""

    square_km: float
    share: float
    """Of the rain that runs off."""
    memory_h: float
    """How long the water is on its way, on average."""


_VILLAGE_LAND: Final = Catchment(square_km=2.5, share=0.12, memory_h=6.0)
_RESERVOIR_LAND: Final = Catchment(square_km=9.0, share=0.2, memory_h=12.0)


def soil(cohort: Cohort, scene: Scene) -> Signals:
    """Three layers that rain and irrigation fill from the top and plants empty (a bucket model)."""
    capacity, wilting = _soil_limits(cohort)
    sky = scene.weather
    water = scene.irrigation[cohort.place] + sky.rain[cohort.place]
    demand = _crop_factor(scene) * evapotranspiration(sky.temperature, sky.irradiance)[cohort.place]
    moisture = scene.begin("soil.moisture", wilting + _initial_share(cohort) * (capacity - wilting))
    warmth = scene.begin("soil.warmth", sky.slow_temperature[cohort.place, :1])
    nodes = water.shape[1]
    moistures = np.empty((nodes, cohort.count, len(_LAYERS_MM)))
    warmths = np.empty((cohort.count, nodes))
    for node in range(nodes):
        moistures[node], warmths[:, node] = moisture, warmth[:, 0]
        if node < nodes - 1:
            moisture = _soil_step(moisture, water[:, node], demand[:, node], capacity, wilting)
            air = sky.temperature[cohort.place, node : node + 1]
            warmth = warmth + (air - warmth) * STEP_H / _SOIL_WARMTH_H
    scene.stores["soil.moisture"], scene.stores["soil.warmth"] = moisture, warmth
    top, middle, deep = np.moveaxis(moistures, 2, 0).transpose(0, 2, 1)
    salt = cohort.trait("salt", 1.5, 4.0)
    return {
        "soil_moisture_vwc_10cm": top,
        "soil_moisture_vwc_20cm": middle,
        "soil_moisture_vwc_40cm": deep,
        "soil_temperature": warmths,
        # Bulk conductivity falls as the soil dries and grows 2 % per degree.
        "soil_ec": salt * middle / capacity * (1 + 0.02 * (warmths - 25)),
    }


def dry_places(cohort: Cohort, scene: Scene) -> Floats:
    """1 for places whose fields lack water as the day begins, else 0; one column."""
    capacity, wilting = _soil_limits(cohort)
    moisture = scene.begin("soil.moisture", wilting + _initial_share(cohort) * (capacity - wilting))
    available = (moisture[:, :2].mean(axis=1, keepdims=True) - wilting) / (capacity - wilting)
    mean = cohort.summed(available * cohort.share, scene.places.count)
    probed = cohort.summed(cohort.share, scene.places.count) > 0
    return ((mean < _DRY) & probed).astype(np.float64)


def wells(cohort: Cohort, scene: Scene) -> Signals:
    """Pumps that run for greenhouses every morning and for dry fields by day; they draw their wells down."""
    rated = cohort.trait("flow", *_RATED_FLOW_M3_H)
    fields = _field_runs(cohort, scene)
    running = np.maximum(fields, _greenhouse_runs(cohort, scene)) * ~scene.outage[cohort.place]
    flow = rated * running
    depth = _drawdown(cohort, scene, flow)
    wobble = 1 + 0.01 * normal(salted(cohort.keys, "motor"), scene.at)
    power = pump_input_kw(flow, depth + _PIPE_HEAD_M) * wobble
    scene.pump_kw[:] += cohort.summed(power, scene.places.count)
    hectares = _FIELD_HA_PER_WELL / cohort.share
    scene.irrigation[:] += cohort.summed(flow * fields / (10 * hectares), scene.places.count)
    return {
        "groundwater_depth": depth,
        "pump_state": running,
        "pump_power": power,
        "irrigation_volume": scene.metered(cohort, "volume", flow, 60_000),
    }


def canals(cohort: Cohort, scene: Scene) -> Signals:
    """A gate that is set in the morning, the runoff of the village's land, and the depth both make."""
    width = cohort.trait("width", 2.4, 4.0)
    opening = _gate_openings(cohort, scene)
    runoff = _runoff(cohort, scene, "canal.runoff", _VILLAGE_LAND)
    waves = 1 + 0.03 * smooth(cohort.keys, scene.at, 3600)
    flow = (gate_flow(opening, width) + runoff + _SEEPAGE_M3_S) * waves
    return {
        "canal_level": canal_depth(flow, width),
        "canal_flow": flow,
        "canal_volume": scene.metered(cohort, "volume", flow * 3600, 2e6),
        "gate_opening": opening,
        "water_temperature": np.maximum(0.2, scene.weather.slow_temperature[cohort.place]),
    }


def reservoirs(cohort: Cohort, scene: Scene) -> Signals:
    """Rain, runoff and diverted river water in; evaporation and supply out; what is too much spills."""
    area = cohort.trait("area", 4e5, 9e5)[:, 0]
    full = area * 5.0
    sky = scene.weather
    inflow = _runoff(cohort, scene, "reservoir.runoff", _RESERVOIR_LAND)
    net_mm_h = sky.rain - 1.1 * evapotranspiration(sky.temperature, sky.irradiance)
    supply = cohort.trait("supply", 0.05, 0.12)
    change = (inflow - supply) * 3600 * STEP_H + net_mm_h[cohort.place] / 1000 * area[:, None] * STEP_H
    storage = scene.begin("reservoir.storage", full * cohort.trait("fill", 0.6, 0.8)[:, 0])
    storages = np.empty_like(change)
    for node in range(change.shape[1]):
        storages[:, node] = storage
        if node < change.shape[1] - 1:
            # River water is diverted while the reservoir is below seven tenths.
            diverted = np.where(storage < 0.7 * full, 0.25, 0.0) * 3600 * STEP_H
            storage = np.clip(storage + change[:, node] + diverted, 0.0, full)
    scene.stores["reservoir.storage"] = storage
    bed = cohort.trait("bed", 4.0, 7.0)
    return {
        "reservoir_level": bed + storages / area[:, None],
        "reservoir_storage": storages,
        "water_temperature": np.maximum(0.5, 0.8 * sky.slow_temperature[cohort.place] + 2.0),
    }


def _soil_limits(cohort: Cohort) -> tuple[Floats, Floats]:
    """Field capacity and wilting point [m3/m3], one column."""
    return cohort.trait("capacity", 0.28, 0.35), cohort.trait("wilting", 0.09, 0.13)


def _initial_share(cohort: Cohort) -> Floats:
    return cohort.trait("moisture", 0.35, 0.7)


def _crop_factor(scene: Scene) -> float:
    """From 0.5 in midwinter to 1.1 in midsummer; default, unverified."""
    return float(0.8 - 0.3 * np.cos(2 * np.pi * (scene.day % 365.2425 - 18) / 365.2425))


def _soil_step(moisture: Floats, water: Floats, demand: Floats, capacity: Floats, wilting: Floats) -> Floats:
    stress = np.clip((moisture - wilting) / (0.5 * (capacity - wilting)), 0.0, 1.0)
    change = -demand[:, None] * _ROOTS * stress
    change[:, 0] += water
    # What stands above field capacity seeps to the layer below, and from the last one away.
    seeping = np.maximum(0.0, moisture - capacity) * _LAYERS_MM * _DRAINAGE_PER_H
    change -= seeping
    change[:, 1:] += seeping[:, :-1]
    return np.asarray(np.clip(moisture + change * STEP_H / _LAYERS_MM, 0.02, _SATURATION), dtype=np.float64)


def _field_runs(cohort: Cohort, scene: Scene) -> Floats:
    """1 while a pump waters the fields: by day, where it is dry, and not before frost or in the rain."""
    sky = scene.weather
    fit = (sky.temperature.mean(axis=1, keepdims=True) > 1.0) & (sky.rain[:, :1] < WET_MM_H)
    wanted = _dry(scene) * fit
    start = 8.5 + cohort.trait("start", 0.0, 1.0)
    stop = start + 6.0 + cohort.trait("length", 0.0, 2.0)
    daytime = (scene.weather.hour >= start) & (scene.weather.hour < stop)
    return np.where(daytime, wanted[cohort.place], 0.0)


def _dry(scene: Scene) -> Floats:
    """The places found dry this morning; none where no soil is probed."""
    return scene.begin("dry", np.zeros((scene.places.count, 1)))


def _greenhouse_runs(cohort: Cohort, scene: Scene) -> Floats:
    """1 while a pump serves greenhouses: half an hour to two and a half, early in the morning."""
    date = (scene.at + BEIJING_MS) // DAY_MS
    start = 6.0 + 1.2 * uniform(salted(cohort.keys, "greenhouse start"), date)
    length = 0.5 + 2.0 * uniform(salted(cohort.keys, "greenhouse length"), date)
    hour = scene.weather.hour
    return ((hour >= start) & (hour < start + length)).astype(np.float64)


def _drawdown(cohort: Cohort, scene: Scene, flow: Floats) -> Floats:
    """Depth to water [m]: a fast cone around the well, a slow fall of the village's groundwater, recharge by rain."""
    rest = cohort.trait("depth", 7.0, 16.0)[:, 0]
    cone, region = scene.begin("well.levels", np.zeros((2, cohort.count)))
    rain = scene.weather.rain[cohort.place]
    depth = np.empty_like(flow)
    for node in range(flow.shape[1]):
        depth[:, node] = rest + cone + region
        if node < flow.shape[1] - 1:
            cone = cone + (0.09 * flow[:, node] - cone / 1.4) * STEP_H
            region = region + (6e-4 * flow[:, node] - rain[:, node] * 2.5e-3 - region / 500.0) * STEP_H
    scene.stores["well.levels"] = np.stack([cone, region])
    ripple = 0.02 * smooth(cohort.keys, scene.at, 7200)
    return np.add(depth, ripple)


def _gate_openings(cohort: Cohort, scene: Scene) -> Floats:
    """Set at 09:00 Beijing time: water in turn for three days at a time, more for dry places."""
    turn = uniform(salted(cohort.keys, "turn"), np.array([scene.day // 3], dtype=np.int64))
    width = 0.05 + 0.25 * uniform(salted(cohort.keys, "width"), np.array([scene.day], dtype=np.int64))
    wanted = np.where(turn < _TURNS, width, 0.0) + 0.08 * _dry(scene)[cohort.place]
    before = scene.begin("gate.opening", wanted)
    scene.stores["gate.opening"] = wanted
    # The UTC day begins at 08:00.
    return np.where(scene.at < scene.day * DAY_MS + HOUR_MS, before, wanted)


def _runoff(cohort: Cohort, scene: Scene, store: str, land: Catchment) -> Floats:
    """Part of the rain on the land above, spread over hours by a linear store [m3/s]."""
    held = scene.begin(store, np.zeros(cohort.count))
    arriving = scene.weather.rain[cohort.place] * land.square_km * land.share / 3.6
    flow = np.empty_like(arriving)
    for node in range(arriving.shape[1]):
        flow[:, node] = held
        if node < arriving.shape[1] - 1:
            held = held + (arriving[:, node] - held) * STEP_H / land.memory_h
    scene.stores[store] = held
    return flow
