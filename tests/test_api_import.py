"""`POST /readings`: the import of history, asked for over HTTP."""

import gzip
import json
import threading
from typing import Any

import pytest
from httpx2 import Response

from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from tests.api_fixture import LARGEST_IMPORT, NOW, Served, served
from tests.history_files import csv_of, parquet_of
from tests.test_history_import import BAD, BAD_FILE, GOOD, HEADER, everything, ledger, series

CSV = "text/csv"


@pytest.fixture
def house(registry: Registry, store: EmbeddedStore) -> Served:
    return served(registry, store)


def post(house: Served, body: bytes, kind: str = CSV, **query: str) -> Response:
    answer: Response = house.client.post("/api/v1/readings", content=body, params=query, headers={"Content-Type": kind})
    return answer


def imported(house: Served, body: bytes, kind: str = CSV, **query: str) -> dict[str, Any]:
    answer = post(house, body, kind, **query)
    assert 200 == answer.status_code, answer.text
    found: dict[str, Any] = answer.json()
    return found


LINES = [{"device": "station-1", "metric": "air_temperature", "at": NOW - 5 - i, "value": 20.5} for i in range(3)]
BODIES = {
    "csv": (CSV, csv_of(HEADER, *(",".join(map(str, line.values())) for line in LINES))),
    "csv with a charset": ("Text/CSV; charset=utf-8", csv_of("at,station-1/air_temperature", f"{NOW - 5},20.5")),
    "gzip": ("application/gzip", gzip.compress(csv_of("at,station-1/air_temperature", f"{NOW - 5},20.5"))),
    "json": ("application/json", json.dumps(LINES).encode()),
    "lines": ("application/x-ndjson", "\n".join(map(json.dumps, LINES)).encode()),
    "parquet": (
        "application/vnd.apache.parquet",
        parquet_of(**{name: [line[name] for line in LINES] for name in LINES[0]}),
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_every_format_is_imported_and_twice_changes_nothing(name: str, house: Served) -> None:
    kind, body = BODIES[name]
    first, again = imported(house, body, kind), imported(house, body, kind)

    assert first["readings"] == first["stored"] == again["duplicates"] > 0
    assert (0, True) == (again["stored"], first["written"])
    assert first["readings"] == len(everything(house.store))
    assert NOW - 5 == house.store.latest(["station-1"], None)[0].at


def test_a_dry_run_tells_and_writes_nothing(house: Served) -> None:
    found = imported(house, BAD_FILE, dry_run="true")

    assert (False, len(BAD), len(BAD) - 1) == (found["written"], len(found["errors"]), found["refused"] - 1)
    assert {"row", "column", "wrong", "allowed", "reason"} == found["errors"][0].keys()
    assert ([], []) == (everything(house.store), ledger(house.registry))


def test_one_bad_row_refuses_the_whole_with_the_report(house: Served) -> None:
    answer = post(house, GOOD + b"station-9,air_temperature,5,1\n")
    problem = answer.json()

    assert (422, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert "1 of 31 rows cannot become readings; row 32, column device: 'station-9'" in problem["detail"]
    assert [32] == [row["row"] for row in problem["report"]["errors"]]
    assert [] == everything(house.store)


def test_bad_rows_may_be_skipped(house: Served) -> None:
    found = imported(house, GOOD + b"station-9,air_temperature,5,1\n", skip_bad="true", name="wells-2025.csv")
    (kept,) = house.registry.quarantine.find(limit=10)

    assert (30, 1, True) == (found["stored"], found["refused"], found["written"])
    assert ("history/wells-2025.csv", "station-9") == (kept.topic, kept.device)


def test_many_errors_are_counted_and_the_first_are_told(house: Served) -> None:
    found = imported(house, csv_of(HEADER, *series(500, device="nobody")), dry_run="true")

    assert (500, 100, 2) == (found["refused"], len(found["errors"]), found["errors"][0]["row"])


@pytest.mark.parametrize(
    ("body", "kind", "status", "said"),
    [
        (b"", CSV, 422, "file: is empty"),
        (b"time,value\n1,2\n", CSV, 422, "found: time, value"),
        (b"{", "application/json", 422, "row 1"),
        (b"x" * (LARGEST_IMPORT + 1), CSV, 413, "RURBAN_MAX_IMPORT_MB"),
        (GOOD, "application/x-www-form-urlencoded", 415, "text/csv"),
    ],
)
def test_a_body_that_is_none_is_a_problem(body: bytes, kind: str, status: int, said: str, house: Served) -> None:
    answer = post(house, body, kind)

    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert said in answer.text


def test_a_zone_is_a_parameter(house: Served) -> None:
    body = csv_of("at,station-1/air_temperature", "2026-11-23T15:00:00,20")

    assert "time zone" in post(house, body).text
    assert 1 == imported(house, body, tz="Asia/Shanghai")["stored"]
    assert (422, "tz") == (post(house, body, tz="Mars").status_code, post(house, body, tz="Mars").json()["parameter"])


def test_imports_at_the_same_time_wait_for_each_other(house: Served) -> None:
    answers: list[dict[str, Any]] = []
    with house.client:
        threads = [threading.Thread(target=lambda: answers.append(imported(house, GOOD))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert [0, 0, 0, 30] == sorted(answer["stored"] for answer in answers)
    assert 30 == len(everything(house.store))
