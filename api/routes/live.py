"""`/live`: stored readings as they come, as server-sent events."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse

from api.dependencies import CurrentPicture, Parts
from api.live import Selection
from api.parameters import DeviceIds, MetricIds, Parameters, RegionCodes, metrics, names
from api.problems import NOT_FOUND, answer, responses
from telemetry.errors import Unknown

router = APIRouter(tags=["readings"])

_EXAMPLE = (
    "retry: 3000\n: listening\nid: 9f3c-1041\n\n"
    'id: 9f3c-1042\nevent: reading\ndata: {"device":"demo-probe","region":"370522101201","metric":"air_temperature",'
    '"value":21.5,"unit":"Cel","at":"2026-11-23T08:00:00Z","received_at":"2026-11-23T08:00:00.120Z","quality":[],'
    '"suspect":false}\n\n'
)
_NEVER_S = 1_000_000
"""The hub sends its own comments in quiet times."""


class LiveQuery(Parameters):
    """What is listened to; nothing named = everything."""

    region: RegionCodes = ()
    metric: MetricIds = ()
    device: DeviceIds = ()


@router.get(
    "/live",
    response_class=EventSourceResponse,
    responses={
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}}},
        **NOT_FOUND,
        **responses(HTTPStatus.SERVICE_UNAVAILABLE),
    },
)
def live(
    query: Annotated[LiveQuery, Query()],
    services: Parts,
    atlas: CurrentPicture,
    last_event_id: Annotated[str | None, Header(description="the last event that was seen")] = None,
) -> EventSourceResponse:
    """Every stored reading that matches, as an event `reading`, until the client goes away.

    Come back with `Last-Event-ID` and what was missed is sent first. An event `reset` says that it cannot be: ask
    `/latest` anew.
    """
    devices = names(query.device)
    for name in devices:
        if atlas.device_of(name) is None:
            raise Unknown("device", name)
    selection = Selection(
        regions=frozenset(atlas.region(code).code for code in names(query.region)),
        metrics=frozenset(metric.id for metric in metrics(query.metric)),
        devices=frozenset(devices),
    )
    if services.live.full:
        return answer(  # type: ignore[return-value]  # a problem instead of a stream
            HTTPStatus.SERVICE_UNAVAILABLE, "too many listen already; try again later", headers={"Retry-After": "30"}
        )
    return EventSourceResponse(
        services.live.stream(selection, last_event_id), ping=_NEVER_S, send_timeout=services.live.send_timeout_s
    )
