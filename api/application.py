"""The HTTP application: its routes, its errors, its documentation."""

import asyncio
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from starlette.middleware.gzip import GZipMiddleware

from api import problems
from api.access import require_token
from api.asked import Askings
from api.atlas import CurrentAtlas
from api.judged import RecentAssessments
from api.origin import OwnPages
from api.page import page_router
from api.requests import PREFIX, CountedRequests, watch_listeners
from api.routes import (
    calibrations,
    compare,
    devices,
    discovered,
    enrol,
    explain,
    index,
    latest,
    ledger,
    live,
    measures,
    metrics,
    own,
    places,
    quarantine,
    readings,
    recount,
    regions,
    roster,
    series,
    slip,
    standards,
    statistics,
)
from api.services import Services

_DESCRIPTION = """
Villages and farms see their water, soil, barns, power and roads in the same light as their city.

* Instants are UTC and written `2026-11-23T08:00:00Z`. Asked for, they may be dates, have an offset, or count back from
  now: `-24h`, `-7d`. Buckets follow the calendar of the time zone `tz`.
* Every reading has quality flags. Suspect ones stay out of buckets unless `quality=all`; a bucket tells how many it
  left out, and its `coverage` is the share of the expected readings that it saw.
* Errors are [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem details; they name the parameter and what is
  allowed. A parameter that does not exist is refused.
* What writes is refused (403) where the web page of another host asks for it. Behind a proxy, let it hand on `Host`.
"""
_TAGS = [
    {"name": "readings", "description": "what was measured: newest, over time, as it comes"},
    {"name": "comparison", "description": "village beside city: fair, or refused with a reason"},
    {"name": "places and devices", "description": "the registry"},
    {"name": "catalogue", "description": "what can be measured, in which unit"},
    {"name": "fates", "description": "what became of everything that was received"},
    {"name": "operation", "description": "of this house itself"},
]
_EVERYWHERE = problems.responses(
    HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE
)
_RESOURCES = (
    latest,
    series,
    live,
    readings,
    compare,
    explain,
    index,
    measures,
    standards,
    statistics,
    regions,
    places,
    devices,
    calibrations,
    enrol,
    roster,
    slip,
    discovered,
    metrics,
    ledger,
    recount,
    quarantine,
)

_FIRST_OF_PAGE = ("/regions", "/metrics")
"""What every view of the live page asks for first."""


def create(services: Services) -> FastAPI:
    """The application on these parts; whoever opened them closes them after it."""
    app: FastAPI = FastAPIOffline(
        title="Rurban",
        version=version("rurban"),
        summary="Time series of villages and farms beside their city",
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        generate_unique_id_function=_operation_id,
    )
    atlas = CurrentAtlas(services.registry)
    atlas.now()
    services.live.locate(atlas.above)
    app.state.services = services
    app.state.atlas = atlas
    app.state.importing = asyncio.Lock()
    app.state.askings = Askings(services.registry, services.clock)
    app.state.recent = RecentAssessments()
    app.add_middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)
    app.add_middleware(OwnPages)
    app.add_middleware(CountedRequests, collectors=services.metrics)
    watch_listeners(services.live, services.metrics)
    problems.install(app)
    app.include_router(own.router)
    # A house with a token would refuse them: the browser does not know it yet.
    first = [f"{PREFIX}{path}" for path in _FIRST_OF_PAGE] if services.token is None else []
    app.include_router(page_router(services.page, services.tiles, first=first))
    v1 = APIRouter(prefix=PREFIX, dependencies=[Depends(require_token)], responses=_EVERYWHERE)
    for resource in _RESOURCES:
        v1.include_router(resource.router)
    app.include_router(v1)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name if route.path.startswith(PREFIX) else f"own_{route.name}"


def _document(app: FastAPI) -> dict[str, Any]:
    """FastAPI's document, with problems where it would promise its own error format.

    The first line of a route's docstring is its summary; FastAPI would take the function's name.
    """
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        schemas = document["components"]["schemas"]
        schemas["Problem"] = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for operation in (operation for path in document["paths"].values() for operation in path.values()):
            operation["summary"] = operation["description"].partition("\n")[0].rstrip(".")
        app.openapi_schema = document
    return app.openapi_schema
