"""What a worker without an HTTP port shows of itself."""

import os
import time
from pathlib import Path

import pytest

from ingest.backlog import Waiting
from ingest.settling import Progress
from rurban import sign_of_life
from rurban.doctor import diagnose
from rurban.settings import Settings
from telemetry.errors import StoreUnavailable
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from tests.mosquitto import Mosquitto, free_port
from tests.workplace import at_work, eventually, wall_clock, worker_on


def test_it_is_given_while_the_worker_works_and_not_without_its_broker(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore, tmp_path: Path
) -> None:
    file = sign_of_life.path(tmp_path)
    with (
        sign_of_life.given(file, wall_clock) as give,
        at_work(worker_on(broker, registry, store, store, beat=give)) as worker,
    ):
        eventually(file.exists)
        first = file.stat().st_mtime_ns
        eventually(lambda: file.stat().st_mtime_ns > first)
        broker.stop()
        eventually(lambda: not worker.progress.connected)
        last = file.stat().st_mtime_ns
        time.sleep(1.2)

        assert last == file.stat().st_mtime_ns


def test_it_is_not_given_while_nothing_can_be_stored(tmp_path: Path) -> None:
    file = sign_of_life.path(tmp_path)
    with sign_of_life.given(file, wall_clock) as give:
        give(Progress(failing_since=1, failure="the disk is away"))
        failing = file.exists()
        give(Progress())
        first = file.stat().st_mtime_ns
        waiting = Waiting(outcomes=3, bytes=5_000_000, most_bytes=4_000_000_000, oldest_at=wall_clock() - 60_000)
        give(Progress(failing_since=1, failure="the disk is away", waiting=waiting))
        still = (file.stat().st_mtime_ns, file.read_text("utf-8"))

    says = "3 batches wait on the disk, 5.0 of 4000 MB, the oldest since 60 s"
    assert (False, (first, says), False) == (failing, still, file.exists())


def test_that_of_an_earlier_worker_does_not_count(tmp_path: Path) -> None:
    file = sign_of_life.path(tmp_path)
    file.touch()
    with sign_of_life.given(file, wall_clock):
        there = file.exists()

    assert not there


def test_the_doctor_reads_it(broker: Mosquitto, tmp_path: Path) -> None:
    told: list[str] = []
    settings = Settings(data_dir=tmp_path, mqtt_port=broker.port, http_port=free_port())
    file = sign_of_life.path(tmp_path)
    file.touch()
    code = diagnose(settings, told.append)
    age = time.time() - 300
    os.utime(file, (age, age))
    late = diagnose(settings, told.append)

    assert (0, 1) == (code, late), told
    assert 1 == sum("worked 0 s ago" in line for line in told)
    assert 1 == sum("PROBLEM: the last sign of life is 300 s old" in line for line in told)
    with pytest.raises(StoreUnavailable):
        sign_of_life.seen(file)
