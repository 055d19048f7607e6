"""`/devices`, written: register, change, move and retire."""

import datetime as dt
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.answers import INSTANT, DeviceAnswer, device_answer
from api.atlas import Atlas
from api.dependencies import CurrentPicture, Parts
from api.enrolment import Body, Description, StayAnswer, code_of, described, moment, refuse, stay_answers
from api.parameters import INSTANT as INSTANT_FORMS
from api.parameters import Parameters
from api.presence import roll
from api.problems import NOT_FOUND, responses
from api.services import Services
from telemetry.enrolment import faults
from telemetry.errors import Conflict, Invalid
from telemetry.instant import day_of, iso
from telemetry.model import Device
from telemetry.stays import pieces

router = APIRouter(tags=["places and devices"])

_DeviceId = Annotated[str, Path(description="id", examples=["demo-probe"])]
_Nothing = Annotated[Parameters, Query()]


class NewDevice(Description):
    """A device to be registered."""

    id: Annotated[str, Field(description="1 to 64 of A-Z a-z 0-9 . _ -", examples=["well-7"])]


class Change(Body):
    """What is to be different; what is left out stays. Another place is a move."""

    profile: Annotated[str, Field(description="its model, an id of `/profiles`")] = ""
    name: str = ""
    latitude: Annotated[float | None, Field(description="WGS84 degrees; a correction, not a move")] = None
    longitude: Annotated[float | None, Field(description="WGS84 degrees")] = None
    gateway: Annotated[str | None, Field(description="null = it has a topic of its own")] = None
    project: str | None = None
    valid_from: Annotated[str | None, Field(description=f"{INSTANT_FORMS}; null = always")] = None
    valid_to: Annotated[str | None, Field(description=f"{INSTANT_FORMS}; null = it is in service")] = None


class Move(Body):
    """Where a device stands from some instant on."""

    region: Annotated[str, Field(description="a code of `/regions`", examples=["370522101202"])]
    latitude: Annotated[float | None, Field(description="WGS84 degrees")] = None
    longitude: Annotated[float | None, Field(description="WGS84 degrees")] = None
    at: Annotated[str, Field(description=f"when it was moved: {INSTANT_FORMS}", examples=["now", INSTANT])] = "now"


class Retirement(Body):
    """When a device went out of service."""

    at: Annotated[str, Field(description=f"{INSTANT_FORMS}; may lie ahead", examples=["now", INSTANT])] = "now"


class Affected(BaseModel):
    """What a move changes that was told already."""

    since: str = Field(examples=[INSTANT])
    received: int = Field(description="readings received since that UTC day, which may be counted elsewhere now")
    first_day: dt.date = Field(description="the UTC day of receipt from which they are counted")
    regions: list[str] = Field(description="places whose figures since then are different, and all above them")
    detail: str


class Moved(BaseModel):
    """The device as it stands now, and what the move changes."""

    device: DeviceAnswer
    stays: list[StayAnswer] = Field(description="where it stood and stands, the oldest first")
    affected: Affected | None = Field(description="null = nothing that was told already")


@router.post("/devices", status_code=HTTPStatus.CREATED, responses=responses(HTTPStatus.CONFLICT))
def create_device(told: NewDevice, _query: _Nothing, services: Parts, atlas: CurrentPicture) -> DeviceAnswer:
    """Register a device.

    Where nothing is said of `valid_from`, it is now: nothing is due before, and what it measured before is refused. For
    a device that stood there before, and whose history is to be imported, say since when.
    """
    if told.id in atlas.devices:
        raise Conflict(f"device {told.id!r} is registered already; PATCH /api/v1/devices/{told.id} changes it")
    now = services.clock()
    device = described(told.id, told, atlas, now, begins=now)
    services.registry.devices.put([device])
    return _shown(services, atlas, device)


@router.patch("/devices/{device_id}", responses={**NOT_FOUND, **responses(HTTPStatus.CONFLICT)})
def change_device(
    device_id: _DeviceId, told: Change, _query: _Nothing, services: Parts, atlas: CurrentPicture
) -> DeviceAnswer:
    """Change what is known of a device, but for where it stands: that is a move.

    A profile that reports itself what a calibration computes is a conflict: end the calibration first.
    """
    before = atlas.device(device_id)
    now = services.clock()
    changes: dict[str, object] = {name: getattr(told, name) for name in told.model_fields_set}
    for name in ("valid_from", "valid_to"):
        text = changes.get(name)
        if text is not None:
            changes[name] = moment(name, str(text), now)
    device = replace(before, **changes)  # type: ignore[arg-type]  # the fields of a Change are a Device's
    refuse(faults(device, atlas))
    services.registry.devices.put([device])
    return _shown(services, atlas, device)


@router.post("/devices/{device_id}/move", responses=NOT_FOUND)
def move_device(device_id: _DeviceId, told: Move, _query: _Nothing, services: Parts, atlas: CurrentPicture) -> Moved:
    """Say that a device stands elsewhere since some instant.

    What it measured before belongs to the place where it stood then. A move at the instant at which its present stay
    began corrects that stay. A move that lies back changes figures that were told already: the answer says which.
    """
    before = atlas.device(device_id)
    now = services.clock()
    at = moment("at", told.at, now)
    if at > now:
        raise Invalid("at", f"{iso(at)} lies ahead", "now or earlier: say it when it has happened")
    there = replace(before, region=code_of(told.region), latitude=told.latitude, longitude=told.longitude)
    refuse(faults(there, atlas))
    device = services.registry.stays.move(device_id, there.region, there.latitude, there.longitude, at=at)
    stays = pieces(device, [stay for stay in services.registry.stays.all() if stay.device == device_id])
    return Moved(
        device=_shown(services, atlas, device),
        stays=stay_answers(stays),
        affected=None if at == now else _affected(services, before, device, at),
    )


@router.post("/devices/{device_id}/retire", responses={**NOT_FOUND, **responses(HTTPStatus.CONFLICT)})
def retire_device(
    device_id: _DeviceId, told: Retirement, _query: _Nothing, services: Parts, atlas: CurrentPicture
) -> DeviceAnswer:
    """End the service of a device: its readings stay, nothing is due from it any more, and what it sends is refused.

    Again with another instant, the end is moved; `PATCH` with `valid_to` null takes it back.
    """
    before = atlas.device(device_id)
    device = replace(before, valid_to=moment("at", told.at, services.clock()))
    refuse(replace(fault, field="at") if fault.field == "valid_to" else fault for fault in faults(device, atlas))
    services.registry.devices.put([device])
    return _shown(services, atlas, device)


def _shown(services: Services, atlas: Atlas, device: Device) -> DeviceAnswer:
    heard = roll(atlas, services.registry, [device], services.clock(), clock_limit_s=services.clock_limit_s)
    return device_answer(device, heard.answers([device])[device.id], atlas)


def _affected(services: Services, before: Device, after: Device, at: int) -> Affected:
    first = day_of(at)
    last = day_of(services.clock()) + dt.timedelta(days=1)
    received = services.registry.heard.total(devices=[after.id], start=first, stop=last)
    return Affected(
        since=iso(at),
        received=received[after.id].readings if after.id in received else 0,
        first_day=first,
        regions=sorted({before.region, after.region}),
        detail="buckets, comparisons and coverage of both places are computed anew from the readings whenever somebody "
        "asks; boards in Grafana that group by place go on to show the device where it began",
    )
