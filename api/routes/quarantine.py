"""`/quarantine`: messages that could not become readings, and their replay."""

import base64
import datetime as dt
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from api.answers import (
    QuarantineCountAnswer,
    QuarantineCounts,
    QuarantinedAnswer,
    QuarantineHeld,
    QuarantinePage,
    ReplayAsked,
)
from api.dependencies import Parts
from api.parameters import Parameters, instant, zone
from api.problems import NOT_FOUND, responses
from telemetry import replay_request
from telemetry.errors import Conflict, Invalid, Reason
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


class CountsQuery(Parameters):
    """Which counts; nothing named = all."""

    device: Annotated[str | None, Field(description="device, or topic of messages of none")] = None
    reason: Annotated[Reason | None, Field(description="only this reason")] = None
    start: Annotated[dt.date | None, Field(description="first UTC day of receipt", examples=["2026-11-23"])] = None
    stop: Annotated[dt.date | None, Field(description="first day that no longer counts")] = None
    limit: Annotated[int, Field(ge=1, le=10_000, description="lines, at most")] = 1000


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
        held=QuarantineHeld(**book.used()._asdict()),
        next=page[-1].id if len(found) > len(page) else None,
    )


@router.get("/quarantine/counts")
def quarantine_counts(query: Annotated[CountsQuery, Query()], services: Parts) -> QuarantineCounts:
    """Quarantined messages of which only their number is kept, the newest day first.

    Three kinds are: what a source sent beyond its rate (`rate_limited`), what a full spool gave up (`spool_full`), and
    the oldest messages of a quarantine that has no more room. Their readings stay in the ledger as quarantined, and
    none can be replayed.
    """
    if query.start is not None and query.stop is not None and query.start >= query.stop:
        raise Invalid("start", f"{query.start} is not before stop, {query.stop}", "an earlier start or a later stop")
    found = services.registry.quarantine.counted(
        device=query.device, reason=query.reason, start=query.start, stop=query.stop, limit=query.limit + 1
    )
    counts = [
        QuarantineCountAnswer(
            day=line.day, device=line.device, reason=line.reason, messages=line.messages, readings=line.readings
        )
        for line in found[: query.limit]
    ]
    return QuarantineCounts(counts=counts, more=len(found) > len(counts))


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

    One whose payload is not whole any more cannot be: the answer says why.
    The message's `outcome` tells what came of it; one that was replayed successfully is not replayed again.
    """
    kept = services.registry.quarantine.one(quarantine_id)
    if kept.replayed_at is not None:
        raise Conflict(f"quarantined message {quarantine_id} was replayed already: {kept.outcome}")
    if kept.hindrance:
        raise Conflict(f"quarantined message {quarantine_id} cannot be replayed: {kept.hindrance}")
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
        payload_bytes=len(item.payload) if item.size is None else item.size,
        payload_whole=item.size is None,
        trimmed_at=None if item.trimmed_at is None else iso(item.trimmed_at),
        payload_base64=base64.b64encode(item.payload).decode(),
        payload_text=text,
        replayed_at=None if item.replayed_at is None else iso(item.replayed_at),
        outcome=item.outcome,
    )
