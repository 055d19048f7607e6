"""`/ledger/recount`: the ledger held against the store."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.dependencies import Parts
from api.parameters import Parameters
from telemetry.instant import iso
from telemetry.recount import Difference, Recount

router = APIRouter(tags=["fates"])


class RecountedDay(BaseModel):
    """A day on which ledger and store differ."""

    day: dt.date = Field(description="UTC day of receipt")
    ledger: int
    store: int


class DifferenceAnswer(BaseModel):
    device: str = Field(examples=["station-1"])
    ledger: int = Field(description="readings stored, by the ledger, over all days")
    store: int = Field(description="readings found in the store")
    difference: int = Field(description="store - ledger; negative = missing in the store", examples=[-1])
    days: list[RecountedDay] = Field(description="where they differ, newest first, of the devices that differ the most")
    advice: str = Field(description="what it means and what to do")


class RecountAnswer(BaseModel):
    at: str = Field(description="when it began", examples=["2026-11-23T19:00:00Z"])
    took_s: float
    devices: int
    readings: int = Field(description="found in the store")
    differing: int = Field(description="devices whose readings are not as many as the ledger says")
    off_by: int = Field(description="readings missing and surplus, over all devices")


class WholeRecount(RecountAnswer):
    differences: list[DifferenceAnswer]


class RecountPage(BaseModel):
    latest: WholeRecount | None = Field(description="null = the store was never counted yet")
    history: list[RecountAnswer] = Field(description="newest first, the latest among them")


class RecountQuery(Parameters):
    """How far back."""

    limit: Annotated[int, Field(ge=1, le=90, description="recounts of the history")] = 30


@router.get("/ledger/recount")
def recount(query: Annotated[RecountQuery, Query()], services: Parts) -> RecountPage:
    """What the nightly recount of the store came to: for each device, whether all stored readings are there."""
    newest = services.registry.recounts.newest(query.limit)
    return RecountPage(
        latest=WholeRecount(**_told(newest[0]), differences=[_difference(one) for one in newest[0].differences])
        if newest
        else None,
        history=[RecountAnswer(**_told(one)) for one in newest],
    )


def _told(one: Recount) -> dict[str, Any]:
    return {
        "at": iso(one.at),
        "took_s": one.took_ms / 1000,
        "devices": one.devices,
        "readings": one.readings,
        "differing": one.differing,
        "off_by": one.off_by,
    }


def _difference(one: Difference) -> DifferenceAnswer:
    return DifferenceAnswer(
        device=one.device,
        ledger=one.ledger,
        store=one.store,
        difference=one.difference,
        days=[RecountedDay(**day._asdict()) for day in one.days],
        advice=one.advice,
    )
