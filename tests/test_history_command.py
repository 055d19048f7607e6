"""`rurban history import` as a person types it."""

import csv
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rurban import house as composition
from rurban.cli import app
from rurban.settings import Settings
from telemetry.metrics import METRICS
from telemetry.model import Device
from telemetry.registry import open_registry
from telemetry.store.embedded import EmbeddedStore
from tests import village
from tests.test_commands import run
from tests.test_history_import import GOOD, everything
from tests.test_house import ROOT


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """With the village in the registry."""
    folder = tmp_path / "data"
    folder.mkdir()
    with open_registry(f"sqlite:///{folder / 'registry.sqlite'}") as registry:
        village.settle(registry)
    return folder


def typed(data_dir: Path, *arguments: str) -> Result:
    """In this process: a new one takes longer than what it does."""
    return CliRunner().invoke(app, ["history", "import", *arguments], env={"RURBAN_DATA_DIR": str(data_dir)})


def stored(data_dir: Path) -> int:
    with EmbeddedStore.open(data_dir / "readings.duckdb", zone=Settings().zone, metrics=METRICS) as store:
        return len(everything(store))


def test_a_file_is_imported_and_twice_changes_nothing(data_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "good.csv"
    file.write_bytes(GOOD)
    first, again = typed(data_dir, str(file)), typed(data_dir, str(file))

    assert (0, 0) == (first.exit_code, again.exit_code), first.output + again.output
    assert "30 rows (long), 30 readings: 30 stored, 0 there already; refused 0; flagged: 30 late" in first.stdout
    assert "0 stored, 30 there already" in again.stdout
    assert 30 == stored(data_dir)


def test_what_the_readme_and_the_guide_show_is_imported(data_dir: Path, tmp_path: Path) -> None:
    with open_registry(f"sqlite:///{data_dir / 'registry.sqlite'}") as registry:
        registry.devices.put([Device(f"my-well-{number}", "probe", village.VILLAGE) for number in (1, 2)])
    readme, guide = ((ROOT / name).read_text("utf-8") for name in ("README.md", "docs/history.md"))
    files = re.findall(r"^```csv\n(.*?)^```", readme + guide, re.MULTILINE | re.DOTALL)
    commands = re.findall(r"^rurban history import wells.csv *(--[a-z-]*)?", readme, re.MULTILINE)
    for text in files:
        (tmp_path / "wells.csv").write_text(text, "utf-8")
        for options in commands:
            ended = typed(data_dir, str(tmp_path / "wells.csv"), *options.split())
            assert 0 == ended.exit_code, ended.output

    assert (4, ["--dry-run", ""]) == (len(files), commands)
    assert 2 + 2 + 3 + 3 - 2 == stored(data_dir), "two instants stand in the README and in the guide"


def test_bad_rows_end_with_one_and_a_report(data_dir: Path, tmp_path: Path) -> None:
    file, report = tmp_path / "bad.csv", tmp_path / "errors.csv"
    file.write_bytes(GOOD + b"station-9,air_temperature,5,1\n")
    ended = typed(data_dir, str(file), "--errors", str(report), "--dry-run")
    with report.open(encoding="utf-8") as lines:
        (row,) = csv.DictReader(lines)

    assert 1 == ended.exit_code
    assert "station-9" in ended.stdout
    assert "Nothing was written." in ended.stdout
    assert ("32", "device", "unknown_device") == (row["row"], row["column"], row["reason"])


def test_a_house_that_runs_is_told_how_to_get_the_file(data_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "good.csv"
    file.write_bytes(GOOD)
    with composition.opened(Settings(data_dir=data_dir)):
        ended = run("history", "import", str(file), data_dir=data_dir)

    assert 1 == ended.returncode
    assert "in use by another process" in ended.stderr
    assert f"--data-binary @{file} http://127.0.0.1" in ended.stderr


def test_a_file_that_is_not_there_is_told(data_dir: Path) -> None:
    assert "nowhere.csv: cannot be read" in str(typed(data_dir, "nowhere.csv").exception)
