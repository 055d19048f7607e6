"""Once a night what is said of each place is written back as readings, so that boards and `/series` see its history.

The scores go the way of every reading: as SenML packs on the topic of one device, the house itself, each pack for a
device of its own, `scores-<code>`, that stands in the place. So they are checked, counted in the ledger and kept once,
however often they are told. A house that was away tells the nights that it missed, a week of them at most.
"""

import contextlib
import datetime as dt
import logging
import time
from collections.abc import Callable, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from api.scoring import Scorer
from devices.codecs import senml_json
from insight import scores
from insight.scores import Score
from rurban.nights import Hours, Rest, each_night
from telemetry.errors import BrokerUnavailable, RegistryUnavailable, StoreUnavailable
from telemetry.model import Device, Measure, Profile, Region, Sample
from telemetry.own import HOUSE, scores_of
from telemetry.registry import Registry
from telemetry.store.ports import ReadingReader

logger = logging.getLogger(__name__)

TOPIC: Final = f"rurban/v1/{HOUSE}/up"
PROFILE: Final = Profile(
    scores.PROFILE,
    "What the house says of a place, once a night",
    "senml_json",
    tuple(map(Measure, sorted(scores.METRICS))),
)
MOST_NIGHTS: Final = 7


def settle(registry: Registry, place: Region) -> None:
    """Make the device of a place's scores known, and the one that speaks for it."""
    devices = registry.devices
    if PROFILE not in devices.profiles():
        devices.put_profiles([PROFILE])
    known = {device.id for device in devices.all()}
    house = Device(HOUSE, PROFILE.id, place.code, "The house's own scores 平台评分")
    own = Device(scores_of(place.code), PROFILE.id, place.code, f"Scores 评分 {place.name}", gateway=HOUSE)
    devices.put([one for one in (house, own) if one.id not in known])


class Scoring:
    """Tells what one house says of its places; for one thread."""

    def __init__(  # noqa: PLR0913 (one composition root calls it)
        self,
        registry: Registry,
        reader: ReadingReader,
        publish: Callable[[str, bytes], None],
        *,
        zone: ZoneInfo,
        clock: Callable[[], int],
        nights: int = MOST_NIGHTS,
    ) -> None:
        """`publish` returns when the broker has it; of so many nights that were missed the newest are told."""
        self._registry = registry
        self._reader = reader
        self._publish = publish
        self._zone = zone
        self._nights = nights
        self._scorer = Scorer(registry, reader, zone, clock)

    def tell_until(self, night: dt.date, rest: Rest = lambda _: False) -> tuple[int, bool]:
        """Tell every night up to this one that is not stored yet, the oldest first; how many scores, and whether all.

        After each place it rests as long as that took, lest the house have no time for people: `rest` takes seconds and
        is true where the rest is to be left.

        Raises:
            StoreUnavailable: Or `RegistryUnavailable` or `BrokerUnavailable`: what is missing is told the next time.
        """
        places = self._scorer.places()
        known = self._told(places)
        told = 0
        for back in range(self._nights - 1, -1, -1):
            at = self._midnight(night - dt.timedelta(days=back))
            for place in places:
                if at <= known.get(place.code, 0):
                    continue
                began = time.monotonic()
                told += self._tell(place, at)
                if rest(time.monotonic() - began):
                    return told, False
        return told, True

    def _told(self, places: Sequence[Region]) -> dict[str, int]:
        """By place, the newest night that is stored."""
        code_of = {scores_of(place.code): place.code for place in places}
        found: dict[str, int] = {}
        for reading in self._reader.latest(list(code_of), ["refusal"]):
            code = code_of[reading.device.partition(":")[0]]
            found[code] = max(found.get(code, 0), reading.at)
        return found

    def _tell(self, place: Region, at: int) -> int:
        said = self._scorer.scores(place, at)
        if not said:
            return 0
        settle(self._registry, place)
        self._publish(TOPIC, senml_json.encode([_sample(place.code, at, one) for one in said]))
        return len(said)

    def _midnight(self, day: dt.date) -> int:
        return int(dt.datetime(day.year, day.month, day.day, tzinfo=self._zone).timestamp() * 1000)


def _sample(code: str, at: int, one: Score) -> Sample:
    return Sample(one.metric, one.value, at, channel=one.channel, device=scores_of(code))


def scored_nightly(scoring: Scoring, hours: Hours) -> contextlib.AbstractContextManager[None]:
    """Tell once a night from a thread of its own."""
    return each_night("rurban-scores", hours, lambda night, rest: _told(scoring, night, rest))


def _told(scoring: Scoring, night: dt.date, rest: Rest) -> bool:
    try:
        count, whole = scoring.tell_until(night, rest)
    except (StoreUnavailable, RegistryUnavailable, BrokerUnavailable) as error:
        logger.warning("the scores of %s are not told now: %s", night, error)
        return False
    if count:
        logger.info("%d scores told, %s the night of %s", count, "up to" if whole else "not all up to", night)
    return whole
