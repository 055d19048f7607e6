"""What the small resources answer, and how the large ones look in the OpenAPI document."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict

from pydantic import BaseModel, Field

from api.atlas import Atlas, sensors
from api.uplink_topic import uplink_topic
from insight.silence import Cause
from telemetry.catalogue.marks import MARKS
from telemetry.instant import iso
from telemetry.model import Better, Device, Fold, Kind, Level, Metric, Region, Setting

INSTANT = "2026-11-23T08:00:00Z"


class RegionAnswer(BaseModel):
    """A place in the administrative tree."""

    code: str = Field(examples=["370522101000"])
    level: Level
    name: str = Field(examples=["北宋镇"])
    name_en: str = Field(examples=["Beisong Town"])
    parent: str | None = Field(examples=["370522000000"])
    setting: Setting | None
    urban_rural_class: str | None = Field(description="statistical class, 111 main city .. 220 village")
    latitude: float | None = Field(description="WGS84 degrees")
    longitude: float | None = Field(description="WGS84 degrees")
    population: int | None
    households: int | None
    sample: bool = Field(description="invented for the demonstration")
    devices: int = Field(description="devices here and beneath")


class Headline(BaseModel):
    """What a place measures now: the newest good readings of its devices, folded across them."""

    metric: str = Field(examples=["air_temperature"])
    unit: str = Field(examples=["Cel"])
    value: float
    devices: int = Field(description="series that took part")
    oldest: str = Field(description="time of the oldest reading that took part", examples=[INSTANT])


class CompletenessAnswer(BaseModel):
    """How much of what was expected has been received, by UTC day of receipt."""

    expected: int | None = Field(
        description="readings that were due by the intervals of the device models; null = all report on event"
    )
    received: int = Field(
        description="distinct readings, stored or waiting for the store: neither duplicates nor what was refused"
    )
    completeness: float | None = Field(
        description="0 to 1: received of expected, no device counting for more than it was due; where all report on "
        "event, messages that came of messages sent, by their numbers; null = unknown or nothing due yet",
        examples=[0.9931],
    )
    lost_by_sequence: int | None = Field(
        description="messages whose numbers are missing, less those that came late; null = messages carry no numbers"
    )


class DayAnswer(CompletenessAnswer):
    day: dt.date = Field(description="UTC day of receipt; today as far as it has come")


class SilenceAnswer(BaseModel):
    """Devices that have fallen silent together, and the likely cause."""

    cause: Cause = Field(description="where to look first")
    where: str = Field(description="gateway, division code or device; empty for the whole house")
    since: str = Field(description="when the last of them was heard: it happened after that", examples=[INSTANT])
    silent: int = Field(description="devices that fell silent, in this place and elsewhere")
    of: int = Field(description="so many, with those of the same gateway, place or house that were heard since")
    devices: list[str] = Field(description="those in this place, at most 100")
    detail: str


class RegionWhole(RegionAnswer):
    """A place with what lies above and beneath it, what it measures now, and which of its devices are there."""

    above: list[RegionAnswer] = Field(description="from the top down to the parent")
    children: list[RegionAnswer]
    headlines: list[Headline]
    offline: int = Field(description="devices that have fallen silent or were never heard")
    never_heard: int = Field(description="of these, those that were never heard")
    silences: list[SilenceAnswer] = Field(description="the largest first; not of devices that were never heard")
    today: CompletenessAnswer


class NewestReading(BaseModel):
    """What came last from a place."""

    device: str = Field(description="`<device>` or `<device>:<channel>`", examples=["demo-probe"])
    metric: str = Field(examples=["air_temperature"])
    unit: str = Field(examples=["Cel"])
    value: float = Field(examples=[21.5])
    at: str = Field(description="the device's own time", examples=[INSTANT])
    received_at: str = Field(examples=[INSTANT])
    suspect: bool = Field(description="one of its flags keeps it out of folds")


class PlaceNow(RegionAnswer):
    """A place in which devices stand, as it is now."""

    headlines: list[Headline]
    offline: int = Field(description="devices that have fallen silent or were never heard")
    never_heard: int = Field(description="of these, those that were never heard")
    suspect: int = Field(description="newest readings that are in doubt")
    newest: NewestReading | None = Field(description="what came last; null = nothing ever did")
    today: CompletenessAnswer


class Regions(BaseModel):
    regions: list[RegionAnswer]


class MarksAnswer(BaseModel):
    """Values that call for attention (watch) or for action (act); null = no such mark."""

    act_below: float | None
    watch_below: float | None
    watch_from: float | None
    act_from: float | None
    source: str


class MetricAnswer(BaseModel):
    """One row of the catalogue."""

    id: str = Field(examples=["air_temperature"])
    unit: str = Field(description="UCUM", examples=["Cel"])
    low: float = Field(description="smallest plausible value")
    high: float = Field(description="largest plausible value")
    step: float | None = Field(description="largest plausible change within one interval; null = no limit")
    stuck_after_s: float | None = Field(description="how long an unchanged value is plausible; null = for ever")
    kind: Kind
    fold: Fold = Field(description="over time, within one device")
    across: Fold | None = Field(description="across devices; null = values of several devices have no common one")
    comparable: Better | None = Field(description="between places, and which way is better; null = not comparable")
    interval_s: float | None = Field(description="typical reporting interval; null = on event")
    domain: str = Field(examples=["weather"])
    name_en: str = Field(examples=["air temperature"])
    name_zh: str = Field(examples=["气温"])
    source: str = Field(description="where the limits come from")
    marks: MarksAnswer | None = Field(description="where a value calls for attention, in the unit; null = nowhere")


class Metrics(BaseModel):
    metrics: list[MetricAnswer]


class PresenceAnswer(BaseModel):
    """Whether a device is there, whether its clock is right, and how much of it arrives."""

    last_heard_at: str | None = Field(
        description="receipt of its newest message, whatever became of it; null = never", examples=[INSTANT]
    )
    offline: bool | None = Field(
        description="nothing heard for more than three of its shortest expected intervals; null = reports on event "
        "only, or is not in service, so unknown"
    )
    offline_since: str | None = Field(
        description="when the first message was due that did not come; null = not offline, or never heard",
        examples=[INSTANT],
    )
    clock: str | None = Field(
        description="`right` within RURBAN_CLOCK_AHEAD_S, `ahead by ...` or `behind by ...`; null = its messages carry "
        "no time",
        examples=["ahead by 3 h"],
    )
    clock_skew_s: float | None = Field(
        description="seconds by which its clock is ahead (negative: behind), less the time on the way: a device whose "
        "messages always take 4 s shows -4; the second shortest delay of its last five live messages",
        examples=[-0.4],
    )
    clock_spread_s: float | None = Field(
        description="seconds by which those messages differ: what the estimate may be wrong by, beside the time on the "
        "way; large just after a clock was set"
    )
    clock_samples: int = Field(description="how many messages the estimate is made of, at most five")
    clock_told_at: str | None = Field(description="receipt of the newest of them", examples=[INSTANT])
    today: CompletenessAnswer
    last_7_days: CompletenessAnswer = Field(description="today and the six days before")


class DeviceAnswer(PresenceAnswer):
    """A sensor or station."""

    id: str = Field(examples=["demo-probe"])
    name: str
    profile: str = Field(examples=["weather_station"])
    region: str = Field(examples=["370522101201"])
    latitude: float | None = Field(description="WGS84 degrees")
    longitude: float | None = Field(description="WGS84 degrees")
    valid_from: str | None = Field(description="null = always", examples=[INSTANT])
    valid_to: str | None = Field(description="null = for ever", examples=[INSTANT])
    gateway: str | None = Field(description="device under whose topic this one's payloads may arrive")
    project: str | None = Field(description="that put it there; null = not known")
    topic: str | None = Field(description="where the device publishes", examples=["rurban/v1/demo-probe/up"])


class Devices(BaseModel):
    devices: list[DeviceAnswer]
    next: str | None = Field(description="`after` of the next page; null = this is the last one")


class LatestReading(BaseModel):
    """The newest reading of one series and metric."""

    device: str = Field(description="`<device>` or `<device>:<channel>`", examples=["demo-probe"])
    region: str = Field(examples=["370522101201"])
    metric: str = Field(examples=["air_temperature"])
    unit: str = Field(examples=["Cel"])
    value: float = Field(examples=[21.5])
    at: str = Field(description="the device's own time", examples=[INSTANT])
    received_at: str = Field(examples=[INSTANT])
    age_s: float = Field(description="seconds since `at`", examples=[12.0])
    quality: list[str] = Field(description="the raised flags; none = good")
    suspect: bool = Field(description="one of the flags keeps it out of folds")
    experiment: bool = Field(description="of a device for experiments, which takes part in no place's figures")
    offline: bool | None = Field(
        description="its device, or this measure of it, has been silent for more than three of its expected intervals; "
        "null = reports on event or is not in service, so unknown"
    )
    offline_since: str | None = Field(
        description="when the first was due that did not come; null = not offline", examples=[INSTANT]
    )


class Latest(BaseModel):
    at: str = Field(description="now, for the ages", examples=[INSTANT])
    readings: list[LatestReading]


class LedgerCounts(BaseModel):
    """received = stored + duplicate + quarantined + in_flight, always."""

    received: int
    stored: int
    duplicate: int
    quarantined: int
    in_flight: int


class LedgerAnswer(LedgerCounts):
    day: dt.date = Field(description="UTC day of receipt")
    device: str = Field(description="device, or the topic of messages that name none")


class LedgerPage(BaseModel):
    start: dt.date
    stop: dt.date = Field(description="the first day that is not counted")
    total: LedgerCounts = Field(description="over all pages")
    lines: list[LedgerAnswer]
    next: str | None = Field(description="`cursor` of the next page; null = this is the last one")


class QuarantinedAnswer(BaseModel):
    """A message that could not become readings, or not all of them."""

    id: int = Field(examples=[17])
    topic: str = Field(examples=["rurban/v1/unknown-7/up"])
    device: str | None = Field(description="as the topic names it; null = the topic names none")
    reason: str = Field(examples=["unknown_device"])
    detail: str
    readings: int = Field(description="refused readings; an undecodable message counts as one")
    received_at: str = Field(examples=[INSTANT])
    payload_bytes: int = Field(description="bytes of the payload as it came")
    payload_whole: bool = Field(description="false = only its beginning is here, or nothing: it cannot be replayed")
    trimmed_at: str | None = Field(description="when the payload was let go to make room", examples=[INSTANT])
    payload_base64: str
    payload_text: str | None = Field(description="the payload where it is UTF-8 text")
    replayed_at: str | None = Field(description="when a replay succeeded", examples=[INSTANT])
    outcome: str = Field(description="what the last replay came to")


class QuarantineHeld(BaseModel):
    messages: int
    payload_bytes: int


class QuarantinePage(BaseModel):
    messages: list[QuarantinedAnswer]
    waiting: dict[str, int] = Field(description="by reason, all messages that are not replayed yet")
    held: QuarantineHeld = Field(description="what the whole quarantine holds now")
    next: int | None = Field(description="`after` of the next page; null = this is the last one")


class QuarantineCountAnswer(BaseModel):
    """Quarantined messages of one day of which only this is kept."""

    day: dt.date = Field(description="UTC day of receipt")
    device: str = Field(description="the device, or the topic of messages that name none that is registered")
    reason: str = Field(examples=["rate_limited"])
    messages: int
    readings: int = Field(description="as the ledger counts them")


class QuarantineCounts(BaseModel):
    counts: list[QuarantineCountAnswer]
    more: bool = Field(description="there are more than `limit`; ask for fewer days, or one device")


class ReplayAsked(BaseModel):
    """The request is on the bus; the message's `outcome` tells what came of it."""

    id: int
    status: str = Field(examples=["asked"])


