"""`/regions`: the administrative tree, and one place with what it measures now."""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from api.answers import Headline, RegionAnswer, Regions, RegionWhole, region_answer, region_answers
from api.atlas import Atlas
from api.dependencies import CurrentPicture, Parts
from api.newest import fresh, newest
from api.parameters import Parameters
from api.presence import place_completeness, roll, silence_answers, silences_of
from api.problems import NOT_FOUND
from telemetry.instant import iso
from telemetry.metrics import metric
from telemetry.model import Device, Fold, Level, Reading, Setting

router = APIRouter(tags=["places and devices"])

HEADLINES = (
    "air_temperature",
    "soil_moisture_vwc_20cm",
    "reservoir_level",
    "groundwater_level",
    "supply_pressure",
    "barn_ammonia",
    "active_power",
    "pm25",
)
"""What a place is asked for first; told where it is measured."""
_ACROSS: Mapping[Fold, Callable[[Sequence[float]], float]] = {
    Fold.MEAN: fmean,
    Fold.SUM: math.fsum,
    Fold.MIN: min,
    Fold.MAX: max,
}


class RegionsQuery(Parameters):
    """Which places; nothing named = all."""

    parent: Annotated[
        str | None, Field(description="only what lies directly under this division", examples=["370522"])
    ] = None
    level: Annotated[Level | None, Field(description="only this level")] = None
    setting: Annotated[Setting | None, Field(description="only urban or only rural places")] = None


@router.get("/regions", responses=NOT_FOUND)
def regions(query: Annotated[RegionsQuery, Query()], atlas: CurrentPicture) -> Regions:
    """Places by code, with the number of devices in and under each."""
    if query.parent is None:
        found = list(atlas.regions.values())
    else:
        found = list(atlas.children.get(atlas.region(query.parent).code, ()))
    kept = [
        region for region in found if query.level in (None, region.level) and query.setting in (None, region.setting)
    ]
    return Regions(regions=region_answers(atlas, kept))


@router.get("/regions/{code}", responses=NOT_FOUND)
def region(
    code: Annotated[str, Path(description="division code; trailing zeros may be left out", examples=["370522101"])],
    _query: Annotated[Parameters, Query()],
    services: Parts,
    atlas: CurrentPicture,
) -> RegionWhole:
    """One place: what lies above and directly beneath it, what it measures now, and which of its devices are there."""
    found = atlas.region(code)
    own: RegionAnswer = region_answer(atlas, found)
    whole = roll(atlas, services.registry, None, services.clock())
    devices = atlas.standing_beneath(found.code)
    missing = [there for there in map(whole.presence, devices) if there.offline]
    return RegionWhole(
        **own.model_dump(),
        above=region_answers(atlas, atlas.above(found.code)),
        children=region_answers(atlas, atlas.children.get(found.code, ())),
        headlines=_headlines(services, atlas, devices),
        offline=len(missing),
        never_heard=sum(there.heard_at is None for there in missing),
        silences=silence_answers(silences_of(whole), {device.id for device in devices}) if missing else [],
        today=place_completeness(whole, devices),
    )


def _headlines(services: Parts, atlas: Atlas, devices: Sequence[Device]) -> list[Headline]:
    readings = newest(services.reader, [(device, None) for device in devices], HEADLINES)
    found = fresh(atlas, readings, services.clock())
    return [_headline(name, found[name]) for name in HEADLINES if name in found]


def _headline(name: str, readings: Sequence[Reading]) -> Headline:
    row = metric(name)
    return Headline(
        metric=name,
        unit=row.unit,
        value=_ACROSS[row.across]([reading.value for reading in readings]),
        devices=len(readings),
        oldest=iso(min(reading.at for reading in readings)),
    )
