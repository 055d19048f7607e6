"""At the root: is it alive, is it ready, what does it count."""

from collections.abc import Callable
from http import HTTPStatus

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from api.dependencies import Parts
from telemetry.errors import RurbanFault

router = APIRouter(tags=["operation"])


class Alive(BaseModel):
    status: str = Field(examples=["alive"])


class Part(BaseModel):
    ready: bool
    detail: str = Field(examples=["connected"])


class Readiness(BaseModel):
    ready: bool
    parts: dict[str, Part]


@router.get("/health")
def health() -> Alive:
    """The process answers."""
    return Alive(status="alive")


@router.get("/ready", responses={503: {"model": Readiness, "description": "A part is not ready"}})
def ready(services: Parts, response: Response) -> Readiness:
    """Whether every part can do its work: store, registry, broker and, in the same process, the worker."""
    parts = {name: _asked(probe) for name, probe in services.probes.items()}
    well = all(part.ready for part in parts.values())
    if not well:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return Readiness(ready=well, parts=parts)


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(services: Parts) -> Response:
    """The house's own counters, for Prometheus."""
    return Response(generate_latest(services.metrics), media_type=CONTENT_TYPE_LATEST)


def _asked(probe: Callable[[], str]) -> Part:
    try:
        return Part(ready=True, detail=probe())
    except RurbanFault as fault:
        return Part(ready=False, detail=str(fault))
