"""What `/profiles` answers: a device model, where in its payloads its values stand, and how far it is known."""

from collections.abc import Mapping
from dataclasses import asdict

from pydantic import BaseModel, Field

from devices.profiles import ProfileFile
from telemetry.model import Profile

REGISTERED_BY_HAND = "it stands in the registry and in no file"


class OriginAnswer(BaseModel):
    """Where in what a device sends one series of a measure stands."""

    path: str = Field(description="JSONPath of the value", examples=["$.soil.temperature"])
    channel: str | None = Field(description="of the series; null = the device's own")
    at: str | None = Field(description="JSONPath of the time; null = the format's own, or that of receipt")


class MeasureAnswer(BaseModel):
    """One metric that a device model reports."""

    metric: str = Field(examples=["air_temperature"])
    unit: str = Field(description="in which the device sends it when its payload names none", examples=["Cel"])
    interval_s: float | None = Field(description="expected seconds between readings; null = on event")
    gain: float
    offset: float
    origins: list[OriginAnswer] = Field(description="where its values stand; none = the format names metrics itself")


class ProfileAnswer(BaseModel):
    """A device model."""

    id: str = Field(examples=["weather_station"])
    name: str
    codec: str = Field(description="payload format", examples=["native_json"])
    open: bool = Field(description="accepts every metric of the catalogue")
    source: str = Field(
        description="document that tells how the model speaks; empty = it was registered without a file"
    )
    checked: bool = Field(description="held against a payload that was published")
    reason: str = Field(description="why it is not checked")
    note: str = Field(description="what whoever sets the device up must know")
    measures: list[MeasureAnswer]


class Profiles(BaseModel):
    profiles: list[ProfileAnswer]


def profile_answer(profile: Profile, units: Mapping[str, str], files: Mapping[str, ProfileFile]) -> ProfileAnswer:
    """`units` are the catalogue's, by metric; what `files` tell holds for the very profile that stands in them."""
    file = files.get(profile.id)
    if file is not None and file.profile != profile:
        file = None
    measures = [
        MeasureAnswer(
            metric=measure.metric,
            unit=measure.unit or units[measure.metric],
            interval_s=measure.interval_s,
            gain=measure.gain,
            offset=measure.offset,
            origins=[OriginAnswer(**asdict(origin)) for origin in measure.origins],
        )
        for measure in profile.measures
    ]
    return ProfileAnswer(
        id=profile.id,
        name=profile.name,
        codec=profile.codec,
        open=profile.open,
        source="" if file is None else file.source,
        checked=file is not None and file.checked,
        reason=REGISTERED_BY_HAND if file is None else file.reason,
        note="" if file is None else file.note,
        measures=measures,
    )
