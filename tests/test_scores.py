"""What is said of places, written back: the same numbers as the API's, kept once, refusals as codes."""

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from devices.message import Message
from ingest.checks import Checks, ClockLimits
from ingest.directory import CurrentDirectory
from ingest.pipeline import Outcome, Pipeline
from insight import scores
from insight.gate import Lack
from insight.scorecard import Standing
from rurban.house import RegistryDirectory
from rurban.nights import NEVER, Hours
from rurban.scoring import PROFILE, Scoring, scored_nightly
from telemetry.errors import BrokerUnavailable
from telemetry.metrics import METRICS
from telemetry.own import HOUSE, scores_of
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from tests.compared_county import OTHER, STOP, compared
from tests.village import VILLAGE
from tests.workplace import eventually

UTC = ZoneInfo("UTC")
NIGHT = dt.date(2026, 11, 23)
LATER = STOP + 4 * 3_600_000
DAY_MS = 86_400_000
TOWN = "370522101000"
COUNTY = "370522000000"
PERIOD = "start=2026-10-24&stop=2026-11-23"
"""The thirty days before that night."""


class Worker:
    """Does at once with what is published what the worker does, unless the broker is away."""

    def __init__(self, registry: Registry, store: EmbeddedStore) -> None:
        self._registry = registry
        self._store = store
        self.away = False
        self.told = 0
        self.outcome = Outcome()

    def publish(self, topic: str, payload: bytes) -> None:
        if self.away:
            raise BrokerUnavailable("MQTT broker at 127.0.0.1:1: not connected")
        outcome = Outcome()
        line = Pipeline(CurrentDirectory(RegistryDirectory(self._registry)), Checks(ClockLimits()))
        line.process(Message(topic, payload, LATER), outcome)
        assert [] == [one.detail for one in outcome.quarantined]
        self._store.write(outcome.readings)
        self.told += 1


class House:
    """A county whose scores can be told."""

    def __init__(self, registry: Registry, store: EmbeddedStore) -> None:
        self.served = compared(registry, store)
        self.store = store
        self.worker = Worker(registry, store)
        self.registry = registry
        self.scoring = self.scorer(1)

    def scorer(self, nights: int) -> Scoring:
        return Scoring(self.registry, self.store, self.worker.publish, zone=UTC, clock=lambda: LATER, nights=nights)

    def tell(self, night: dt.date = NIGHT) -> int:
        told, _ = self.scoring.tell_until(night)
        return told

    def stored(self, region: str) -> dict[tuple[str, str], float]:
        """The newest, by metric and channel."""
        found = self.store.latest([scores_of(region)], None)
        return {(one.metric, one.device.partition(":")[2]): one.value for one in found}


@pytest.fixture
def county(registry: Registry, store: EmbeddedStore) -> House:
    return House(registry, store)


def test_every_reason_has_a_code_of_its_own() -> None:
    assert set(scores.CODES) == set(Lack)
    assert len(set(scores.CODES.values()) | {int(scores.SAID)}) == len(Lack) + 1


def test_every_derived_metric_is_in_the_catalogue() -> None:
    assert {"benchmark"} == {METRICS[name].domain for name in scores.METRICS}


@pytest.mark.parametrize("region", [VILLAGE, TOWN, COUNTY])
def test_what_is_stored_is_what_the_scorecard_says(county: House, region: str) -> None:
    county.tell()
    stored = county.stored(region)
    card = county.served.get(f"/scorecard/{region}?{PERIOD}")

    for one in card["entries"]:
        measure, city = one["measure"]["id"], one["city"]
        refusal = city["refusal"]
        code = scores.CODES[Lack(refusal["reason"])] if refusal else scores.SAID

        assert code == stored["refusal", measure]
        assert stored.get(("parity", measure)) == (
            None if city["parity"] is None else pytest.approx(city["parity"], rel=1e-5)
        )
        assert stored.get(("standing", measure)) == scores.STANDINGS.get(Standing(city["standing"]))
    assert {measure for metric, measure in stored if metric == "parity"}


