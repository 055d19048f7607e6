"""`/latest`: the newest reading of every series and metric."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from api.answers import Latest
from api.dependencies import CurrentPicture, Noted, Parts
from api.newest import latest_answers, newest
from api.parameters import DeviceIds, MetricIds, Parameters, RegionCodes, chosen, metrics, names
from api.problems import NOT_FOUND
from telemetry.errors import Invalid
from telemetry.instant import iso
from telemetry.model import Level

router = APIRouter(tags=["readings"])


class LatestQuery(Parameters):
    """What is asked for; nothing named = everything."""

    region: RegionCodes = ()
    metric: MetricIds = ()
    device: DeviceIds = ()
    limit: Annotated[int, Field(ge=1, le=100_000, description="largest answer that is wanted")] = 10_000


@router.get("/latest", responses=NOT_FOUND)
def latest(query: Annotated[LatestQuery, Query()], services: Parts, atlas: CurrentPicture, asking: Noted) -> Latest:
    """The last reading per series and metric, with its age, its quality and whether its device has fallen silent.

    A reading whose clock is in doubt counts only where there is no other.
    """
    now = services.clock()
    wanted = [metric.id for metric in metrics(query.metric)] or None
    found = newest(services.reader, chosen(atlas, names(query.region), names(query.device)), wanted)
    if len(found) > query.limit:
        raise Invalid(
            "limit", f"{len(found)} readings are more than {query.limit}", "a narrower choice, or a limit up to 100000"
        )
    writers = {
        device.id: device
        for device in map(atlas.device_of, {reading.device for reading in found})
        if device is not None
    }
    villages = [atlas.region(code).level is Level.VILLAGE for code in names(query.region)]
    if wanted or query.device or (villages and all(villages)):
        asking.note(writers.values(), wanted)
    heard = services.registry.heard.find(writers.keys())
    return Latest(at=iso(now), readings=latest_answers(atlas, found, heard, now))
