"""`/places`: the places of a region in which devices stand, each as it is now, in one answer."""

from collections import defaultdict
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.answers import INSTANT, NewestReading, PlaceNow, region_answer
from api.atlas import Atlas, sensors
from api.dependencies import CurrentPicture, Parts
from api.headlines import headlines
from api.newest import newest
from api.parameters import Parameters
from api.presence import Roll, place_completeness, roll
from api.problems import NOT_FOUND
from telemetry.instant import iso
from telemetry.metrics import METRICS, metric
from telemetry.model import SUSPECT, Reading, Region

router = APIRouter(tags=["places and devices"])


class PlacesQuery(Parameters):
    """Which places; nothing named = all."""

    region: Annotated[
        str | None,
        Field(description="division code; all that lies beneath is meant, and the region itself", examples=["370522"]),
    ] = None


class TilesAnswer(BaseModel):
    """What a map of the places may be drawn upon."""

    address: str = Field(description="with {z}, {x} and {y}; WGS 84, Web Mercator")
    credit: str = Field(description="whose map it is")


class Places(BaseModel):
    at: str = Field(description="now, for the ages", examples=[INSTANT])
    places: list[PlaceNow]
    tiles: TilesAnswer | None = Field(description="what a map of them may be drawn upon; null = nothing")


@router.get("/places", responses=NOT_FOUND)
def places(query: Annotated[PlacesQuery, Query()], services: Parts, atlas: CurrentPicture) -> Places:
    """Every place of a region in which devices stand: what it measures now, who is silent, what of today arrived."""
    beneath = list(atlas.regions.values()) if query.region is None else atlas.beneath(atlas.region(query.region).code)
    found = sorted((place for place in beneath if sensors(atlas, place.code)), key=_code)
    devices = [device for place in found for device in sensors(atlas, place.code)]
    readings: dict[str, list[Reading]] = defaultdict(list)
    for reading in newest(services.reader, [(device, None) for device in devices], None):
        device = atlas.device_of(reading.device)
        if device is not None and reading.metric in METRICS:
            readings[device.region].append(reading)
    whole = roll(atlas, services.registry, devices, services.clock())
    tiles = services.tiles
    return Places(
        at=iso(whole.now),
        places=[_now(atlas, place, readings[place.code], whole) for place in found],
        tiles=None if tiles is None else TilesAnswer(address=tiles.address, credit=tiles.credit),
    )


def _now(atlas: Atlas, place: Region, readings: list[Reading], whole: Roll) -> PlaceNow:
    devices = sensors(atlas, place.code)
    missing = [there for there in map(whole.presence, devices) if there.offline]
    return PlaceNow(
        **region_answer(atlas, place).model_dump(),
        headlines=headlines(atlas, readings, whole.now),
        offline=len(missing),
        never_heard=sum(there.heard_at is None for there in missing),
        suspect=sum(bool(reading.quality & SUSPECT) for reading in readings),
        newest=_newest(readings),
        today=place_completeness(whole, devices),
    )


def _newest(readings: list[Reading]) -> NewestReading | None:
    """Of one message, what a station is for before its battery."""
    if not readings:
        return None
    last = max(readings, key=lambda one: (one.received_at, METRICS[one.metric].domain != "device", one.at))
    return NewestReading(
        device=last.device,
        metric=last.metric,
        unit=metric(last.metric).unit,
        value=last.value,
        at=iso(last.at),
        received_at=iso(last.received_at),
        suspect=bool(last.quality & SUSPECT),
    )


def _code(place: Region) -> str:
    return place.code