def test_the_gap_change_is_the_trend_of_the_scorecard_by_month_and_benchmark(county: House) -> None:
    county.tell()
    stored = county.stored(VILLAGE)
    card = county.served.get(f"/scorecard/{VILLAGE}?{PERIOD}")
    trends = {
        one["measure"]["id"]: one["city"]
        for one in card["entries"]
        if one["city"]["trend"] and one["city"]["gap"] and one["city"]["benchmark"]["value"]
    }

    assert trends
    for measure, city in trends.items():
        sign = 1 if city["gap"] > 0 else -1
        monthly = 100 * sign * city["trend"]["slope"] / abs(city["benchmark"]["value"]) / 12

        assert monthly == pytest.approx(stored["gap_change", measure], rel=1e-3)


def test_an_index_that_is_refused_says_why_and_keeps_no_number(county: House) -> None:
    county.tell()
    stored = county.stored(VILLAGE)

    assert scores.CODES[Lack.FEW_INDICATORS] == stored["refusal", scores.INDEX]
    assert ("village_index", "") not in stored


def test_a_night_is_told_once(county: House) -> None:
    assert county.tell() > 0
    assert county.tell() == 0


def test_the_nights_that_were_missed_are_told(county: House) -> None:
    county.scorer(3).tell_until(NIGHT)
    query = f"metric=refusal&device={scores_of(VILLAGE)}&start=2026-11-01&stop=2026-11-24&quality=all"
    lines = {line["group"]: line["points"] for line in county.served.lines(query)}

    nights = [f"2026-11-{day}T00:00:00Z" for day in range(21, 24)]

    assert nights == [point["at"] for point in lines[f"{scores_of(VILLAGE)}:pm25"]]


def test_the_next_night_adds_one(county: House) -> None:
    county.tell(NIGHT - dt.timedelta(days=1))
    before = county.worker.told
    county.tell()

    assert 4 == county.worker.told - before


def test_the_city_and_places_without_devices_have_no_scores(county: House) -> None:
    county.tell()
    devices = {one["id"] for one in county.served.get("/devices?limit=1000")["devices"]}

    assert {HOUSE, *(scores_of(code) for code in (VILLAGE, OTHER, TOWN, COUNTY))} == {
        name for name in devices if "scores" in name
    }


def test_scores_change_no_score(county: House) -> None:
    before = county.served.get(f"/scorecard/{VILLAGE}?{PERIOD}")
    county.tell()

    assert before["entries"] == county.served.get(f"/scorecard/{VILLAGE}?{PERIOD}")["entries"]


def test_what_the_house_says_is_no_sensor_of_a_place(county: House) -> None:
    before = [county.served.get(path) for path in (f"/regions/{COUNTY}", "/places")]
    county.tell()
    after = [county.served.get(path) for path in (f"/regions/{COUNTY}", "/places")]

    assert before == after


def test_while_the_broker_is_away_nothing_counts_as_told(county: House) -> None:
    county.worker.away = True
    with pytest.raises(BrokerUnavailable):
        county.tell()
    county.worker.away = False

    assert county.tell() > 0


def test_who_is_told_to_stop_leaves_after_the_place_at_hand(county: House) -> None:
    _, whole = county.scoring.tell_until(NIGHT, lambda _: True)

    assert (1, False) == (county.worker.told, whole)


def test_the_thread_tells_when_the_hour_has_come_and_tries_again(county: House) -> None:
    times = iter(range(STOP + 5 * 3_600_000, STOP + 30 * 3_600_000, 1_000_000))
    county.worker.away = True
    with scored_nightly(county.scoring, Hours("04:00", UTC, lambda: next(times), look_s=0.01, begin_after_ms=0)):
        eventually(lambda: next(times) > 0)
        county.worker.away = False
        eventually(lambda: county.worker.told > 0)


def test_never_is_never(county: House) -> None:
    with scored_nightly(county.scoring, Hours(NEVER, UTC, lambda: STOP, look_s=0.01, begin_after_ms=0)):
        pass

    assert 0 == county.worker.told


def test_its_profile_is_as_this_version_has_it_and_its_devices_are_in_no_table(county: House) -> None:
    county.registry.devices.put_profiles([replace(PROFILE, measures=PROFILE.measures[:1])])
    county.tell()
    table = county.served.client.get("/api/v1/devices.csv").text

    assert PROFILE == county.registry.devices.profile(PROFILE.id)
    assert HOUSE in {device.id for device in county.registry.devices.all()}
    assert (True, False) == (table.startswith("id,"), "scores" in table)
