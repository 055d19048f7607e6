"""Day after day of the simulated county: the parts in the order in which they depend on each other."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np

from devices.world import land, town, village
from devices.world.cohort import Cohort, Places
from devices.world.noise import Floats
from devices.world.scene import Process, Scene, Signals
from devices.world.weather import weather

PROCESSES: Final[Mapping[str, Process]] = MappingProxyType(
    {
        "groundwater_well": land.wells,
        "soil_probe": land.soil,
        "canal_gauge": land.canals,
        "reservoir_station": land.reservoirs,
        "pv_inverter": village.solar,
        "feeder_meter": village.feeders,
        "substation_meter": village.feeders,
        "water_supply": village.supplies,
        "district_water_meter": village.supplies,
        "barn_node": village.barns,
        "weather_station": town.weather_stations,
        "city_weather_station": town.weather_stations,
        "rain_gauge": town.rain_gauges,
        "air_quality_station": town.air_stations,
        "traffic_counter": town.traffic_counters,
        "cold_chain_truck": town.trucks,
    }
)
"""Profile -> how its devices' day is computed. The order is that of the day: who needs another comes after it."""


class World:
    """The county from its first day on. Not thread-safe.

    Soils, wells and meters have a past: a day is computed from the stores that the day before it left. The stores of
    every day's beginning are kept (some kilobytes each), so that any day can be asked for again.
    """

    def __init__(self, seed: int, first_day: int, places: Places, cohorts: Sequence[Cohort]) -> None:
        self.first_day = first_day
        self._seed = seed
        self._places = places
        self._cohorts = {cohort.profile.id: cohort for cohort in cohorts}
        self._mornings: list[dict[str, Floats]] = [{}]

    def day(self, day: int) -> dict[str, Signals]:
        """Profile -> true values on that day, counted from 1970-01-01; not before the first day."""
        index = day - self.first_day
        while len(self._mornings) <= index:
            self._signals(self.first_day + len(self._mornings) - 1)
        return self._signals(day)

    def _signals(self, day: int) -> dict[str, Signals]:
        index = day - self.first_day
        scene = self._scene(day, dict(self._mornings[index]))
        if "soil_probe" in self._cohorts:
            scene.stores["dry"] = land.dry_places(self._cohorts["soil_probe"], scene)
        signals = {}
        for profile, process in PROCESSES.items():
            cohort = self._cohorts.get(profile)
            if cohort is not None:
                signals[profile] = process(cohort, scene) | _of_themselves(cohort, scene)
        if len(self._mornings) == index + 1:
            self._mornings.append(scene.stores)
        return signals

    def _scene(self, day: int, stores: dict[str, Floats]) -> Scene:
        sky = weather(self._seed, self._places, day)
        return Scene(
            day=day,
            places=self._places,
            weather=sky,
            stores=stores,
            outage=village.outages(self._places, sky, day),
            pump_kw=np.zeros_like(sky.rain),
            irrigation=np.zeros_like(sky.rain),
            pv_kw=np.zeros_like(sky.rain),
        )


def _of_themselves(cohort: Cohort, scene: Scene) -> Signals:
    """What the devices say of themselves, where they do."""
    reported = {measure.metric for measure in cohort.profile.measures}
    return {metric: signal(cohort, scene) for metric, signal in town.OF_DEVICES.items() if metric in reported}
