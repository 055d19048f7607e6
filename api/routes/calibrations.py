"""`/devices/{id}/calibrations`: by which curves a device's values come about, since when, and new ones."""

from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Path, Query
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from api.answers import INSTANT
from api.dependencies import CurrentPicture, Importing, Parts
from api.parameters import Parameters, instant, zone
from api.problems import NOT_FOUND, responses
from telemetry.calibration import Calibration, Curve, Recalibrated, current, end, entered, periods
from telemetry.instant import iso
from telemetry.metrics import METRICS

router = APIRouter(tags=["places and devices"])

_UTC = zone("UTC")
_DeviceId = Annotated[str, Path(description="id", examples=["demo-probe"])]
Number = Annotated[float, Field(allow_inf_nan=False)]


class _Part(BaseModel):
    """What a calibration is made of; anything else is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LinearCurve(_Part):
    """y = gain x + offset."""

    kind: Literal["linear"]
    gain: Number = 1.0
    offset: Number = 0.0


class PolynomialCurve(_Part):
    """y = c0 + c1 x + c2 x^2 + ..."""

    kind: Literal["polynomial"]
    coefficients: tuple[Number, ...] = Field(description="2 to 8, that of x^0 first", examples=[[0.5, 1.02]])


class TableCurve(_Part):
    """Straight lines between points; beyond the ends the value of the end, flagged `estimated`."""

    kind: Literal["table"]
    points: tuple[tuple[Number, Number], ...] = Field(
        description="2 to 2000 of x and y; x ascends, y goes one way", examples=[[[10.0, 50000.0], [12.5, 190000.0]]]
    )


class RatingSegment(_Part):
    """Q = a (z - z0)^b for low <= z <= high."""

    low: Number
    high: Number
    a: Number
    z0: Number
    b: Number


class RatingCurve(_Part):
    """Discharge by stage: a power law for each segment of the stage."""

    kind: Literal["rating"]
    segments: tuple[RatingSegment, ...] = Field(description="1 to 20, in ascending order, without gaps")


CurveBody = Annotated[
    LinearCurve | PolynomialCurve | TableCurve | RatingCurve,
    Field(
        discriminator="kind",
        description="from the catalogue's unit of what goes in to that of the metric",
        examples=[{"kind": "linear", "gain": 1.0, "offset": 0.25}],
    ),
]


class CalibrationBody(_Part):
    """A calibration of one series of a device."""

    metric: str = Field(description="what it gives", examples=["air_temperature"])
    computed_from: str | None = Field(
        None,
        description="the metric of the same device that goes in, for one that it does not report itself; null = the "
        "metric itself, as the device says it",
        examples=["river_level"],
    )
    channel: str | None = Field(
        None,
        description="of the series; null = the device's own",
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
        examples=["10cm"],
    )
    valid_from: str = Field(
        description="readings measured then or later, until the next one of the series begins", examples=[INSTANT]
    )
    curve: CurveBody | None = Field(
        description="null = none from then on: nothing is computed any more, or the metric is as the device says it"
    )
    source: str = Field("", max_length=2000, description="where it can be looked up: certificate, report of gaugings")
    entered_by: str = Field(min_length=1, max_length=200, description="who stands for it")


class CalibrationAnswer(BaseModel):
    """A calibration, with its end."""

    metric: str = Field(examples=["air_temperature"])
    unit: str = Field(description="of what it gives", examples=["Cel"])
    computed_from: str | None
    unit_in: str = Field(description="of what goes in", examples=["Cel"])
    channel: str | None
    valid_from: str = Field(examples=[INSTANT])
    valid_to: str | None = Field(description="when the next one of the series begins; null = it goes on")
    curve: CurveBody | None = Field(description="null = none from then on")
    source: str
    entered_by: str
    entered_at: str = Field(examples=[INSTANT])
    superseded_at: str | None = Field(description="when one with the same beginning took its place; null = it holds")


class CalibrationsAnswer(BaseModel):
    """Calibrations by metric, channel and beginning."""

    device: str
    calibrations: list[CalibrationAnswer]


class RecalibratedAnswer(BaseModel):
    """What became of the stored readings that a calibration touches."""

    start: str = Field(description="from when on: its beginning, or the oldest readings that are kept")
    stop: str | None = Field(description="until when; null = to the newest")
    readings: int = Field(description="readings that go in")
    changed: int = Field(description="stored readings that have another value or other flags")
    added: int = Field(description="computed readings that were not there before")
    left: int = Field(description="left as they are: no unit and no calibration known explains their value")
    written: bool = Field(description="false = a dry run: nothing was changed")


class EnteredCalibration(BaseModel):
    """The calibration and what became of the stored readings."""

    calibration: CalibrationAnswer
    recalculated: RecalibratedAnswer


class CalibrationsQuery(Parameters):
    """Which calibrations."""

    superseded: Annotated[bool, Field(description="also those that others have taken the place of")] = False


class EnteringQuery(Parameters):
    """Whether it is meant."""

    dry_run: Annotated[bool, Field(description="say what would become of the stored readings, and change nothing")] = (
        False
    )


@router.get("/devices/{device_id}/calibrations", responses=NOT_FOUND)
def calibrations(
    device_id: _DeviceId, query: Annotated[CalibrationsQuery, Query()], services: Parts, atlas: CurrentPicture
) -> CalibrationsAnswer:
    """By which curves the values of a device come about, each with its time; the profile's own are with the profile."""
    device = atlas.device(device_id)
    known = services.registry.calibrations.of(device.id)
    shown = periods(known if query.superseded else current(known))
    return CalibrationsAnswer(device=device.id, calibrations=[_answer(one, stop) for one, stop in shown])


