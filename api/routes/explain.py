"""`/explain`: what a number is made of, and the questions with which anybody can compute it again."""

from collections.abc import Iterator, Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.answers import INSTANT
from api.comparison_answer import DeclaredAnswer, MeasureAnswer, Tile, declared_answer, measure_answer, tile
from api.declarations import Declarations
from api.dependencies import CurrentPicture, Noted, Parts, Recent
from api.evidence import EvidenceBook, Period
from api.judging import Group, Judge, group_of
from api.parameters import MOST_NAMES, Formula, RegionCodes, names
from api.problems import NOT_FOUND
from api.requests import PREFIX
from api.routes.compare import AS_OF, PeriodQuery, as_of_words, explain_link, period
from api.words import iso_or_none
from insight.assessment import GATE, Assessment, Stratum, weight
from insight.declared import Place
from insight.figures import DECLARED
from insight.gate import hidden
from insight.measures import Comparable, Weight, comparable
from insight.measures.parts import divisor
from insight.superseded import MEASURES, of_version
from telemetry.errors import Invalid
from telemetry.instant import DAY_MS, iso
from telemetry.model import SUSPECT, Fold
from telemetry.series import Folded
from telemetry.window import ALLOWED

router = APIRouter(tags=["comparison"])

_DEVICES_OF_A_QUERY = 100


class ExplainQuery(PeriodQuery):
    """Which number; the addresses in answers name all of it."""

    measure: Annotated[str, Field(description="of /api/v1/measures", examples=["voltage_in_band"])]
    formula: Formula = None
    region: Annotated[RegionCodes, Field(min_length=1, max_length=MOST_NAMES)]
    every: Annotated[
        str | None, Field(description=f"length of a bucket: {ALLOWED}; none = as the devices need it", examples=["1h"])
    ] = None


class IngredientAnswer(BaseModel):
    """What one device gave."""

    metric: str
    unit: str
    fold: Fold = Field(description="over time, within a bucket")
    across: Fold = Field(description="over the channels of the device, before anything else")
    device: str
    readings: int = Field(description="that took part")
    excluded: int = Field(description="in doubt, left out")
    coverage: float | None = Field(description="mean over the buckets in which it was due, 0 to 1; null = unknown")
    interval_s: float | None = Field(description="expected seconds between readings; null = on event")


class DayAnswer(BaseModel):
    """24 hours from this instant on."""

    at: str = Field(examples=[INSTANT])
    over: float = Field(description="what is counted")
    under: float = Field(description="what it is counted over")


class PartAnswer(BaseModel):
    """A place that takes part: its value is the sum of `over` by the sum of `under`."""

    place: str
    name: str
    value: float | None = Field(description="in the measure's unit; null = it has none and takes no part")
    weight: float | None = Field(description="what it counts by in a group; null = not declared")
    weight_source: DeclaredAnswer | None
    divided_by: DeclaredAnswer | None = Field(description="the declared number that `under` holds")
    days: list[DayAnswer]
    ingredients: list[IngredientAnswer]
    queries: list[str] = Field(description="addresses that give the readings of its devices in these buckets")


class ExplainAnswer(BaseModel):
    """A number, and how to compute it again."""

    measure: MeasureAnswer
    as_of: str | None = Field(description=AS_OF)
    tile: Tile
    weigh_by: Weight = Field(description="of a group: its value is the mean of its parts, weighed by this")
    flags_excluded: list[str] = Field(description="quality flags that keep a reading out")
    parts: list[PartAnswer]
    not_shown: list[str] = Field(description="places that take part but are too small to be told alone")


