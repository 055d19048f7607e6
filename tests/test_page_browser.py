"""The live page as people meet it: a real browser, a real house, real readings."""

import csv
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.pages import PATIENCE_MS, Site, Visit, chromium, filled, visit

VILLAGE = "370522101201"
VIEWS = {
    "overview": "#/county/370522",
    "village": f"#/village/{VILLAGE}",
    "chart": f"#/village/{VILLAGE}/air_temperature",
    "beside": f"#/village/{VILLAGE}/beside",
    "devices": "#/devices/370522",
    "device": "#/device/bs01-soil-1",
    "quarantine": "#/quarantine",
    "nothing": "#/county/370522001",
}

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    found = filled(tmp_path_factory.mktemp("house"), 8)
    with found.open():
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def desk(browser: Browser, site: Site) -> Iterator[Visit]:
    """At a desktop; nothing may go wrong unseen."""
    with visit(browser, site) as found:
        yield found
        assert [] == found.complaints


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
def test_every_view_is_whole_keeps_nobody_out_and_fits(view: str, phone: bool, browser: Browser, site: Site) -> None:
    with visit(browser, site, phone=phone, dark=phone) as found:
        found.go(VIEWS[view])
        wide = found.page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth")

        assert not wide
        assert [] == found.findings()
        assert [] == found.complaints


def test_a_published_reading_shows_without_a_reload(desk: Visit) -> None:
    desk.go(VIEWS["overview"])
    expect(desk.page.locator(".link .badge.live")).to_be_visible()
    desk.site.say('{"values": {"soil_ph": 6.87}}')

    expect(desk.page.locator(f"[data-place='{VILLAGE}'] .newest")).to_contain_text("6.87")


def test_a_card_follows_what_is_published(desk: Visit) -> None:
    desk.site.say('{"values": {"water_ph": 7.11}}')
    desk.go(VIEWS["village"])
    expect(desk.page.locator("[data-metric='water_ph'] .figure")).to_contain_text("7.11")
    expect(desk.page.locator(".link .badge.live")).to_be_visible()
    desk.site.say('{"values": {"water_ph": 7.23}}')

    expect(desk.page.locator("[data-metric='water_ph'] .figure")).to_contain_text("7.23")


def test_a_doubtful_reading_bears_its_reason(desk: Visit) -> None:
    desk.site.say('{"values": {"greenhouse_vpd": 99}}')
    desk.go(VIEWS["village"])

    expect(desk.page.locator("[data-metric='greenhouse_vpd']")).to_contain_text("outside its plausible range")


def test_the_language_changes_and_is_remembered(desk: Visit) -> None:
    desk.go(VIEWS["overview"])
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Lijin County")
    desk.page.get_by_role("button", name="中文").click()

    expect(desk.page.get_by_role("heading", level=1)).to_have_text("利津县")
    assert "zh-CN" == desk.page.evaluate("() => document.documentElement.lang")
    desk.page.reload()
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("利津县")


def test_the_way_to_a_chart_needs_no_mouse(desk: Visit) -> None:
    desk.go(VIEWS["overview"])
    page = desk.page
    page.keyboard.press("Tab")
    assert "Skip to content" == page.evaluate("() => document.activeElement.textContent")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    while not page.evaluate(f"() => document.activeElement.hash === '#/village/{VILLAGE}'"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".card")
    page.locator("main").focus()
    while not page.evaluate("() => document.activeElement.dataset.metric === 'air_temperature'"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.locator(".chart canvas")).to_be_visible()


def test_a_longer_window_is_asked_for_in_longer_buckets_and_zooming_in_asks_anew(desk: Visit) -> None:
    page = desk.page
    desk.go(VIEWS["chart"])
    expect(page.locator(".chart canvas")).to_be_visible()
    with page.expect_request(re.compile(r"/series\?.*every=3h.*by=device")):
        page.get_by_role("link", name="30 days").click()
    expect(page.get_by_text("Buckets of 3 h")).to_be_visible()
    box = page.locator(".chart").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] - 19
    page.mouse.move(box["x"] + 57, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], y, steps=8)
    page.mouse.up()

    expect(page.get_by_role("button", name="Whole window")).to_be_visible()
    expect(page.get_by_text("Buckets of 3 h")).to_be_hidden()


