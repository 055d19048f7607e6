"""What is installed from the built wheel is whole, and works without the source tree."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.test_house import PACKAGES, ROOT

UNNEEDED = ("__pycache__",)
AGAINST_THE_WHEEL = ("test_metrics.py", "test_registry_places.py", "test_worker.py", "test_path_of_a_reading.py")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tests, and the installed wheel in `site`; nothing else of the source tree."""
    folder = tmp_path_factory.mktemp("elsewhere")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*install, str(folder / "site"), str(wheel)], check=True)
    shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns(*UNNEEDED))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def inside(elsewhere: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=elsewhere,
        env=os.environ | {"PYTHONPATH": str(elsewhere / "site")},
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    files = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and not set(UNNEEDED) & set(path.parts)
    }

    assert set() == files - packed


def test_the_packages_of_the_wheel_are_the_ones_that_are_used(elsewhere: Path) -> None:
    asked = inside(elsewhere, "-c", "import telemetry, api, rurban.cli; print(telemetry.__file__, api.__file__)")

    assert asked.stdout.count(str(elsewhere / "site")) == 2, asked.stderr


def test_the_tests_pass_against_the_wheel(elsewhere: Path) -> None:
    chosen = [f"tests/{name}" for name in AGAINST_THE_WHEEL]
    tested = inside(elsewhere, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen)

    assert tested.returncode == 0, tested.stdout
