"""The machine and the versions that figures belong to; no names of hosts, users or folders."""

import os
import platform
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Final

_LIBRARIES: Final = ("duckdb", "influxdb-client", "msgspec", "paho-mqtt", "sqlalchemy", "uvicorn")
_PROGRAMS: Final = {"mosquitto": ["mosquitto", "-h"], "influxdb": ["influxd", "version"], "nginx": ["nginx", "-v"]}
_TIMES: Final = 100
_BUSY_SHARE: Final = 0.5
_BLOCK: Final = bytes(4096)


def described() -> dict[str, str | float]:
    """Measured and asked now."""
    return {
        "cores": float(os.cpu_count() or 0),
        "cpu": _after("/proc/cpuinfo", "model name"),
        "memory_gb": round(int(_after("/proc/meminfo", "MemTotal").split()[0]) / 1024**2, 1),
        "file_system": _file_system(Path(tempfile.gettempdir())),
        "fsync_ms": round(_fsync_ms(), 2),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def versions() -> dict[str, str]:
    """Of this project and of what it runs on."""
    libraries = {name: version(name) for name in _LIBRARIES}
    programs = {name: _told(words) for name, words in _PROGRAMS.items()}
    return {"rurban": version("rurban"), "commit": _commit()} | libraries | programs


def line(found: Mapping[str, str | float]) -> str:
    """What `described` has found, in words."""
    disk = f"{found['file_system']} with an fsync of {found['fsync_ms']} ms"
    system = f"{found['kernel']}, Python {found['python']}, load {found['load_before']} before"
    return f"{found['cores']:.0f} cores ({found['cpu']}), {found['memory_gb']} GB, {disk}, {system}"


def busy(found: Mapping[str, str | float]) -> str:
    """A warning where others kept the machine busy before the run began; empty = it was quiet."""
    load, cores = float(found["load_before"]), float(found["cores"])
    if load < cores * _BUSY_SHARE:
        return ""
    return f"The machine is busy (load {load:g} on {cores:g} cores): rates and delays are those of what is left of it."


def _after(file: str, word: str) -> str:
    """The value of the first line that begins so; empty = none does."""
    for row in Path(file).read_text("utf-8").splitlines():
        if row.startswith(word):
            return row.partition(":")[2].strip()
    return ""


def _file_system(folder: Path) -> str:
    """The type of the one that holds this folder."""
    mounts = [row.split()[1:3] for row in Path("/proc/mounts").read_text("utf-8").splitlines()]
    holding = [(place, kind) for place, kind in mounts if folder.is_relative_to(place)]
    return max(holding, key=lambda mount: len(mount[0]))[1]


def _fsync_ms() -> float:
    """How long the disk takes to keep a block of 4 kB for good (median)."""
    taken = []
    with tempfile.TemporaryFile(buffering=0) as file:
        for _ in range(_TIMES):
            file.write(_BLOCK)
            began = time.perf_counter()
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    return median(taken)


def _told(words: list[str]) -> str:
    """The first line of what a program says of itself."""
    found = shutil.which(words[0], path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    if found is None:
        return "not installed"
    done = subprocess.run([found, *words[1:]], capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip().splitlines()[0]


def _commit() -> str:
    """With a plus where the tree holds more than the commit."""
    here = Path(__file__).parent
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=here, capture_output=True, text=True, check=False
    )
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=no"], cwd=here, capture_output=True, text=True, check=False
    )
    return commit.stdout.strip() + ("+" if changed.stdout.strip() else "") if commit.returncode == 0 else "unknown"
