"""How a metric's readings are rolled up, in every store."""

from typing import NamedTuple

from telemetry.model import Fold, Kind, Metric


class Traits(NamedTuple):
    """What a rollup must know; a store keeps it with the series where a catalogue can change under it."""

    back: int
    """1 = a reading tells of the time before it."""
    counts: bool
    turns: bool


def traits_of(metric: Metric | None) -> Traits:
    """An unknown metric is rolled up as a gauge until the catalogue knows it."""
    if metric is None:
        return Traits(0, counts=False, turns=False)
    return Traits(
        int(metric.kind.accumulates),
        counts=metric.kind is Kind.COUNTER,
        turns=Fold.DIRECTION in (metric.fold, metric.across),
    )
