"""The ledger and the quarantine."""

import base64
import datetime as dt

import pytest

from telemetry import replay_request
from telemetry.errors import Reason
from telemetry.model import LedgerLine, QuarantineCount, Quarantined
from tests.api_fixture import HOUR, NOW, Served, house
from tests.books import settle

__all__ = ["house"]

TODAY = dt.date(2026, 11, 23)
TOPIC = "rurban/v1/station-1/up"
YESTERDAY = dt.date(2026, 11, 22)


@pytest.fixture
def kept(house: Served) -> Served:
    """With three messages in quarantine, the second replayed, and their lines in the ledger."""
    settle(
        house.registry,
        [
            LedgerLine(TODAY, "station-1", received=5, stored=3, duplicate=1, quarantined=1),
            LedgerLine(TODAY, "nobody", received=1, quarantined=1),
            LedgerLine(YESTERDAY, "station-1", received=7, stored=7),
        ],
        [
            Quarantined(
                "rurban/v1/station-1/up", b"\xff\x00", Reason.MALFORMED, "no JSON", NOW - 2 * HOUR, "station-1"
            ),
            Quarantined("rurban/v1/station-1/up", b"{}", Reason.EMPTY, "no values", NOW - HOUR, "station-1"),
            Quarantined("rurban/v1/nobody/up", '{"雨":1}'.encode(), Reason.UNKNOWN_DEVICE, "", NOW, "nobody"),
        ],
    )
    second = house.registry.quarantine.find(device="station-1", limit=1)[0]
    house.registry.quarantine.replayed(second.id or 0, NOW, "1 readings stored")
    return house


def ids(house: Served, query: str) -> list[int]:
    return [message["id"] for message in house.get(f"/quarantine?{query}")["messages"]]


def test_the_ledger_of_today_adds_up(kept: Served) -> None:
    page = kept.get("/ledger")

    assert ("2026-11-23", "2026-11-24", None) == (page["start"], page["stop"], page["next"])
    assert {"received": 6, "stored": 3, "duplicate": 1, "quarantined": 2, "in_flight": 0} == page["total"]
    assert ["nobody", "station-1"] == [line["device"] for line in page["lines"]]


@pytest.mark.parametrize(
    ("query", "received"),
    [
        ("day=2026-11-22", [7]),
        ("device=station-1&start=2026-11-01", [7, 5]),
        ("start=2026-11-22&stop=2026-11-23", [7]),
        ("stop=2026-11-23", [7]),
        ("device=nobody,station-1", [1, 5]),
        ("day=1999-01-01", []),
    ],
)
def test_the_ledger_can_be_narrowed(query: str, received: list[int], kept: Served) -> None:
    page = kept.get(f"/ledger?{query}")

    assert (received, sum(received)) == ([line["received"] for line in page["lines"]], page["total"]["received"])


def test_the_ledger_comes_page_by_page_with_the_total_of_all(kept: Served) -> None:
    first = kept.get("/ledger?start=2026-11-01&limit=2")
    second = kept.get(f"/ledger?start=2026-11-01&limit=2&cursor={first['next']}")

    assert ([7, 1], [5], None) == (
        [line["received"] for line in first["lines"]],
        [line["received"] for line in second["lines"]],
        second["next"],
    )
    assert 13 == first["total"]["received"] == second["total"]["received"]


def test_a_quarantined_message_is_shown_whole(kept: Served) -> None:
    newest, replayed, oldest = kept.get("/quarantine")["messages"]

    assert ("rurban/v1/nobody/up", "nobody", "unknown_device", '{"雨":1}', "2026-11-23T08:00:00Z") == tuple(
        newest[name] for name in ("topic", "device", "reason", "payload_text", "received_at")
    )
    assert ("1 readings stored", "2026-11-23T08:00:00Z") == (replayed["outcome"], replayed["replayed_at"])
    assert (b"\xff\x00", None) == (base64.b64decode(oldest["payload_base64"]), oldest["payload_text"])
    assert newest == kept.get(f"/quarantine/{newest['id']}")
    assert {"malformed": 1, "unknown_device": 1} == kept.get("/quarantine")["waiting"]


