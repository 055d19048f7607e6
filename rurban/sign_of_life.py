"""The worker's sign of life, for those who cannot ask it by HTTP: a file that it touches as long as it works."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ingest.settling import Progress
from telemetry.errors import StoreUnavailable

STALE_S = 30.0


def path(data_dir: Path) -> Path:
    return data_dir / "ingest.alive"


@contextlib.contextmanager
def given(file: Path) -> Iterator[Callable[[Progress], None]]:
    """For the worker to call at its turns: touches the file unless the last batch cannot be settled.

    An orderly end takes the file away, and a start that of an earlier worker which was killed.
    """

    def give(progress: Progress) -> None:
        if progress.failing_since is None:
            file.touch()

    file.unlink(missing_ok=True)
    yield give
    file.unlink(missing_ok=True)


def seen(file: Path) -> str:
    """How long ago, in words.

    Raises:
        StoreUnavailable: too long ago.
    """
    age_s = time.time() - file.stat().st_mtime
    if age_s > STALE_S:
        raise StoreUnavailable(f"the last sign of life is {age_s:.0f} s old: stopped, without its broker or its store")
    return f"worked {age_s:.0f} s ago"
