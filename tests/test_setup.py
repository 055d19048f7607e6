"""What a stranger's first command does: an environment made from the lock alone, in an empty folder."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{lock}.lock").read_text("utf-8")
    return dict(re.findall(r"^([a-z0-9_.-]+)(?:\[[^]]*\])?==([^ ;]+)", text, re.MULTILINE | re.IGNORECASE))


@pytest.mark.parametrize(("lock", "extras"), [("run", ["build"]), ("dev", ["build", "dev"])])
def test_the_lock_holds_everything_that_the_project_asks_for(lock: str, extras: list[str]) -> None:
    asked = PROJECT["dependencies"] + [row for extra in extras for row in PROJECT["optional-dependencies"][extra]]
    names = {re.split(r"[\[>=<~! ]", row, maxsplit=1)[0] for row in asked}

    assert set() == names - pins(lock).keys()


def test_what_is_tested_is_what_runs() -> None:
    tested, run = pins("dev"), pins("run")

    assert run == {name: tested.get(name) for name in run}


def test_the_set_up_of_the_demonstration_works_in_an_empty_folder(tmp_path: Path) -> None:
    for name in ("api", "dashboards", "devices", "ingest", "insight", "rurban", "telemetry", "requirements", "scripts"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    subprocess.run(["sh", "scripts/setup.sh", "venv", "run"], cwd=tmp_path, check=True)

    assert (tmp_path / ".venv" / "run.stamp").exists()
    helped = subprocess.run(
        [tmp_path / ".venv" / "bin" / "rurban", "--help"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert "demo" in helped.stdout
