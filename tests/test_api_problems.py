"""Errors are problem details that name the parameter and what would be right."""

import re

import pytest

from telemetry.errors import StoreUnavailable
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from tests.api_fixture import TEMPERATURES, Served, house, served

__all__ = ["house"]

SERIES = "/series?metric=air_temperature"


@pytest.mark.parametrize(
    ("path", "status", "parameter", "words"),
    [
        (f"{SERIES}&every=5x", 422, "every", "hydrological day"),
        (f"{SERIES}&every=36h", 422, "every", "at most 1440m or 24h"),
        (f"{SERIES}&every=1m&start=2000-01-01", 422, "every", "at most"),
        (f"{SERIES}&start=yesterday", 422, "start", "ISO 8601"),
        (f"{SERIES}&start=now&stop=-1h", 422, "start", "earlier start"),
        (f"{SERIES}&tz=Middle/Earth", 422, "tz", "Asia/Shanghai"),
        (f"{SERIES}&every=1h&fold=average", 422, "fold", "'mean'"),
        (f"{SERIES}&every=1h&fold=sum", 422, "fold", "mean, min, max"),
        (f"{SERIES}&every=1h&fold=increase", 422, "fold", "mean, min, max"),
        ("/series?metric=wind_direction&every=1h&fold=mean", 422, "fold", "direction"),
        ("/series?metric=rainfall_interval&every=1h&fill=linear", 422, "fill", "null, none"),
        ("/series?metric=vehicle_position&every=1h&by=region", 422, "by", "device"),
        (f"{SERIES}&fold=mean", 422, "fold", "every=1h"),
        (f"{SERIES}&by=region", 422, "by", "every=1h"),
        (f"{SERIES}&fill=none", 422, "fill", "every=1h"),
        (f"{SERIES}&level=town&every=1h", 422, "level", "by=region"),
        (f"{SERIES}&every=1h&cursor=abc", 422, "cursor", "leave out"),
        (f"{SERIES}&cursor=abc", 422, "cursor", "page before"),
        (f"{SERIES}&limit=0", 422, "limit", "at least 1"),
        (f"{SERIES}&evry=1h", 422, "evry", "no such parameter"),
        (f"{SERIES}&format=xls", 422, "format", "'parquet'"),
        ("/series", 422, "metric", "/api/v1/metrics"),
        ("/series?metric=air_temp", 404, "metric", "did you mean air_temperature"),
        (f"{SERIES}&region=999999", 404, "region", "/api/v1/regions"),
        (f"{SERIES}&region=Beisong", 422, "region", "2 to 12 digits"),
        (f"{SERIES}&device=nobody", 404, "device", "/api/v1/devices"),
        ("/latest?device=nobody", 404, "device", "an id of /api/v1/devices"),
        ("/latest?limit=1", 422, "limit", "narrower choice"),
        ("/latest?colour=red", 422, "colour", "no such parameter"),
        ("/profiles?x=1", 422, "x", "no such parameter"),
        ("/devices/station-1?x=1", 422, "x", "no such parameter"),
        ("/regions/370522?x=1", 422, "x", "no such parameter"),
        ("/metrics/rssi?x=1", 422, "x", "no such parameter"),
        ("/series?metric=,", 422, "metric", "one or more"),
        ("/series?metric=wind_direction&every=1h&fill=linear", 422, "fill", "previous"),
        ("/regions/999999", 404, "region", "a code of /api/v1/regions"),
        ("/regions?level=planet", 422, "level", "'village'"),
        ("/devices?profile=none", 404, "profile", "an id of /api/v1/profiles"),
        ("/devices/nobody", 404, "device", "nobody"),
        ("/metrics/air_temp", 404, "metric", "an id of /api/v1/metrics"),
        ("/ledger?day=2026-11-23&start=2026-11-01", 422, "day", "either"),
        ("/ledger?start=2026-11-23&stop=2026-11-01", 422, "start", "earlier"),
        ("/ledger?day=soon", 422, "day", "a date, such as 2026-11-23"),
        ("/ledger?start=x", 422, "start", "a date, such as 2026-11-23"),
        ("/ledger?limit=10001", 422, "limit", "at most 10000"),
        ("/ledger?limit=many", 422, "limit", "a whole number"),
        ("/ledger?cursor=!", 422, "cursor", "page before"),
        ("/quarantine?reason=boredom", 422, "reason", "'unknown_device'"),
        ("/quarantine/99", 404, "quarantined message", "an id of /api/v1/quarantine"),
        ("/quarantine?replayed=perhaps", 422, "replayed", "true or false"),
        ("/live?device=nobody", 404, "device", "nobody"),
        ("/live?metric=nothing", 404, "metric", "nothing"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_would_be_right(
    path: str, status: int, parameter: str, words: str, house: Served
) -> None:
    answer = house.client.get(f"/api/v1{path}")
    problem = answer.json()

    assert (status, "application/problem+json", parameter) == (
        answer.status_code,
        answer.headers["content-type"],
        problem.get("parameter"),
    ), answer.text
    assert words in problem["detail"] + problem.get("allowed", ""), answer.text
    assert (status, "about:blank") == (problem["status"], problem["type"])


def test_whatever_is_refused_is_told_what_would_be_right(house: Served) -> None:
    asked = []
    for path, methods in house.client.get("/openapi.json").json()["paths"].items():
        for parameter in methods.get("get", {}).get("parameters", ()):
            if parameter["in"] == "query":
                asked.append((re.sub(r"\{.*?\}", "1", path), {parameter["name"]: "no such thing"}))
            elif parameter["in"] == "path":
                asked.append((path.replace(f"{{{parameter['name']}}}", "no such thing"), {}))
    answers = [house.client.get(path, params=parameters) for path, parameters in asked]
    refused = [answer for answer in answers if answer.status_code in (404, 422)]

    assert len(refused) >= 30
    assert [] == [answer.text for answer in refused if not answer.json().get("allowed")]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/api/v1/latest", 405)])
def test_a_wrong_address_or_method_is_a_problem_too(method: str, path: str, status: int, house: Served) -> None:
    answer = house.client.request(method, path)

    assert (status, "application/problem+json", True) == (
        answer.status_code,
        answer.headers["content-type"],
        "/docs" in answer.json()["detail"],
    )


def test_a_store_that_is_away_says_so_and_when_to_come_back(registry: Registry, store: EmbeddedStore) -> None:
    house = served(registry, store)
    store.write(TEMPERATURES)
    store.close()
    answer = house.client.get(f"/api/v1{SERIES}&device=station-1")

    assert (503, "5", "application/problem+json") == (
        answer.status_code,
        answer.headers["retry-after"],
        answer.headers["content-type"],
    )


def test_readiness_turns_red_and_names_the_part(registry: Registry, store: EmbeddedStore) -> None:
    def away() -> str:
        raise StoreUnavailable("the disk is full")

    house = served(registry, store, probes={"store": away, "bus": lambda: "connected"})
    answer = house.client.get("/ready")

    assert (503, {"ready": False, "detail": "the disk is full"}, True) == (
        answer.status_code,
        answer.json()["parts"]["store"],
        answer.json()["parts"]["bus"]["ready"],
    )
