"""The catalogue of metrics: every quantity the system knows, as data.

The rows stand in `telemetry/catalogue/`, in the order of the domain. A new metric is one row there; limits, API,
panels and simulators read it from here. Pure: no clock, no network, no store.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from telemetry.catalogue import land, village, water
from telemetry.errors import Unknown
from telemetry.model import Metric

__all__ = ["METRICS", "metric"]

METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {row.id: row for row in (*land.ROWS, *water.ROWS, *village.ROWS)}
)
"""By id, in the order of the domain."""


def metric(metric_id: str) -> Metric:
    """The metric of this id.

    Raises:
        Unknown: No such metric; the message names the ids that look like it.
    """
    found = METRICS.get(metric_id)
    if found is None:
        similar = get_close_matches(metric_id, METRICS, n=3)
        hint = f" (did you mean {' or '.join(similar)}?)" if similar else ""
        raise Unknown("metric", f"{metric_id}{hint}")
    return found
