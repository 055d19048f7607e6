"""What was said of last week is said again as of last week, however late the rest of it came."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from telemetry.calibration import Calibration, Linear
from telemetry.instant import iso
from telemetry.metrics import METRICS
from telemetry.model import Device, Measure, Profile, Reading, Statistic
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from tests.api_fixture import HOUR, NOW, Served, served
from tests.compared_county import OTHER, PLACES, SECOND_STREET, START, STOP, settle
from tests.village import STREET, VILLAGE

THEN = STOP - 24 * HOUR
"""2026-11-22T00:00:00Z."""
DAYS = "start=2026-11-09&stop=2026-11-22"
CALM = {VILLAGE: 10.0, OTHER: 20.0, STREET: 5.0, SECOND_STREET: 5.0}


def hourly(code: str, value: float, start: int, stop: int, received_at: int | None = None) -> list[Reading]:
    times = range(start, stop, HOUR)
    return [Reading(f"air-{code}", "pm25", at, value, value, 0, received_at or at) for at in times]


def monitors(registry: Registry) -> None:
    """One of fine dust in each of the four places, and nothing else that is due."""
    registry.devices.put_profiles([Profile("everything", "", "native_json", (Measure("air_pressure"),))])
    registry.devices.put_profiles([Profile("air", "", "native_json", (Measure("pm25", interval_s=3600),))])
    registry.devices.put([Device(f"air-{code}", "air", code) for code in PLACES])


def persons(count: float, entered_at: int) -> Statistic:
    return Statistic(OTHER, "persons", 2025, count, "ledger", "Li", entered_at)


@pytest.fixture
def before(registry: Registry, store: EmbeddedStore) -> Served:
    """The house as it was then: the last two days of the village had not come."""
    settle(registry)
    monitors(registry)
    registry.statistics.put([persons(1000, THEN - HOUR)])
    for code, value in CALM.items():
        store.write(hourly(code, value, START, THEN - (48 * HOUR if code == VILLAGE else 0)))
    return served(registry, store, now=THEN)


def present(before: Served) -> Served:
    """The same today: the last two days have come and were bad, and the other village was counted."""
    before.store.write(hourly(VILLAGE, 70.0, THEN - 48 * HOUR, THEN, received_at=NOW - HOUR))
    for code, value in CALM.items():
        before.store.write(hourly(code, value, THEN, NOW))
    before.registry.statistics.put([Statistic(OTHER, "households", 2025, 9000, "census", "Li", NOW - HOUR)])
    return served(before.registry, before.store)


def plain(answer: dict[str, Any]) -> dict[str, Any]:
    """Without the addresses in it, and without what says as of when it is."""
    text = re.sub(r'&as_of=[^"&]+', "", json.dumps(answer))
    told: dict[str, Any] = json.loads(text)
    return told | {"as_of": None}


@pytest.mark.parametrize(
    "question",
    [
        f"/scorecard/{VILLAGE}?{DAYS}",
        f"/scorecard/{VILLAGE}?start=-10d&tz=Asia/Shanghai",
        f"/compare?metric=pm25&region={VILLAGE}&{DAYS}",
        "/compare?measure=data_completeness&region=370522101&start=-3d",
        f"/explain?measure=pm25&region=370522101&{DAYS}",
        f"/index/{VILLAGE}?{DAYS}",
        f"/index/{VILLAGE}?by=parity&{DAYS}",
        "/statistics?id=persons,households",
        f"/series?metric=pm25&region={VILLAGE}&every=1d&start=-14d",
        f"/series?metric=pm25&region={VILLAGE}&start=-3d&limit=5",
    ],
)
def test_what_was_answered_then_is_answered_again(before: Served, question: str) -> None:
    """To the letter; relative times are meant from then, too."""
    then = before.get(question)
    house = present(before)
    joined = f"{question}{'&' if '?' in question else '?'}as_of={iso(THEN)}"

    assert (None, iso(THEN)) == (then["as_of"], house.get(joined)["as_of"])
    assert plain(then) == plain(house.get(joined))
    assert plain(then) != plain(house.get(question))


def test_present_and_past_are_remembered_apart(before: Served) -> None:
    house = present(before)
    question = f"/compare?metric=pm25&region={VILLAGE}&{DAYS}&history=0"
    values = [house.get(question + more)["place"]["value"] for more in ("", f"&as_of={iso(THEN)}", "&as_of=-1h", "")]

    late = (10.0 * 11 + 70.0 * 2) / 13
    assert [pytest.approx(late), 10.0, pytest.approx(late), pytest.approx(late)] == values


def test_the_addresses_in_an_answer_lead_to_what_was_known_then(before: Served) -> None:
    """From the tile to its ingredients, from there to the readings; a relative instant is written out."""
    house = present(before)
    tile = house.get(f"/compare?metric=pm25&region={VILLAGE}&{DAYS}&as_of=-32h")["place"]
    told = house.get(tile["explain"].removeprefix("/api/v1"))
    (part,) = told["parts"]
    (line,) = house.get(part["queries"][0].removeprefix("/api/v1"))["series"]

    assert f"as_of={iso(THEN)}" in tile["explain"]
    assert (iso(THEN), 264) == (told["as_of"], part["ingredients"][0]["readings"])
    assert (264, {10.0, None}) == (
        sum(point["count"] for point in line["points"]),
        {point["value"] for point in line["points"]},
    )


def test_the_next_page_is_as_of_the_same_instant(before: Served) -> None:
    house = present(before)
    answer = house.client.get(f"/api/v1/series?metric=pm25&region={VILLAGE}&start=-3d&limit=5&as_of=-32h")

    assert f"as_of={iso(THEN)}".replace(":", "%3A") in answer.headers["Link"]
    following = house.client.get(answer.links["next"]["url"]).json()
    assert 5 == len(following["series"][0]["points"])


def test_a_year_that_is_forgotten_tells_no_years_behind_as_of_then(registry: Registry, tmp_path: Path) -> None:
    """The present has rollups of it; how far the past of the place itself is kept, the answer stands."""
    kept = [0]
    with EmbeddedStore.open(
        tmp_path / "s", zone=ZoneInfo("UTC"), metrics=METRICS, kept_since=lambda: kept[-1]
    ) as store:
        settle(registry)
        monitors(registry)
        year = 365 * 24 * HOUR
        for code, value in CALM.items():
            store.write(hourly(code, value, START, THEN) + hourly(code, 12.0, START - year, THEN - year))
        store.merge()
        kept.append(START - HOUR)
        store.merge()
        house = served(registry, store)
        question = f"/compare?metric=pm25&region={VILLAGE}&{DAYS}"
        now, then = house.get(question), house.get(f"{question}&as_of={iso(THEN)}")

    assert (10.0, 10.0) == (now["place"]["value"], then["place"]["value"])
    assert (True, None) == (now["city"]["years_behind"]["years"] > 0, then["city"]["years_behind"])


@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        ("2026-11-24", "as_of: '2026-11-24' is in the future"),
        ("2026-11-09", "as_of: 2026-11-09T00:00:00Z is not after start"),
        ("yesterday", "as_of: 'yesterday' is no instant"),
    ],
)
def test_an_instant_that_means_nothing_is_refused(before: Served, as_of: str, words: str) -> None:
    for path in (f"/scorecard/{VILLAGE}?", f"/index/{VILLAGE}?", f"/explain?measure=pm25&region={VILLAGE}&"):
        answer = before.client.get(f"/api/v1{path}{DAYS}&as_of={as_of}")

        assert (422, "as_of") == (answer.status_code, answer.json()["parameter"])
        assert answer.json()["detail"].startswith(words)


@pytest.mark.parametrize(
    "question",
    [
        f"/scorecard/{VILLAGE}?{DAYS}",
        f"/compare?metric=pm25&region={VILLAGE}&{DAYS}",
        f"/explain?measure=pm25&region=370522101&{DAYS}",
        f"/index/{VILLAGE}?{DAYS}",
        f"/index/{VILLAGE}?by=parity&{DAYS}",
        f"/series?metric=pm25&region={VILLAGE}&every=1d&{DAYS}",
        f"/series?metric=pm25&device=air-{VILLAGE}&{DAYS}",
    ],
)
def test_what_was_calibrated_anew_since_is_refused_and_not_told_otherwise(before: Served, question: str) -> None:
    told = before.get(question)
    name, entered = f"air-{VILLAGE}", THEN + HOUR
    half = Calibration(name, "pm25", Linear(0.5), THEN - 24 * HOUR, entered_by="Li", entered_at=entered)
    before.registry.calibrations.put(half)
    house = served(before.registry, before.store)
    refused = house.client.get(f"/api/v1{question}&as_of={iso(THEN)}").json()

    assert (422, "as_of") == (refused["status"], refused["parameter"])
    assert f"calibration of pm25 of device '{name}' since {iso(half.valid_from)} was entered later" in refused["detail"]
    assert refused["allowed"].startswith(f"{iso(entered)} or later")
    # As of its entry it can be told, and so can what it does not touch.
    house.get(f"{question}&as_of={iso(entered)}")
    before.registry.calibrations.put(replace(half, curve=None, entered_at=THEN - HOUR))
    before.registry.calibrations.put(replace(half, valid_from=THEN, entered_at=entered))
    again = served(before.registry, before.store).get(f"{question}&as_of={iso(THEN)}")
    assert plain(told) == plain(again)


def test_too_much_to_read_one_by_one_is_refused_with_what_to_ask_instead(before: Served) -> None:
    before.registry.devices.put_profiles([Profile("air", "", "native_json", (Measure("pm25", interval_s=0.5),))])
    house = served(before.registry, before.store)
    answer = house.client.get(f"/api/v1/compare?metric=pm25&region={VILLAGE}&{DAYS}&as_of=-1h").json()

    assert (422, "as_of") == (answer["status"], answer["parameter"])
    assert f"some {3 * 13 * 24 * 7200} readings" in answer["detail"]
    assert "at most 5000000: a shorter time, fewer places" in answer["allowed"]
