"""Errors as RFC 9457 problem details: what was wrong, where, and what would be right.

The one table from the house's faults to HTTP. What goes wrong unforeseen is logged here and told without its inside.
"""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.requests import PREFIX
from telemetry.errors import (
    BrokerUnavailable,
    Conflict,
    Invalid,
    RegistryUnavailable,
    Rejected,
    RurbanFault,
    SpoolUnavailable,
    StoreUnavailable,
    Unknown,
)

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
STATUS: Mapping[type[RurbanFault], HTTPStatus] = {
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Rejected: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unknown: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    RegistryUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    BrokerUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    SpoolUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
_RETRY_AFTER_S = "5"
_FOUND_AT = {
    "region": f"a code of {PREFIX}/regions",
    "device": f"an id of {PREFIX}/devices",
    "profile": f"an id of {PREFIX}/profiles",
    "discovered device": f"an id of {PREFIX}/discovered",
    "metric": f"an id of {PREFIX}/metrics",
    "measure": f"an id of {PREFIX}/measures",
    "standard set": f"an id of {PREFIX}/standards",
    "quarantined message": f"an id of {PREFIX}/quarantine",
}
"""Where the names are found that something may be asked for by."""
_A_DATE = "a date, such as 2026-11-23"
_RIGHT = {
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "too_long": "at most {max_length} of them",
    "enum": "{expected}",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of fewer digits",
    "bool_parsing": "true or false",
    "date_from_datetime_parsing": _A_DATE,
    "date_from_datetime_inexact": _A_DATE,
}
"""By pydantic's kind of error, what would be right; the numbers are the error's own."""


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field("about:blank", description="URI of the kind of problem; about:blank = the status says it all")
    title: str = Field(examples=["Unprocessable Entity"])
    status: int = Field(examples=[422])
    detail: str = Field("", examples=["every: '5x' is not a window"])
    parameter: str | None = Field(None, description="the parameter that is wrong", examples=["every"])
    allowed: str | None = Field(
        None, description="what would be right, or where it is found", examples=["a whole number and a unit"]
    )


def responses(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """How a route's problems stand in the OpenAPI document."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {int(status): {"description": status.phrase, "content": content} for status in statuses}


NOT_FOUND = responses(HTTPStatus.NOT_FOUND)


def answer(
    status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None, **more: str | None
) -> JSONResponse:
    """A problem as a response."""
    problem = Problem(title=status.phrase, status=int(status), detail=detail, **more)  # type: ignore[arg-type]  # text only
    body = problem.model_dump(exclude_none=True)
    return JSONResponse(body, int(status), headers=dict(headers or {}), media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """From now on every error of this application is a problem."""
    app.add_exception_handler(RurbanFault, _fault)
    app.add_exception_handler(RequestValidationError, _not_as_declared)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)


async def _fault(_request: Request, error: Exception) -> JSONResponse:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    if isinstance(error, Invalid):
        return answer(status, str(error), parameter=error.where, allowed=error.allowed or None)
    if isinstance(error, Unknown):
        return answer(status, str(error), parameter=error.what, allowed=_FOUND_AT.get(error.what))
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        return answer(status, str(error), headers={"Retry-After": _RETRY_AFTER_S})
    return answer(status, str(error))


async def _not_as_declared(_request: Request, error: Exception) -> JSONResponse:
    """The first thing that is wrong with the parameters or the body, by name."""
    wrong: Sequence[Mapping[str, Any]] = error.errors() if isinstance(error, RequestValidationError) else ()
    first = wrong[0]
    name = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        return answer(HTTPStatus.UNPROCESSABLE_ENTITY, f"{name}: there is no such parameter", parameter=name)
    right = _RIGHT.get(first["type"], "").format_map(first.get("ctx", {}))
    return answer(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"{name}: {first['msg']}",
        parameter=name,
        allowed=right or _FOUND_AT.get(name),
    )


async def _http(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    detail = "" if error.detail == status.phrase else error.detail
    return answer(status, detail or _HINTS.get(status, ""), headers=error.headers)


_HINTS = {
    HTTPStatus.NOT_FOUND: "nothing is at this address; /docs lists what is there",
    HTTPStatus.METHOD_NOT_ALLOWED: "this address does not take this method; /docs lists what it takes",
}


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, "an error of this program, not of your request; it is in its log")
