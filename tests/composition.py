"""`docker-compose.yml` as docker-compose reads it; no engine is asked."""

import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent


def secrets(file: Path) -> dict[str, str]:
    """Generated as `make secrets` does it."""
    subprocess.run(["sh", "scripts/setup.sh", "secrets", str(file)], cwd=ROOT, check=True, capture_output=True)
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def compose(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`docker-compose` with all profiles, with nothing set but its search path."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        ["docker-compose", "--profile", "demo", "--profile", "accounts", "--profile", "stations", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def rendered(env_file: Path) -> dict[str, Any]:
    shown = compose(ROOT, "--env-file", str(env_file), "config")
    assert shown.returncode == 0, shown.stderr
    found: dict[str, Any] = yaml.safe_load(shown.stdout)
    return found
