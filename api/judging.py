"""Places as they are judged: one by itself, many as one, beside a benchmark and beside peers."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from api.atlas import Atlas
from api.declarations import Declarations
from api.evidence import EvidenceBook, Period
from api.judged import Key, RecentAssessments
from insight import benchmarks
from insight.assessment import Assessment, assessed, combined
from insight.benchmarks import Figure
from insight.comparison import Comparison, YearsBehind, compared, years_behind
from insight.declared import Place
from insight.figures import FIGURES
from insight.gaps import trend_of_gap
from insight.gate import Lack, Refusal, Tally
from insight.measures import Comparable
from insight.peers import Peer, nearest
from insight.scorecard import Entry
from telemetry.errors import Invalid
from telemetry.model import Better, Level, Region
from telemetry.regions import padded
from telemetry.store.ports import ReadingReader

URBAN = "urban"
MOST_UNITS = 2000
"""Village-level places behind one answer."""


@dataclass(frozen=True, slots=True)
class Group:
    """A place, or several that are judged as one."""

    id: str
    label: str
    units: tuple[str, ...]
    """The village-level places that it is made of."""
    single: bool
    """It is one of these places itself."""


def group_of(atlas: Atlas, codes: Sequence[str]) -> Group:
    """The regions as one group: villages by themselves, all others by the village-level places in them.

    A region in which there is none is judged by the devices that stand in it. Raise `Unknown` or `Invalid` for a code
    that is no region's, and for too many places.
    """
    regions = list(dict.fromkeys(atlas.region(code).code for code in codes))
    units = tuple(dict.fromkeys(unit for code in regions for unit in _units(atlas, code)))
    if len(units) > MOST_UNITS:
        raise Invalid("region", f"{len(units)} village-level places", f"at most {MOST_UNITS}")
    label = ", ".join(atlas.regions[code].name for code in regions)
    return Group(",".join(regions), label, units, units == tuple(regions) and len(units) == 1)


def _units(atlas: Atlas, code: str) -> list[str]:
    return [region.code for region in atlas.beneath(code) if region.level is Level.VILLAGE] or [code]


def benchmark_of(atlas: Atlas, region: Region, named: str) -> Group | Figure:
    """What the place is held against: `urban`, a figure of a table, or regions named by their codes.

    Raises:
        Invalid: for nothing of these, or a region that has no city above it.
        Unknown: for a region that there is not.
    """
    if named in FIGURES:
        return FIGURES[named]
    if named == URBAN:
        city = benchmarks.urban_of_city(region.code, atlas.regions)
        return Group(city.id, city.label, city.codes, single=False)
    codes = [code for code in named.split(",") if code]
    if not codes or not all(code.isascii() and code.isdigit() for code in codes):
        raise Invalid("benchmark", f"{named[:64]!r} is none", f"{URBAN}, division codes, or {', '.join(FIGURES)}")
    return group_of(atlas, [padded(code) for code in codes])


@dataclass(frozen=True, slots=True)
class Judge:
    """What is known about some places in a period. `public` answers suppress what would speak of a few households."""

    book: EvidenceBook
    recent: RecentAssessments
    version: int
    """Of the registry."""
    places: Mapping[str, Place]
    now: int
    public: bool

    def prepare(self, measures: Iterable[Comparable], groups: Iterable[Group]) -> None:
        """Read at once what these measures need, of the places of which it is not known yet."""
        wanted = list(measures)
        asked = {(code, self.public and group.single) for group in groups for code in group.units}
        unknown = {
            code
            for code, public in asked
            for measure in wanted
            if self.recent.found(self._key(measure, code, public=public), self.now) is None
        }
        self.book.gather(wanted, unknown)

    def assessment(self, measure: Comparable, group: Group) -> Assessment:
        """The measure of a place or group: a value with its ingredients, or a refusal."""
        if not group.units:
            return self._nobody(measure, group)
        if group.single:
            return self._one(measure, group.units[0], public=self.public)
        members = [(self._one(measure, code, public=False), self.places[code]) for code in group.units]
        return combined(group.id, members, public=self.public)

    def _one(self, measure: Comparable, code: str, *, public: bool) -> Assessment:
        key = self._key(measure, code, public=public)
        found = self.recent.found(key, self.now)
        if found is None:
            found = assessed(measure, self.book.of(measure, code), self.places[code], public=public)
            self.recent.keep(key, self.now, found)
        return found

    def _key(self, measure: Comparable, code: str, *, public: bool) -> Key:
        place, window = self.places[code], self.book.window(measure)
        declared = (place.persons, place.households, place.mu, place.farms)
        every = f"{window} {window.zone}"
        as_of = self.book.period.as_of
        span = self.book.span(measure)
        return Key(self.version, measure.id, measure.version, code, every, *span, as_of, public, declared)

    def _nobody(self, measure: Comparable, group: Group) -> Assessment:
        empty = next(iter(self.book.of(measure, "").values()))
        refusal = Refusal(Lack.NO_BENCHMARK, f"places in it: {group.label} has none", 0.0, 1.0)
        tally = Tally(0, 0, 0, 0, None)
        return Assessment(group.id, measure, empty.edges[0], empty.edges[-1], tally, refusal=refusal)


@dataclass(frozen=True, slots=True)
class Peers:
    """The similar places that were found, as one group."""

    found: tuple[Peer, ...]
    group: Group


@dataclass(frozen=True, slots=True)
class Bench:
    """Everybody who takes part in a comparison, and where to look for them."""

    reader: ReadingReader
    recent: RecentAssessments
    atlas: Atlas
    declared: Declarations
    period: Period
    public: bool
    place: Group
    benchmark: Group | Figure
    peers: Peers | None

    @property
    def groups(self) -> list[Group]:
        """All sides that are made of places."""
        sides = (self.place, self.benchmark, self.peers.group if self.peers else None)
        return [side for side in sides if isinstance(side, Group)]

    def judge(self, period: Period | None = None) -> Judge:
        """All sides in one book, so that all have the same buckets."""
        units = tuple(dict.fromkeys(unit for side in self.groups for unit in side.units))
        book = EvidenceBook(self.reader, self.atlas, units, period or self.period)
        places = self.declared.places(units)
        return Judge(book, self.recent, self.atlas.version, places, self.period.now, self.public)


def entry(bench: Bench, judge: Judge, measure: Comparable, history: int) -> Entry | None:
    """The place in one measure beside benchmark and peers; None = the benchmark is a figure of another measure.

    Raises:
        Invalid: for a period that gives too many buckets.
        StoreUnavailable: the store cannot answer now.
    """
    if isinstance(bench.benchmark, Figure) and bench.benchmark.measure != measure.id:
        return None
    here = judge.assessment(measure, bench.place)
    there = bench.benchmark if isinstance(bench.benchmark, Figure) else judge.assessment(measure, bench.benchmark)
    beside = compared(here, there)
    peers = compared(here, judge.assessment(measure, bench.peers.group)) if bench.peers else None
    return Entry(beside, peers, trend_of_gap(here, there), _years_behind(bench, beside, history))


def _years_behind(bench: Bench, beside: Comparison, history: int) -> YearsBehind | None:
    """By the benchmark's same days of earlier years, as far back as it has a value; None = nobody asked or can say."""
    place, there = beside.place, beside.benchmark
    if not history or beside.gap is None or place.value is None or place.measure.better is Better.NEITHER:
        return None
    past = (
        [(one.year, one.value) for one in FIGURES.values() if _earlier(one, there)]
        if isinstance(there, Figure)
        else _earlier_years(bench, beside, history)
    )
    if not past:
        return None
    now = _year(place.start, place.stop)
    told = sorted([*((float(year), value) for year, value in past if year is not None), (now, there.value or 0.0)])
    years, values = zip(*told, strict=True)
    return years_behind(now, place.value, years, values, place.measure.better)


