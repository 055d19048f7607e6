"""`/devices/{id}/calibrations`: entered, shown with its history, refused by name."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from httpx2 import Response

from telemetry.instant import iso
from telemetry.model import Measure
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.ports import RawQuery
from tests.api_fixture import NOW, START, TEMPERATURES, Served, served
from tests.test_house import ROOT

HALF = {
    "metric": "air_temperature",
    "valid_from": iso(START),
    "curve": {"kind": "linear", "gain": 0.5},
    "source": "certificate 7",
    "entered_by": "Li",
}
GROUND = {"kind": "table", "points": [[-50, -48.0], [0, 1.0], [60, 59.5]]}
SURFACE = HALF | {"metric": "ground_surface_temperature", "computed_from": "air_temperature", "curve": GROUND}


@pytest.fixture
def house(registry: Registry, store: EmbeddedStore) -> Served:
    store.write(TEMPERATURES)
    return served(registry, store)


def post(house: Served, body: dict[str, Any], device: str = "station-1", query: str = "") -> Response:
    answer: Response = house.client.post(f"/api/v1/devices/{device}/calibrations{query}", json=body)
    return answer


def entered(house: Served, body: dict[str, Any], query: str = "") -> dict[str, Any]:
    answer = post(house, body, query=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_calibration_is_entered_and_says_what_became_of_the_readings(house: Served) -> None:
    tried, found = entered(house, HALF, "?dry_run=true"), entered(house, HALF)
    points = house.lines(f"metric=air_temperature&device=station-1&start={iso(START)}&stop={iso(START + 1)}")
    told = {"start": iso(START), "stop": None, "readings": 110, "changed": 110, "added": 0, "left": 0}

    assert [told | {"written": False}, told | {"written": True}] == [tried["recalculated"], found["recalculated"]]
    assert (10.0, 20.0) == (points[0]["points"][0]["value"], points[0]["points"][0]["raw"])
    # What was out of range is in it now.
    (line,) = house.lines(f"metric=air_temperature&device=station-1&start={iso(START)}&every=1h")
    assert 110 == sum(point["count"] for point in line["points"])


def test_what_was_entered_is_shown_with_its_time_and_its_history(house: Served) -> None:
    assert {"device": "station-1", "calibrations": []} == house.get("/devices/station-1/calibrations")
    entered(house, HALF)
    entered(house, HALF | {"valid_from": "2026-11-23T07:00:00Z"})
    entered(house, HALF | {"curve": {"kind": "polynomial", "coefficients": [0.5, 1.0, 0.01]}})
    entered(house, SURFACE)
    held = house.get("/devices/station-1/calibrations")["calibrations"]
    history = house.get("/devices/station-1/calibrations?superseded=true")["calibrations"]
    whole = {
        "metric": "air_temperature",
        "unit": "Cel",
        "computed_from": None,
        "unit_in": "Cel",
        "channel": None,
        "valid_from": "2026-11-23T07:00:00Z",
        "valid_to": None,
        "curve": {"kind": "linear", "gain": 0.5, "offset": 0.0},
        "source": "certificate 7",
        "entered_by": "Li",
        "entered_at": iso(NOW),
        "superseded_at": None,
    }

    assert ["polynomial", "linear", "table"] == [one["curve"]["kind"] for one in held]
    assert ["2026-11-23T07:00:00Z", None, None] == [one["valid_to"] for one in held]
    assert whole == held[1]
    assert [iso(NOW), None, None, None] == [one["superseded_at"] for one in history]


def test_what_is_computed_has_a_coverage_and_is_due_like_what_it_is_computed_from(house: Served) -> None:
    before = house.get("/devices/station-1")["today"]["expected"]
    entered(house, SURFACE)
    window = f"device=station-1&start={iso(START)}&stop={iso(NOW)}&every=1h"
    line, source = (
        house.lines(f"metric={name}&{window}")[0]["points"] for name in (SURFACE["metric"], "air_temperature")
    )
    latest = house.get("/latest?device=station-1&metric=ground_surface_temperature")

    assert [point["coverage"] for point in source] == [point["coverage"] for point in line]
    assert 120 == house.get("/devices/station-1")["today"]["expected"] - before
    assert "ground_surface_temperature" == latest["readings"][0]["metric"]


def test_a_calibration_is_ended_and_nothing_is_due_from_it_after(house: Served) -> None:
    before = house.get("/devices/station-1")["today"]["expected"]
    entered(house, SURFACE)
    over = entered(house, SURFACE | {"curve": None, "valid_from": "2026-11-23T07:00:00Z"})
    history = house.get("/devices/station-1/calibrations")["calibrations"]
    (line,) = house.lines(f"metric={SURFACE['metric']}&device=station-1&start={iso(START)}&stop={iso(NOW)}&every=1h")
    source = house.store.raw(RawQuery(("ground_surface_temperature",), ("station-1",), START, NOW, 1000))

    assert (None, 60) == (over["calibration"]["curve"], over["recalculated"]["changed"])
    assert [("table", "2026-11-23T07:00:00Z"), (None, None)] == [
        (one["curve"] and one["curve"]["kind"], one["valid_to"]) for one in history
    ]
    assert 60 == house.get("/devices/station-1")["today"]["expected"] - before
    assert (110, [49, 0]) == (len(source), [point["count"] for point in line["points"]])


@pytest.mark.parametrize(
    ("wrong", "status", "parameter"),
    [
        ({"curve": {"kind": "table", "points": [[0, 1], [2, 2], [1, 3]]}}, 422, "curve.points, point 3"),
        ({"curve": {"kind": "table", "points": [[0, 1], [1, 3], [2, 2], [3, 4]]}}, 422, "curve.points, point 3"),
        ({"curve": {"kind": "polynomial", "coefficients": [1] * 9}}, 422, "curve.coefficients"),
        ({"curve": {"kind": "rating", "segments": []}}, 422, "curve.segments"),
        ({"curve": {"kind": "spline"}}, 422, "curve"),
        ({"curve": None}, 422, "curve"),
        ({"curve": {"kind": "linear", "gian": 2}}, 422, "curve.linear.gian"),
        ({"valid_from": "yesterday"}, 422, "valid_from"),
        ({"metric": "wind_speed"}, 422, "metric"),
        ({"metric": "air_temprature"}, 404, "metric"),
        ({"channel": "a b"}, 422, "channel"),
        ({"entered_by": ""}, 422, "entered_by"),
        ({"computed_from": "wind_speed", "metric": "river_level"}, 422, "computed_from"),
    ],
)
def test_what_is_wrong_is_a_problem_that_names_it(
    wrong: dict[str, Any], status: int, parameter: str, house: Served
) -> None:
    answer = post(house, HALF | wrong)
    problem = answer.json()

    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert parameter == problem["parameter"], problem
    assert [] == house.registry.calibrations.current()


def test_another_way_to_the_same_metric_is_a_conflict_and_a_device_must_be_there(house: Served) -> None:
    entered(house, SURFACE)

    other = post(house, SURFACE | {"computed_from": "air_relative_humidity"})
    nobody = post(house, HALF, device="nobody")

    assert (409, 404) == (other.status_code, nobody.status_code)
    assert "comes from air_temperature already" in other.json()["detail"]


def test_a_profile_that_reports_what_is_computed_waits_until_that_has_ended(house: Served) -> None:
    entered(house, SURFACE)
    standing = house.registry.devices.profile("station")
    both = replace(standing, id="both", measures=(*standing.measures, Measure("ground_surface_temperature")))
    house.registry.devices.put_profiles([both])

    def changes() -> list[Response]:
        table = b"id,profile\nstation-1,both\n"
        csv = {"Content-Type": "text/csv"}
        return [
            house.client.patch("/api/v1/devices/station-1", json={"profile": "both"}),
            house.client.post("/api/v1/devices/import", content=table, headers=csv),
        ]

    refused = changes()
    entered(house, SURFACE | {"curve": None})
    told = "calibration of ground_surface_temperature of device 'station-1' since"

    assert [(409, True)] * 2 == [(one.status_code, told in one.json()["detail"]) for one in refused]
    assert [200, 200] == [one.status_code for one in changes()]


def test_the_examples_of_the_guide_are_entered(house: Served) -> None:
    guide = (ROOT / "docs/calibration.md").read_text("utf-8")
    bodies = [json.loads(body) for body in re.findall(r"-d '(\{.*?\})'", guide, re.DOTALL)]

    assert [200, 200, 200] == [post(house, body, "probe-1").status_code for body in bodies]


def test_whoever_has_no_token_enters_nothing(registry: Registry, store: EmbeddedStore) -> None:
    house = served(registry, store, token="secret")

    assert 401 == post(house, HALF).status_code
    assert [] == registry.calibrations.current()
