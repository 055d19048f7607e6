"""Rolling up in InfluxDB: hours are folded once they have closed, and once more when something came late.

Any number of processes may roll up the same hours: they come to the same numbers. Clocks of processes may differ by ten
minutes: a writer takes an hour for closed five minutes after its end, and it is rolled up no sooner than fifteen.
"""

import contextlib
import logging
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from telemetry.errors import StoreUnavailable
from telemetry.instant import HOUR_MS
from telemetry.model import Reading
from telemetry.store import influxql
from telemetry.store.influx_hourly import Hourly, LateHour, Reach
from telemetry.store.influx_refold import SLOW_S, HourFolder
from telemetry.store.influx_server import InfluxServer
from telemetry.store.influxql import NS

CLOSED_AFTER_MS = 5 * 60_000
"""A writer takes an hour for closed so long after its end, and marks what it writes into it."""
ROLLED_AFTER_MS = 15 * 60_000
"""So long after its end an hour is rolled up."""
LATE_AFTER_S = 60.0
"""A mark must have been seen for so long before its hour is folded again: whoever made it is still writing before."""
MARKS_KEPT_MS = 3_600_000
"""Marks so young are looked at, done or not: those of a writer whose clock is behind are among them."""
MOST_HOURS = 20_000
"""Series times hours that are folded again at once."""
MOST_SERIES = 1000
STEP_MS = 6 * HOUR_MS
"""How much of all series is rolled up at once."""
PERIOD_S = 20.0

logger = logging.getLogger(__name__)


class Roller:
    """Keeps the rollups up to date, in a thread of its own once something is written. Thread-safe."""

    def __init__(self, server: InfluxServer, hourly: Hourly, folder: HourFolder, clock: Callable[[], int]) -> None:
        self._server = server
        self._hourly = hourly
        self._folder = folder
        self._clock = clock
        self._seen: dict[LateHour, float] = {}
        self._begun = False
        self._last_mark = 0
        self._marking = threading.Lock()
        self._rolling = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def announced(self, batch: Sequence[Reading]) -> Iterator[None]:
        """While a batch is written: closed hours that it touches are marked before, durably.

        A mark may have been done with before a slow write has ended: then it is made once more.

        Raises:
            StoreUnavailable: they cannot be marked now; before the write, the batch must not be written.
        """
        self._announce(batch)
        began = time.monotonic()
        try:
            yield
        finally:
            if time.monotonic() - began > SLOW_S:
                self._announce(batch)

    def _announce(self, batch: Sequence[Reading]) -> None:
        closed = (self._clock() - CLOSED_AFTER_MS) // HOUR_MS * HOUR_MS
        touched = {
            (row.metric, row.device, (row.at - self._folder.traits(row.metric).back) // HOUR_MS)
            for row in batch
            if row.at <= closed
        }
        with self._marking:
            self._begin()
            if touched:
                # From a random instant of this millisecond on, one after another: no two marks of this process meet,
                # and hardly ever those of two processes, for one series in one millisecond.
                first = max(self._last_mark + 1, self._clock() * NS + secrets.randbelow(NS))
                self._last_mark = first + len(touched)
                self._hourly.mark([LateHour(*key, first + place) for place, key in enumerate(touched)], done=False)

    def _begin(self) -> None:
        """Before the first write of all: what is written from now on is either marked, or after this instant."""
        if self._begun:
            return
        if self._hourly.reach() is None:
            # Readings that are there already are rolled up from the first one on.
            self._hourly.note(Reach(self._first_open(influxql.EARLIEST), 0))
        self._begun = True
        self._thread = threading.Thread(target=self._run, name="store-roll", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise `StoreUnavailable` where rolling up in the background has ended by an error."""
        if self._thread is not None and not self._thread.is_alive() and not self._ending.is_set():
            raise StoreUnavailable("rolling up has stopped by an error; the log says which, a restart goes on")

    def end(self) -> None:
        """Stop rolling up in the background; returns when none is under way."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(PERIOD_S):
            try:
                self.roll()
            except StoreUnavailable as error:
                logger.warning("rollups are behind, answers come from readings: %s", error)

    def roll(self, late_after_s: float = LATE_AFTER_S) -> None:
        """Fold what has closed, and what came late and was marked at least so long ago."""
        with self._rolling:
            reach = self._hourly.reach()
            if reach is None:
                return
            self._remake(reach)
            reach = self._forward(reach)
            self._again(reach, late_after_s)

    def _first_open(self, start: int) -> int:
        """The first hour from `start` on that has readings, but not later than what may be rolled up."""
        found = self._folder.next_hour(start)
        return _closed(self._clock()) if found is None else min(found, _closed(self._clock()))

    def _remake(self, reach: Reach) -> None:
        for metric in self._server.measurements():
            if not self._folder.is_as_ruled(metric):
                logger.warning("%s is rolled up in another way than before: made anew from its readings", metric)
                start = max(self._hourly.kept_since() + HOUR_MS, self._first_open(influxql.EARLIEST))
                self._folder.remake(metric, start, reach.rolled_until, STEP_MS)

    def _forward(self, reach: Reach) -> Reach:
        target = _closed(self._clock())
        while reach.rolled_until < target and not self._ending.is_set():
            start = max(reach.rolled_until, self._first_open(reach.rolled_until))
            stop = min(start + STEP_MS, target)
            if start < stop:
                for metric in self._server.measurements():
                    self._folder.fold(metric, None, start, stop)
            reach = Reach(stop, reach.late_since)
            self._hourly.note(reach)
        return reach

    def _again(self, reach: Reach, late_after_s: float) -> None:
        now = time.monotonic()
        marks = self._hourly.undone(reach.late_since)
        self._seen = {mark: self._seen.get(mark, now) for mark in marks}
        due = [mark for mark in marks if now - self._seen[mark] >= late_after_s]
        by_series: dict[str, dict[str, list[LateHour]]] = defaultdict(lambda: defaultdict(list))
        for mark in due:
            by_series[mark.metric][mark.device].append(mark)
        for metric, late in by_series.items():
            for devices, first, last in _stretches({name: {m.hour for m in mine} for name, mine in late.items()}):
                self._folder.refold(metric, devices, first, last)
                # What is done is done with, whatever becomes of the rest.
                self._hourly.mark([mark for name in devices for mark in late[name]], done=True)
        waiting = [mark.at_ns // NS for mark in set(marks).difference(due)]
        since = min([self._clock() - MARKS_KEPT_MS, *waiting])
        if since > reach.late_since:
            self._hourly.note(Reach(reach.rolled_until, since))


def _closed(now: int) -> int:
    """The end of the last hour that may be rolled up."""
    return (now - ROLLED_AFTER_MS) // HOUR_MS * HOUR_MS


def _stretches(late: Mapping[str, set[int]]) -> Iterable[tuple[list[str], int, int]]:
    """Series with their first and last hour, some at a time so that memory is bounded."""
    some: list[str] = []
    first = last = 0
    for device in sorted(late, key=lambda name: min(late[name])):
        lo, hi = min(late[device]), max(late[device])
        if some and (len(some) == MOST_SERIES or (len(some) + 1) * (max(last, hi) - first + 1) > MOST_HOURS):
            yield some, first, last
            some = []
        first, last = (min(first, lo), max(last, hi)) if some else (lo, hi)
        some.append(device)
    if some:
        yield some, first, last
