"""What goes wrong in the field, each with a name and a chance. Deterministic: a fault depends on seed, device and time.

| fault | what happens | chance per |
|---|---|---|
| gap | nothing is sent for 1 to 10 hours | device and day |
| spike | one value is far off | message |
| stuck | one sensor repeats its last value for 7 to 16 hours | device and day |
| drift | one sensor moves away slowly, by up to a tenth of its range | device and week |
| clock_skew | the device's clock is wrong by up to 26 hours either way, for 1 to 12 hours | device and day |
| duplicate | a message is sent twice | message |
| late_batch | 1 to 10 hours are stored and sent in one go | device and day |
| low_battery | the battery is nearly empty, by percent or volt, and every second message is missing | device and day |
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from devices.physics import DAY_MS, HOUR_MS
from devices.sensing import SENSORS, Batch
from devices.world.noise import Floats, salted, uniform
from telemetry.errors import Invalid
from telemetry.metrics import METRICS
from telemetry.model import Kind

_WEEK_DAYS: Final = 7
_BURST_MS: Final = 150
"""Between two messages of a late batch."""
_DRIFT_SHARE: Final = 0.1
_EMPTY_BATTERY: Final = 12.0
_EMPTY_V: Final = 11.2
OF_DEVICE: Final = frozenset({"battery_level", "station_voltage", "rssi", "snr"})
"""What a device says of itself: no sensor that fails."""


@dataclass(frozen=True, slots=True)
class Faults:
    """Chances, each 0 to 1; all zero is a clean fleet."""

    gap: float = 0.0
    spike: float = 0.0
    stuck: float = 0.0
    drift: float = 0.0
    clock_skew: float = 0.0
    duplicate: float = 0.0
    late_batch: float = 0.0
    low_battery: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            chance = getattr(self, field.name)
            if not 0.0 <= chance <= 1.0:
                raise Invalid(f"chance of {field.name}", str(chance), "0 to 1")


CLEAN: Final = Faults()
EVERYDAY: Final = Faults(
    gap=0.02,
    spike=0.0004,
    stuck=0.004,
    drift=0.008,
    clock_skew=0.0015,
    duplicate=0.001,
    late_batch=0.012,
    low_battery=0.004,
)
"""What a well-run fleet still has; default, unverified."""


def spoil(batch: Batch, faults: Faults) -> None:
    """Let the faults have their chance on one day's messages."""
    for name, fault in FAULTS.items():
        chance = getattr(faults, name)
        if chance > 0.0:
            fault(batch, chance)


def _hit(batch: Batch, name: str, chance: float, when: int) -> NDArray[np.bool_]:
    """Which devices it meets, one column."""
    return uniform(salted(batch.cohort.keys, name), np.array([when], dtype=np.int64)) < chance


def _episode(batch: Batch, name: str, chance: float, hours: tuple[float, float]) -> NDArray[np.bool_]:
    """Which messages fall into it: one stretch a day, within the day, for the devices that it meets."""
    today = np.array([batch.day], dtype=np.int64)
    length = hours[0] + (hours[1] - hours[0]) * uniform(salted(batch.cohort.keys, name + " length"), today)
    start = uniform(salted(batch.cohort.keys, name + " start"), today) * (24.0 - length)
    hour = (batch.due - batch.day * DAY_MS) / HOUR_MS
    return _hit(batch, name, chance, batch.day) & (hour >= start) & (hour < start + length)


def _victims(batch: Batch, name: str) -> dict[str, NDArray[np.bool_]]:
    """Gauge -> the devices (one column) of which it is the sensor that fails."""
    gauges = [metric for metric in batch.values if METRICS[metric].kind is Kind.GAUGE and metric not in OF_DEVICE]
    chosen = salted(batch.cohort.keys, name + " sensor") % np.uint64(max(1, len(gauges)))
    return {metric: chosen == np.uint64(place) for place, metric in enumerate(gauges)}


def _span(batch: Batch, metric: str) -> float:
    measure = next(row for row in batch.cohort.profile.measures if row.metric == metric)
    low = METRICS[metric].low if measure.low is None else measure.low
    return (METRICS[metric].high if measure.high is None else measure.high) - low


