"""The README's pictures of the live page, from the demonstration itself: `make screenshots`."""

import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser

from tests.pages import Site, Visit, chromium, visit
from tests.processes import rurban
from tests.test_house import ROOT
from tests.workplace import eventually

PICTURES: Final = ROOT / "docs" / "pictures"
VILLAGE: Final = "370522101201"
DESKTOP: Final = {
    "overview": "#/",
    "chart": f"#/village/{VILLAGE}/air_temperature/7d",
    "beside": f"#/village/{VILLAGE}/beside",
}
PHONE: Final = {"phone": "#/"}
HISTORY_S: Final = 900.0


def _taken(found: Visit, name: str, path: str) -> None:
    found.go(path)
    found.page.wait_for_selector(".link .badge.live")
    found.page.wait_for_function("() => !location.hash.includes('_') || document.querySelector('.chart canvas')")
    found.page.wait_for_function(
        "() => !document.querySelector('.card') || document.querySelector('.card .spark path')"
    )
    # The chart's own first drawing; nothing tells its end.
    found.page.wait_for_timeout(1000)
    found.page.screenshot(path=PICTURES / f"{name}.png")


def _all(browser: Browser, site: Site) -> None:
    with visit(browser, site) as desk:
        for name, path in DESKTOP.items():
            _taken(desk, name, path)
    with visit(browser, site, phone=True, dark=True) as phone:
        phone.go("#/")
        phone.page.get_by_role("button", name="中文").click()
        for name, path in PHONE.items():
            _taken(phone, name, path)


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rurban-pictures-") as name:
        site = Site(Path(name))
        with (
            rurban("demo", data_dir=site.folder, http_port=site.http_port, mqtt_port=site.mqtt_port) as process,
            chromium() as browser,
        ):
            eventually(lambda: process.poll() is not None or site.ready(), within_s=HISTORY_S)
            _all(browser, site)


if __name__ == "__main__":
    main()
