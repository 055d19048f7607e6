"""What instruments make of the truth: their moments, their noise and their digits."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from devices.physics import DAY_MS
from devices.voices import CLOCK_MS
from devices.world.cohort import Cohort
from devices.world.noise import Floats, Instants, normal, salted
from devices.world.scene import Signals
from devices.world.weather import STEP_MS
from telemetry.metrics import METRICS
from telemetry.model import Kind, Measure


@dataclass(frozen=True, slots=True)
class Sensor:
    """How one quantity is shown."""

    grain: float
    """Smallest difference shown; a counter shows full grains only."""
    noise: float = 0.0
    """Standard deviation of what the instrument adds."""
    switched: bool = False
    """Changes at once and then rests, so that values between two nodes are those of the node before."""
    least: float = -inf
    most: float = inf
    """The ends of what it can show, or of what its format has room for: beyond, it rests at the end."""

    def shown(self, values: Floats) -> Floats:
        """The nearest multiples of the grain, as the floats that print with its digits."""
        digits = max(0, -int(np.floor(np.log10(self.grain) + 1e-9)))
        return np.round(np.round(np.clip(values, self.least, self.most) / self.grain) * self.grain, digits)


SENSORS: Final[Mapping[str, Sensor]] = MappingProxyType(
    {
        "air_temperature": Sensor(0.1, 0.08),
        "air_relative_humidity": Sensor(0.1, 0.4),
        "air_pressure": Sensor(0.1, 0.08),
        "wind_speed": Sensor(0.1, 0.25),
        "wind_direction": Sensor(1.0),
        "solar_irradiance": Sensor(1.0),
        "par": Sensor(1.0),
        "rainfall_total": Sensor(0.2),
        "soil_moisture_vwc_10cm": Sensor(0.001, 0.0012),
        "soil_moisture_vwc_20cm": Sensor(0.001, 0.0012),
        "soil_moisture_vwc_40cm": Sensor(0.001, 0.0012),
        "soil_temperature": Sensor(0.1, 0.05),
        "soil_ec": Sensor(0.01, 0.01),
        "barn_temperature": Sensor(0.1, 0.1),
        # In the bytes of a LoRaWAN node: halves of a percent, and nothing below zero.
        "barn_humidity": Sensor(0.5, 0.5, least=0.0, most=127.5),
        "barn_ammonia": Sensor(0.1, 0.2),
        "barn_co2": Sensor(1.0, 12.0, least=0.0, most=65_535.0),
        "drinking_water_intake": Sensor(1.0),
        "canal_level": Sensor(0.001, 0.002),
        "canal_flow": Sensor(0.001),
        "canal_volume": Sensor(1.0),
        "gate_opening": Sensor(0.01, switched=True),
        "water_temperature": Sensor(0.1, 0.03),
        "reservoir_level": Sensor(0.001, 0.002),
        "reservoir_storage": Sensor(10.0),
        "groundwater_depth": Sensor(0.001, 0.003),
        "pump_state": Sensor(1.0, switched=True),
        "pump_power": Sensor(0.01, switched=True),
        "irrigation_volume": Sensor(0.1),
        "supply_flow": Sensor(0.01),
        "supply_pressure": Sensor(0.1, 0.6),
        "supply_volume": Sensor(0.01),
        "free_chlorine": Sensor(0.01, 0.005),
        "tank_level": Sensor(0.01),
        "voltage_a": Sensor(0.1, switched=True),
        "current_a": Sensor(0.1, switched=True),
        "active_power": Sensor(0.01, switched=True),
        "energy_import": Sensor(0.01),
        "energy_export": Sensor(0.01),
        "frequency": Sensor(0.001, switched=True),
        "outage_state": Sensor(1.0, switched=True),
        "pv_power": Sensor(0.01),
        "pm25": Sensor(1.0),
        "noise_level": Sensor(0.1, 0.3),
        "traffic_count": Sensor(1.0),
        "vehicle_speed": Sensor(0.1),
        "cargo_temperature": Sensor(0.1, 0.05),
        "cargo_humidity": Sensor(0.1, 0.2),
        "door_open": Sensor(1.0, switched=True),
        "battery_level": Sensor(1.0),
        "station_voltage": Sensor(0.01, 0.02, least=0.0, most=99.99),
        "rssi": Sensor(1.0, 2.0),
        "snr": Sensor(0.5, 0.6),
    }
)


@dataclass(slots=True)
class Batch:
    """All messages of one cohort on one day; rows are devices, columns their turns. Faults change it in place."""

    cohort: Cohort
    day: int
    due: Instants
    """When each message is measured, milliseconds UTC; never changed."""
    at: Instants
    """What the device's own clock says then."""
    sent: Instants
    kept: NDArray[np.bool_]
    """False = never sent."""
    repeated: NDArray[np.bool_]
    """True = sent a second time."""
    values: dict[str, Floats]
    """Metric -> as shown; NaN = this turn shows none."""


def turns(cohort: Cohort, day: int) -> Instants:
    """When the devices of a cohort report that day: every interval, each with a phase of its own."""
    interval, step = interval_ms(cohort), CLOCK_MS.get(cohort.profile.codec, 1000)
    phase = (cohort.keys % np.uint64(interval // step)).astype(np.int64) * step
    return day * DAY_MS + phase + np.arange(DAY_MS // interval, dtype=np.int64)[None, :] * interval


def interval_ms(cohort: Cohort) -> int:
    """Between two messages of one device; divides the day."""
    return int((cohort.profile.measures[0].interval_s or 0) * 1000)


def measured(cohort: Cohort, day: int, signals: Signals) -> Batch:
    """The day's messages as honest instruments send them, a second or two after they measured."""
    due = turns(cohort, day)
    delay = 300 + (salted(cohort.keys, "delay") % np.uint64(2000)).astype(np.int64)
    return Batch(
        cohort=cohort,
        day=day,
        due=due,
        at=due.copy(),
        sent=due + delay,
        kept=np.ones(due.shape, dtype=np.bool_),
        repeated=np.zeros(due.shape, dtype=np.bool_),
        values={row.metric: _shown(cohort, row, signals[row.metric], due, day) for row in cohort.profile.measures},
    )


def _shown(cohort: Cohort, measure: Measure, truth: Floats, due: Instants, day: int) -> Floats:
    sensor, metric = SENSORS[measure.metric], METRICS[measure.metric]
    node, rest = np.divmod(due - day * DAY_MS, STEP_MS)
    values = np.take_along_axis(truth, node, axis=1)
    if not sensor.switched:
        values = values + (np.take_along_axis(truth, node + 1, axis=1) - values) * (rest / STEP_MS)
    if sensor.noise:
        values = values + sensor.noise * normal(salted(cohort.keys, measure.metric), due)
    if metric.kind is Kind.COUNTER:
        values = np.floor(values / sensor.grain + 1e-6) * sensor.grain
        values = values % measure.rollover_at if measure.rollover_at else values
    return sensor.shown(np.clip(values, metric.low, metric.high))
