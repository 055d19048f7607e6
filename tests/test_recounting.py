"""The nightly count of a house, and the same by hand: kept in the registry, shown to people and to Prometheus."""

import datetime as dt
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from rich.console import Console

from rurban.doctor import diagnose
from rurban.ledger_check import MOST_SHOWN, check, show
from rurban.nights import NEVER, Hours, night_of
from rurban.own_metrics import LedgerCollector
from rurban.recounting import Counting, nightly
from rurban.settings import Settings
from telemetry.errors import StoreUnavailable, Unknown
from telemetry.model import LedgerLine, Reading
from telemetry.recount import EXTRA, MISSING, DayCounts, Difference, Recount
from telemetry.registry import Registry, open_registry
from telemetry.store.embedded import EmbeddedStore
from tests.api_fixture import NOW, Served, house
from tests.mosquitto import Mosquitto, free_port
from tests.processes import rurban
from tests.workplace import eventually

__all__ = ["house"]

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
TODAY = dt.date(2026, 11, 23)
THREE = dt.time(3)
OFF_BY_TWO = Recount(NOW - 5000, 1500, 3, 398, 1, 2, (Difference("station-1", 5, 3, -2, (DayCounts(TODAY, 3, 1),)),))


def clock() -> int:
    return NOW


def counting(registry: Registry, store: EmbeddedStore, worker: str = "worker") -> Counting:
    return Counting(registry, store, worker, keep_days=0, clock=clock, settled_after_s=0.01)


@contextmanager
def nights(of: Counting, at: str = "03:00") -> Iterator[None]:
    """Looked at all the time."""
    with nightly(of, Hours(at, SHANGHAI, clock, look_s=0.01, begin_after_ms=0)):
        yield


@pytest.fixture
def one_lost(registry: Registry, store: EmbeddedStore) -> None:
    """A house whose ledger has two readings and whose store has one."""
    store.write([Reading("station-1", "air_temperature", NOW, 1.0, 1.0, 0, NOW)])
    registry.ledger.settle([LedgerLine(TODAY, "station-1", received=2, stored=2)])


@pytest.mark.parametrize(
    ("moment", "zone", "night"),
    [
        ("2026-11-23T03:00+08:00", SHANGHAI, "2026-11-23"),
        ("2026-11-23T02:59+08:00", SHANGHAI, "2026-11-22"),
        ("2026-11-23T23:00+08:00", SHANGHAI, "2026-11-23"),
        # The clock jumps from two to three, and back to two.
        ("2026-03-29T03:00+02:00", BERLIN, "2026-03-29"),
        ("2026-03-29T01:59+01:00", BERLIN, "2026-03-28"),
        ("2026-10-25T02:59+01:00", BERLIN, "2026-10-24"),
    ],
)
def test_a_night_begins_at_its_hour_in_the_zone_of_the_house(moment: str, zone: ZoneInfo, night: str) -> None:
    at = int(dt.datetime.fromisoformat(moment).timestamp() * 1000)

    assert dt.date.fromisoformat(night) == night_of(at, THREE, zone)


@pytest.mark.usefixtures("one_lost")
def test_a_house_counts_once_a_night_and_says_what_to_do(
    registry: Registry, store: EmbeddedStore, caplog: pytest.LogCaptureFixture
) -> None:
    with nights(counting(registry, store)):
        eventually(lambda: bool(registry.recounts.newest()))
        eventually(lambda: MISSING in caplog.text)
    with nights(counting(registry, store)):
        pass
    (found,) = registry.recounts.newest(10)

    assert (Difference("station-1", 2, 1, -1, (DayCounts(TODAY, 2, 1),)),) == found.differences


