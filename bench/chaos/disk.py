"""A disk that can be full: a small file system of its own for root, else a limit on the size of the worker's files."""

import contextlib
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_SIZE_MB: Final = 64
_PIECE: Final = 65_536
_BALLAST: Final = "ballast"


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of 64 MB in memory at this folder, where that is allowed; else the folder as it is."""
    mounted = _mounted(folder)
    try:
        yield
    finally:
        if mounted:
            # Lazily: whatever has a file open there still is about to end.
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mounted(folder: Path) -> bool:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE_MB}m", "none", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def kind(folder: Path) -> str:
    return "a full file system" if folder.is_mount() else "a limit on the size of files"


def fill(folder: Path, pid: int) -> None:
    """From now on nothing more fits."""
    if not folder.is_mount():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (_PIECE, resource.RLIM_INFINITY))
        return
    with (folder / _BALLAST).open("wb", buffering=0) as ballast:
        piece = bytes(_PIECE)
        while len(piece) > 0:
            try:
                written = ballast.write(piece)
            except OSError:
                # Full for this piece: fill the rest with smaller ones.
                piece = piece[: len(piece) // 2]
                continue
            if written < len(piece):
                piece = piece[:written]


def free(folder: Path, pid: int) -> None:
    """There is room again."""
    if not folder.is_mount():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        return
    (folder / _BALLAST).unlink()
