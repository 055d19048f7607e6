"""The live page in a real browser, on a small house of its own: some of the county's places with hours behind them."""

import contextlib
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from devices import county
from devices.faults import EVERYDAY
from devices.fleet import Fleet
from devices.message import uplink
from ingest.mqtt import Broker
from rurban import demo
from rurban import house as composition
from rurban.settings import Settings
from tests.mosquitto import free_port
from tests.processes import rurban
from tests.test_house import ROOT
from tests.workplace import client_of, eventually, publish, wall_clock

AXE = ROOT / ".venv" / "page" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOUR = 3_600_000
PLACES = ("370522101201", "370502001001")
"""A village, and a committee of the city."""
PATIENCE_MS = 60_000


@dataclass(frozen=True)
class Site:
    """The house: where it lies and listens."""

    folder: Path
    http_port: int = field(default_factory=free_port)
    mqtt_port: int = field(default_factory=free_port)
    map_tiles: str = ""
    map_credit: str = ""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        """`rurban up`, ready."""
        with rurban(
            "up",
            data_dir=self.folder,
            http_port=self.http_port,
            mqtt_port=self.mqtt_port,
            map_tiles=self.map_tiles,
            map_credit=self.map_credit,
        ) as process:
            eventually(lambda: process.poll() is not None or self.ready())
            assert process.poll() is None, (self.folder / "rurban.log").read_text()
            yield

    def say(self, *payloads: str, device: str = county.PROBE) -> None:
        """Publish as the visitors' probe, or as somebody else."""
        with client_of(Broker("127.0.0.1", self.mqtt_port)) as client:
            publish(client, *((uplink(device), payload.encode()) for payload in payloads))

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/ready", timeout=5) as answer:  # noqa: S310 (http)
                return bool(answer.status == 200)
        except OSError:
            return False


def filled(folder: Path, hours: int) -> Site:
    """A house that does not run yet, with the last hours of its devices in it."""
    now = wall_clock()
    devices = [device for device in county.devices() if device.region in PLACES]
    epoch = now - hours * HOUR
    fleet = Fleet(devices, county.profiles(), county.regions(), seed=7, epoch=epoch, faults=EVERYDAY)
    with composition.opened(Settings(data_dir=folder)) as house:
        house.registry.places.put(county.regions())
        house.registry.devices.put_profiles(county.profiles())
        house.registry.devices.put(devices)
        with composition.settlement(house, "filling") as settling:
            diary = demo.Diary(seed=7, epoch=epoch, filled_until=epoch)
            demo.fill_history(house, settling, fleet, diary, now, lambda _: None)
    return Site(folder)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """One page, and everything that went wrong on it."""

    page: Page
    site: Site
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """To a view, until it has drawn what it asked for."""
        self.page.goto(f"{self.site.address}/{path}")
        self.settled()

    def settled(self) -> None:
        self.page.wait_for_selector("h1")
        self.page.wait_for_function("() => document.querySelector('.skeleton') === null")

    def findings(self) -> list[str]:
        """What axe-core finds that keeps people out, and where."""
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {node['html'][:200]}"
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"}
            for node in one["nodes"]
        ]


@contextlib.contextmanager
def visit(
    browser: Browser, site: Site, *, phone: bool = False, dark: bool = False, zone: str = "Asia/Shanghai"
) -> Iterator[Visit]:
    """A visitor of their own, who reads English at first."""
    context: BrowserContext = browser.new_context(
        viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 900},
        locale="en-GB",
        timezone_id=zone,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS)
    try:
        found = Visit(context.new_page(), site)
        found.page.on("console", lambda message: _noted(found, message))
        found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
        yield found
    finally:
        context.close()


def _noted(found: Visit, message: ConsoleMessage) -> None:
    if message.type in {"error", "warning"}:
        found.complaints.append(message.text)