def test_what_is_seen_can_be_taken_along(desk: Visit, tmp_path: Path) -> None:
    page = desk.page
    desk.go(VIEWS["chart"])
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    download.value.save_as(tmp_path / "series.csv")
    with (tmp_path / "series.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    address = page.get_by_role("button", name="Copy the API address").get_attribute("title") or ""
    points = page.request.get(address).json()["series"][0]["points"]

    assert {"air_temperature"} == {row["metric"] for row in rows}
    assert [float(row["value"]) for row in rows] == [point["value"] for point in points]


def test_a_number_is_explained_and_so_is_why_there_is_none(desk: Visit) -> None:
    desk.go(VIEWS["beside"])
    desk.page.get_by_role("button", name="Voltage qualification rate").click()
    dialog = desk.page.get_by_role("dialog")

    expect(dialog).to_contain_text("bs01-grid-1")
    expect(dialog.get_by_role("link").first).to_have_attribute("href", re.compile(r"/api/v1/series\?metric=voltage_a"))
    desk.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_devices_are_found_by_name_and_state(desk: Visit) -> None:
    page = desk.page
    desk.go(VIEWS["devices"])
    page.get_by_role("searchbox").fill("bs01-soil-3")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("searchbox").fill("no such device")

    expect(page.get_by_text("No device matches")).to_be_visible()


def test_an_error_is_shown_in_the_words_of_the_api_and_can_be_retried(browser: Browser, site: Site) -> None:
    problem = '{"title": "Service Unavailable", "status": 503, "detail": "the store is away"}'

    def away(route: Route) -> None:
        route.fulfill(status=503, content_type="application/problem+json", body=problem)

    with visit(browser, site) as found:
        found.page.route("**/api/v1/places*", away)
        found.page.goto(f"{site.address}/")
        expect(found.page.get_by_role("alert")).to_contain_text("the store is away")
        found.page.unroute("**/api/v1/places*")
        found.page.get_by_role("button", name="Try again").click()

        expect(found.page.locator("table.places")).to_be_visible()


def test_a_house_that_asks_for_its_token_is_entered_with_it(browser: Browser, site: Site) -> None:
    def guarded(route: Route) -> None:
        if route.request.headers.get("authorization") == "Bearer secret":
            route.continue_()
        else:
            route.fulfill(status=401, content_type="application/problem+json", body='{"detail": "its token"}')

    with visit(browser, site) as found:
        found.page.route("**/api/v1/**", guarded)
        found.page.goto(f"{site.address}/")
        found.page.get_by_label("Token").fill("secret")
        found.page.get_by_role("button", name="Enter").click()

        expect(found.page.locator("table.places")).to_be_visible()


def test_a_lost_connection_is_told_and_taken_up_again(browser: Browser, tmp_path: Path) -> None:
    own = filled(tmp_path, 0)
    with visit(browser, own) as found:
        with own.open():
            found.go(VIEWS["overview"])
            expect(found.page.locator(".link .badge.live")).to_be_visible()
        expect(found.page.locator(".link")).to_contain_text("Connection lost")
        with own.open():
            expect(found.page.locator(".link .badge.live")).to_be_visible()
            own.say('{"values": {"soil_ph": 5.43}}')

            expect(found.page.locator(f"[data-place='{VILLAGE}'] .newest")).to_contain_text("5.43")


def test_a_device_that_nobody_has_registered_is_adopted_with_what_it_had_sent(desk: Visit) -> None:
    desk.site.say(*(f'{{"values": {{"air_temperature": {degrees}}}}}' for degrees in (3.25, 3.5)), device="new-hill-1")
    desk.go(VIEWS["devices"])
    card = desk.page.locator("[data-stranger='new-hill-1']")
    expect(card).to_contain_text("3.5")
    card.get_by_role("button", name="Adopt").click()
    assert [] == desk.findings()
    card.get_by_label("Model").select_option("probe")
    card.locator("select[name=region]").select_option(VILLAGE)
    card.get_by_label("Name").fill("On the hill")
    card.get_by_role("button", name="Adopt").click()

    expect(desk.page.locator("[data-adopted='new-hill-1']")).to_contain_text("2 were stored, 0 refused again, 0 wait")
    expect(card).to_have_count(0)
    desk.page.locator("[data-adopted='new-hill-1'] a").click()
    expect(desk.page.get_by_role("region", name="Newest readings").last).to_contain_text("3.5")


def test_a_quarantined_message_is_replayed_and_says_what_came_of_it(desk: Visit) -> None:
    desk.site.say('{"values": {"no_such_quantity": 1}}')
    desk.go(VIEWS["quarantine"])
    row = desk.page.get_by_role("row", name=re.compile("no_such_quantity")).first
    row.get_by_role("button", name="Replay").click()

    expect(row).to_contain_text("0 readings stored; 1 still refused")


def test_who_wants_no_motion_gets_none(desk: Visit) -> None:
    desk.go(VIEWS["overview"])
    expect(desk.page.locator(".link .badge.live")).to_be_visible()

    assert 0 == desk.page.evaluate("() => document.getAnimations().length")


def test_water_and_energy_of_today_are_summed_up_to_the_last_whole_hour(browser: Browser, site: Site) -> None:
    # Where it is past seven in the morning now: of today there are seven whole hours, and the house has eight.
    ahead = (7 - dt.datetime.now(dt.UTC).hour + 11) % 24 - 11
    zone = f"Etc/GMT{-ahead:+d}"
    with visit(browser, site, zone=zone) as found:
        found.go(VIEWS["village"])
        today = found.page.get_by_role("region", name=re.compile("Water and energy, today by 0[78]:00"))

        expect(today.get_by_role("row", name="Supplied water")).to_contain_text(re.compile(r"[1-9].* m³"))


def test_what_the_first_view_needs_crosses_a_thin_link_in_two_seconds(browser: Browser, site: Site) -> None:
    """In bytes on the wire, which no busy machine changes: 400 kbit/s are 100 kB in two seconds."""
    with visit(browser, site) as found:
        session = found.page.context.new_cdp_session(found.page)
        session.send("Network.enable")
        came: list[int] = []
        session.on("Network.loadingFinished", lambda event: came.append(int(event["encodedDataLength"])))
        found.go(VIEWS["overview"])
        expect(found.page.locator("table.places")).to_be_visible()

        assert 10_000 < sum(came) < 80_000
