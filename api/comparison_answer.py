"""Measures, values and comparisons as they go out: a number with what it rests on, or why there is none."""

from pydantic import BaseModel, Field

from api.answers import INSTANT
from insight.assessment import Assessment
from insight.benchmarks import Figure, FigureKind
from insight.comparison import Comparison, Course, GapTrend, YearsBehind
from insight.declared import Declared
from insight.gate import WORDS, Lack, Refusal
from insight.measures import Comparable, Limit, Normaliser, Weight
from insight.scorecard import Standing, standing
from insight.spread import Interval, Spread
from insight.superseded import earlier
from telemetry.instant import iso
from telemetry.model import Better, Fold

_IN_UNIT = "in the measure's unit"


class LimitAnswer(BaseModel):
    """A band of one metric, bounds inside."""

    metric: str
    low: float | None = Field(description="in the metric's unit; null = open")
    high: float | None = Field(description="in the metric's unit; null = open")
    source: str
    verified: bool = Field(description="somebody has read the number in the source")


class MeasureAnswer(BaseModel):
    """What is measured, and how it is computed."""

    id: str = Field(examples=["drinking_water_per_person"])
    name_en: str
    name_zh: str
    unit: str = Field(description="UCUM, what is counted in braces", examples=["L/{person}/d"])
    better: Better
    formula: str = Field(description="in words, with the equation's number in docs/comparison.md")
    version: int = Field(description="of the formula")
    earlier: list[int] = Field(description="versions before it that `formula=` computes again")
    source: str
    verified: bool = Field(description="formula and limits were read in their sources; else they are defaults")
    normaliser: Normaliser = Field(description="what it is divided by")
    weigh_by: Weight = Field(description="what a place counts by in a group")
    metrics: list[str] = Field(description="of the catalogue; none = all that the devices report, or it is declared")
    divided_by: list[str] = Field(description="metrics to divide by; the first that a place has is used")
    limits: list[LimitAnswer]
    longest_h: float | None = Field(description="hours out of band after which a day has failed")
    factor: float = Field(description="from the metric's unit to the measure's")
    every: str = Field(description="shortest buckets that readings are folded into first")
    fold: Fold | None = Field(description="over time, instead of the metric's own")


class Measures(BaseModel):
    """The measures by which places are compared."""

    measures: list[MeasureAnswer]


class RefusalAnswer(BaseModel):
    """Why there is no number, and what would be needed."""

    reason: Lack
    words: str = Field(examples=["too much of the expected data is missing: 70% of the expected data, 52% is there"])
    words_zh: str = Field(examples=["数据完整率不足"])
    needed: str
    have: float | None = Field(description="what there is, where it is a number that may be told")
    want: float | None = Field(description="what would be needed")


class SpreadAnswer(BaseModel):
    """Values below which 10, 25, 50, 75 and 90 % lie: of the days of a place, of the places of a group."""

    p10: float
    p25: float
    p50: float
    p75: float
    p90: float
    of: int = Field(description="how many days or places")


class IntervalAnswer(BaseModel):
    """Where the value lies with this probability, as far as chance days go."""

    low: float
    high: float
    level: float = Field(description="0 to 1", examples=[0.95])


class DeclaredAnswer(BaseModel):
    """A number that somebody counted."""

    value: float
    year: int | None
    source: str
    entered_by: str


class Tile(BaseModel):
    """The measure of one place or group: a value or a refusal, never both."""

    place: str = Field(description="division code, or the name of a group", examples=["370522101201"])
    name: str
    value: float | None = Field(description=_IN_UNIT)
    refusal: RefusalAnswer | None
    devices: int = Field(description="that said at least one good thing")
    devices_due: int = Field(description="that measure this here, silent ones included")
    readings: int = Field(description="good ones that took part")
    excluded: int = Field(description="readings in doubt, left out")
    coverage: float | None = Field(description="share of the due readings that took part, 0 to 1; null = unknown")
    spread: SpreadAnswer | None = Field(description=_IN_UNIT)
    interval: IntervalAnswer | None = Field(description=f"{_IN_UNIT}; null = from fewer than ten days there is none")
    divided_by: DeclaredAnswer | None = Field(description="the declared number behind it")
    declared: DeclaredAnswer | None = Field(description="the number itself, where it is one that somebody declared")
    missing: list[str] = Field(description="of a group: places that have no value")
    start: str = Field(examples=[INSTANT])
    stop: str = Field(description="end of the last whole bucket", examples=[INSTANT])
    every: str = Field(description="buckets that the readings were folded into", examples=["1h"])
    explain: str | None = Field(description="address of its ingredients; null = no readings are behind it")
    statistics: str | None = Field(description="of what is declared: address of the numbers behind it")


class FigureAnswer(BaseModel):
    """A benchmark from a table."""

    id: str
    label: str
    value: float = Field(description=_IN_UNIT)
    unit: str
    year: int | None
    source: str
    verified: bool
    kind: FigureKind


class TrendAnswer(BaseModel):
    """Whether the gap closes within the period."""

    course: Course
    slope: float = Field(description=f"of the gap, {_IN_UNIT} per year")
    low: float | None
    high: float | None
    level: float
    points: int = Field(description="stretches of days that it is drawn through")


