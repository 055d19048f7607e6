"""`/regions`: the administrative tree, and one place with what it measures now."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from api.answers import RegionAnswer, Regions, RegionWhole, region_answer, region_answers
from api.atlas import sensors
from api.dependencies import CurrentPicture, Parts
from api.headlines import HEADLINES, headlines
from api.newest import newest
from api.parameters import Parameters
from api.presence import place_completeness, roll, silence_answers, silences_of
from api.problems import NOT_FOUND
from telemetry.model import Level, Setting

router = APIRouter(tags=["places and devices"])


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
    devices = [device for place in atlas.beneath(found.code) for device in sensors(atlas, place.code)]
    missing = [there for there in map(whole.presence, devices) if there.offline]
    return RegionWhole(
        **own.model_dump(),
        above=region_answers(atlas, atlas.above(found.code)),
        children=region_answers(atlas, atlas.children.get(found.code, ())),
        headlines=headlines(
            atlas, newest(services.reader, [(device, None) for device in devices], HEADLINES), whole.now
        ),
        offline=len(missing),
        never_heard=sum(there.heard_at is None for there in missing),
        silences=silence_answers(silences_of(whole), {device.id for device in devices}) if missing else [],
        today=place_completeness(whole, devices),
    )
