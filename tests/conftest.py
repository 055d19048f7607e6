"""Real parts that many tests share: a broker, a registry and a store, each in the test's own folder."""

import gc
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from telemetry.metrics import METRICS
from telemetry.registry import Registry, open_registry
from telemetry.store.embedded import EmbeddedStore
from tests import village
from tests.mosquitto import Mosquitto, mosquitto

LONGEST_FIRST = (
    *("test_setup.py", "test_demo.py", "test_commands.py", "test_apart.py", "test_crash.py", "test_codecs.py"),
    *("test_api_schema.py", "test_store_crash.py", "test_fleet.py", "test_store_oracle.py", "test_wheel.py"),
    "test_page_browser.py",
)
"""Files that a process is busy with for so long that the others would wait for it, were they begun last."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each file in its own order."""
    rank = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


def pytest_unconfigure() -> None:
    """Let the summary be the last line; the processes that run the tests end before it is written.

    Hypothesis leaves a callback with the garbage collector; it keeps DuckDB's module alive to the end, and that module
    then writes of leaks.
    """
    gc.callbacks.clear()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path) as running:
        yield running


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """With the sample village in it."""
    with open_registry(f"sqlite:///{tmp_path / 'registry.sqlite'}") as opened:
        village.settle(opened)
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with EmbeddedStore.open(tmp_path / "readings.duckdb", zone=ZoneInfo("Asia/Shanghai"), metrics=METRICS) as opened:
        yield opened
