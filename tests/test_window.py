"""Calendar windows: the same buckets whatever range asks for them, also where clocks change."""

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry.errors import Invalid
from telemetry.window import Unit, Window, edges, parse

UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR = 3_600_000
DAY = 24 * HOUR
WINDOWS = ("1m", "7m", "15m", "1h", "5h", "1d", "3d", "1w", "1mo", "1y", "1hd")


def at(text: str) -> int:
    return round(dt.datetime.fromisoformat(text).timestamp() * 1000)


def cut(text: str, zone: ZoneInfo, start: str, stop: str) -> list[str]:
    """The edges as local times."""
    found = edges(parse(text, zone), at(start), at(stop))
    return [dt.datetime.fromtimestamp(edge / 1000, zone).isoformat() for edge in found]


@pytest.mark.parametrize(
    ("text", "count", "unit"),
    [
        ("5m", 5, Unit.MINUTE),
        ("24h", 24, Unit.HOUR),
        ("1mo", 1, Unit.MONTH),
        ("10y", 10, Unit.YEAR),
        ("2hd", 2, Unit.HYDROLOGICAL_DAY),
    ],
)
def test_a_window_is_a_number_and_a_unit(text: str, count: int, unit: Unit) -> None:
    window = parse(text, SHANGHAI)

    assert (Window(count, unit, SHANGHAI), text) == (window, str(window))


@pytest.mark.parametrize("text", ["", "h", "0h", "-1h", "1.5h", "1 h", "1H", "1month", "h1", "٣h", "100000m", "1h "])
def test_anything_else_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(Invalid, match="hydrological day") as refused:
        parse(text, UTC)

    assert refused.value.where == "every"


@pytest.mark.parametrize("text", ["1441m", "25h"])
def test_elapsed_time_ends_with_the_day(text: str) -> None:
    with pytest.raises(Invalid, match="longer than a day"):
        parse(text, UTC)


def test_a_month_is_as_long_as_the_calendar_says() -> None:
    assert [
        "2024-01-01T00:00:00+08:00",
        "2024-02-01T00:00:00+08:00",
        "2024-03-01T00:00:00+08:00",
    ] == cut("1mo", SHANGHAI, "2024-01-20T00:00:00Z", "2024-02-29T15:59:59Z")


def test_a_week_begins_on_monday() -> None:
    assert ["2026-11-23T00:00:00+08:00", "2026-11-30T00:00:00+08:00"] == cut(
        "1w", SHANGHAI, "2026-11-24T00:00:00Z", "2026-11-24T01:00:00Z"
    )


def test_a_hydrological_day_begins_at_eight() -> None:
    """SL 651-2014 E.1.1.3."""
    assert ["2026-11-22T08:00:00+08:00", "2026-11-23T08:00:00+08:00"] == cut(
        "1hd", SHANGHAI, "2026-11-22T23:00:00Z", "2026-11-23T00:00:00Z"
    )


@pytest.mark.parametrize(("date", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_day_is_as_long_as_its_clock_makes_it(date: str, hours: int) -> None:
    noon = at(f"{date}T12:00:00Z")
    start, stop = edges(parse("1d", BERLIN), noon, noon + 1)
    by_hour = edges(parse("1h", BERLIN), start, stop)

    assert hours * HOUR == stop - start
    assert {HOUR} == {after - before for before, after in pairwise(by_hour)}
    assert hours == len(by_hour) - 1


def test_a_day_whose_midnight_is_skipped_begins_with_the_change() -> None:
    """Brazil's summer time began at midnight: on 2018-11-04 the day began at 01:00."""
    zone = ZoneInfo("America/Sao_Paulo")

    assert "2018-11-04T01:00:00-02:00" == cut("1d", zone, "2018-11-04T12:00:00Z", "2018-11-04T13:00:00Z")[0]


def test_the_last_bucket_of_a_day_is_cut_at_midnight() -> None:
    lengths = [after - before for before, after in pairwise(edges(parse("5h", UTC), 0, DAY))]

    assert [5 * HOUR] * 4 + [4 * HOUR] == lengths


@pytest.mark.parametrize("text", WINDOWS)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    start=st.integers(at("1995-01-01T00:00:00Z"), at("2035-01-01T00:00:00Z")),
    length=st.integers(1, 20 * DAY),
    zone=st.sampled_from(
        ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"]
    ),
)
def test_buckets_cover_the_range_and_do_not_depend_on_it(text: str, start: int, length: int, zone: str) -> None:
    window = parse(text, ZoneInfo(zone))
    found = edges(window, start, start + length)
    middle = start + length // 2
    part = edges(window, middle, middle + 1)

    assert found[0] <= start < start + length <= found[-1]
    assert found[1] > start
    assert found[-2] < start + length
    assert all(before < after for before, after in pairwise(found))
    assert set(part) <= set(found)


def test_too_many_buckets_are_refused_before_they_are_made() -> None:
    with pytest.raises(Invalid, match="at most 1000") as refused:
        edges(parse("1m", UTC), 0, 10_000 * DAY, max_buckets=1000)

    assert refused.value.where == "every"


@pytest.mark.parametrize(("start", "stop"), [(5, 5), (6, 5)])
def test_an_empty_range_is_refused(start: int, stop: int) -> None:
    with pytest.raises(Invalid, match="not before stop"):
        edges(parse("1d", UTC), start, stop)


def test_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(Invalid, match="calendar"):
        edges(parse("1y", UTC), 0, 10**17)
