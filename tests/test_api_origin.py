"""What a web page of elsewhere may not do to a house."""

import pytest

from api.origin import is_own
from tests.api_fixture import Served, house
from tests.village import VILLAGE

__all__ = ["house"]

TABLE = f"id,profile,region\nwell-7,probe,{VILLAGE}\n".encode()
FOREIGN = {"Origin": "https://elsewhere.example"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/devices/import"),
        ("POST", "/devices/station-1/retire"),
        ("POST", "/devices/station-1/replay"),
        ("PATCH", "/devices/station-1"),
        ("DELETE", "/devices/station-1"),
        ("PUT", "/nothing"),
    ],
)
def test_the_page_of_another_host_changes_nothing(method: str, path: str, house: Served) -> None:
    before = house.registry.devices.version()
    answer = house.client.request(
        method, f"/api/v1{path}", content=TABLE, headers={**FOREIGN, "Content-Type": "text/csv"}
    )
    problem = answer.json()

    assert (403, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert ("Origin", True) == (problem["parameter"], "the page of testserver itself" in problem["allowed"])
    assert before == house.registry.devices.version()


def test_what_reads_is_asked_by_anybody(house: Served) -> None:
    assert 200 == house.client.get("/api/v1/devices", headers=FOREIGN).status_code


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://testserver"}, {"Origin": "https://testserver:443"}])
def test_its_own_page_and_programs_write(headers: dict[str, str], house: Served) -> None:
    host = {"Host": "testserver:443"} if headers.get("Origin", "").startswith("https") else {}
    told = {"Content-Type": "text/csv", **headers, **host}
    answer = house.client.post("/api/v1/devices/import", content=TABLE, headers=told)

    assert (200, True) == (answer.status_code, answer.json()["written"])


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1:8080", True),
        ("http://[::1]:8080", "[::1]:8080", True),
        ("http://[::1]", "[::1]", True),
        ("https://Village.example", "village.example", True),
        ("https://village.example", "village.example:443", True),
        ("http://village.example:80", "village.example", True),
        ("https://village.example", "village.example:80", False),
        ("http://127.0.0.1:3000", "127.0.0.1:8080", False),
        ("http://localhost:8080", "127.0.0.1:8080", False),
        ("http://127.0.0.1", "", False),
        ("null", "null", False),
        ("", "", False),
        ("file://", "", False),
    ],
)
def test_a_page_is_the_houses_own_by_host_and_port(origin: str, host: str, own: bool) -> None:
    assert own == is_own(origin, host)