@pytest.mark.parametrize(
    ("query", "positions"),
    [
        ("device=station-1", [1, 2]),
        ("reason=empty", [1]),
        ("replayed=false", [0, 2]),
        ("start=-90m", [0, 1]),
        ("stop=-1h", [2]),
    ],
)
def test_the_quarantine_can_be_narrowed(query: str, positions: list[int], kept: Served) -> None:
    every = ids(kept, "")

    assert [every[position] for position in positions] == ids(kept, query)


def test_the_quarantine_comes_page_by_page(kept: Served) -> None:
    first = kept.get("/quarantine?limit=2")
    second = kept.get(f"/quarantine?limit=2&after={first['next']}")

    assert ids(kept, "") == [message["id"] for page in (first, second) for message in page["messages"]]
    assert second["next"] is None


def test_a_replay_is_asked_for_on_the_bus(kept: Served) -> None:
    number = ids(kept, "reason=malformed")[0]
    answer = kept.client.post(f"/api/v1/quarantine/{number}/replay")

    assert (202, {"id": number, "status": "asked"}) == (answer.status_code, answer.json())
    assert [(replay_request.TOPIC, replay_request.encode(number))] == kept.bus.published


@pytest.mark.parametrize(
    ("which", "status", "words"), [("replayed=true", 409, "1 readings stored"), ("", 503, "broker")]
)
def test_a_replay_that_cannot_be_is_refused(which: str, status: int, words: str, kept: Served) -> None:
    kept.bus.away = True
    answer = kept.client.post(f"/api/v1/quarantine/{ids(kept, which)[0]}/replay")

    assert (status, True, []) == (answer.status_code, words in answer.json()["detail"], kept.bus.published)


def test_a_message_that_does_not_exist_cannot_be_replayed(kept: Served) -> None:
    assert 404 == kept.client.post("/api/v1/quarantine/999/replay").status_code


@pytest.fixture
def bounded(house: Served) -> Served:
    """With a payload of which the beginning is here, and excess of two devices on two days."""
    house.registry.quarantine.add(
        [Quarantined(TOPIC, b"[[[[", Reason.TOO_LARGE, "", NOW, "station-1", size=300_000)],
        [
            QuarantineCount(TODAY, "station-1", Reason.RATE_LIMITED, 12, 12),
            QuarantineCount(YESTERDAY, "rurban/v1/+/up", Reason.RATE_LIMITED, 5, 5),
        ],
    )
    return house


def test_a_message_that_is_not_whole_says_so_and_is_not_replayed(bounded: Served) -> None:
    (message,) = bounded.get("/quarantine")["messages"]
    answer = bounded.client.post(f"/api/v1/quarantine/{message['id']}/replay")

    assert (300_000, False, None, "[[[[") == tuple(
        message[name] for name in ("payload_bytes", "payload_whole", "trimmed_at", "payload_text")
    )
    assert (409, []) == (answer.status_code, bounded.bus.published)
    assert "cannot be replayed: only the first 4 of its 300000 bytes were kept" in answer.json()["detail"]


def test_the_quarantine_tells_what_it_holds(bounded: Served) -> None:
    assert {"messages": 1, "payload_bytes": 4} == bounded.get("/quarantine")["held"]


@pytest.mark.parametrize(
    ("query", "readings", "more"),
    [
        ("", [12, 5], False),
        ("?device=station-1", [12], False),
        ("?reason=malformed", [], False),
        ("?start=2026-11-23", [12], False),
        ("?stop=2026-11-23", [5], False),
        ("?limit=1", [12], True),
    ],
)
def test_what_is_only_counted_is_shown_by_day_device_and_reason(
    query: str, readings: list[int], more: bool, bounded: Served
) -> None:
    answer = bounded.get(f"/quarantine/counts{query}")

    assert (readings, more) == ([line["readings"] for line in answer["counts"]], answer["more"])


def test_counts_of_no_day_at_all_are_refused(bounded: Served) -> None:
    answer = bounded.client.get("/api/v1/quarantine/counts?start=2026-11-23&stop=2026-11-23")

    assert (422, "start") == (answer.status_code, answer.json()["detail"][:5])
