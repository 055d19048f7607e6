"""How a device is described by whoever registers or changes it, and what becomes of the description."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.answers import INSTANT
from api.atlas import Atlas
from api.parameters import INSTANT as INSTANT_FORMS
from api.parameters import instant, zone
from telemetry.enrolment import Fault, faults
from telemetry.errors import Invalid
from telemetry.instant import iso
from telemetry.model import Device
from telemetry.regions import padded

_UTC = zone("UTC")


class Body(BaseModel):
    """What a request says; a field that there is not is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Description(Body):
    """A device but for its id and where in time it begins."""

    profile: Annotated[str, Field(description="its model, an id of `/profiles`", examples=["weather_station"])]
    region: Annotated[
        str,
        Field(
            description="where it stands: a code of `/regions`, trailing zeros may be left out",
            examples=["370522101201"],
        ),
    ]
    name: Annotated[str, Field(description="for people", examples=["Behind the school"])] = ""
    latitude: Annotated[float | None, Field(description="WGS84 degrees", examples=[37.62])] = None
    longitude: Annotated[float | None, Field(description="WGS84 degrees", examples=[118.26])] = None
    gateway: Annotated[str | None, Field(description="device under whose topic this one's payloads may arrive")] = None
    project: Annotated[str | None, Field(description="that put it there")] = None
    valid_from: Annotated[
        str | None,
        Field(description=f"since when it has stood there: {INSTANT_FORMS}; null = always", examples=[INSTANT]),
    ] = None


class StayAnswer(BaseModel):
    """A place where a device stood or stands."""

    region: str = Field(examples=["370522101201"])
    latitude: float | None = Field(description="WGS84 degrees")
    longitude: float | None = Field(description="WGS84 degrees")
    start: str | None = Field(description="null = always", examples=[INSTANT])
    stop: str | None = Field(description="null = it stands there", examples=[INSTANT])


def stay_answers(pieces: Iterable[Device]) -> list[StayAnswer]:
    """Of a device as it stood in each place."""
    return [
        StayAnswer(
            region=piece.region,
            latitude=piece.latitude,
            longitude=piece.longitude,
            start=None if piece.valid_from is None else iso(piece.valid_from),
            stop=None if piece.valid_to is None else iso(piece.valid_to),
        )
        for piece in pieces
    ]


def moment(where: str, text: str, now: int) -> int:
    """An instant as people write it, UTC where they name no offset."""
    return instant(where, text, now, _UTC)


def described(device_id: str, told: Description, atlas: Atlas, now: int, *, begins: int) -> Device:
    """The device; where nothing is said of `valid_from`, it begins then. Raise `Invalid` for the first wrong field."""
    valid_from: int | None = begins
    if "valid_from" in told.model_fields_set:
        valid_from = None if told.valid_from is None else moment("valid_from", told.valid_from, now)
    device = Device(
        device_id,
        told.profile,
        code_of(told.region),
        told.name,
        told.latitude,
        told.longitude,
        valid_from,
        None,
        told.gateway,
        told.project,
    )
    refuse(faults(device, atlas))
    return device


def code_of(region: str) -> str:
    """With the zeros that were left out; what is no code stays as it is, and is refused with the other fields."""
    try:
        return padded(region)
    except Invalid:
        return region


def refuse(found: Iterable[Fault]) -> None:
    """Raise `Invalid` for the first of them."""
    for fault in found:
        raise Invalid(fault.field, f"{fault.value[:80]!r} {fault.wrong}", fault.allowed)