def _gap(batch: Batch, chance: float) -> None:
    batch.kept &= ~_episode(batch, "gap", chance, (1.0, 10.0))


def _spike(batch: Batch, chance: float) -> None:
    hit = uniform(salted(batch.cohort.keys, "spike"), batch.due) < chance
    size = 0.4 + 0.6 * uniform(salted(batch.cohort.keys, "spike size"), batch.due)
    sign = np.where(uniform(salted(batch.cohort.keys, "spike sign"), batch.due) < 0.5, -1.0, 1.0)  # noqa: PLR2004 - heads or tails
    for metric, victims in _victims(batch, "spike").items():
        _shift(batch, metric, sign * size * _span(batch, metric), hit & victims)


def _stuck(batch: Batch, chance: float) -> None:
    within = _episode(batch, "stuck", chance, (7.0, 16.0))
    first = np.argmax(within, axis=1, keepdims=True)
    for metric, victims in _victims(batch, "stuck").items():
        values = batch.values[metric]
        batch.values[metric] = np.where(within & victims, np.take_along_axis(values, first, axis=1), values)


def _drift(batch: Batch, chance: float) -> None:
    week, weekday = divmod(batch.day, _WEEK_DAYS)
    hit = _hit(batch, "drift", chance, week)
    elapsed = (weekday + (batch.due - batch.day * DAY_MS) / DAY_MS) / _WEEK_DAYS
    for metric, victims in _victims(batch, "drift").items():
        _shift(batch, metric, _DRIFT_SHARE * _span(batch, metric) * elapsed, hit & victims)


def _clock_skew(batch: Batch, chance: float) -> None:
    today = np.array([batch.day], dtype=np.int64)
    hours = 52.0 * uniform(salted(batch.cohort.keys, "skew"), today) - 26.0
    within = _episode(batch, "clock_skew", chance, (1.0, 12.0))
    batch.at = np.where(within, batch.at + (hours * 3600).astype(np.int64) * 1000, batch.at)


def _duplicate(batch: Batch, chance: float) -> None:
    batch.repeated |= uniform(salted(batch.cohort.keys, "duplicate"), batch.due) < chance


def _late_batch(batch: Batch, chance: float) -> None:
    within = _episode(batch, "late_batch", chance, (1.0, 10.0))
    # Sent in order after the last one was measured.
    last = np.max(np.where(within, batch.sent, 0), axis=1, keepdims=True)
    turn = np.cumsum(within, axis=1) - 1
    batch.sent = np.where(within, last + turn * _BURST_MS, batch.sent)


def _low_battery(batch: Batch, chance: float) -> None:
    hit = _hit(batch, "low_battery", chance, batch.day)
    if "battery_level" in batch.values:
        left = _EMPTY_BATTERY * (1.0 - (batch.due - batch.day * DAY_MS) / DAY_MS)
        batch.values["battery_level"] = np.where(hit, np.ceil(left), batch.values["battery_level"])
    if "station_voltage" in batch.values:
        left = _EMPTY_V - (batch.due - batch.day * DAY_MS) / DAY_MS
        values = batch.values["station_voltage"]
        batch.values["station_voltage"] = np.where(hit, SENSORS["station_voltage"].shown(left), values)
    every_second = np.arange(batch.due.shape[1])[None, :] % 2 == 1
    batch.kept &= ~(hit & every_second)


def _shift(batch: Batch, metric: str, by: Floats, where: NDArray[np.bool_]) -> None:
    values = batch.values[metric]
    batch.values[metric] = np.where(where, SENSORS[metric].shown(values + by), values)


Fault: TypeAlias = Callable[[Batch, float], None]

FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        "drift": _drift,
        "spike": _spike,
        "stuck": _stuck,
        "gap": _gap,
        "clock_skew": _clock_skew,
        "late_batch": _late_batch,
        "duplicate": _duplicate,
        "low_battery": _low_battery,
    }
)
"""In the order in which they are applied: first what spoils the truth, then what spoils its way."""
