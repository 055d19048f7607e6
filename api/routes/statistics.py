"""`/statistics`: numbers that no sensor measures, each with year, source and who entered it."""

from difflib import get_close_matches
from http import HTTPStatus
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, Field

from api.answers import INSTANT
from api.declarations import IDS
from api.dependencies import CurrentPicture, Parts
from api.parameters import AsOf, Names, Parameters, RegionCodes, known_at, names
from api.problems import NOT_FOUND, responses
from api.words import iso_or_none
from insight.declared import Declared, declared_table
from insight.figures import DECLARED
from insight.measures import COMPARABLES
from telemetry.declared_words import word
from telemetry.errors import Invalid
from telemetry.instant import iso
from telemetry.model import Statistic

router = APIRouter(tags=["comparison"])

MOST_BYTES = 4_000_000
_WHOLE = 100.0


class StatisticsQuery(Parameters):
    """Which numbers; nothing named = all."""

    region: RegionCodes = ()
    id: Annotated[Names, Field(description="ids, repeated or separated by commas", examples=[["persons"]])] = ()
    as_of: AsOf = None


class StatisticAnswer(BaseModel):
    """A declared number."""

    region: str
    id: str = Field(examples=["persons"])
    year: int = Field(description="of which it tells")
    value: float = Field(description="in the unit of the measure or statistic; persons, households, mu and farms")
    word: str | None = Field(description="what the value stands for, of terrain and main_crop", examples=[None])
    source: str
    entered_by: str
    entered_at: str = Field(examples=[INSTANT])


class StatisticsAnswer(BaseModel):
    """Declared numbers by region, id and year; of several years the newest counts."""

    as_of: str | None = Field(description="only what had been entered by then; null = the present", examples=[INSTANT])
    statistics: list[StatisticAnswer]


class EnteringQuery(Parameters):
    """Who stands for the numbers."""

    entered_by: Annotated[str, Field(min_length=1, max_length=200, description="who stands for them")]


class Entered(BaseModel):
    """What was kept."""

    kept: int = Field(description="numbers; those of the same region, id and year were replaced")


@router.get("/statistics", responses=NOT_FOUND)
def statistics(query: Annotated[StatisticsQuery, Query()], services: Parts, atlas: CurrentPicture) -> StatisticsAnswer:
    """Declared numbers with year, source and who entered them."""
    codes = [atlas.region(code).code for code in names(query.region)] or None
    as_of = known_at(query.as_of, services.clock(), ZoneInfo("UTC"))
    found = services.registry.statistics.find(codes, names(query.id) or None, as_of)
    return StatisticsAnswer(as_of=iso_or_none(as_of), statistics=[_answer(one) for one in found])


@router.post(
    "/statistics",
    status_code=HTTPStatus.CREATED,
    responses={**NOT_FOUND, **responses(HTTPStatus.CONFLICT, HTTPStatus.BAD_REQUEST)},
)
def enter(
    query: Annotated[EnteringQuery, Query()],
    table: Annotated[
        bytes,
        Body(
            media_type="text/csv",
            description="UTF-8 with the header `region,id,value,year,source`",
            openapi_examples={
                "persons": {"value": "region,id,value,year,source\n370522101201,mu,2400,2025,village ledger\n"}
            },
        ),
    ],
    services: Parts,
    atlas: CurrentPicture,
) -> Entered:
    """Enter declared numbers from a CSV table: all of them, or none and the line that is wrong."""
    if len(table) > MOST_BYTES:
        raise Invalid("table", f"{len(table)} bytes", f"at most {MOST_BYTES}")
    try:
        text = table.decode()
    except UnicodeDecodeError as error:
        raise Invalid("table", f"no UTF-8: {error.reason} at byte {error.start}", "CSV in UTF-8") from error
    now = services.clock()
    found = [
        _statistic(region, name, one, now) for (region, name), one in declared_table(text, query.entered_by).items()
    ]
    for one in found:
        atlas.region(one.region)
        _check_id(one.id)
        _check_share(one)
    return Entered(kept=services.registry.statistics.put(found))


def _check_id(name: str) -> None:
    if name not in IDS:
        raise Invalid("id", f"{name[:64]!r} is none", ", ".join(get_close_matches(name, IDS) or IDS[:4]))


def _check_share(one: Statistic) -> None:
    row = DECLARED.get(one.id) or COMPARABLES.get(one.id)
    if row is not None and row.unit == "%" and one.value > _WHOLE:
        raise Invalid(f"value of {one.id} in {one.region}", f"{one.value:g} %", "a share of at most 100 %")


def _statistic(region: str, name: str, one: Declared, now: int) -> Statistic:
    return Statistic(region, name, one.year or 0, one.value, one.source, one.entered_by, now)


def _answer(one: Statistic) -> StatisticAnswer:
    return StatisticAnswer(
        region=one.region,
        id=one.id,
        year=one.year,
        value=one.value,
        word=word(one.id, one.value),
        source=one.source,
        entered_by=one.entered_by,
        entered_at=iso(one.entered_at),
    )