def test_of_several_workers_one_counts(
    registry: Registry, store: EmbeddedStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with nights(counting(registry, store, "one")), nights(counting(registry, store, "two")):
        eventually(lambda: "agrees with the store" in caplog.text)

    assert 1 == len(registry.recounts.newest(10))
    assert registry.recounts.claim(TODAY, "three", NOW) is None


@pytest.mark.usefixtures("one_lost")
def test_a_house_that_counts_in_no_night_counts_when_it_is_asked(registry: Registry, store: EmbeddedStore) -> None:
    number = registry.recounts.ask(NOW)
    with nights(counting(registry, store), NEVER):
        eventually(lambda: registry.recounts.under(number)[1] is not None)
    worker, result = registry.recounts.under(number)

    assert ("worker", [result]) == (worker, registry.recounts.newest(10))
    assert registry.recounts.claim(TODAY, "another", NOW) is not None


def test_a_night_that_cannot_be_counted_is_left_to_others(
    registry: Registry, store: EmbeddedStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.close()
    with nights(counting(registry, store)):
        eventually(lambda: "the store is not counted now" in caplog.text)

    assert [] == registry.recounts.newest()
    assert registry.recounts.claim(TODAY, "another", NOW) is not None


def shown(registry: Registry) -> dict[str, float]:
    """What Prometheus is told."""
    collectors = CollectorRegistry()
    collectors.register(LedgerCollector(registry, clock))
    rows = (line.rsplit(" ", 1) for line in generate_latest(collectors).decode().splitlines() if line[0] != "#")
    return {name: float(value) for name, value in rows}


def test_prometheus_is_told_of_the_whole_ledger_and_the_last_recount(registry: Registry) -> None:
    before = shown(registry)
    registry.ledger.settle(
        [
            LedgerLine(TODAY, "a", received=7, stored=4, duplicate=2, quarantined=1),
            LedgerLine(TODAY - dt.timedelta(days=900), "b", received=10, stored=10),
        ]
    )
    registry.ledger.hold("worker", [LedgerLine(TODAY, "a", in_flight=3)])
    registry.recounts.keep(OFF_BY_TWO, "worker")

    assert (1.0, 0.0, False) == (
        before["rurban_ledger_readable"],
        before["rurban_ledger_stored_total"],
        "rurban_ledger_difference" in before,
    )
    assert {
        "rurban_ledger_readable": 1.0,
        "rurban_ledger_stored_total": 14.0,
        "rurban_ledger_duplicate_total": 2.0,
        "rurban_ledger_quarantined": 1.0,
        "rurban_ledger_in_flight": 3.0,
        "rurban_ledger_received": 20.0,
        "rurban_ledger_difference": 2.0,
        "rurban_ledger_differing_devices": 1.0,
        "rurban_ledger_recount_age_seconds": 5.0,
    } == shown(registry)


def test_prometheus_is_told_that_the_registry_is_away(tmp_path: Path) -> None:
    file = tmp_path / "registry.sqlite"
    with open_registry(f"sqlite:///{file}") as registry:
        registry.close()
        file.unlink()

        assert {"rurban_ledger_readable": 0.0} == shown(registry)


def test_the_api_shows_the_last_recount_and_the_ones_before(house: Served) -> None:
    assert {"latest": None, "history": []} == house.get("/ledger/recount")
    agreed = Recount(NOW - 90_000_000, 20, 3, 400, 0, 0)
    for one in (agreed, OFF_BY_TWO):
        house.registry.recounts.keep(one, "worker")
    page = house.get("/ledger/recount")
    latest = {"at": "2026-11-23T07:59:55Z", "took_s": 1.5, "devices": 3, "readings": 398, "differing": 1, "off_by": 2}
    difference = {
        "device": "station-1",
        "ledger": 5,
        "store": 3,
        "difference": -2,
        "days": [{"day": "2026-11-23", "ledger": 3, "store": 1}],
        "advice": MISSING,
    }

    assert latest | {"differences": [difference]} == page["latest"]
    assert [latest, 400] == [page["history"][0], page["history"][1]["readings"]]
    assert [latest] == house.get("/ledger/recount?limit=1")["history"]


def own(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, mqtt_port=free_port(), http_port=free_port(), log_level="WARNING")


def told_by_doctor(settings: Settings) -> str:
    lines: list[str] = []
    diagnose(settings, lines.append)
    return next(line for line in lines if line.startswith("ledger "))


def test_the_doctor_tells_of_the_last_recount(tmp_path: Path) -> None:
    settings = own(tmp_path)
    untold = told_by_doctor(settings)
    with open_registry(settings.registry) as registry:
        registry.recounts.keep(Recount(NOW, 20, 3, 400, 0, 0), "worker")
        agreed = told_by_doctor(settings)
        registry.recounts.keep(Recount(NOW + 1, 20, 3, 398, 1, 2), "worker")
        differing = told_by_doctor(settings)

    assert ("not yet" in untold, "PROBLEM" in untold) == (True, False)
    assert ("the ledger agrees with the store" in agreed, "PROBLEM" in agreed) == (True, False)
    assert ("PROBLEM" in differing, "1 devices differ" in differing, "docs/ledger.md" in differing) == (
        True,
        True,
        True,
    )


def checked(settings: Settings, *devices: str) -> tuple[int, str]:
    console = Console(width=200, file=StringIO())
    code = check(settings, devices, console, pause=lambda _: None)
    return code, told_on(console)


def told_on(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_house_is_counted_by_hand_and_a_whole_count_is_kept(tmp_path: Path) -> None:
    settings = own(tmp_path)
    with open_registry(settings.registry) as registry:
        registry.ledger.settle([LedgerLine(TODAY, "a", received=2, stored=2), LedgerLine(TODAY, "b", 1, 1)])
        with EmbeddedStore.open(tmp_path / "readings.duckdb", zone=SHANGHAI, metrics={}) as store:
            store.write([Reading("b", "air_temperature", NOW, 1.0, 1.0, 0, NOW)])
        code, told = checked(settings)
        kept = registry.recounts.newest(10)
        alone, _ = checked(settings, "b")

        assert (1, 1, kept) == (code, len(kept), registry.recounts.newest(10))
    rows = [line.split() for line in told.splitlines()]
    assert [["a", "all", "days", "2", "0", "-2"], ["2026-11-23", "2", "0", "-2"]] == rows[2:4], told
    assert MISSING in told
    assert EXTRA not in told
    assert 0 == alone


def test_a_device_that_nobody_knows_is_not_counted(tmp_path: Path) -> None:
    settings = own(tmp_path)
    with pytest.raises(Unknown, match="unknown device: nobody"):
        checked(settings, "nobody")


def test_differences_beyond_what_a_screen_holds_are_told_in_number() -> None:
    differences = tuple(Difference(f"d{number}", 1, 2, 1) for number in range(MOST_SHOWN + 5))
    console = Console(width=200, file=StringIO())
    show(replace(OFF_BY_TWO, differing=len(differences), differences=differences), console)
    told = told_on(console)

    assert (MOST_SHOWN, True, True) == (told.count("all days"), "and 5 more devices" in told, EXTRA in told)


def test_a_running_house_on_the_embedded_store_counts_when_it_is_asked_by_hand(
    broker: Mosquitto, tmp_path: Path
) -> None:
    settings, log = own(tmp_path), tmp_path / "log"
    with rurban("ingest", data_dir=tmp_path, log=log, mqtt_port=broker.port, recount_at=NEVER):
        eventually(lambda: b"listening" in log.read_bytes())
        with open_registry(settings.registry) as registry:
            registry.ledger.settle([LedgerLine(TODAY, device, received=2, stored=2) for device in "ab"])
        console = Console(width=200, file=StringIO())
        code = check(settings, ["a"], console)

    assert (1, True, False) == (code, MISSING in told_on(console), "\nb " in told_on(console))


def test_a_store_that_a_process_without_a_worker_has_open_cannot_be_counted(tmp_path: Path) -> None:
    settings = own(tmp_path)
    writer = [sys.executable, "-m", "tests.store_writer", str(tmp_path / "readings.duckdb"), "0"]
    with subprocess.Popen(writer, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            with pytest.raises(StoreUnavailable, match="no worker in it counts"):
                checked(settings)
        finally:
            process.kill()
    with open_registry(settings.registry) as registry:
        assert registry.recounts.take("somebody") is None
