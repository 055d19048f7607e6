"""`/ledger`: what became of everything that was received."""

import base64
import binascii
import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from api.answers import LedgerAnswer, LedgerCounts, LedgerPage
from api.dependencies import Parts
from api.parameters import Names, Parameters, names
from telemetry.errors import Invalid
from telemetry.instant import day_of
from telemetry.model import LedgerLine
from telemetry.registry import LedgerCursor

router = APIRouter(tags=["fates"])

_ONE_DAY = dt.timedelta(days=1)
_COUNTS = tuple(LedgerCounts.model_fields)


class LedgerQuery(Parameters):
    """Which lines; nothing named = all of today."""

    device: Annotated[
        Names, Field(description="devices, or topics of messages of none, repeated or separated by commas")
    ] = ()
    day: Annotated[dt.date | None, Field(description="one UTC day of receipt", examples=["2026-11-23"])] = None
    start: Annotated[dt.date | None, Field(description="first day, instead of `day`")] = None
    stop: Annotated[dt.date | None, Field(description="first day that no longer counts, instead of `day`")] = None
    limit: Annotated[int, Field(ge=1, le=10_000, description="lines of a page")] = 1000
    cursor: Annotated[str | None, Field(description="the `next` of the page before")] = None


@router.get("/ledger")
def ledger(query: Annotated[LedgerQuery, Query()], services: Parts) -> LedgerPage:
    """The fates of readings per device and day: received = stored + duplicate + quarantined + in_flight."""
    start, stop = _days(query, day_of(services.clock()))
    book = services.registry.ledger
    devices = names(query.device) or None
    after = None if query.cursor is None else _read(query.cursor)
    found = book.find(devices=devices, start=start, stop=stop, limit=query.limit + 1, after=after)
    page = found[: query.limit]
    total = book.total(devices=devices, start=start, stop=stop)
    return LedgerPage(
        start=start,
        stop=stop,
        total=LedgerCounts(**_counts(total)),
        lines=[LedgerAnswer(day=line.day, device=line.device, **_counts(line)) for line in page],
        next=_written(page[-1]) if len(found) > len(page) else None,
    )


def _counts(line: LedgerLine) -> dict[str, int]:
    return {name: getattr(line, name) for name in _COUNTS}


def _days(query: LedgerQuery, today: dt.date) -> tuple[dt.date, dt.date]:
    if query.day is not None and (query.start or query.stop):
        raise Invalid("day", "says the same as start and stop", "either day, or start and stop")
    if query.start is None and query.stop is None:
        day = query.day or today
        return day, _next(day)
    start = query.start or dt.date(1970, 1, 1)
    stop = query.stop or _next(max(today, start))
    if start >= stop:
        raise Invalid("start", f"{start} is not before stop, {stop}", "an earlier start or a later stop")
    return start, stop


def _next(day: dt.date) -> dt.date:
    return day if day == dt.date.max else day + _ONE_DAY


def _written(line: LedgerLine) -> str:
    return base64.urlsafe_b64encode(f"{line.day} {line.device}".encode()).decode().rstrip("=")


def _read(text: str) -> LedgerCursor:
    try:
        words = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
        day, _, device = words.partition(" ")
        return LedgerCursor(dt.date.fromisoformat(day), device)
    except (binascii.Error, ValueError) as error:
        raise Invalid("cursor", "is none that a page has given", "the `next` of the page before") from error
