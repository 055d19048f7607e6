"""The map of the live page upon tiles of the house's own choice: each place lies where the tiles have it."""

import base64
import math
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import expect
from pydantic import ValidationError

from devices import county
from rurban.settings import Settings
from tests.pages import PATIENCE_MS, PLACES, chromium, filled, visit

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABh6FO1AAAAABJRU5ErkJggg=="
)
CREDIT = "(c) surveyors of the county"

expect.set_options(timeout=PATIENCE_MS)


class Tiles(BaseHTTPRequestHandler):
    """Every tile is one pixel."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.end_headers()
        self.wfile.write(PIXEL)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
        """Nothing."""


@contextmanager
def tile_server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Tiles) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def tile_of(code: str, zoom: int) -> tuple[int, int]:
    """Column and row of the tile in which a place lies, by the usual formula of slippy maps."""
    (place,) = (region for region in county.regions() if region.code == code)
    latitude = math.radians(place.latitude or 0)
    column = ((place.longitude or 0) + 180) / 360 * 2**zoom
    row = (1 - math.log(math.tan(latitude) + 1 / math.cos(latitude)) / math.pi) / 2 * 2**zoom
    return int(column), int(row)


def test_every_place_lies_in_its_own_tile(tmp_path: Path) -> None:
    with tile_server() as server, chromium() as browser:
        site = replace(filled(tmp_path, 1), map_tiles=f"{server}/{{z}}/{{x}}/{{y}}.png", map_credit=CREDIT)
        with site.open(), visit(browser, site) as found:
            with found.page.expect_response(lambda answer: answer.url.startswith(server)) as tile:
                found.go("#/county/3705")
            assert tile.value.ok
            images = [
                (box, [int(part) for part in re.findall(r"/(\d+)", box["href"])[-3:]])
                for box in found.page.eval_on_selector_all(
                    ".map image",
                    "all => all.map(i => ({href: i.getAttribute('href'), x: +i.getAttribute('x'), "
                    "y: +i.getAttribute('y'), size: +i.getAttribute('width')}))",
                )
            ]
            for code in PLACES:
                marker = found.page.locator(f".map a[href='#/village/{code}'] .marker")
                x, y = (float(marker.get_attribute(name) or "nan") for name in ("cx", "cy"))
                (under,) = (
                    (zoom, column, row)
                    for box, (zoom, column, row) in images
                    if box["x"] <= x < box["x"] + box["size"] and box["y"] <= y < box["y"] + box["size"]
                )

                assert tile_of(code, under[0]) == under[1:]
            expect(found.page.locator(".credit")).to_have_text(CREDIT)
            assert [] == found.findings()
            assert [] == found.complaints


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"map_tiles": "https://tiles.example/{z}/{x}.png", "map_credit": "x"}, "names no column and row"),
        ({"map_tiles": "https://tiles.example/{z}/{x}/{y}.png"}, "RURBAN_MAP_CREDIT"),
        ({"map_tiles": "ftp://tiles.example/{z}/{x}/{y}.png", "map_credit": "x"}, "map_tiles"),
        ({"map_tiles": "https://tiles.example; script-src *//{z}/{x}/{y}", "map_credit": "x"}, "map_tiles"),
    ],
)
def test_tiles_that_cannot_be_are_refused_at_the_start(settings: dict[str, str], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Settings(**settings)  # type: ignore[arg-type] # as the environment has them
