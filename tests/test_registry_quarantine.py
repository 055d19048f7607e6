"""Refused messages in the registry, on SQLite and PostgreSQL."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from telemetry.errors import Conflict, Invalid, Reason, Unknown
from telemetry.model import LedgerLine, Quarantined
from telemetry.registry import Registry, open_registry
from tests.books import settle
from tests.postgres import DATABASES, registry_url

DAY = dt.date(2026, 11, 23)
NEXT_DAY = dt.date(2026, 11, 24)
BROKEN = Quarantined("rurban/v1/a/up", b'{"broken', Reason.MALFORMED, "no closing quote", 1_000, "a", readings=3)
STRANGE = Quarantined("rurban/v1/b/up", b"{}", Reason.UNKNOWN_DEVICE, "b is not in the registry", 2_000, "b")
HOMELESS = Quarantined("anything", bytes(range(256)), Reason.UNKNOWN_TOPIC, "", 3_000)


@pytest.fixture(params=DATABASES)
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    with open_registry(registry_url(request.param, tmp_path)) as opened:
        yield opened


@pytest.fixture
def filled(registry: Registry) -> Registry:
    """With three messages, numbered 1 to 3."""
    registry.quarantine.add([BROKEN, STRANGE, HOMELESS])
    return registry


def ids(found: list[Quarantined]) -> list[int | None]:
    return [item.id for item in found]


def test_messages_come_back_whole_newest_first_with_numbers(filled: Registry) -> None:
    expected = [replace(HOMELESS, id=3), replace(STRANGE, id=2), replace(BROKEN, id=1)]

    assert expected == filled.quarantine.find(limit=10)
    assert expected[0] == filled.quarantine.one(3)


def test_a_message_that_does_not_exist_is_unknown(filled: Registry) -> None:
    for quarantine_id in (4, 0, -1, 2**63, -(2**70)):
        with pytest.raises(Unknown, match=f"unknown quarantined message: {quarantine_id}"):
            filled.quarantine.one(quarantine_id)
        with pytest.raises(Unknown, match=f"unknown quarantined message: {quarantine_id}"):
            filled.quarantine.replayed(quarantine_id, 5_000, "done")


def test_find_narrows_by_device_reason_and_time_of_receipt(filled: Registry) -> None:
    find = filled.quarantine.find

    assert [1] == ids(find(device="a", limit=10))
    assert [] == ids(find(device="c", limit=10))
    assert [2] == ids(find(reason=Reason.UNKNOWN_DEVICE, limit=10))
    assert [] == ids(find(reason=Reason.UNKNOWN_DEVICE, device="a", limit=10))
    assert [3, 2] == ids(find(start=2_000, limit=10))
    assert [1] == ids(find(stop=2_000, limit=10))
    assert [2] == ids(find(start=2_000, stop=3_000, limit=10))
    assert [3, 2, 1] == ids(find(start=-(2**80), stop=2**80, after=2**80, limit=10))


def test_pages_go_back_in_time_without_gap_or_repeat(registry: Registry) -> None:
    registry.quarantine.add([replace(BROKEN, received_at=number) for number in range(10)])

    pages = []
    after = None
    while page := registry.quarantine.find(limit=4, after=after):
        pages.append(ids(page))
        after = page[-1].id

    assert [[10, 9, 8, 7], [6, 5, 4, 3], [2, 1]] == pages


def test_a_page_has_a_limit(registry: Registry) -> None:
    for limit in (0, -1, 10**9):
        with pytest.raises(Invalid, match="limit"):
            registry.quarantine.find(limit=limit)


def test_messages_are_counted_by_reason_and_by_whether_they_were_replayed(filled: Registry) -> None:
    filled.quarantine.add([BROKEN])
    filled.quarantine.replayed(1, 5_000, "3 readings stored")

    assert {Reason.MALFORMED: 2, Reason.UNKNOWN_DEVICE: 1, Reason.UNKNOWN_TOPIC: 1} == filled.quarantine.counts()
    assert {Reason.MALFORMED: 1} == filled.quarantine.counts(replayed=True)
    assert {Reason.MALFORMED: 1, Reason.UNKNOWN_DEVICE: 1, Reason.UNKNOWN_TOPIC: 1} == filled.quarantine.counts(
        replayed=False
    )


def test_a_replay_is_noted_and_can_be_asked_for(filled: Registry) -> None:
    filled.quarantine.replayed(1, 5_000, "3 readings stored")

    expected = replace(BROKEN, id=1, replayed_at=5_000, outcome="3 readings stored")
    assert [expected] == filled.quarantine.find(replayed=True, limit=10)
    assert [3, 2] == ids(filled.quarantine.find(replayed=False, limit=10))


def test_a_replay_moves_the_ledger_once_however_often_it_is_asked_for(filled: Registry) -> None:
    filled.ledger.settle([LedgerLine(DAY, "a", received=3, quarantined=3)])
    moved = [LedgerLine(DAY, "a", received=-3, quarantined=-3), LedgerLine(DAY, "a", received=3, stored=3)]

    filled.quarantine.replayed(1, at=5_000, outcome="3 readings stored", ledger=moved)
    with pytest.raises(Conflict, match="quarantined message 1 was replayed already"):
        filled.quarantine.replayed(1, at=6_000, outcome="again", ledger=moved)

    expected = LedgerLine(DAY, "a", received=3, stored=3)
    assert [expected] == filled.ledger.find(start=DAY, stop=NEXT_DAY, limit=10)


def test_a_replay_that_is_still_refused_in_part_may_be_tried_again(filled: Registry) -> None:
    filled.quarantine.replayed(1, at=None, outcome="2 stored, 1 refused", readings=1)

    assert replace(BROKEN, id=1, readings=1, outcome="2 stored, 1 refused") == filled.quarantine.one(1)
    filled.quarantine.replayed(1, at=6_000, outcome="1 stored")

    assert 6_000 == filled.quarantine.one(1).replayed_at


def test_any_text_comes_back_unharmed(registry: Registry) -> None:
    texts = ("'; DROP TABLE quarantine; --", '" OR ""="', "%_/\\", "$1 %s %(name)s :name ?", "村🌾é", "a\nb\tc", "")
    for number, text in enumerate(texts, start=1):
        item = replace(BROKEN, topic=text, detail=text, device=text)
        registry.quarantine.add([item])
        registry.quarantine.replayed(number, 5_000, text)

        expected = replace(item, id=number, replayed_at=5_000, outcome=text)
        assert [expected] == registry.quarantine.find(device=text, limit=10)


def test_what_no_database_can_hold_is_kept_as_escapes_not_refused(registry: Registry) -> None:
    registry.quarantine.add([replace(BROKEN, topic="a\x00b", detail="\udc80", device="c\x00d")])

    kept = registry.quarantine.one(1)
    assert (r"a\x00b", r"\udc80", r"c\x00d") == (kept.topic, kept.detail, kept.device)
    assert [1] == ids(registry.quarantine.find(device="c\x00d", limit=10))


def test_a_name_longer_than_an_index_takes_is_kept_short_and_still_found(registry: Registry) -> None:
    names = ["村" * 20_000 + end for end in ("a", "b")]
    settle(
        registry,
        [LedgerLine(DAY, name, received=1, quarantined=1) for name in names],
        [replace(BROKEN, topic=name, device=name) for name in names],
    )

    assert "村" * 133 + "..." == registry.quarantine.one(1).topic[:136]
    assert [2] == ids(registry.quarantine.find(device=names[1], limit=10))
    assert 2 == len(registry.ledger.find(start=DAY, stop=NEXT_DAY, limit=10))
    assert 1 == len(registry.ledger.find(devices=[names[0]], start=DAY, stop=NEXT_DAY, limit=10))


def test_a_payload_of_megabytes_comes_back_whole(registry: Registry) -> None:
    payload = bytes(range(256)) * 16_384

    registry.quarantine.add([replace(BROKEN, payload=payload)])

    assert payload == registry.quarantine.one(1).payload