@router.get("/explain", responses=NOT_FOUND)
def explain(
    query: Annotated[ExplainQuery, Query()], services: Parts, atlas: CurrentPicture, recent: Recent, asking: Noted
) -> ExplainAnswer:
    """The ingredients of a value: readings counted and left out, what it is divided by, sums of each day, and queries.

    Whoever asks the queries gets the buckets of every device; the formula in `measure` makes the sums of the days from
    them, and the sum of `over` by the sum of `under` is the value.
    """
    if query.measure in DECLARED:
        where = f"{PREFIX}/statistics?id={query.measure}"
        raise Invalid(
            "measure", f"{query.measure} is declared: no readings are behind it", f"its numbers are at {where}"
        )
    measure = of_version(comparable(query.measure), MEASURES, query.formula)
    group = group_of(atlas, names(query.region))
    book = EvidenceBook(services.reader, atlas, group.units, period(query, services, query.every))
    places = Declarations(services.registry, atlas, book.period.as_of).places(group.units)
    judge = Judge(book, recent, atlas.version, places, services.clock(), query.public)
    found = judge.assessment(measure, group)
    for code in group.units:
        asking.note(atlas.standing_beneath(code), (*measure.metrics, *measure.divided_by))
    every = str(book.window(measure))
    secret = _not_shown(measure, places) if query.public else frozenset()
    shown = [code for code in group.units if code not in secret]
    return ExplainAnswer(
        measure=measure_answer(measure),
        as_of=iso_or_none(book.period.as_of),
        tile=tile(found, group.label, every, explain_link(found, group, every, book.period, public=query.public)),
        weigh_by=measure.weigh_by,
        flags_excluded=[str(flag.name).lower() for flag in SUSPECT],
        parts=[_part(found, group, code, atlas.regions[code].name, judge) for code in shown],
        not_shown=sorted(secret),
    )


def _not_shown(measure: Comparable, places: dict[str, Place]) -> frozenset[str]:
    """Who is too small, and where it is just one, the next smallest with it."""
    if measure.weigh_by is Weight.FARMS:
        counts = {code: place.farms for code, place in places.items()}
    else:
        counts = {code: place.households for code, place in places.items()}
    small = hidden({code: None if one is None else one.value for code, one in counts.items()})
    return small | {code for code, place in places.items() if GATE.suppressed(measure, place)}


def _part(found: Assessment, group: Group, code: str, name: str, judge: Judge) -> PartAnswer:
    measure, place = found.measure, judge.places[code]
    stratum = next((one for one in found.strata if one.place == code), None)
    declared = weight(measure, place)
    return PartAnswer(
        place=code,
        name=name,
        value=None if stratum is None else stratum.parts.value,
        weight=1.0 if group.single else None if declared is None else declared.value,
        weight_source=None if group.single else declared_answer(declared),
        divided_by=declared_answer(divisor(measure, place)),
        days=[] if stratum is None else _days(found, stratum),
        ingredients=list(_ingredients(measure, code, judge)),
        queries=list(_queries(found, code, judge)),
    )


def _days(found: Assessment, stratum: Stratum) -> list[DayAnswer]:
    sums = zip(stratum.parts.over, stratum.parts.under, strict=True)
    return [
        DayAnswer(at=iso(found.start + number * DAY_MS), over=over, under=under)
        for number, (over, under) in enumerate(sums)
    ]


def _ingredients(measure: Comparable, code: str, judge: Judge) -> Iterator[IngredientAnswer]:
    for name, folded in judge.book.of(measure, code).items():
        for source, line in zip(judge.book.sources(name, code), folded.lines, strict=True):
            known = [share for share in line.coverage if share is not None]
            yield IngredientAnswer(
                metric=name,
                unit=folded.metric.unit,
                fold=folded.fold,
                across=folded.across,
                device=source.device,
                readings=sum(line.buckets.count),
                excluded=sum(line.buckets.excluded),
                coverage=sum(known) / len(known) if known else None,
                interval_s=source.interval_s,
            )


def _queries(found: Assessment, code: str, judge: Judge) -> Iterator[str]:
    for folded in judge.book.of(found.measure, code).values():
        devices = [line.buckets.group for line in folded.lines]
        for first in range(0, len(devices), _DEVICES_OF_A_QUERY):
            yield _query(found, folded, devices[first : first + _DEVICES_OF_A_QUERY], judge.book.period)


def _query(found: Assessment, folded: Folded, devices: Sequence[str], period: Period) -> str:
    asked = {
        "metric": folded.metric.id,
        "device": ",".join(devices),
        "start": iso(found.start),
        "stop": iso(found.stop),
        "every": str(folded.window),
        "tz": period.zone.key,
    } | as_of_words(period)
    if folded.fold is not folded.metric.fold:
        asked["fold"] = folded.fold
    return f"{PREFIX}/series?{urlencode(asked, safe=',:')}"
