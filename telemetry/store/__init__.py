"""Where readings are kept: the one place that says which stores there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from telemetry.model import Metric
from telemetry.store.influx_address import Address
from telemetry.store.influx_lines import PlacesOf
from telemetry.store.ports import Store
from telemetry.store.retention import kept_since

__all__ = ["Address", "EmbeddedFile", "PlacesOf", "Store", "opened"]


@dataclass(frozen=True, slots=True)
class EmbeddedFile:
    """One DuckDB file, for one process."""

    path: Path
    memory_limit: str = "256MB"
    keep_days: int = 0
    """How long readings are kept; 0 = for ever."""


def opened(
    where: EmbeddedFile | Address,
    *,
    zone: ZoneInfo,
    metrics: Mapping[str, Metric],
    places_of: PlacesOf,
    clock: Callable[[], int],
) -> Store:
    """The store, open; its caller closes it.

    Args:
        where: Which store, and where it is.
        zone: Whose days the daily rollups have.
        metrics: The catalogue.
        places_of: Tells the place tags of series, for stores that keep them beside the readings.
        clock: Milliseconds UTC.

    Raises:
        StoreUnavailable: It cannot be opened; says what would help.
    """
    match where:
        case EmbeddedFile():
            from telemetry.store.embedded import EmbeddedStore  # noqa: PLC0415 - each brings a library of its own

            return EmbeddedStore.open(
                where.path,
                zone=zone,
                metrics=metrics,
                memory_limit=where.memory_limit,
                kept_since=partial(kept_since, where.keep_days, clock),
            )
        case Address():
            from telemetry.store.influx import InfluxStore  # noqa: PLC0415 - likewise

            return InfluxStore(where, places_of, metrics=metrics, clock=clock)
