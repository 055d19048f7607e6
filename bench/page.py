"""The live page on a thin link: what it weighs, and how long a phone takes to show something useful.

A real browser with nothing in its cache, 400 kbit/s, 100 ms each way, a processor four times slower than this one; the
house, the browser and the throttle share the machine.
"""

import gzip
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from playwright.sync_api import Browser

from tests.pages import PATIENCE_MS, Site, chromium, filled, visit
from tests.test_house import ROOT

BUILT: Final = ROOT / "dashboards" / "web" / "dist"
_TIMES: Final = 3
_BYTES_PER_S: Final = 400_000 / 8
_LATENCY_MS: Final = 100
_SLOWER: Final = 4
_OVERVIEW: Final = "table.places"
"""What people come for: the places, each with its state."""
_PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"


@dataclass(frozen=True, slots=True)
class Page:
    """Of the overview, as a phone opens it for the first time; milliseconds are medians."""

    weight_kb: float
    """All of the page's files, gzipped; the first view needs only some of them."""
    first_paint_ms: float
    """Anything at all."""
    useful_ms: float
    """The places with their states."""
    slowest_ms: float


def measure() -> Page:
    """Several first visits, one after the other."""
    weight = sum(
        len(gzip.compress(path.read_bytes(), 9)) for path in BUILT.rglob("*") if path.suffix != ".gz" and path.is_file()
    )
    with tempfile.TemporaryDirectory() as name:
        site = filled(Path(name), 8)
        with site.open(), chromium() as browser:
            _visited(browser, site)
            visits = [_visited(browser, site) for _ in range(_TIMES)]
    painted, useful = (list(times) for times in zip(*visits, strict=True))
    return Page(weight / 1000, median(painted), median(useful), max(useful))


def _visited(browser: Browser, site: Site) -> tuple[float, float]:
    """Milliseconds to the first paint and to the overview."""
    with visit(browser, site, phone=True) as found:
        session = found.page.context.new_cdp_session(found.page)
        session.send("Network.enable")
        link = {"latency": _LATENCY_MS, "downloadThroughput": _BYTES_PER_S, "uploadThroughput": _BYTES_PER_S}
        session.send("Network.emulateNetworkConditions", {"offline": False, **link})
        session.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
        began = time.perf_counter()
        found.page.goto(f"{site.address}/", wait_until="commit")
        found.page.wait_for_selector(_OVERVIEW, timeout=PATIENCE_MS)
        useful = (time.perf_counter() - began) * 1000
        return float(found.page.evaluate(_PAINTED)), useful
