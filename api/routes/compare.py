"""`/compare` and `/scorecard`: a place beside its city and beside places like it, or why nobody can say."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.comparison_answer import (
    ComparisonAnswer,
    MeasureAnswer,
    Tile,
    comparison_answer,
    measure_answer,
    tile,
)
from api.declarations import Declarations
from api.declared_entry import declared_bench
from api.dependencies import CurrentPicture, Noted, Parts, Recent, Remembered
from api.evidence import Period
from api.judging import URBAN, Bench, Group, Judge, benchmark_of, entry, group_of, peers_of
from api.parameters import INSTANT, AsOf, Formula, Parameters, ZoneName, known_at, names, span, zone
from api.problems import NOT_FOUND
from api.requests import PREFIX
from api.scoring import card
from api.services import Services
from api.statements import ChangedAnswer, Saying
from api.words import iso_or_none
from insight.assessment import Assessment
from insight.comparison import Comparison
from insight.figures import DECLARED
from insight.measures import COMPARABLES, Comparable, comparable
from insight.scorecard import Entry, Standing
from insight.superseded import MEASURES, of_version
from telemetry.errors import Invalid
from telemetry.instant import iso
from telemetry.metrics import metric

router = APIRouter(tags=["comparison"])

SIMILAR = 5
AS_OF = "as it was known then; null = the present"
_REGION = Path(description="division code; trailing zeros may be left out", examples=["370522101201"])


class PeriodQuery(Parameters):
    """Which days, and for whom the answer is."""

    start: Annotated[str, Field(description=INSTANT, examples=["-30d"])] = "-30d"
    stop: Annotated[str, Field(description=f"{INSTANT}; the bucket in progress takes no part")] = "now"
    tz: ZoneName = "UTC"
    as_of: AsOf = None
    public: Annotated[
        bool,
        Field(
            description="suppress what would speak of fewer than five households or farms; `false` only in a house "
            "that asks for its token"
        ),
    ] = True


class BesideQuery(PeriodQuery):
    """What a place is held against."""

    benchmark: Annotated[
        str,
        Field(
            description="`urban` = the urban places of the same city, by their urban-rural class codes; or division "
            "codes, separated by commas; or a figure of /api/v1/measures/figures",
            examples=[URBAN, "370502", "ches18-quantity"],
        ),
    ] = URBAN
    peers: Annotated[
        str,
        Field(description="similar places as division codes, separated by commas; none = the most similar known ones"),
    ] = ""
    similar: Annotated[int, Field(ge=1, le=50, description="how many similar places, where none are named")] = SIMILAR


class CompareQuery(BesideQuery):
    """One measure of one place."""

    region: Annotated[str, Field(description="division code", examples=["370522101201"])]
    measure: Annotated[str | None, Field(description="of /api/v1/measures", examples=["voltage_in_band"])] = None
    metric: Annotated[
        str | None, Field(description="instead of a measure: a metric that is one as it stands", examples=["pm25"])
    ] = None
    formula: Formula = None
    history: Annotated[
        int, Field(ge=0, le=20, description="years of the benchmark to look back through, for years behind")
    ] = 5


class SimilarAnswer(BaseModel):
    """A place like this one."""

    code: str
    name: str
    distance: float = Field(description="0 = alike in everything known, 1 = in nothing")
    known: float = Field(description="share of the traits' weight that is known of both, 0 to 1")


class PeersAnswer(BaseModel):
    """Whom else the place is held against."""

    similar: list[SimilarAnswer] = Field(description="most similar first; none where they were named")
    words: str = Field(description="who they are, or why there are none")


class EntryAnswer(BaseModel):
    """One measure of a place."""

    measure: MeasureAnswer
    place: Tile
    city: ComparisonAnswer = Field(description="beside the benchmark")
    peers: ComparisonAnswer | None = Field(description="beside similar places; null = there are none")


class CompareAnswer(EntryAnswer):
    """One measure of a place, and who the peers are."""

    similar: PeersAnswer
    as_of: str | None = Field(description=AS_OF)


class CardEntryAnswer(EntryAnswer):
    """One measure of a place, and what was said of it before."""

    changed: list[ChangedAnswer] = Field(
        description="of a closed month or year: what this scorecard said before and no longer says, oldest first"
    )


class CountAnswer(BaseModel):
    """How many measures stand so."""

    standing: Standing
    measures: int


class ScorecardAnswer(BaseModel):
    """All measures of a place: behind first, then no certain difference, ahead, refused."""

    region: str
    name: str
    benchmark: str = Field(description="what it is held against")
    as_of: str | None = Field(description=AS_OF)
    counts: list[CountAnswer]
    entries: list[CardEntryAnswer]
    similar: PeersAnswer


@dataclass(frozen=True, slots=True)
class Shown:
    """A bench and a judge, and how what they find is written."""

    bench: Bench
    judge: Judge

    def entry(self, one: Entry) -> EntryAnswer:
        return EntryAnswer(
            measure=measure_answer(one.city.place.measure),
            place=self.tile(one.city.place, self.bench.place),
            city=comparison_answer(
                one.city, self._benchmark(one.city, self.bench.benchmark), one.trend, one.years_behind
            ),
            peers=comparison_answer(one.peers, self._benchmark(one.peers, self.bench.peers.group), None, None)
            if one.peers and self.bench.peers
            else None,
        )

    def _benchmark(self, one: Comparison, side: object) -> Tile | None:
        if isinstance(one.benchmark, Assessment) and isinstance(side, Group):
            return self.tile(one.benchmark, side)
        return None

    def tile(self, one: Assessment, group: Group) -> Tile:
        if one.measure.id in DECLARED:
            asked = {"id": one.measure.id, "region": ",".join(dict.fromkeys((*_own(group), *group.units)))}
            asked |= as_of_words(self.bench.period)
            link = f"{PREFIX}/statistics?{urlencode(asked, safe=',')}" if group.units else None
            return tile(one, group.label, one.measure.every, None, link)
        every = str(self.judge.book.window(one.measure))
        link = explain_link(one, group, every, self.bench.period, public=self.bench.public) if group.units else None
        return tile(one, group.label, every, link)


def _own(group: Group) -> list[str]:
    """The regions themselves, of which something may be declared."""
    return [code for code in group.id.split(",") if code.isdigit()]


def as_of_words(period: Period) -> dict[str, str]:
    """What an address must say so that it is asked as of the same instant."""
    return {} if period.as_of is None else {"as_of": iso(period.as_of)}


def explain_link(one: Assessment, group: Group, every: str, period: Period, *, public: bool) -> str:
    """Where the ingredients of this value are found, for the very same buckets."""
    asked = {
        "measure": one.measure.id,
        "formula": one.measure.version,
        "region": group.id if group.single else ",".join(group.units),
        "start": iso(one.start),
        "stop": iso(one.stop),
        "every": every,
        "tz": period.zone.key,
    } | as_of_words(period)
    return f"{PREFIX}/explain?{urlencode(asked, safe=',:')}" + ("" if public else "&public=false")


def period(query: PeriodQuery, services: Services, every: str | None = None) -> Period:
    """The days that are asked for. Raise `Invalid` for a private question to a house that is open to everybody."""
    if not query.public and services.token is None:
        raise Invalid("public", "this house is open to everybody", "true, or a house with RURBAN_API_TOKEN")
    tz, now = zone(query.tz), services.clock()
    as_of = known_at(query.as_of, now, tz)
    return Period(*span(query.start, query.stop, now, tz, as_of), tz, now, every, as_of)


@router.get("/compare", responses=NOT_FOUND)
def compare(
    query: Annotated[CompareQuery, Query()], services: Parts, atlas: CurrentPicture, recent: Recent, asking: Noted
) -> CompareAnswer:
    """One measure of a village, town, county or city beside its benchmark and beside places like it.

    Every value carries its count of devices and readings, coverage, spread and interval, and the address of its
    ingredients. Where these do not suffice there is no number but the reason and what would be needed.
    """
    measure = of_version(_measure(query), MEASURES, query.formula)
    bench = _bench(query, query.region, services, atlas, recent)
    judge = bench.judge()
    if measure.id in DECLARED:
        found = declared_bench(bench, services.registry).entry(measure, history=query.history > 0)
    else:
        judge.prepare([measure], bench.groups)
        found = entry(bench, judge, measure, query.history)
    if found is None:
        raise Invalid("benchmark", f"{query.benchmark} is no figure of {measure.id}", f"{URBAN}, or division codes")
    asking.note(atlas.standing_beneath(query.region), (*measure.metrics, *measure.divided_by))
    told = Shown(bench, judge).entry(found)
    return CompareAnswer(
        measure=told.measure,
        place=told.place,
        city=told.city,
        peers=told.peers,
        similar=_similar(bench),
        as_of=iso_or_none(bench.period.as_of),
    )


@router.get("/scorecard/{region}", responses=NOT_FOUND)
def scorecard_of(  # noqa: PLR0913, PLR0917 -- the parts of a request
    region: Annotated[str, _REGION],
    query: Annotated[BesideQuery, Query()],
    services: Parts,
    atlas: CurrentPicture,
    recent: Recent,
    remembered: Remembered,
) -> ScorecardAnswer:
    """All measures of a place at a glance: where it is behind, level or ahead, and where nobody can say, and why.

    Nothing is ranked or counted that has no number. Answers may be a minute old. What is said of a month or year that
    is over is remembered: where the present says otherwise, `changed` tells what was said, when, and the difference.
    """
    bench = _bench(query, region, services, atlas, recent)
    judge = bench.judge()
    found = card(bench, judge, services.registry)
    shown, saying = Shown(bench, judge), _saying(bench, query)
    changed = remembered.changed(saying, [saying.of_entry(one) for one in found.entries])
    return ScorecardAnswer(
        region=bench.place.id,
        name=bench.place.label,
        benchmark=bench.benchmark.label,
        as_of=iso_or_none(bench.period.as_of),
        counts=[CountAnswer(standing=standing, measures=found.count(standing)) for standing in Standing],
        entries=[
            CardEntryAnswer(**dict(shown.entry(one)), changed=changed.get(one.measure, [])) for one in found.entries
        ],
        similar=_similar(bench),
    )


def _saying(bench: Bench, query: BesideQuery) -> Saying:
    plain = query.public and not query.peers and query.similar == SIMILAR
    return Saying(bench.place.id, bench.benchmark.id, bench.period, plain)


def _measure(query: CompareQuery) -> Comparable:
    if (query.measure is None) == (query.metric is None):
        raise Invalid("measure", "one of measure and metric", f"an id of {PREFIX}/measures")
    if query.measure is not None:
        return DECLARED.get(query.measure) or comparable(query.measure)
    row = metric(query.metric or "")
    if row.id not in COMPARABLES:
        using = [one.id for one in COMPARABLES.values() if row.id in one.metrics]
        allowed = ", ".join(using) or f"an id of {PREFIX}/measures"
        raise Invalid("metric", f"{row.id} as it stands compares nothing; measure={allowed}", allowed)
    return comparable(row.id)


def _bench(query: BesideQuery, region: str, services: Services, atlas: CurrentPicture, recent: Recent) -> Bench:
    found = atlas.region(region)
    asked = period(query, services)
    declared = Declarations(services.registry, atlas, asked.as_of)
    return Bench(
        services.reader,
        recent,
        atlas,
        declared,
        asked,
        query.public,
        group_of(atlas, [found.code]),
        benchmark_of(atlas, found, query.benchmark),
        peers_of(atlas, declared, found, names([query.peers]), query.similar),
    )


def _similar(bench: Bench) -> PeersAnswer:
    if bench.peers is None:
        why = "too little is known of what makes places similar: declare persons, rain_mm, temperature and elevation_m"
        return PeersAnswer(similar=[], words=f"{why}, or name the peers")
    found = [
        SimilarAnswer(code=one.code, name=_name(bench, one.code), distance=one.distance, known=one.known)
        for one in bench.peers.found
    ]
    return PeersAnswer(similar=found, words=bench.peers.group.label)


def _name(bench: Bench, code: str) -> str:
    return bench.atlas.regions[code].name
