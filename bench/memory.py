"""What a process holds in memory, over time."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

EVERY_S = 0.25


@dataclass(slots=True)
class Course:
    """Resident memory of one process at a time: (seconds since the start of the course, MB)."""

    began: float = field(default_factory=time.monotonic)
    points: list[tuple[float, float]] = field(default_factory=list)

    def seconds(self) -> float:
        return time.monotonic() - self.began

    def highest(self, start: float = 0.0, stop: float = float("inf")) -> float:
        """MB between two moments of the course; 0 when nothing was seen there."""
        return max((mb for at, mb in self.points if start <= at <= stop), default=0.0)

    def by_second(self) -> list[tuple[int, float]]:
        """The highest of each second, for a chart."""
        highest: dict[int, float] = {}
        for at, mb in self.points:
            highest[int(at)] = max(highest.get(int(at), 0.0), round(mb, 1))
        return list(highest.items())


def resident_mb(pid: int) -> float | None:
    """None = there is no such process any more."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii")
    except (FileNotFoundError, ProcessLookupError):
        return None
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return None


@contextlib.contextmanager
def watched(pid: Callable[[], int | None]) -> Iterator[Course]:
    """The course of whatever process `pid` names at the moment, until the end of the context."""
    course, over = Course(), threading.Event()

    def watch() -> None:
        while not over.wait(EVERY_S):
            number = pid()
            mb = None if number is None else resident_mb(number)
            if mb is not None:
                course.points.append((course.seconds(), mb))

    thread = threading.Thread(target=watch, name="memory", daemon=True)
    thread.start()
    try:
        yield course
    finally:
        over.set()
        thread.join()
