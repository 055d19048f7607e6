"""One simulated day in the making: what the parts of the county hand to each other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from devices.physics import accumulated
from devices.world.cohort import Cohort, Places
from devices.world.noise import Floats, Instants
from devices.world.weather import STEP_H, Weather

Signals: TypeAlias = dict[str, Floats]
"""Metric -> the true values of all devices of a cohort (rows) at all nodes of a day (columns)."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A day: its weather, the stores as they were when it began, and what is exchanged between places.

    The arrays of exchange have one row per place and one column per node; the parts of the day fill them in turn.
    """

    day: int
    """Days since 1970-01-01."""
    places: Places
    weather: Weather
    stores: dict[str, Floats]
    """What soils, wells, canals and meters hold, by name; changed in place to the state at the day's end."""
    outage: NDArray[np.bool_]
    pump_kw: Floats
    irrigation: Floats
    """mm/h on the fields."""
    pv_kw: Floats

    @property
    def at(self) -> Instants:
        return self.weather.at

    def begin(self, name: str, initial: Floats) -> Floats:
        """The store's content at the day's beginning; `initial` on the first day."""
        return self.stores.get(name, initial)

    def metered(self, cohort: Cohort, name: str, rate_per_h: Floats, highest_start: float) -> Floats:
        """What the meters of a cohort show: they began somewhere below `highest_start` and add up the rate."""
        store = f"{cohort.profile.id}.{name}"
        start = self.begin(store, cohort.trait(name, 0.0, highest_start)[:, 0])
        shown = accumulated(rate_per_h, STEP_H, start)
        self.stores[store] = shown[:, -1]
        return shown


Process: TypeAlias = Callable[[Cohort, Scene], Signals]
"""One day of all devices of one profile."""
