"""What a place is asked for first, folded over its devices."""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from api.answers import Headline
from api.atlas import Atlas
from api.newest import fresh
from telemetry.instant import iso
from telemetry.metrics import metric
from telemetry.model import Fold, Reading

HEADLINES = (
    "air_temperature",
    "soil_moisture_vwc_20cm",
    "reservoir_level",
    "groundwater_level",
    "supply_pressure",
    "barn_ammonia",
    "active_power",
    "pm25",
)
"""Told where it is measured."""
_ACROSS: Mapping[Fold, Callable[[Sequence[float]], float]] = {
    Fold.MEAN: fmean,
    Fold.SUM: math.fsum,
    Fold.MIN: min,
    Fold.MAX: max,
}


def headlines(atlas: Atlas, readings: Sequence[Reading], now: int) -> list[Headline]:
    """Of these newest readings, those of `HEADLINES` that are good and not overdue."""
    found = fresh(atlas, readings, now)
    return [_headline(name, found[name]) for name in HEADLINES if name in found]


def _headline(name: str, readings: Sequence[Reading]) -> Headline:
    row = metric(name)
    return Headline(
        metric=name,
        unit=row.unit,
        value=_ACROSS[row.across]([reading.value for reading in readings]),
        devices=len(readings),
        oldest=iso(min(reading.at for reading in readings)),
    )
