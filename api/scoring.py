"""What the house says of a place for a period, as `/scorecard` and `/index` say it to anybody, to be remembered."""

import logging
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from api.atlas import Atlas, CurrentAtlas, sensors
from api.declarations import Declarations
from api.declared_entry import declared_bench
from api.evidence import Period
from api.goalpost_index import goalpost_index
from api.judged import RecentAssessments
from api.judging import URBAN, Bench, Judge, benchmark_of, entry, group_of, peers_of
from insight.figures import DECLARED
from insight.index.framework import DIGITAL_VILLAGE
from insight.measures import COMPARABLES
from insight.scorecard import Scorecard, scorecard
from insight.scores import Score, of_card, of_index
from telemetry.errors import Invalid
from telemetry.model import Level, Region, Setting
from telemetry.registry import Registry
from telemetry.store.ports import ReadingReader

logger = logging.getLogger(__name__)

PEERS = 5
"""Similar villages beside which a village is held, as `/scorecard` does."""
DAYS = 30
"""Length of the period that is judged, as `/scorecard` does."""
DAY_MS = 86_400_000


class Scorer:
    """Judges the places of one house; not thread-safe."""

    def __init__(self, registry: Registry, reader: ReadingReader, zone: ZoneInfo, clock: Callable[[], int]) -> None:
        self._registry = registry
        self._reader = reader
        self._zone = zone
        self._clock = clock
        self._atlas = CurrentAtlas(registry)
        self._recent = RecentAssessments()

    def places(self) -> list[Region]:
        """Villages that are not urban, and the towns and counties above them. Raise `RegistryUnavailable`."""
        atlas = self._atlas.now()
        return [region for region in atlas.regions.values() if _scored(atlas, region)]

    def scores(self, region: Region, stop: int) -> Sequence[Score]:
        """Of the 30 days before `stop`, milliseconds UTC; none for a place that cannot be judged, as without a city.

        Raises:
            StoreUnavailable: Or `RegistryUnavailable`: nothing can be judged now.
        """
        try:
            return self._scores(self._atlas.now(), region, stop)
        except Invalid as error:
            logger.warning("nothing is said of %s %s: %s", region.code, region.name, error)
            return []

    def _scores(self, atlas: Atlas, region: Region, stop: int) -> Sequence[Score]:
        declared = Declarations(self._registry, atlas)
        bench = Bench(
            self._reader,
            self._recent,
            atlas,
            declared,
            Period(stop - DAYS * DAY_MS, stop, self._zone, self._clock()),
            public=True,
            place=group_of(atlas, [region.code]),
            benchmark=benchmark_of(atlas, region, URBAN),
            peers=peers_of(atlas, declared, region, (), PEERS),
        )
        judge = bench.judge()
        return [
            *of_card(card(bench, judge, self._registry)),
            *of_index(goalpost_index(DIGITAL_VILLAGE, judge, declared, bench.place)[1]),
        ]


def card(bench: Bench, judge: Judge, registry: Registry) -> Scorecard:
    """All measures of a place, those of readings and those that are declared."""
    judge.prepare(COMPARABLES.values(), bench.groups)
    told = declared_bench(bench, registry)
    each = (
        *(entry(bench, judge, row, 0) for row in COMPARABLES.values()),
        *(told.entry(row, history=False) for row in DECLARED.values()),
    )
    return scorecard(bench.place.id, [found for found in each if found is not None])


def _scored(atlas: Atlas, region: Region) -> bool:
    if region.level not in {Level.VILLAGE, Level.TOWN, Level.COUNTY}:
        return False
    return any(
        one.level is Level.VILLAGE and one.setting is Setting.RURAL and sensors(atlas, one.code)
        for one in atlas.beneath(region.code)
    )
