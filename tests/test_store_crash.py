"""What `write` has returned for survives `kill -9`, whatever the store was doing."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from telemetry.errors import StoreUnavailable
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.embedded_merge import MergeLimits
from telemetry.store.ports import RawQuery
from tests.store_contract import AIR, CATALOGUE, DAY, HOUR, RAIN, SHANGHAI, START, buckets, embedded, every, reading
from tests.store_writer import ROWS, batch

EVERYTHING = RawQuery((AIR.id,), ("station-1",), 0, 2**62, 1_000_000)
KILLED_AFTER = (1, 7, 30, 60, 3, 25)
"""Batches: during the first write, before, while and after parts are merged, and right after a restart."""


def written_until_killed(path: Path, first: int, batches: int) -> int:
    """The number of the last batch for which `write` returned."""
    command = [sys.executable, "-m", "tests.store_writer", str(path), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(batches)]
        writer.kill()
        told += [int(line) for line in writer.stdout]
    return told[-1]


def test_nothing_is_lost_by_kills_in_the_middle_of_writes(tmp_path: Path) -> None:
    path = tmp_path / "killed.duckdb"
    following = 0
    for batches in KILLED_AFTER:
        last = written_until_killed(path, following, batches)
        store = embedded(path)
        kept = store.raw(EVERYTHING)
        days = [START + day * DAY for day in range(-20, 20)]
        counted = sum(buckets(store, AIR, days).count)
        store.close()
        # One more may have been on its way: it is there as a whole, or not at all.
        following = last + 1 + (len(kept) > sum(len(batch(number)) for number in range(last + 1)))
        expected = {reading.at: reading for number in range(following) for reading in batch(number)}

        assert sorted(expected.values(), key=lambda reading: reading.at) == kept
        assert len([at for at in expected if days[0] <= at < days[-1]]) == counted

    assert following >= sum(KILLED_AFTER)
    assert ROWS * following == len(kept)


def test_a_second_process_is_told_who_has_the_file(tmp_path: Path) -> None:
    path = tmp_path / "shared.duckdb"
    store = embedded(path)
    command = [sys.executable, "-m", "tests.store_writer", str(path), "0"]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    store.close()

    assert second.returncode != 0
    assert "StoreUnavailable" in second.stderr
    assert f"{path} is in use by another process" in second.stderr


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 1000])
def test_a_file_that_is_no_store_is_refused_and_left_alone(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.duckdb"
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match="cannot be opened as a store"):
        embedded(path)

    assert content == path.read_bytes()


def test_merges_go_on_while_two_threads_write(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with EmbeddedStore.open(
        tmp_path / "busy.duckdb", zone=SHANGHAI, metrics=CATALOGUE, limits=MergeLimits(merge_rows=100, most_rows=400)
    ) as store:

        def write(device: str) -> None:
            for number in range(400):
                store.write(every(1000, [float(number)] * 5, device=device, start=START + number * 5000))

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(write, ("a", "b")))
        kept = store.raw(RawQuery((AIR.id,), ("a", "b"), 0, 2**62, 10_000))

    assert [] == caplog.messages
    assert 2 * 400 * 5 == len(kept)


def test_a_long_history_beside_many_short_ones_is_merged_in_little_memory(tmp_path: Path) -> None:
    """Joined in the wrong order, its hours and days make millions of rows: more than this memory and no disk hold."""
    hours = 4 * 365 * 24
    with EmbeddedStore.open(tmp_path / "s", zone=SHANGHAI, metrics=CATALOGUE, memory_limit="64MB") as store:
        store.write([reading(START, 1.0, device=f"short-{number}") for number in range(1500)])
        store.merge()
        store.write(every(HOUR, [1.0] * hours, RAIN, "long", start=START + HOUR))
        store.merge()
        year = buckets(store, RAIN, [START, START + 365 * DAY], devices=["long"])

    assert [365 * 24.0] == year.value
