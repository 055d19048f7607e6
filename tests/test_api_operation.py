"""Health, own metrics, the token, and the documentation."""

import re
from typing import Never

import pytest
from fastapi.routing import APIRoute

from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from tests.api_fixture import Served, house, served
from tests.test_house import ROOT

__all__ = ["house"]


def test_health_and_readiness(house: Served) -> None:
    assert {"status": "alive"} == house.client.get("/health").json()
    assert {"ready": True, "parts": {"store": {"ready": True, "detail": "answers"}}} == house.client.get(
        "/ready"
    ).json()


def test_requests_are_counted_under_their_route(house: Served) -> None:
    house.get("/regions/370522")
    house.get("/regions/370522101")
    house.client.get("/api/v1/regions/1")
    house.client.get("/wp-login.php")
    counted = house.client.get("/metrics")

    assert counted.headers["content-type"].startswith("text/plain")
    assert 'rurban_http_requests_total{method="GET",route="/api/v1/regions/{code}",status="200"} 2.0' in counted.text
    assert 'rurban_http_requests_total{method="GET",route="/api/v1/regions/{code}",status="422"} 1.0' in counted.text
    assert 'rurban_http_requests_total{method="GET",route="none",status="404"} 1.0' in counted.text
    assert "rurban_live_listeners 0.0" in counted.text


class MistakenReader:
    """A reader with a mistake that nobody foresaw behind every question."""

    def _mistaken(self, *_: object, **__: object) -> Never:
        raise ZeroDivisionError("nobody foresaw this")

    folded = raw = latest = existing = names = check = _mistaken


def test_an_unforeseen_error_is_a_problem_and_is_counted(registry: Registry, store: EmbeddedStore) -> None:
    house = served(registry, store, reader=MistakenReader())
    failed = house.client.get("/api/v1/latest")
    counted = house.client.get("/metrics").text

    assert (500, "application/problem+json", False) == (
        failed.status_code,
        failed.headers["content-type"],
        "nobody foresaw this" in failed.text,
    )
    assert 'rurban_http_requests_total{method="GET",route="/api/v1/latest",status="500"} 1.0' in counted
    assert 'rurban_http_request_seconds_count{method="GET",route="/api/v1/latest"} 1.0' in counted


@pytest.mark.parametrize("shown", [None, "Bearer wrong", "Basic c2VjcmV0", "Bearer"])
def test_without_the_token_nothing_is_answered(shown: str | None, registry: Registry, store: EmbeddedStore) -> None:
    house = served(registry, store, token="secret")
    refused = house.client.get("/api/v1/latest", headers={} if shown is None else {"Authorization": shown})

    assert (401, "Bearer", "application/problem+json") == (
        refused.status_code,
        refused.headers["www-authenticate"],
        refused.headers["content-type"],
    )


def test_with_the_token_everything_is_answered(registry: Registry, store: EmbeddedStore) -> None:
    house = served(registry, store, token="secret")

    assert 200 == house.client.get("/api/v1/latest", headers={"Authorization": "Bearer secret"}).status_code


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics", "/docs", "/openapi.json"])
def test_what_tells_no_readings_needs_no_token(path: str, registry: Registry, store: EmbeddedStore) -> None:
    assert 200 == served(registry, store, token="secret").client.get(path).status_code


def test_every_route_of_the_api_asks_for_the_token(registry: Registry, store: EmbeddedStore) -> None:
    house = served(registry, store, token="secret")
    paths = house.client.get("/openapi.json").json()["paths"]
    answers = {
        (path, method): house.client.request(method, re.sub(r"\{.*?\}", "1", path)).status_code
        for path, methods in paths.items()
        for method in methods
        if path.startswith("/api/")
    }

    assert {401} == set(answers.values())
    assert len(answers) >= 14


def test_the_documentation_needs_no_other_host(house: Served) -> None:
    page = house.client.get("/docs").text
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)

    assert sources
    assert [] == [source for source in sources if "//" in source]
    assert {200} == {house.client.get(source).status_code for source in sources}
    assert '"/docs"' in house.client.get("/").text


def test_every_parameter_and_answer_is_described(house: Served) -> None:
    document = house.client.get("/openapi.json").json()
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    bare = [
        (operation["operationId"], parameter["name"])
        for operation in operations
        for parameter in operation.get("parameters", ())
        if not (parameter.get("description") or parameter["schema"].get("description"))
    ]

    assert document["openapi"].startswith("3.1")
    assert [] == bare
    assert all(operation["description"].startswith(operation["summary"]) for operation in operations)
    assert all(len(operation["summary"].split()) > 2 for operation in operations)
    assert len(operations) == len({operation["operationId"] for operation in operations})
    assert all(
        any("content" in answer for status, answer in operation["responses"].items() if status.startswith("2"))
        for operation in operations
    )
    assert "HTTPValidationError" not in str(document)


def test_every_path_is_named_in_the_readme(house: Served) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    paths = house.client.get("/openapi.json").json()["paths"]

    assert [] == [path for path in paths if f"`{path.removeprefix('/api/v1')}`" not in readme]


def test_a_long_answer_is_compressed(house: Served) -> None:
    answer = house.client.get("/api/v1/metrics", headers={"Accept-Encoding": "gzip"})

    assert "gzip" == answer.headers["content-encoding"]


def test_no_route_is_left_out_of_the_document(house: Served) -> None:
    documented = house.client.get("/openapi.json").json()["paths"].keys()
    hidden = [
        route.path
        for route in house.app.routes
        if isinstance(route, APIRoute) and route.path not in documented and route.include_in_schema
    ]

    assert [] == hidden
