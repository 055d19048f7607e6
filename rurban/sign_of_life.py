"""The worker's sign of life, for those who cannot ask it by HTTP: a file that it touches as long as it works."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ingest.settling import Progress
from rurban.readiness import words
from telemetry.errors import StoreUnavailable

STALE_S = 30.0


def path(data_dir: Path) -> Path:
    return data_dir / "ingest.alive"


@contextlib.contextmanager
def given(file: Path, clock: Callable[[], int]) -> Iterator[Callable[[Progress], None]]:
    """For the worker to call at its turns: the file says what waits on the disk, and is touched unless nothing settles.

    An orderly end takes the file away, and a start that of an earlier worker which was killed.
    """

    def give(progress: Progress) -> None:
        failing = progress.failing_since is not None
        if failing and not file.exists():
            return
        before = file.stat() if failing else None
        file.write_text(words(progress.waiting, clock()), "utf-8")
        if before is not None:
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    file.unlink(missing_ok=True)
    yield give
    file.unlink(missing_ok=True)


def seen(file: Path) -> str:
    """How long ago, in words.

    Raises:
        StoreUnavailable: too long ago.
    """
    waits = file.read_text("utf-8") or "it has not said yet what waits"
    age_s = time.time() - file.stat().st_mtime
    if age_s > STALE_S:
        raise StoreUnavailable(
            f"the last sign of life is {age_s:.0f} s old: stopped, without its broker or its store; {waits}"
        )
    return f"worked {age_s:.0f} s ago; {waits}"
