"""The quarantine's room: payloads are let go, messages become counts, and what was counted stays counted."""

import datetime as dt
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from telemetry.errors import Reason
from telemetry.instant import DAY_MS
from telemetry.model import LedgerLine, QuarantineCount, Quarantined
from telemetry.registry import Registry, Room, _migration, open_registry
from telemetry.registry._database import Database
from tests.books import settle
from tests.postgres import DATABASES, registry_url

DAY = dt.date(1970, 1, 1)
NEXT_DAY = dt.date(1970, 1, 2)
BROKEN = Quarantined("rurban/v1/a/up", b"x" * 100, Reason.MALFORMED, "no JSON", 1_000, "a", readings=3)
STRANGE = Quarantined("rurban/v1/b/up", b"y" * 100, Reason.UNKNOWN_DEVICE, "", 2_000, "b")
EXCESS = QuarantineCount(DAY, "c", Reason.RATE_LIMITED, messages=700, readings=700)

Opened = partial[Registry]


@pytest.fixture(params=DATABASES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    """Opens the same registry with any room."""
    return partial(open_registry, registry_url(request.param, tmp_path))


def payloads(registry: Registry) -> list[int]:
    """Bytes of each message that are there, the oldest message first."""
    return [len(item.payload) for item in reversed(registry.quarantine.find(limit=10_000))]


def refused(registry: Registry) -> Counter[tuple[dt.date, str]]:
    """Readings in quarantine by day and device, from its messages and its counts."""
    found: Counter[tuple[dt.date, str]] = Counter()
    for item in registry.quarantine.find(replayed=False, limit=10_000):
        day = DAY + dt.timedelta(days=item.received_at // DAY_MS)
        found[day, item.device or item.topic] += item.readings
    for line in registry.quarantine.counted(limit=10_000):
        found[line.day, line.device] += line.readings
    return found


def test_the_oldest_payloads_are_let_go_and_their_messages_stay(opened: Opened) -> None:
    with opened(Room(payload_bytes=250)) as registry:
        for number in range(5):
            registry.quarantine.add([replace(BROKEN, received_at=number)])
        trimmed = registry.quarantine.one(1)

        assert [0, 0, 0, 100, 100] == payloads(registry)
        assert (200, 5) == registry.quarantine.used()
        assert replace(BROKEN, id=1, received_at=0, payload=b"", size=100, trimmed_at=2) == trimmed
    assert "its payload of 100 bytes was let go to make room for newer messages" == trimmed.hindrance


def test_what_a_registration_can_mend_is_let_go_last(opened: Opened) -> None:
    with opened(Room(payload_bytes=300)) as registry:
        registry.quarantine.add([STRANGE, STRANGE, BROKEN])
        registry.quarantine.add([BROKEN, STRANGE])
        before = payloads(registry)
        registry.quarantine.replayed(2, 5_000, "1 readings stored")
        registry.quarantine.add([STRANGE])

        assert [100, 100, 0, 0, 100] == before
        assert [100, 0, 0, 0, 100, 100] == payloads(registry)


def test_a_message_larger_than_the_room_leaves_its_mark(opened: Opened) -> None:
    with opened(Room(payload_bytes=50)) as registry:
        registry.quarantine.add([BROKEN])

        assert [0] == payloads(registry)


def test_the_oldest_messages_become_counts_that_the_ledger_agrees_with(opened: Opened) -> None:
    items = [
        replace(item, received_at=number * DAY_MS // 10, device=item.device if number % 3 else None)
        for number, item in enumerate([BROKEN, STRANGE] * 10)
    ]
    with opened(Room(payload_bytes=700, messages=8)) as registry:
        for item in items:
            day = DAY + dt.timedelta(days=item.received_at // DAY_MS)
            line = LedgerLine(day, item.device or item.topic, received=item.readings, quarantined=item.readings)
            settle(registry, [line], [item])
        ledger = registry.ledger.find(start=DAY, stop=NEXT_DAY + dt.timedelta(days=1), limit=100)

        assert (8, 12) == (
            len(payloads(registry)),
            sum(line.messages for line in registry.quarantine.counted(limit=100)),
        )
        assert {(line.day, line.device): line.quarantined for line in ledger} == refused(registry)


def test_a_replayed_message_that_makes_room_is_counted_where_it_went(opened: Opened) -> None:
    with opened(Room(messages=1)) as registry:
        registry.quarantine.add([STRANGE])
        registry.quarantine.replayed(1, 5_000, "1 readings stored")
        registry.quarantine.add([BROKEN])

        assert (1, []) == (len(payloads(registry)), registry.quarantine.counted(limit=10))


def test_excess_is_a_count_from_the_beginning(opened: Opened) -> None:
    with opened(Room()) as registry:
        settle(registry, [LedgerLine(DAY, "c", received=700, quarantined=700)], [BROKEN], counted=[EXCESS])
        settle(
            registry,
            [LedgerLine(DAY, "c", received=1, quarantined=1)],
            [],
            counted=[replace(EXCESS, messages=1, readings=1)],
        )

        assert [QuarantineCount(DAY, "c", Reason.RATE_LIMITED, 701, 701)] == registry.quarantine.counted(limit=10)
        assert [100] == payloads(registry)


def test_counts_are_narrowed_by_device_reason_and_day(opened: Opened) -> None:
    with opened(Room(messages=1)) as registry:
        registry.quarantine.add([BROKEN, STRANGE], [EXCESS, replace(EXCESS, day=NEXT_DAY)])
        counted = registry.quarantine.counted
        every = counted(limit=10)

        assert [(NEXT_DAY, "c"), (DAY, "a"), (DAY, "c")] == [(line.day, line.device) for line in every]
        assert every[1:2] == counted(device="a", limit=10) == counted(reason=Reason.MALFORMED, limit=10)
        assert every[:1] == counted(start=NEXT_DAY, limit=10) == counted(limit=1)
        assert every[1:] == counted(stop=NEXT_DAY, limit=10)


def test_a_smaller_room_is_come_to_by_and_by(opened: Opened) -> None:
    with opened(Room()) as registry:
        registry.quarantine.add([BROKEN] * 12_000)
    with opened(Room(payload_bytes=1000, messages=100)) as registry:
        sizes = []
        for _ in range(4):
            registry.quarantine.add([BROKEN])
            sizes.append(registry.quarantine.used())

        assert (1000, 100) == sizes[-1] == (sum(payloads(registry)), len(payloads(registry)))
        assert 3 * 12_004 == refused(registry)[DAY, "a"]
        assert sizes[0].messages > sizes[1].messages > 100


def test_what_was_in_quarantine_before_there_was_a_room_is_measured(
    opened: Opened,
) -> None:
    folder = Path(_migration.__file__).parent
    script = ScriptDirectory(folder, version_locations=[folder / "versions"])
    database = Database(opened.args[0])
    with database.write() as connection:
        options = {"fn": lambda revision, _: [*script._upgrade_revs("0001", revision)]}
        context = MigrationContext.configure(connection, opts=options)
        with Operations.context(context):
            context.run_migrations()
        for reason in ("malformed", "unknown_device"):
            connection.execute(
                text(
                    "INSERT INTO quarantine (topic, payload, reason, detail, received_at, readings, outcome)"
                    " VALUES ('a', :payload, :reason, '', 0, 1, '')"
                ),
                {"payload": b"12345", "reason": reason},
            )
    database.close()
    with opened(Room(payload_bytes=105)) as registry:
        before = registry.quarantine.used()
        registry.quarantine.add([BROKEN])

        assert ((10, 2), [0, 5, 100]) == (before, payloads(registry))
