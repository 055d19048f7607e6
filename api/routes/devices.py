"""`/devices` and `/profiles`: what stands where, and what it reports."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from api.answers import DayAnswer, DeviceAnswer, Devices, LatestReading, device_answer
from api.dependencies import CurrentPicture, Parts
from api.enrolment import StayAnswer, stay_answers
from api.newest import latest_answers, newest
from api.parameters import Parameters, RegionCodes, chosen, names
from api.presence import roll
from api.problems import NOT_FOUND
from api.profile_answers import ProfileAnswer, Profiles, profile_answer
from api.replaying import ReplaysAnswer, ReplaysAsked, ask, replays
from telemetry.metrics import METRICS

router = APIRouter(tags=["places and devices"])

_DeviceId = Annotated[str, Path(description="id", examples=["demo-probe"])]
_UNITS = {metric.id: metric.unit for metric in METRICS.values()}


class DeviceWhole(DeviceAnswer):
    """A device with its model, where it stood, its newest readings and its last days."""

    reports: ProfileAnswer
    stays: list[StayAnswer] = Field(description="where it stood and stands, the oldest first")
    latest: list[LatestReading]
    days: list[DayAnswer] = Field(description="the last 28 days, newest first")


class DevicesQuery(Parameters):
    """Which devices; nothing named = all."""

    region: RegionCodes = ()
    profile: Annotated[str | None, Field(description="only this model", examples=["weather_station"])] = None
    text: Annotated[str | None, Field(description="part of id or name, whatever its case", examples=["pond"])] = None
    limit: Annotated[int, Field(ge=1, le=10_000, description="devices of a page")] = 1000
    after: Annotated[str | None, Field(description="the `next` of the page before")] = None


@router.get("/devices", responses=NOT_FOUND)
def devices(query: Annotated[DevicesQuery, Query()], services: Parts, atlas: CurrentPicture) -> Devices:
    """Devices by id, page by page, with whether they are there, their clocks and how much of them arrives."""
    if query.profile is not None:
        atlas.profile(query.profile)
    text = (query.text or "").casefold()
    found = [
        device
        for device, _ in chosen(atlas, names(query.region), ())
        if query.profile in (None, device.profile)
        and (text in device.id.casefold() or text in device.name.casefold())
        and (query.after is None or device.id > query.after)
    ]
    page = found[: query.limit]
    heard = roll(atlas, services.registry, page, services.clock(), clock_limit_s=services.clock_limit_s)
    answers = heard.answers(page)
    return Devices(
        devices=[device_answer(device, answers[device.id], atlas) for device in page],
        next=page[-1].id if len(found) > len(page) else None,
    )


@router.get("/devices/{device_id}", responses=NOT_FOUND)
def device(
    device_id: _DeviceId,
    _query: Annotated[Parameters, Query()],
    services: Parts,
    atlas: CurrentPicture,
) -> DeviceWhole:
    """One device, what it reports, its newest readings, and how much of it arrived on each of the last days."""
    found = atlas.device(device_id)
    readings = newest(services.reader, [(found, None)], None)
    heard = roll(atlas, services.registry, [found], services.clock(), clock_limit_s=services.clock_limit_s)
    return DeviceWhole(
        **dict(device_answer(found, heard.answers([found])[found.id], atlas)),
        reports=profile_answer(atlas.profiles[found.profile], _UNITS, services.profile_files),
        stays=stay_answers(atlas.pieces(found)),
        latest=latest_answers(atlas, readings, heard.heard, heard.now),
        days=heard.by_day(found),
    )


@router.get("/devices/{device_id}/replay", responses=NOT_FOUND)
def replay_of_device(
    device_id: _DeviceId, _query: Annotated[Parameters, Query()], services: Parts, atlas: CurrentPicture
) -> ReplaysAnswer:
    """How far the replay of what was refused of this device has come."""
    return replays(services, atlas.device(device_id).id)


@router.post("/devices/{device_id}/replay", status_code=HTTPStatus.ACCEPTED, responses=NOT_FOUND)
def replay_device(
    device_id: _DeviceId, _query: Annotated[Parameters, Query()], services: Parts, atlas: CurrentPicture
) -> ReplaysAsked:
    """Ask a worker to replay all that was refused of this device, the oldest message first."""
    return ask(services, atlas.device(device_id).id)


class ProfilesQuery(Parameters):
    """Which device models."""

    used: Annotated[bool, Field(description="only those that a device has")] = False


@router.get("/profiles")
def profiles(query: Annotated[ProfilesQuery, Query()], services: Parts, atlas: CurrentPicture) -> Profiles:
    """Device models: what each reports, where in its payloads that stands, and whether anybody has checked it."""
    have = {device.profile for device in atlas.devices.values()}
    found = [profile for profile in atlas.profiles.values() if profile.id in have or not query.used]
    return Profiles(profiles=[profile_answer(profile, _UNITS, services.profile_files) for profile in found])


@router.get("/profiles/{profile_id}", responses=NOT_FOUND)
def profile(
    profile_id: Annotated[str, Path(description="id", examples=["weather_station"])],
    _query: Annotated[Parameters, Query()],
    services: Parts,
    atlas: CurrentPicture,
) -> ProfileAnswer:
    """One device model."""
    return profile_answer(atlas.profile(profile_id), _UNITS, services.profile_files)
