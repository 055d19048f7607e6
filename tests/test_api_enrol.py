"""Devices that are registered, changed, moved and retired through the API."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.atlas import CurrentAtlas
from api.evidence import EvidenceBook, Period
from insight.measures import comparable
from telemetry.instant import day_of
from telemetry.model import Device, LedgerLine, Measure, Profile, Reading
from tests.api_fixture import HOUR, MINUTE, NOW, START, Served, house
from tests.books import settle
from tests.village import STREET, VILLAGE

__all__ = ["house"]

WELL = {"id": "well-1", "profile": "station", "region": VILLAGE, "name": "井", "latitude": 37.6, "longitude": 118.2}


def ask(house: Served, method: str, path: str, status: int, **body: object) -> Any:  # noqa: ANN401 - any JSON
    answer = house.client.request(method, f"/api/v1{path}", json=body)
    assert status == answer.status_code, answer.text
    return answer.json()


def test_a_device_is_registered_and_begins_now(house: Served) -> None:
    made = ask(house, "POST", "/devices", 201, **WELL)

    assert {**WELL, "valid_from": "2026-11-23T08:00:00Z", "valid_to": None, "topic": "rurban/v1/well-1/up"} == {
        name: made[name] for name in (*WELL, "valid_from", "valid_to", "topic")
    }
    assert made["name"] == house.get("/devices/well-1")["name"]
    assert 0 == house.get("/devices/well-1")["last_7_days"]["expected"]


def test_a_device_may_have_stood_there_since_long_ago_or_always(house: Served) -> None:
    told = ask(house, "POST", "/devices", 201, **WELL, valid_from="2026-11-01")
    always = ask(house, "POST", "/devices", 201, **{**WELL, "id": "well-2", "valid_from": None, "region": "370522101"})

    assert ("2026-11-01T00:00:00Z", None) == (told["valid_from"], always["valid_from"])


@pytest.mark.parametrize(
    ("wrong", "status", "parameter", "words"),
    [
        ({"id": "station-1"}, 409, None, "PATCH"),
        ({"id": "a:b"}, 422, "id", "A-Z a-z 0-9"),
        ({"id": f"scores-{VILLAGE}"}, 422, "id", "any but rurban-scores"),
        ({"id": "soil 1"}, 422, "id", "'soil 1' is no id"),
        ({"profile": ""}, 422, "profile", "is missing"),
        ({"gateway": "gatway-1"}, 422, "gateway", "gateway-1"),
        ({"valid_from": "2026-13-01"}, 422, "valid_from", "ISO 8601"),
        ({"latitude": 900}, 422, "latitude", "'900' is out of range"),
        ({"region": "37052210120199"}, 422, "region", "12 digits"),
        ({"regoin": "1"}, 422, "regoin", "no such"),
    ],
)
def test_a_device_that_cannot_be_registered_is_refused_by_field(
    wrong: dict[str, object], status: int, parameter: str | None, words: str, house: Served
) -> None:
    problem = ask(house, "POST", "/devices", status, **{**WELL, **wrong})

    assert (parameter, True) == (problem.get("parameter"), words in problem["detail"] + problem.get("allowed", ""))


def test_a_device_is_changed_by_what_is_said_and_nothing_else(house: Served) -> None:
    ask(house, "POST", "/devices", 201, **WELL)
    changed = ask(house, "PATCH", "/devices/well-1", 200, name="Well at the pond", profile="probe", valid_from="-1d")

    assert ("Well at the pond", "probe", "2026-11-22T08:00:00Z", 37.6) == tuple(
        changed[name] for name in ("name", "profile", "valid_from", "latitude")
    )
    assert "longitude" == ask(house, "PATCH", "/devices/well-1", 422, longitude=None)["parameter"]
    assert "region" == ask(house, "PATCH", "/devices/well-1", 422, region=STREET)["parameter"]
    assert "device" == ask(house, "PATCH", "/devices/well-9", 404, name="x")["parameter"]


def test_a_device_is_retired_and_taken_back(house: Served) -> None:
    ask(house, "POST", "/devices", 201, **WELL, valid_from="-2d")
    retired = ask(house, "POST", "/devices/well-1/retire", 200, at="-1d")

    assert "2026-11-22T08:00:00Z" == retired["valid_to"]
    assert None is house.get("/devices/well-1")["offline"]
    assert "at" == ask(house, "POST", "/devices/well-1/retire", 422, at="-3d")["parameter"]
    assert None is ask(house, "PATCH", "/devices/well-1", 200, valid_to=None)["valid_to"]


def test_a_move_says_where_the_device_stood(house: Served) -> None:
    moved = ask(house, "POST", "/devices/station-1/move", 200, region=STREET, latitude=37.4, longitude=118.6)

    assert (STREET, 37.4, None) == (moved["device"]["region"], moved["device"]["latitude"], moved["affected"])
    assert [(VILLAGE, None, "2026-11-23T08:00:00Z"), (STREET, "2026-11-23T08:00:00Z", None)] == [
        (stay["region"], stay["start"], stay["stop"]) for stay in moved["stays"]
    ]
    assert moved["stays"] == house.get("/devices/station-1")["stays"]
    assert "station-1" in [device["id"] for device in house.get(f"/devices?region={STREET}")["devices"]]


def test_a_move_that_lies_back_says_what_it_changes(house: Served) -> None:
    day = day_of(NOW - HOUR)
    settle(house.registry, [LedgerLine(day, "station-1", received=110, stored=110)], [])
    moved = ask(house, "POST", "/devices/station-1/move", 200, region=STREET, at="-1h")

    assert {
        "since": "2026-11-23T07:00:00Z",
        "received": 110,
        "first_day": "2026-11-23",
        "regions": [STREET, VILLAGE],
    } == {name: told for name, told in moved["affected"].items() if name != "detail"}


@pytest.mark.parametrize(
    ("told", "parameter", "words"),
    [
        ({"region": STREET, "at": "2026-11-23T09:00:00Z"}, "at", "lies ahead"),
        ({"region": "370502001009"}, "region", STREET),
        ({"region": STREET, "at": "-3h"}, "at", "corrects"),
        ({}, "region", "required"),
    ],
)
def test_a_move_that_cannot_be_is_refused(told: dict[str, object], parameter: str, words: str, house: Served) -> None:
    ask(house, "POST", "/devices", 201, **WELL, valid_from="-3h")
    ask(house, "POST", "/devices/well-1/move", 200, region=STREET, at="-2h")
    problem = ask(house, "POST", "/devices/well-1/move", 422, **told)

    assert (parameter, True) == (problem["parameter"], words in problem["detail"].lower() + problem.get("allowed", ""))


QUESTION = "metric=air_temperature&start=2026-11-23T06:00:00Z&stop=2026-11-23T08:00:00Z&by=region"


def line(house: Served, code: str, every: str = "1h", more: str = "") -> list[Any]:
    (found,) = house.lines(f"{QUESTION}&region={code}&every={every}{more}")
    return [(point["value"], point["devices"], point["coverage"]) for point in found["points"]]


def test_a_reading_belongs_to_the_place_where_its_device_stood_then(house: Served) -> None:
    before = {code: line(house, code, more="&device=station-1,station-2") for code in (VILLAGE, STREET, "370500000000")}
    ask(house, "POST", "/devices/station-1/move", 200, region=STREET, at="2026-11-23T07:00:00Z")
    after = {code: line(house, code, more="&device=station-1,station-2") for code in (VILLAGE, STREET, "370500000000")}
    (first, second) = before[VILLAGE]

    assert [first, (None, 0, None)] == after[VILLAGE]
    assert [before[STREET][0], ((second[0] + 10) / 2, 2, 1.0)] == after[STREET]
    assert [(value, devices) for value, devices, _ in before["370500000000"]] == [
        (value, devices) for value, devices, _ in after["370500000000"]
    ]


def test_a_bucket_in_which_a_device_is_moved_belongs_to_where_it_stood_at_its_start(house: Served) -> None:
    before = line(house, VILLAGE, "1h")
    ask(house, "POST", "/devices/station-1/move", 200, region=STREET, at="2026-11-23T06:30:00Z")

    assert (before[0], (None, 0)) == (line(house, VILLAGE, "1h")[0], line(house, VILLAGE, "1h")[1][:2])
    assert line(house, VILLAGE, "30m")[0][1:] == (1, pytest.approx(1.0))
    assert (None, 0) == line(house, VILLAGE, "30m")[1][:2]


def test_what_a_counter_counts_over_a_move_is_counted_once(house: Served) -> None:
    readings = [Reading("station-2", "rainfall_total", START + i * 10 * MINUTE, i, i, 0, START) for i in range(13)]
    house.store.write(readings)
    rain = "metric=rainfall_total&start=2026-11-23T06:00:00Z&stop=2026-11-23T08:00:00Z&by=region&every=30m"

    def fallen(code: str) -> list[Any]:
        (found,) = house.lines(f"{rain}&region={code}&device=station-2")
        return [point["value"] for point in found["points"]]

    before = fallen(STREET)
    ask(house, "POST", "/devices/station-2/move", 200, region=VILLAGE, at="2026-11-23T07:00:00Z")

    assert [3.0, 3.0, 3.0, 3.0] == before
    assert ([3.0, 3.0, None, None], [None, None, 3.0, 3.0]) == (fallen(STREET), fallen(VILLAGE))


def test_a_measure_of_a_place_takes_what_its_devices_said_while_they_stood_there(house: Served) -> None:
    house.registry.devices.put_profiles([Profile("air", "Air", "native_json", (Measure("pm25", interval_s=3600),))])
    house.registry.devices.put([Device("air-1", "air", VILLAGE)])
    house.store.write([Reading("air-1", "pm25", NOW - hour * HOUR, hour, hour, 0, NOW) for hour in range(1, 7)])
    ask(house, "POST", "/devices/air-1/move", 200, region=STREET, at="-2h")
    atlas = CurrentAtlas(house.registry).now()
    book = EvidenceBook(house.store, atlas, [VILLAGE, STREET], Period(NOW - 6 * HOUR, NOW, ZoneInfo("UTC"), NOW, "1h"))

    def said(code: str) -> list[float | None]:
        (line,) = book.of(comparable("pm25"), code)["pm25"].lines
        return line.buckets.value

    assert ([6.0, 5.0, 4.0, 3.0, None, None], [None, None, None, None, 2.0, 1.0]) == (said(VILLAGE), said(STREET))