@router.post(
    "/devices/{device_id}/calibrations",
    responses={**NOT_FOUND, **responses(HTTPStatus.CONFLICT, HTTPStatus.BAD_REQUEST)},
)
async def calibrate(  # noqa: PLR0913, PLR0917 -- each found by its type
    device_id: _DeviceId,
    query: Annotated[EnteringQuery, Query()],
    body: CalibrationBody,
    services: Parts,
    atlas: CurrentPicture,
    importing: Importing,
) -> EnteredCalibration:
    """Enter a calibration, and bring stored readings in line with it.

    `value` and flags are computed anew from `raw`; `raw` and the time of receipt stay. What is computed from another
    metric becomes readings of its own. The same calibration again changes nothing: after an answer that did not come,
    ask once more. One with the same series and beginning takes the place of the former, which is kept in the history.
    One whose curve is null is the end: readings computed for later times stay, flagged `estimated`.
    """
    device = atlas.device(device_id)
    now = services.clock()
    given = Calibration(
        device=device.id,
        metric=body.metric,
        curve=None if body.curve is None else msgspec.convert(body.curve.model_dump(), Curve),
        valid_from=instant("valid_from", body.valid_from, now, _UTC),
        computed_from=body.computed_from,
        channel=body.channel,
        source=body.source,
        entered_by=body.entered_by,
        entered_at=now,
    )
    async with importing:
        found = await run_in_threadpool(lambda: services.recalibration(given, dry_run=query.dry_run))
    known = await run_in_threadpool(services.registry.calibrations.of, device.id)
    return EnteredCalibration(
        calibration=_answer(given, end(given, entered(known, given))), recalculated=_recalculated(found)
    )


def _answer(one: Calibration, stop: int | None) -> CalibrationAnswer:
    return CalibrationAnswer(
        metric=one.metric,
        unit=_unit(one.metric),
        computed_from=one.computed_from,
        unit_in=_unit(one.input),
        channel=one.channel,
        valid_from=iso(one.valid_from),
        valid_to=None if stop is None else iso(stop),
        curve=msgspec.to_builtins(one.curve),
        source=one.source,
        entered_by=one.entered_by,
        entered_at=iso(one.entered_at),
        superseded_at=None if one.superseded_at is None else iso(one.superseded_at),
    )


def _recalculated(found: Recalibrated) -> RecalibratedAnswer:
    return RecalibratedAnswer(
        start=iso(found.start),
        stop=None if found.stop is None else iso(found.stop),
        readings=found.readings,
        changed=found.changed,
        added=found.added,
        left=found.left,
        written=found.written,
    )


def _unit(metric: str) -> str:
    """Empty for one that the catalogue does not know any more."""
    return METRICS[metric].unit if metric in METRICS else ""
