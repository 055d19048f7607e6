"""The live page as files: what the API serves at `/`, with which guards, and what it says when nothing is built."""

import gzip
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.page import page_router
from api.services import MapTiles
from dashboards.page import BUILT

SCRIPT = "console.log('here')\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Rurban</title>")
    (tmp_path / "assets" / "index-abc.js").write_text(SCRIPT)
    (tmp_path / "assets" / "index-abc.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    return tmp_path


def client(folder: Path | None, tiles: MapTiles | None = None) -> TestClient:
    app = FastAPI()
    app.include_router(page_router(folder, tiles))
    return TestClient(app)


def test_the_page_may_only_use_what_comes_from_its_own_house(folder: Path) -> None:
    answer = client(folder).get("/")
    policy = answer.headers["content-security-policy"]

    assert "text/html; charset=utf-8" == answer.headers["content-type"]
    assert "nosniff" == answer.headers["x-content-type-options"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_only_the_tiles_that_are_set_come_from_elsewhere(folder: Path) -> None:
    tiles = MapTiles("https://tiles.example:8443/a/{z}/{x}/{y}.png", "somebody")
    policies = [client(folder, each).get("/").headers["content-security-policy"] for each in (None, tiles)]

    assert ["img-src 'self' data:", "img-src 'self' data: https://tiles.example:8443"] == [
        next(part.strip() for part in policy.split(";") if "img-src" in part) for policy in policies
    ]


def test_what_every_view_asks_first_is_on_its_way_with_the_page(folder: Path) -> None:
    app = FastAPI()
    app.include_router(page_router(folder, first=["/api/v1/regions", "/api/v1/metrics"]))
    answers = TestClient(app).get("/"), TestClient(app).get("/assets/index-abc.js"), client(folder).get("/")

    assert [
        "</api/v1/regions>; rel=preload; as=fetch; crossorigin, </api/v1/metrics>; rel=preload; as=fetch; crossorigin",
        None,
        None,
    ] == [answer.headers.get("link") for answer in answers]


def test_its_first_file_is_asked_for_anew_and_told_when_it_is_the_same(folder: Path) -> None:
    page = client(folder)
    first = page.get("/")
    again = page.get("/", headers={"If-None-Match": first.headers["etag"]})

    assert "no-cache" == first.headers["cache-control"]
    assert (304, b"") == (again.status_code, again.content)


def test_files_named_by_their_content_are_kept_for_a_year(folder: Path) -> None:
    answer = client(folder).get("/assets/index-abc.js")

    assert "public, max-age=31536000, immutable" == answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")
    assert SCRIPT == answer.text


def test_files_are_sent_as_they_were_packed_to_whoever_can_unpack_them(folder: Path) -> None:
    page = client(folder)
    packed = page.get("/assets/index-abc.js", headers={"Accept-Encoding": "gzip"})
    plain = page.get("/assets/index-abc.js", headers={"Accept-Encoding": "identity"})

    assert ("gzip", "Accept-Encoding") == (packed.headers["content-encoding"], packed.headers["vary"])
    assert "content-encoding" not in plain.headers
    assert SCRIPT == packed.text == plain.text


@pytest.mark.parametrize("name", ["index-abc.js.gz", "none.js", "..%2Findex.html", "%2e%2e%2findex.html"])
def test_only_files_of_the_page_are_served(name: str, folder: Path) -> None:
    assert 404 == client(folder).get(f"/assets/{name}").status_code


@pytest.mark.parametrize("there", [True, False])
def test_where_the_page_is_not_built_it_says_how_to_build_it(there: bool, tmp_path: Path) -> None:
    answer = client(tmp_path if there else None).get("/")

    assert 503 == answer.status_code
    assert "make page" in answer.text
    assert "/docs" in answer.text


def test_the_built_page_weighs_at_most_what_a_thin_link_can_bear() -> None:
    packed = {path.name: path.stat().st_size for path in BUILT.rglob("*.gz")}

    assert packed
    assert sum(packed.values()) <= 300_000


def test_the_built_page_needs_nothing_from_elsewhere() -> None:
    index = (BUILT / "index.html").read_text("utf-8")

    assert "//" not in index.replace("<!doctype html>", "")
    assert "<style" not in index