def _earlier(one: Figure, than: Figure) -> bool:
    same = (one.measure, one.scope, one.kind) == (than.measure, than.scope, than.kind)
    return same and one.year is not None and than.year is not None and one.year < than.year


def _earlier_years(bench: Bench, beside: Comparison, history: int) -> list[tuple[float | None, float]]:
    """The benchmark's values, year by year; without a value, nothing before it is looked at."""
    found: list[tuple[float | None, float]] = []
    if not isinstance(bench.benchmark, Group):
        return found
    measure, period = beside.place.measure, bench.period
    every = str(bench.judge().book.window(measure))
    for back in range(1, history + 1):
        start, stop = (_years_before(at, back, period) for at in (beside.place.start, beside.place.stop))
        judge = bench.judge(replace(period, start=start, stop=stop, every=every))
        try:
            then = judge.assessment(measure, bench.benchmark)
        except Invalid as error:
            if error.where != "as_of":
                raise
            # A year of which only rollups are left: the present has it, the past has not.
            break
        if then.value is None:
            break
        found.append((_year(then.start, then.stop), then.value))
    return found


def _years_before(at: int, years: int, period: Period) -> int:
    """The same local time of an earlier year; the 29th of February becomes the 28th."""
    local = dt.datetime.fromtimestamp(at / 1000, period.zone)
    day = min(local.day, 28) if local.month == 2 else local.day  # noqa: PLR2004 -- February
    return max(0, int(local.replace(year=max(1970, local.year - years), day=day).timestamp() * 1000))


def _year(start: int, stop: int) -> float:
    """The middle of a period as a year with its part."""
    middle = dt.datetime.fromtimestamp((start + stop) / 2000, dt.UTC)
    first = dt.datetime(middle.year, 1, 1, tzinfo=dt.UTC)
    whole = dt.datetime(middle.year + 1, 1, 1, tzinfo=dt.UTC) - first
    return middle.year + (middle - first) / whole


def peers_of(atlas: Atlas, declared: Declarations, region: Region, named: Sequence[str], count: int) -> Peers | None:
    """The places that are named, else the most similar village-level ones of the same setting; None = nobody can say.

    Places above village level have none unless they are named.
    """
    if named:
        return Peers((), replace(group_of(atlas, named), single=False))
    if region.level is not Level.VILLAGE:
        return None
    here = declared.traits([region.code])[region.code]
    if not nearest(here, [replace(here, code="")], 1):
        # So little is known of it that nobody can be like it: the others need not be asked for.
        return None
    rivals = [one for one in atlas.regions.values() if one.level is Level.VILLAGE and one.setting is region.setting]
    traits = declared.traits([one.code for one in rivals])
    found = nearest(here, list(traits.values()), count)
    units = tuple(peer.code for peer in found)
    return (
        Peers(found, Group(f"peers:{region.code}", f"similar to {region.name}", units, single=False)) if found else None
    )