def metric_answer(metric: Metric) -> MetricAnswer:
    row = {name: getattr(metric, name) for name in MetricAnswer.model_fields if name != "marks"}
    marks = MARKS.get(metric.id)
    return MetricAnswer(
        **row | {"across": None if metric.per_device else metric.across},
        marks=None if marks is None else MarksAnswer(**asdict(marks)),
    )


def device_answer(device: Device, presence: PresenceAnswer, atlas: Atlas) -> DeviceAnswer:
    return DeviceAnswer(
        **dict(presence),
        id=device.id,
        name=device.name,
        profile=device.profile,
        region=device.region,
        latitude=device.latitude,
        longitude=device.longitude,
        valid_from=None if device.valid_from is None else iso(device.valid_from),
        valid_to=None if device.valid_to is None else iso(device.valid_to),
        gateway=device.gateway,
        project=device.project,
        topic=uplink_topic(device, atlas),
    )


def region_answer(atlas: Atlas, region: Region) -> RegionAnswer:
    row = {name: getattr(region, name) for name in RegionAnswer.model_fields if name != "devices"}
    return RegionAnswer(**row, devices=sum(len(sensors(atlas, place.code)) for place in atlas.beneath(region.code)))


def region_answers(atlas: Atlas, regions: Sequence[Region]) -> list[RegionAnswer]:
    return [region_answer(atlas, region) for region in regions]
