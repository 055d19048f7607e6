"""The database under the registry: migrations, several processes, crashes, failures, secrets; SQLite and PostgreSQL."""

import datetime as dt
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from telemetry.errors import Conflict, Invalid, Reason, RegistryUnavailable
from telemetry.model import LedgerLine, Quarantined
from telemetry.registry import open_registry
from telemetry.registry._database import Database
from telemetry.registry._tables import metadata
from tests.books import settle
from tests.mosquitto import HOST
from tests.postgres import DATABASES, USER, registry_url, shared

SECRET = "s3cr3t"
DAY = dt.date(2026, 11, 23)
NEXT_DAY = dt.date(2026, 11, 24)

OPEN = """
import sys
from telemetry.registry import open_registry
print("ready", flush=True)
sys.stdin.readline()
with open_registry(sys.argv[1]) as registry:
    print(registry.devices.version(), flush=True)
"""

SETTLE_FOR_EVER = """
import datetime, sys
from telemetry.errors import Reason
from telemetry.model import LedgerLine, Quarantined
from telemetry.registry import open_registry
day = datetime.date(2026, 11, 23)
with open_registry(sys.argv[1]) as registry:
    while True:
        line = LedgerLine(day, "a", received=3, stored=2, quarantined=1)
        with registry.spools.settling("test", 0) as books:
            books.settle([line], [Quarantined("t", b"x" * 5000, Reason.EMPTY, "", 0, "a")])
        print("settled", flush=True)
"""


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return registry_url(request.param, tmp_path)


def started(script: str, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_the_migrations_lead_to_the_tables_of_the_code(url: str) -> None:
    open_registry(url).close()
    database = Database(url)

    with database.read() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    database.close()

    assert [] == differences


def test_an_open_registry_can_be_opened_again_and_shows_the_same(url: str) -> None:
    with open_registry(url) as first, open_registry(url) as second:
        first.ledger.settle([LedgerLine(DAY, "a", received=1, stored=1)])

        assert [LedgerLine(DAY, "a", received=1, stored=1)] == second.ledger.find(start=DAY, stop=NEXT_DAY, limit=2)


def test_processes_that_open_an_empty_registry_at_once_do_not_collide(url: str) -> None:
    processes = [started(OPEN, url) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert "ready\n" == process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()

    ends = [(process.communicate(timeout=120)[0], process.returncode) for process in processes]

    assert [("0\n", 0)] * 4 == ends


def test_a_registry_of_a_newer_version_is_left_alone(url: str) -> None:
    open_registry(url).close()
    database = Database(url)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()

    with pytest.raises(Conflict, match="revision 9999, which this version of Rurban does not know"):
        open_registry(url)


def test_a_killed_process_loses_nothing_it_had_settled_and_leaves_the_registry_usable(url: str) -> None:
    process = started(SETTLE_FOR_EVER, url)
    assert process.stdout is not None
    for _ in range(50):
        assert "settled\n" == process.stdout.readline()
    process.kill()
    told = 50 + len(process.communicate(timeout=120)[0].splitlines())

    with open_registry(url) as registry:
        (line,) = registry.ledger.find(start=DAY, stop=NEXT_DAY, limit=10)
        refused = registry.quarantine.counts()[Reason.EMPTY]
        settle(registry, [LedgerLine(DAY, "b", received=1, stored=1)], [])
        devices = [found.device for found in registry.ledger.find(start=DAY, stop=NEXT_DAY, limit=10)]

    # The last commit may have happened without a word of it.
    assert line.quarantined in (told, told + 1)
    assert (line.received, line.stored, refused) == (3 * line.quarantined, 2 * line.quarantined, line.quarantined)
    assert ["a", "b"] == devices


def test_sqlite_commits_reach_the_disk_and_readers_do_not_block_writers(tmp_path: Path) -> None:
    url = registry_url("sqlite", tmp_path)
    open_registry(url).close()
    database = Database(url)

    with database.read() as connection:
        pragmas = {
            name: connection.scalar(text(f"PRAGMA {name}")) for name in ("synchronous", "journal_mode", "foreign_keys")
        }
    database.close()

    assert {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1} == pragmas


def test_an_unfinished_transaction_leaves_no_trace(url: str) -> None:
    with open_registry(url) as registry, pytest.raises(Invalid):
        # The messages are written first; then the ledger refuses.
        settle(registry, [LedgerLine(DAY, "a", received=2)], [Quarantined("t", b"", Reason.EMPTY, "", 0)])

    with open_registry(url) as registry:
        assert {} == registry.quarantine.counts()


def test_connections_that_the_server_has_cut_are_replaced_without_an_error() -> None:
    with open_registry(f"{shared().new_schema()}&application_name=to-be-cut") as registry:
        registry.ledger.settle([LedgerLine(DAY, "a", received=1, stored=1)])
        with shared().connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'to-be-cut'"
            )

        registry.ledger.settle([LedgerLine(DAY, "a", received=1, stored=1)])

        assert [LedgerLine(DAY, "a", received=2, stored=2)] == registry.ledger.find(start=DAY, stop=NEXT_DAY, limit=2)


def test_a_folder_that_does_not_exist_makes_the_registry_unavailable(tmp_path: Path) -> None:
    with pytest.raises(RegistryUnavailable, match="unable to open database file"):
        open_registry(f"sqlite:///{tmp_path}/nowhere/registry.db")


def test_a_file_that_is_no_database_makes_the_registry_unavailable_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "registry.db"
    content = b"These are notes, not tables. " * 100
    file.write_bytes(content)

    with pytest.raises(RegistryUnavailable, match="not a database"):
        open_registry(f"sqlite:///{file}")

    assert content == file.read_bytes()


def test_a_vanished_table_makes_the_registry_unavailable(url: str) -> None:
    with open_registry(url) as registry:
        database = Database(url)
        with database.write() as connection:
            connection.execute(text("DROP TABLE ledger"))
        database.close()

        with pytest.raises(RegistryUnavailable, match="ledger"):
            registry.ledger.find(start=DAY, stop=NEXT_DAY, limit=10)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "registry.db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true",
        "sqlite+aiosqlite:///registry.db",
        "mysql://user:s3cr3t@localhost/rurban",
        "postgresql+psycopg2://user:s3cr3t@localhost/rurban",
        "postgresql://user:s3@cr3t@localhost/rurban",
        "postgresql://user:x:s3cr3t/localhost:port/rurban",
    ],
)
def test_a_url_of_no_usable_database_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(Invalid, match=r"registry URL: .*; allowed: sqlite:///") as refused:
        open_registry(url)

    assert "cr3t" not in "".join(traceback.format_exception(refused.value))


def test_a_wrong_password_is_not_repeated() -> None:
    for query in ("", "?application_name=rurban&connect_timeout=3"):
        url = f"postgresql://{USER}:{SECRET}@{HOST}:{shared().port}/postgres{query}"
        with pytest.raises(RegistryUnavailable, match="password authentication failed") as refused:
            open_registry(url)

        assert SECRET not in "".join(traceback.format_exception(refused.value))


def test_a_server_that_is_not_there_makes_the_registry_unavailable() -> None:
    # Port 1 of loopback: nothing listens there.
    with pytest.raises(RegistryUnavailable, match="connection") as refused:
        open_registry(f"postgresql://user:{SECRET}@{HOST}:1/rurban")

    assert SECRET not in "".join(traceback.format_exception(refused.value))
