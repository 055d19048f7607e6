"""`/metrics`: the catalogue of quantities."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from api.answers import MetricAnswer, Metrics, metric_answer
from api.parameters import Parameters
from api.problems import NOT_FOUND
from telemetry.metrics import METRICS
from telemetry.metrics import metric as row_of
from telemetry.model import Kind

router = APIRouter(tags=["catalogue"])


class MetricsQuery(Parameters):
    """Which rows; nothing named = all."""

    domain: Annotated[str | None, Field(description="only this domain", examples=["weather"])] = None
    kind: Annotated[Kind | None, Field(description="only this kind")] = None
    comparable: Annotated[bool | None, Field(description="only what is, or is not, comparable between places")] = None


@router.get("/metrics")
def metrics(query: Annotated[MetricsQuery, Query()]) -> Metrics:
    """Every quantity the system knows: unit, plausible range, and how it folds over time and across devices."""
    found = [
        metric_answer(metric)
        for metric in METRICS.values()
        if query.domain in (None, metric.domain)
        and query.kind in (None, metric.kind)
        and query.comparable in (None, metric.comparable is not None)
    ]
    return Metrics(metrics=found)


@router.get("/metrics/{metric_id}", responses=NOT_FOUND)
def metric(
    metric_id: Annotated[str, Path(description="id", examples=["air_temperature"])],
    _query: Annotated[Parameters, Query()],
) -> MetricAnswer:
    """One row of the catalogue."""
    return metric_answer(row_of(metric_id))
