"""What a stranger's first command does: an environment made from the lock alone, in an empty folder."""

import os
import re
import shutil
import signal
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.workplace import eventually

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

PACKAGE_OF = {
    "mosquitto": "mosquitto",
    "mosquitto_pub": "mosquitto-clients",
    "curl": "curl",
    "initdb": "postgresql",
    "postgres": "postgresql",
    "influxd": "influxdb",
    "nginx": "nginx-light",
    "docker-compose": "docker-compose",
    "openssl": "openssl",
}
"""Debian's package of every program that the tests start and that neither Python nor Debian's base brings."""


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


@pytest.mark.timeout(600)  # it fetches a hundred megabytes
def test_the_set_up_of_the_demonstration_works_in_an_empty_folder(tmp_path: Path) -> None:
    for name in ("api", "dashboards", "devices", "ingest", "insight", "rurban", "telemetry", "requirements", "scripts"):
        # Python writes these while other tests run.
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    subprocess.run(["sh", "scripts/setup.sh", "venv", "run"], cwd=tmp_path, check=True)

    assert (tmp_path / ".venv" / "run.stamp").exists()
    helped = subprocess.run(
        [tmp_path / ".venv" / "bin" / "rurban", "--help"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert "demo" in helped.stdout


def test_make_test_installs_every_program_that_the_tests_start() -> None:
    recipe = re.search(r"^test:.*\n\t@sh scripts/setup\.sh debian (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe, "what make test asks Debian for"

    assert set() == set(PACKAGE_OF.values()) - set(recipe[1].split())


def program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(("name", "code"), [("INT", 130), ("TERM", 143)])
def test_an_interrupted_installation_lets_services_start_again(name: str, code: int, tmp_path: Path) -> None:
    programs, policy = tmp_path / "bin", tmp_path / "usr" / "sbin" / "policy-rc.d"
    programs.mkdir()
    policy.parent.mkdir(parents=True)
    program(programs / "id", "echo 0")
    # Under way, not only about to start: a signal between fork and exec would reach nobody.
    under_way = programs / "under-way"
    program(programs / "apt-get", f"touch {under_way}; exec sleep 60")
    environment = os.environ | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "DPKG_ROOT": str(tmp_path),
        "TMPDIR": str(tmp_path),
    }
    script = ["env", f"--default-signal={name}", "sh", "scripts/setup.sh", "debian", "no-such-package"]
    with subprocess.Popen(script, cwd=ROOT, env=environment, start_new_session=True) as installing:
        eventually(under_way.exists)
        there = policy.exists()
        os.killpg(installing.pid, getattr(signal, f"SIG{name}"))
        ended = installing.wait(timeout=30)

    assert there
    assert (code, ["bin", "usr"], False) == (ended, sorted(path.name for path in tmp_path.iterdir()), policy.exists())
