"""`/index`: the index of a place, and what each number of it rests on."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.comparison_answer import DeclaredAnswer, RefusalAnswer, declared_answer, refusal_answer
from api.declarations import Declarations
from api.dependencies import CurrentPicture, Parts, Recent
from api.evidence import EvidenceBook
from api.judging import Group, Judge, group_of
from api.problems import NOT_FOUND
from api.routes.compare import PeriodQuery, explain_link, period
from insight.figures import STATISTICS
from insight.index.composite import Index, indexed
from insight.index.framework import DIGITAL_VILLAGE, Dimension, Indicator
from insight.index.values import IndicatorValue, Origin, indicator_values
from insight.measures import COMPARABLES

router = APIRouter(tags=["comparison"])


class IndicatorAnswer(BaseModel):
    """One indicator: its number, its score, and what both rest on."""

    id: str
    dimension: Dimension
    unit: str
    origin: Origin = Field(description="readings, a declared number, or none")
    value: float | None = Field(description="in the unit")
    score: float | None = Field(description="0 = worst goalpost, 1 = best")
    worst: float
    best: float
    weight: float = Field(description="within its dimension")
    source: str = Field(description="of goalposts and weight")
    declared: DeclaredAnswer | None
    refusal: RefusalAnswer | None = Field(description="why readings gave no number")
    explain: str | None = Field(description="address of the ingredients of readings")


class DimensionAnswer(BaseModel):
    """One side of a digital village."""

    dimension: Dimension
    score: float | None = Field(description="0 to 1; null = no indicator, or too few in all")


class IndexAnswer(BaseModel):
    """The index of a place, or why there is none."""

    region: str
    name: str
    framework: str
    version: int
    source: str
    overall: float | None = Field(description="0 to 1")
    dimensions: list[DimensionAnswer]
    valid: int = Field(description="indicators that have a value")
    required: int = Field(description="indicators of the framework")
    refusal: RefusalAnswer | None
    indicators: list[IndicatorAnswer]


@router.get("/index/{region}", responses=NOT_FOUND)
def index(
    region: Annotated[str, Path(description="division code", examples=["370522101201"])],
    query: Annotated[PeriodQuery, Query()],
    services: Parts,
    atlas: CurrentPicture,
    recent: Recent,
) -> IndexAnswer:
    """Six dimensions on fixed goalposts: from readings where a sensor measures, else from declared numbers.

    Published only when 70 % of the indicators have a value; else the answer is how many there are, and what each lacks.
    """
    place = atlas.region(region)
    group = group_of(atlas, [place.code])
    book = EvidenceBook(services.reader, atlas, group.units, period(query, services))
    declared = Declarations(services.registry, atlas)
    judge = Judge(book, recent, atlas.version, declared.places(group.units), services.clock(), query.public)
    wanted = [one.id for one in DIGITAL_VILLAGE.indicators]
    measures = [COMPARABLES[name] for name in wanted if name in COMPARABLES]
    judge.prepare(measures, [group])
    numbers = declared.numbers([place.code], wanted).get(place.code, {})
    assessments = [judge.assessment(measure, group) for measure in measures]
    values = indicator_values(DIGITAL_VILLAGE, assessments, numbers)
    return _answer(values, group, judge, query)


def _answer(values: Sequence[IndicatorValue], group: Group, judge: Judge, query: PeriodQuery) -> IndexAnswer:
    found = indexed({one.indicator: one.value for one in values}, DIGITAL_VILLAGE)
    pairs = zip(DIGITAL_VILLAGE.indicators, values, strict=True)
    return IndexAnswer(
        region=group.id,
        name=group.label,
        framework=found.framework,
        version=found.version,
        source=DIGITAL_VILLAGE.source,
        overall=found.overall,
        dimensions=[DimensionAnswer(dimension=name, score=score) for name, score in found.dimensions.items()],
        valid=found.valid,
        required=found.required,
        refusal=refusal_answer(found.refusal),
        indicators=[_indicator(one, value, found, group, judge, query) for one, value in pairs],
    )


def _indicator(  # noqa: PLR0913, PLR0917 -- one indicator, and where it is found
    one: Indicator, value: IndicatorValue, found: Index, group: Group, judge: Judge, query: PeriodQuery
) -> IndicatorAnswer:
    link = None
    if value.assessment is not None:
        link = explain_link(value.assessment, group, str(judge.book.window(value.assessment.measure)), query)
    return IndicatorAnswer(
        id=one.id,
        dimension=one.dimension,
        unit=COMPARABLES[one.id].unit if one.id in COMPARABLES else STATISTICS[one.id].unit,
        origin=value.origin,
        value=value.value,
        score=found.scores.get(one.id),
        worst=one.worst,
        best=one.best,
        weight=one.weight,
        source=one.source,
        declared=declared_answer(value.declared),
        refusal=refusal_answer(value.refusal),
        explain=link,
    )
