"""`/discovered`: devices that were heard and that nobody has registered, and their adoption."""

import base64
from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.answers import INSTANT, DeviceAnswer, device_answer
from api.dependencies import CurrentPicture, Parts
from api.enrolment import Description, described
from api.parameters import INSTANT as INSTANT_FORMS
from api.parameters import Parameters, instant, zone
from api.presence import roll
from api.problems import NOT_FOUND, responses
from api.replaying import ReplaysAsked, ask
from api.services import Services
from telemetry.discovery import Stranger
from telemetry.enrolment import hindrance
from telemetry.errors import Conflict, Unknown
from telemetry.instant import iso
from telemetry.metrics import METRICS
from telemetry.model import Profile, Quarantined, Sample

router = APIRouter(tags=["places and devices"])

_UTC = zone("UTC")
_LOOKED_AT = 20
"""Messages of each device that are read: some send each value in a message of its own."""
_EXCERPT = 1000
_MOST_READ = 20_000
"""Messages of one device that are read to see when it began."""


class DiscoveredQuery(Parameters):
    """Which of them."""

    since: Annotated[str, Field(description=f"heard since then: {INSTANT_FORMS}", examples=["-24h"])] = "-24h"
    limit: Annotated[int, Field(ge=1, le=200, description="devices, at most")] = 50


class SaidAnswer(BaseModel):
    """The newest value of one quantity."""

    metric: str = Field(description="as the device names it", examples=["air_temperature"])
    channel: str | None = Field(description="of several probes")
    device: str | None = Field(description="that the payload itself names; null = the device of the topic")
    value: float = Field(description="as sent", examples=[21.5])
    unit: str | None = Field(description="as sent, or the catalogue's where the payload names none", examples=["Cel"])
    known: bool = Field(description="the metric is one of the catalogue")


class FieldAnswer(BaseModel):
    """A value in a document that names no metrics."""

    path: str = Field(description="JSONPath, for the origin of a measure in a profile", examples=["$.soil.t"])
    value: float | str


class DiscoveredAnswer(BaseModel):
    """A device that nobody has registered."""

    id: str = Field(description="as the topic names it; the id that it is adopted under", examples=["unknown-7"])
    hindrance: str | None = Field(description="why it cannot be adopted: set another name in the device")
    family: str = Field(description="whose topics it speaks on", examples=["native"])
    topic: str = Field(description="of the newest message", examples=["rurban/v1/unknown-7/up"])
    codec: str | None = Field(
        description="format that reads it as it is; null = a profile has to say where its values stand",
        examples=["native_json"],
    )
    profiles: list[str] = Field(description="profiles that take all of what it sends, the closest first")
    values: list[SaidAnswer] = Field(description="what it sends, read by that format or the first of these profiles")
    fields: list[FieldAnswer] = Field(description="where nothing reads it and it is JSON: what stands where")
    messages: int = Field(description="that wait in quarantine, received since then")
    first_heard_at: str = Field(examples=[INSTANT])
    last_heard_at: str = Field(examples=[INSTANT])
    payload_text: str | None = Field(
        description=f"of the newest message, its first {_EXCERPT} bytes where they are text"
    )
    payload_base64: str = Field(description="likewise, as bytes")
    payload_bytes: int


class Discovered(BaseModel):
    since: str = Field(examples=[INSTANT])
    devices: list[DiscoveredAnswer] = Field(description="the last heard first")
    more: bool = Field(description="there are more than `limit`")
    others: int = Field(description="messages of names beyond the first 10 000 of a day, which are not told apart")


class Adopted(BaseModel):
    """The device as it is registered now, and the replay of what it had sent before."""

    device: DeviceAnswer
    replay: ReplaysAsked


@router.get("/discovered")
def discovered(query: Annotated[DiscoveredQuery, Query()], services: Parts, atlas: CurrentPicture) -> Discovered:
    """Devices heard in the last day that nobody has registered: what they send, and which profiles take it."""
    since = instant("since", query.since, services.clock(), _UTC)
    found = services.registry.strangers.heard(since=since, limit=query.limit + 1)
    profiles = list(atlas.profiles.values())
    named = [stranger for stranger in found[: query.limit] if not _is_shared(stranger)]
    told = [_answer(services, profiles, stranger) for stranger in named]
    return Discovered(
        since=iso(since),
        devices=[one for one in told if one is not None],
        more=len(found) > query.limit,
        others=sum(stranger.messages for stranger in found if _is_shared(stranger)),
    )


