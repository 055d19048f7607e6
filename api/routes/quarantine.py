"""`/quarantine`: messages that could not become readings, and their replay."""

import base64
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from api.answers import QuarantinedAnswer, QuarantinePage, ReplayAsked
from api.dependencies import Parts
from api.parameters import Parameters, instant, zone
from api.problems import NOT_FOUND, responses
from telemetry import replay_request
from telemetry.errors import Conflict, Reason
from telemetry.instant import iso
from telemetry.model import Quarantined

router = APIRouter(tags=["fates"])

_UTC = zone("UTC")
_Number = Annotated[int, Path(ge=1, le=2**63 - 1, description="number of the message", examples=[17])]


class QuarantineQuery(Parameters):
    """Which messages; nothing named = all."""

    device: Annotated[str | None, Field(description="as the topic names it", examples=["unknown-7"])] = None
    reason: Annotated[Reason | None, Field(description="only this reason")] = None
    replayed: Annotated[bool | None, Field(description="only those whose replay succeeded, or did not yet")] = None
    start: Annotated[str | None, Field(description="received at or after", examples=["-24h"])] = None
    stop: Annotated[str | None, Field(description="received before", examples=["now"])] = None
    limit: Annotated[int, Field(ge=1, le=1000, description="messages of a page")] = 100
    after: Annotated[int | None, Field(ge=1, le=2**63 - 1, description="the `next` of the page before")] = None


@router.get("/quarantine")
def quarantine(query: Annotated[QuarantineQuery, Query()], services: Parts) -> QuarantinePage:
    """Quarantined messages with payload, topic and reason, newest first, page by page."""
    now = services.clock()
    book = services.registry.quarantine
    found = book.find(
        device=query.device,
        reason=query.reason,
        replayed=query.replayed,
        start=None if query.start is None else instant("start", query.start, now, _UTC),
        stop=None if query.stop is None else instant("stop", query.stop, now, _UTC),
        limit=query.limit + 1,
        after=query.after,
    )
    page = found[: query.limit]
    return QuarantinePage(
        messages=[_answer(item) for item in page],
        waiting={str(reason): count for reason, count in book.counts(replayed=False).items()},
        next=page[-1].id if len(found) > len(page) else None,
    )


@router.get("/quarantine/{quarantine_id}", responses=NOT_FOUND)
def quarantined(quarantine_id: _Number, _query: Annotated[Parameters, Query()], services: Parts) -> QuarantinedAnswer:
    """One quarantined message."""
    return _answer(services.registry.quarantine.one(quarantine_id))


@router.post(
    "/quarantine/{quarantine_id}/replay",
    status_code=HTTPStatus.ACCEPTED,
    responses={**NOT_FOUND, **responses(HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE)},
)
def replay(quarantine_id: _Number, _query: Annotated[Parameters, Query()], services: Parts) -> ReplayAsked:
    """Ask a worker to send the message through the pipeline again, after the cause of its refusal is mended.

    The message's `outcome` tells what came of it; one that was replayed successfully is not replayed again.
    """
    kept = services.registry.quarantine.one(quarantine_id)
    if kept.replayed_at is not None:
        raise Conflict(f"quarantined message {quarantine_id} was replayed already: {kept.outcome}")
    services.publish(replay_request.TOPIC, replay_request.encode(quarantine_id))
    return ReplayAsked(id=quarantine_id, status="asked")


def _answer(item: Quarantined) -> QuarantinedAnswer:
    try:
        text = item.payload.decode()
    except UnicodeDecodeError:
        text = None
    return QuarantinedAnswer(
        id=item.id or 0,
        topic=item.topic,
        device=item.device,
        reason=item.reason,
        detail=item.detail,
        readings=item.readings,
        received_at=iso(item.received_at),
        payload_base64=base64.b64encode(item.payload).decode(),
        payload_text=text,
        replayed_at=None if item.replayed_at is None else iso(item.replayed_at),
        outcome=item.outcome,
    )