class YearsBehindAnswer(BaseModel):
    """How long ago the benchmark stood where the place stands now."""

    years: float | None
    at: float | None = Field(description="that year, with its part")
    refusal: RefusalAnswer | None


class ComparisonAnswer(BaseModel):
    """A place beside a benchmark."""

    benchmark: Tile | None = Field(description="places that are measured alike; null = a figure")
    figure: FigureAnswer | None = Field(description="a number of a table; null = places")
    standing: Standing = Field(description="only what is certain counts as ahead or behind")
    parity: float | None = Field(description="1 = as good as the benchmark, below 1 = worse", examples=[0.56])
    parity_interval: IntervalAnswer | None
    gap: float | None = Field(description=f"benchmark minus place, {_IN_UNIT}")
    gap_interval: IntervalAnswer | None
    certain: bool = Field(description="the interval of the gap lies on one side of zero")
    refusal: RefusalAnswer | None = Field(description="why there is no comparison, or only a gap and no ratio")
    trend: TrendAnswer | None
    years_behind: YearsBehindAnswer | None = Field(description="null = no history of the benchmark was asked or found")


def measure_answer(row: Comparable) -> MeasureAnswer:
    return MeasureAnswer(
        id=row.id,
        name_en=row.name_en,
        name_zh=row.name_zh,
        unit=row.unit,
        better=row.better,
        formula=row.formula,
        version=row.version,
        earlier=earlier(row),
        source=row.source,
        verified=row.verified,
        normaliser=row.normaliser,
        weigh_by=row.weigh_by,
        metrics=list(row.metrics),
        divided_by=list(row.divided_by),
        limits=[_limit(limit) for limit in row.limits],
        longest_h=row.longest_h,
        factor=row.factor,
        every=row.every,
        fold=row.fold,
    )


def _limit(limit: Limit) -> LimitAnswer:
    return LimitAnswer(
        metric=limit.metric, low=limit.low, high=limit.high, source=limit.source, verified=limit.verified
    )


def refusal_answer(refusal: Refusal | None) -> RefusalAnswer | None:
    if refusal is None:
        return None
    return RefusalAnswer(
        reason=refusal.lack,
        words=refusal.words,
        words_zh=WORDS[refusal.lack][1],
        needed=refusal.needed,
        have=refusal.have,
        want=refusal.want,
    )


def declared_answer(one: Declared | None) -> DeclaredAnswer | None:
    if one is None:
        return None
    return DeclaredAnswer(value=one.value, year=one.year, source=one.source, entered_by=one.entered_by)


def tile(one: Assessment, name: str, every: str, explain: str | None, statistics: str | None = None) -> Tile:
    """A value or refusal with what it rests on."""
    tally = one.tally
    return Tile(
        place=one.place,
        name=name,
        value=one.value,
        refusal=refusal_answer(one.refusal),
        devices=tally.devices,
        devices_due=tally.due,
        readings=tally.readings,
        excluded=tally.excluded,
        coverage=tally.coverage,
        spread=_spread(one.spread),
        interval=_interval(one.interval),
        divided_by=declared_answer(one.divided_by),
        declared=declared_answer(one.declared),
        missing=list(one.missing),
        start=iso(one.start),
        stop=iso(one.stop),
        every=every,
        explain=explain,
        statistics=statistics,
    )


def figure_answer(one: Figure) -> FigureAnswer:
    return FigureAnswer(
        id=one.id,
        label=one.label,
        value=one.value,
        unit=one.unit,
        year=one.year,
        source=one.source,
        verified=one.verified,
        kind=one.kind,
    )


def comparison_answer(
    one: Comparison, benchmark: Tile | None, trend: GapTrend | None, behind: YearsBehind | None
) -> ComparisonAnswer:
    """One comparison, with its benchmark as it is shown."""
    return ComparisonAnswer(
        benchmark=benchmark,
        figure=figure_answer(one.benchmark) if isinstance(one.benchmark, Figure) else None,
        standing=standing(one),
        parity=one.parity,
        parity_interval=_interval(one.parity_interval),
        gap=one.gap,
        gap_interval=_interval(one.gap_interval),
        certain=one.certain,
        refusal=refusal_answer(one.refusal),
        trend=_trend(trend),
        years_behind=_years(behind),
    )


def _spread(one: Spread | None) -> SpreadAnswer | None:
    if one is None:
        return None
    return SpreadAnswer(p10=one.p10, p25=one.p25, p50=one.p50, p75=one.p75, p90=one.p90, of=one.of)


def _interval(one: Interval | None) -> IntervalAnswer | None:
    return None if one is None else IntervalAnswer(low=one.low, high=one.high, level=one.level)


def _trend(one: GapTrend | None) -> TrendAnswer | None:
    if one is None:
        return None
    slope = one.slope
    return TrendAnswer(
        course=one.course, slope=slope.slope, low=slope.low, high=slope.high, level=slope.level, points=slope.points
    )


def _years(one: YearsBehind | None) -> YearsBehindAnswer | None:
    if one is None:
        return None
    return YearsBehindAnswer(years=one.years, at=one.at, refusal=refusal_answer(one.refusal))
