"""`/index`: the index of a place, and what each number of it rests on."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.atlas import Atlas
from api.comparison_answer import DeclaredAnswer, RefusalAnswer, declared_answer, refusal_answer
from api.declarations import Declarations
from api.declared_entry import declared_bench
from api.dependencies import CurrentPicture, Parts, Recent, Remembered
from api.evidence import EvidenceBook, Period
from api.goalpost_index import goalpost_index
from api.judged import RecentAssessments
from api.judging import URBAN, Bench, Group, Judge, benchmark_of, group_of
from api.parameters import Formula
from api.parity_index import beside_each, parity_index, parity_values
from api.problems import NOT_FOUND
from api.routes.compare import AS_OF, PeriodQuery, explain_link, period
from api.services import Services
from api.statements import ChangedAnswer, Saying
from api.words import iso_or_none
from insight.benchmarks import Figure
from insight.figures import STATISTICS
from insight.index.composite import Index
from insight.index.framework import DIGITAL_VILLAGE, Dimension, Framework, Indicator
from insight.index.values import IndicatorValue, Origin
from insight.measures import COMPARABLES
from insight.superseded import FRAMEWORKS, of_version
from telemetry.errors import Invalid
from telemetry.model import Region

router = APIRouter(tags=["comparison"])


class Basis(StrEnum):
    """What a score is measured by."""

    GOALPOSTS = "goalposts"
    """A worst and a best that are the same for all places and years."""
    PARITY = "parity"
    """How near the place comes to its benchmark."""


class IndexQuery(PeriodQuery):
    """Which index."""

    formula: Formula = None
    by: Annotated[Basis, Field(description="what a score is measured by")] = Basis.GOALPOSTS
    benchmark: Annotated[
        str,
        Field(
            description="with by=parity: `urban` = the urban places of the same city, or division codes, separated by "
            "commas",
            examples=[URBAN, "370502"],
        ),
    ] = URBAN


class IndicatorAnswer(BaseModel):
    """One indicator: its number, its score, and what both rest on."""

    id: str
    dimension: Dimension
    unit: str
    origin: Origin = Field(description="readings, a declared number, or none")
    value: float | None = Field(description="in the unit")
    score: float | None = Field(description="0 = worst goalpost, 1 = best; by parity 1 = as good as the benchmark")
    worst: float
    best: float
    benchmark: float | None = Field(description="by parity: the benchmark's number")
    weight: float = Field(description="within its dimension")
    source: str = Field(description="of goalposts and weight")
    declared: DeclaredAnswer | None
    refusal: RefusalAnswer | None = Field(description="why readings gave no number; by parity, why there is no score")
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
    as_of: str | None = Field(description=AS_OF)
    by: Basis
    benchmark: str | None = Field(description="by parity: what the place is held against")
    overall: float | None = Field(description="0 to 1")
    dimensions: list[DimensionAnswer]
    valid: int = Field(description="indicators that have a value")
    required: int = Field(description="indicators of the framework")
    refusal: RefusalAnswer | None
    changed: list[ChangedAnswer] = Field(
        description="of a closed month or year: what was said of `overall` before and is no longer so, oldest first"
    )
    indicators: list[IndicatorAnswer]


@router.get("/index/{region}", responses=NOT_FOUND)
def index(  # noqa: PLR0913, PLR0917 -- the parts of a request
    region: Annotated[str, Path(description="division code", examples=["370522101201"])],
    query: Annotated[IndexQuery, Query()],
    services: Parts,
    atlas: CurrentPicture,
    recent: Recent,
    remembered: Remembered,
) -> IndexAnswer:
    """Six dimensions, on fixed goalposts or by parity: from readings where a sensor measures, else declared numbers.

    Published only when 70 % of the indicators have a value; else the answer is how many there are, and what each lacks.
    By parity each score is at most 1: being ahead of the city in one thing does not make up for another.
    """
    place = atlas.region(region)
    asked = _Asked(
        of_version(DIGITAL_VILLAGE, FRAMEWORKS, query.formula),
        place,
        group_of(atlas, [place.code]),
        query,
        period(query, services),
        services,
        atlas,
        recent,
    )
    answer, benchmark = _by_parity(asked) if query.by is Basis.PARITY else (_by_goalposts(asked), "")
    saying = Saying(answer.region, benchmark, asked.period, query.public and asked.framework is DIGITAL_VILLAGE)
    told = saying.statement(f"index by {query.by}", answer.version, answer.overall, None)
    answer.changed = remembered.changed(saying, [told]).get(told.subject, [])
    return answer


@dataclass(frozen=True, slots=True)
class _Asked:
    """An index of a place, and the parts that answer it."""

    framework: Framework
    place: Region
    group: Group
    query: IndexQuery
    period: Period
    services: Services
    atlas: Atlas
    recent: RecentAssessments

    @property
    def declared(self) -> Declarations:
        return Declarations(self.services.registry, self.atlas, self.period.as_of)


def _by_goalposts(asked: _Asked) -> IndexAnswer:
    framework, group, declared = asked.framework, asked.group, asked.declared
    book = EvidenceBook(asked.services.reader, asked.atlas, group.units, asked.period)
    places = declared.places(group.units)
    judge = Judge(book, asked.recent, asked.atlas.version, places, asked.period.now, asked.query.public)
    values, found = goalpost_index(framework, judge, declared, group)
    return _answer(asked, values, found, judge)


def _by_parity(asked: _Asked) -> tuple[IndexAnswer, str]:
    """And what the place is held against."""
    query, framework = asked.query, asked.framework
    benchmark = benchmark_of(asked.atlas, asked.place, query.benchmark)
    if isinstance(benchmark, Figure):
        raise Invalid("benchmark", f"{query.benchmark} is a figure of one measure", f"{URBAN}, or division codes")
    bench = Bench(
        asked.services.reader,
        asked.recent,
        asked.atlas,
        asked.declared,
        asked.period,
        query.public,
        asked.group,
        benchmark,
        None,
    )
    judge = bench.judge()
    beside = beside_each(bench, judge, declared_bench(bench, asked.services.registry), framework)
    values = parity_values(beside, framework)
    answer = _answer(asked, values, parity_index(beside, framework), judge)
    answer.benchmark = benchmark.label
    for one in answer.indicators:
        if one.id in beside:
            one.benchmark = beside[one.id].benchmark.value
            one.refusal = refusal_answer(beside[one.id].refusal)
    return answer, benchmark.id


def _answer(asked: _Asked, values: Sequence[IndicatorValue], found: Index, judge: Judge) -> IndexAnswer:
    group, framework = asked.group, asked.framework
    pairs = zip(framework.indicators, values, strict=True)
    return IndexAnswer(
        region=group.id,
        name=group.label,
        framework=found.framework,
        version=found.version,
        source=framework.source,
        as_of=iso_or_none(judge.book.period.as_of),
        by=asked.query.by,
        benchmark=None,
        overall=found.overall,
        dimensions=[DimensionAnswer(dimension=name, score=score) for name, score in found.dimensions.items()],
        valid=found.valid,
        required=found.required,
        refusal=refusal_answer(found.refusal),
        changed=[],
        indicators=[_indicator(one, value, found, group, judge) for one, value in pairs],
    )


def _indicator(one: Indicator, value: IndicatorValue, found: Index, group: Group, judge: Judge) -> IndicatorAnswer:
    link = None
    if value.assessment is not None and one.id in COMPARABLES:
        every = str(judge.book.window(value.assessment.measure))
        link = explain_link(value.assessment, group, every, judge.book.period, public=judge.public)
    return IndicatorAnswer(
        id=one.id,
        dimension=one.dimension,
        unit=COMPARABLES[one.id].unit if one.id in COMPARABLES else STATISTICS[one.id].unit,
        origin=value.origin,
        value=value.value,
        score=found.scores.get(one.id),
        worst=one.worst,
        best=one.best,
        benchmark=None,
        weight=one.weight,
        source=one.source,
        declared=declared_answer(value.declared),
        refusal=refusal_answer(value.refusal),
        explain=link,
    )
