"""Who is there, whose clock is right and how much has arrived, as the API tells it."""

import datetime as dt

import pytest

from api.atlas import CurrentAtlas
from api.presence import away, roll
from telemetry.hearing import GONE
from telemetry.instant import day_of, iso
from telemetry.model import Device, LedgerLine
from tests.api_fixture import HOUR, MINUTE, NOW, Served, house
from tests.books import settle
from tests.village import STREET, VILLAGE

__all__ = ["house"]

TODAY = day_of(NOW)
YESTERDAY = TODAY - dt.timedelta(days=1)
DUE_TODAY = 3 * 8 * 60
"""Of a station, which reports three measures a minute, at eight o'clock."""


@pytest.fixture
def county(house: Served) -> Served:
    """Station 1 is there, its clock three hours ahead, a message lost; station 2 has been silent since seven."""
    settle(
        house.registry,
        [
            LedgerLine(TODAY, "station-1", received=3 * 480 - 30, stored=3 * 480 - 144, duplicate=114),
            LedgerLine(YESTERDAY, "station-1", received=3 * 1440, stored=3 * 1440),
            LedgerLine(TODAY, "station-2", received=9999, stored=9999),
            LedgerLine(TODAY, "probe-1", received=5, stored=5),
        ],
        [],
        {
            "station-1": [(NOW - i * MINUTE, NOW + 3 * HOUR - i * MINUTE, 17 - i) for i in (4, 3, 2, 0)],
            "station-2": [(NOW - HOUR, NOW - HOUR - 200, None)],
            "probe-1": [(NOW - 5 * HOUR, None, 1), (NOW - HOUR, None, 3)],
        },
    )
    return house


def test_who_is_said_to_be_gone_is_offline_until_it_is_heard_again(county: Served) -> None:
    county.registry.heard.note({"station-1": [(NOW, None, GONE)]})
    gone = county.get("/devices/station-1")
    latest = {reading["offline"] for reading in county.get("/latest?device=station-1")["readings"]}
    county.registry.heard.note({"station-1": [(NOW + 1, NOW + 1, None)]})

    assert (True, iso(NOW), iso(NOW)) == (gone["offline"], gone["offline_since"], gone["last_heard_at"])
    assert {True} == latest
    assert county.get("/devices/station-1")["offline"] is False


def test_a_device_tells_when_it_was_heard_how_its_clock_is_and_what_has_arrived(county: Served) -> None:
    shown = county.get("/devices/station-1")

    assert (iso(NOW), False, None) == (shown["last_heard_at"], shown["offline"], shown["offline_since"])
    assert ("ahead by 3 h", 10_800.0, 1, iso(NOW)) == tuple(
        shown[name] for name in ("clock", "clock_skew_s", "clock_samples", "clock_told_at")
    )
    assert shown["today"] == {
        "expected": DUE_TODAY,
        "received": DUE_TODAY - 144,
        "completeness": 0.9,
        "lost_by_sequence": 1,
    }
    days = {day["day"]: (day["expected"], day["completeness"]) for day in shown["days"]}
    assert ((DUE_TODAY, 0.9), (4320, 1.0)) == (days[str(TODAY)], days[str(YESTERDAY)])
    assert 28 == len(shown["days"])


def test_a_device_that_falls_silent_is_offline_since_the_first_message_that_was_missed(county: Served) -> None:
    shown = county.get("/devices/station-2")

    assert (iso(NOW - HOUR), True, iso(NOW - 59 * MINUTE)) == tuple(
        shown[name] for name in ("last_heard_at", "offline", "offline_since")
    )
    assert 1.0 == shown["today"]["completeness"]
    (newest,) = (row for row in county.get("/latest?device=station-2")["readings"])
    assert (True, iso(NOW - 59 * MINUTE)) == (newest["offline"], newest["offline_since"])


def test_devices_that_report_on_event_are_judged_by_their_numbers_alone(county: Served) -> None:
    shown = county.get("/devices/probe-1")

    assert (None, None, None, None) == tuple(
        shown[name] for name in ("offline", "offline_since", "clock", "clock_skew_s")
    )
    assert (None, 0.6667, 1) == tuple(shown["today"][name] for name in ("expected", "completeness", "lost_by_sequence"))


def test_the_list_tells_the_same_as_the_single_device(county: Served) -> None:
    for listed in county.get("/devices")["devices"]:
        single = county.get(f"/devices/{listed['id']}")

        assert listed == {name: single[name] for name in listed}


def test_who_was_never_heard_is_offline_since_no_time(county: Served) -> None:
    shown = county.get("/devices/silent-1")

    assert (None, True, None, 0) == tuple(
        shown[name] for name in ("last_heard_at", "offline", "offline_since", "clock_samples")
    )


def test_a_place_counts_who_is_missing_and_what_has_arrived(county: Served) -> None:
    street = county.get(f"/regions/{STREET}")
    village = county.get(f"/regions/{VILLAGE}")

    assert (2, 1) == (street["offline"], street["never_heard"])
    assert [("device", "station-2", 1, 1, ["station-2"])] == [
        (told["cause"], told["where"], told["silent"], told["of"], told["devices"]) for told in street["silences"]
    ]
    assert (2 * DUE_TODAY, 0.5) == (street["today"]["expected"], street["today"]["completeness"])
    assert (2, []) == (village["today"]["lost_by_sequence"], village["silences"])


def test_many_that_fall_silent_together_are_told_with_the_likely_cause(county: Served) -> None:
    ids = [f"s-{number}" for number in range(120)]
    county.registry.devices.put([Device(name, "station", VILLAGE) for name in ids])
    county.registry.heard.note({name: [(NOW - HOUR + i * 100, None, None)] for i, name in enumerate(ids)})

    told = {place: county.get(f"/regions/{place}")["silences"][0] for place in (VILLAGE, "370522", STREET)}
    assert ("house", "", 121, 122) == tuple(told["370522"][name] for name in ("cause", "where", "silent", "of"))
    assert told["370522"] == told[VILLAGE]
    assert (100, ["station-2"]) == (len(told[VILLAGE]["devices"]), told[STREET]["devices"])


def test_the_doctor_says_in_one_line_who_is_offline_and_why(county: Served) -> None:
    atlas = CurrentAtlas(county.registry)
    before = away(roll(atlas.now(), county.registry, None, NOW))
    county.registry.devices.put([Device(f"s-{number}", "station", VILLAGE) for number in range(5)])
    county.registry.heard.note({f"s-{number}": [(NOW - 2 * HOUR, None, None)] for number in range(5)})
    cut = away(roll(atlas.now(), county.registry, None, NOW))

    assert "9, 7 offline: 1 alone, 6 never heard" == before
    assert f"14, 12 offline: 5 of 6 by place {VILLAGE} after {iso(NOW - 2 * HOUR)}, 1 alone, 6 never heard" == cut


def test_a_house_where_all_are_there_says_so(house: Served) -> None:
    atlas = CurrentAtlas(house.registry).now()
    house.registry.heard.note({device: [(NOW, None, None)] for device in atlas.devices})

    assert "9, none offline" == away(roll(atlas, house.registry, None, NOW))