@router.post(
    "/discovered/{device_id}/adopt",
    status_code=HTTPStatus.CREATED,
    responses={**NOT_FOUND, **responses(HTTPStatus.CONFLICT)},
)
def adopt(
    device_id: Annotated[str, Path(description="id of `/discovered`", examples=["unknown-7"])],
    told: Description,
    _query: Annotated[Parameters, Query()],
    services: Parts,
    atlas: CurrentPicture,
) -> Adopted:
    """Register a device that was heard, and ask a worker to replay what it had sent, the oldest message first.

    Where nothing is said of `valid_from`, it is when the device first measured anything of what was kept. What becomes
    of the messages is told by `GET /devices/{device_id}/replay`.
    """
    if device_id in atlas.devices:
        raise Conflict(f"device {device_id!r} is registered already; POST /api/v1/devices/{device_id}/replay replays")
    now = services.clock()
    found = services.registry.strangers.heard(since=0, limit=1, name=device_id)
    if not found:
        raise Unknown("discovered device", device_id)
    device = described(device_id, told, atlas, now, begins=now)
    if "valid_from" not in told.model_fields_set:
        device = replace(device, valid_from=_began(services, found[0], atlas.profiles[device.profile]))
    services.registry.devices.put([device])
    presence = roll(atlas, services.registry, [device], now, clock_limit_s=services.clock_limit_s).answers([device])
    return Adopted(device=device_answer(device, presence[device.id], atlas), replay=ask(services, device_id))


def _messages(services: Services, name: str, limit: int) -> list[Quarantined]:
    return services.registry.quarantine.find(device=name, replayed=False, limit=limit)


def _is_shared(stranger: Stranger) -> bool:
    """The line of many names: it is a topic filter, and no name holds a slash."""
    return "/" in stranger.name


def _began(services: Services, stranger: Stranger, profile: Profile) -> int:
    messages = _messages(services, stranger.name, _MOST_READ)
    return min(stranger.first_at, services.recogniser.began(messages, profile)) if messages else stranger.first_at


def _answer(services: Services, profiles: list[Profile], stranger: Stranger) -> DiscoveredAnswer | None:
    """None where its messages had to make room meanwhile."""
    messages = _messages(services, stranger.name, _LOOKED_AT)
    if not messages:
        return None
    found = services.recogniser.recognised(messages, profiles)
    newest = messages[0]
    excerpt = newest.payload[:_EXCERPT]
    return DiscoveredAnswer(
        id=stranger.name,
        hindrance=hindrance(stranger.name) or None,
        family=found.family,
        topic=newest.topic,
        codec=found.codec,
        profiles=list(found.profiles),
        values=_said(found.samples),
        fields=[FieldAnswer(path=path, value=value) for path, value in found.fields],
        messages=stranger.messages,
        first_heard_at=iso(stranger.first_at),
        last_heard_at=iso(stranger.last_at),
        payload_text=_text(excerpt),
        payload_base64=base64.b64encode(excerpt).decode(),
        payload_bytes=len(newest.payload) if newest.size is None else newest.size,
    )


def _said(samples: Iterable[Sample]) -> list[SaidAnswer]:
    answers = []
    for sample in samples:
        row = METRICS.get(sample.metric)
        unit = sample.unit or (None if row is None else row.unit)
        answers.append(
            SaidAnswer(
                metric=sample.metric,
                channel=sample.channel,
                device=sample.device,
                value=sample.value,
                unit=unit,
                known=row is not None,
            )
        )
    return answers


def _text(excerpt: bytes) -> str | None:
    """None where it is no text; a character that was cut in two at the end is left out."""
    try:
        return excerpt.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        cut = len(excerpt) - error.start < 4 and len(excerpt) == _EXCERPT  # noqa: PLR2004 - bytes of one character
        return excerpt[: error.start].decode() if cut else None
