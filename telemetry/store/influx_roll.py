"""Rolling up in InfluxDB: hours are folded once they have closed, and once more when something came late.

Any number of processes may roll up the same hours: they come to the same numbers. Clocks of processes may differ by ten
minutes: a writer takes an hour for closed five minutes after its end, and it is rolled up no sooner than fifteen.
"""

import logging
import os
import secrets
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np

from telemetry.errors import StoreUnavailable
from telemetry.instant import HOUR_MS
from telemetry.model import Metric, Reading
from telemetry.store import influxql
from telemetry.store.influx_fold import joined, singles
from telemetry.store.influx_hourly import Hourly, LateHour, Reach
from telemetry.store.influx_lines import Tags, escaped
from telemetry.store.influx_server import InfluxServer, Rows
from telemetry.store.influxql import Bound, among, between, quoted
from telemetry.store.rollup import Hours, hours
from telemetry.store.traits import Traits, traits_of

CLOSED_AFTER_MS = 5 * 60_000
"""A writer takes an hour for closed so long after its end, and marks what it writes into it."""
ROLLED_AFTER_MS = 15 * 60_000
"""So long after its end an hour is rolled up."""
LATE_AFTER_S = 60.0
"""A mark must have been seen for so long before its hour is folded again: whoever made it is still writing before."""
MARKS_KEPT_MS = 3_600_000
"""Marks so young are looked at, done or not: those of a writer whose clock is behind are among them."""
MOST_HOURS = 20_000
"""Series times hours that are read at once."""
PERIOD_S = 20.0

logger = logging.getLogger(__name__)


class Roller:
    """Keeps the rollups up to date, in a thread of its own once something is written. Thread-safe."""

    def __init__(
        self,
        server: InfluxServer,
        hourly: Hourly,
        tags: Tags,
        metrics: Mapping[str, Metric],
        clock: Callable[[], int],
    ) -> None:
        self._server = server
        self._hourly = hourly
        self._tags = tags
        self._traits = {metric_id: traits_of(metric) for metric_id, metric in metrics.items()}
        self._clock = clock
        # Marks of one writer have times of their own; those of two with one name could fall together.
        self._writer = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._last_mark = 0
        self._seen: dict[LateHour, float] = {}
        self._begun = False
        self._marking = threading.Lock()
        self._rolling = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def traits(self, metric_id: str) -> Traits:
        return self._traits.get(metric_id, traits_of(None))

    def announce(self, batch: Sequence[Reading]) -> None:
        """To be called before a batch is written: closed hours that it touches are marked, durably.

        Raises:
            StoreUnavailable: they cannot be marked now, so the batch must not be written.
        """
        closed = (self._clock() - CLOSED_AFTER_MS) // HOUR_MS * HOUR_MS
        touched = {
            (row.metric, row.device, (row.at - self.traits(row.metric).back) // HOUR_MS)
            for row in batch
            if row.at <= closed
        }
        with self._marking:
            self._begin()
            if touched:
                self._hourly.mark([self._mark(*key) for key in touched], done=False)

    def _mark(self, metric: str, device: str, hour: int) -> LateHour:
        self._last_mark = max(self._last_mark + 1, self._clock())
        return LateHour(metric, device, hour, self._writer, self._last_mark)

    def _begin(self) -> None:
        """Before the first write of all: what is written from now on is either marked, or after this instant."""
        if self._begun:
            return
        if self._hourly.reach() is None:
            start = (self._clock() - ROLLED_AFTER_MS) // HOUR_MS * HOUR_MS
            self._hourly.note(Reach(start, 0))
        self._begun = True
        self._thread = threading.Thread(target=self._run, name="store-roll", daemon=True)
        self._thread.start()

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
            reach = self._forward(reach)
            self._again(reach, late_after_s)

    def _forward(self, reach: Reach) -> Reach:
        target = (self._clock() - ROLLED_AFTER_MS) // HOUR_MS * HOUR_MS
        while reach.rolled_until < target and not self._ending.is_set():
            stop = min(reach.rolled_until + 24 * HOUR_MS, target)
            for metric in self._server.measurements():
                self._fold(metric, None, reach.rolled_until, stop)
            reach = Reach(stop, reach.late_since)
            self._hourly.note(reach)
        return reach

    def _again(self, reach: Reach, late_after_s: float) -> None:
        now = time.monotonic()
        marks = self._hourly.undone(reach.late_since)
        self._seen = {mark: self._seen.get(mark, now) for mark in marks}
        due = [mark for mark in marks if now - self._seen[mark] >= late_after_s]
        by_metric: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        for mark in due:
            by_metric[mark.metric][mark.device].add(mark.hour)
        for metric, late in by_metric.items():
            self._refold(metric, late)
        if due:
            self._hourly.mark(due, done=True)
        waiting = [mark.at for mark in set(marks).difference(due)]
        since = min([self._clock() - MARKS_KEPT_MS, *waiting])
        if since > reach.late_since:
            self._hourly.note(Reach(reach.rolled_until, since))

    def _refold(self, metric: str, late: Mapping[str, set[int]]) -> None:
        """Fold these hours, and of counters the next hours that have readings: their increase begins with these."""
        for devices, first, last in _stretches(late):
            after = self._fold(metric, devices, first * HOUR_MS, (last + 1) * HOUR_MS)
            for device, hour in after.items():
                self._fold(metric, [device], hour * HOUR_MS, (hour + 1) * HOUR_MS)

    def _fold(self, metric: str, devices: Collection[str] | None, start: int, stop: int) -> dict[str, int]:
        """Roll up what lies in start <= time < stop; of counters, by series, the next hour that has readings."""
        traits, bound = self.traits(metric), Bound()
        where = "" if devices is None else among(bound, "device", devices) + " AND "
        source = f"FROM {quoted(metric)} WHERE {where}"
        inside = between(bound, start + traits.back, stop + traits.back)
        statements = [f'SELECT "value", "quality" {source}{inside} GROUP BY "device"']
        if traits.counts:
            earlier = between(bound, influxql.EARLIEST, start + traits.back)
            later = between(bound, stop + traits.back, influxql.LATEST)
            statements.append(f'SELECT last("value") {source}{earlier} AND {influxql.GOOD} GROUP BY "device"')
            statements.append(f'SELECT first("value") {source}{later} AND {influxql.GOOD} GROUP BY "device"')
        readings, *around = self._server.query(statements, bound.values)
        readings = [rows for rows in readings if rows.values]
        names = [rows.tags["device"] for rows in readings]
        found = joined([singles(place, rows, traits.back) for place, rows in enumerate(readings)])
        before = _by_name(around[0], names) if around else np.full(len(names), np.nan)
        rolled = hours(found, before, counts=traits.counts)
        self._hourly.put(_lines(metric, names, self._tags.of(names), rolled, traits))
        if devices is None or not around:
            return {}
        return {rows.tags["device"]: (rows.values[0][0] - traits.back) // HOUR_MS for rows in around[1] if rows.values}


def _stretches(late: Mapping[str, set[int]]) -> Iterable[tuple[list[str], int, int]]:
    """Series with their first and last hour, some at a time so that memory is bounded."""
    some: list[str] = []
    first = last = 0
    for device in sorted(late, key=lambda name: min(late[name])):
        lo, hi = min(late[device]), max(late[device])
        if some and (len(some) + 1) * (max(last, hi) - first + 1) > MOST_HOURS:
            yield some, first, last
            some = []
        first, last = (min(first, lo), max(last, hi)) if some else (lo, hi)
        some.append(device)
    if some:
        yield some, first, last


def _by_name(answer: Sequence[Rows], names: Sequence[str]) -> np.ndarray:
    values = {rows.tags["device"]: rows.values[0][1] for rows in answer if rows.values}
    return np.asarray([values.get(name, np.nan) for name in names], np.float64)


_WHOLE = ("n", "excluded", "steps", "drops")


def _lines(metric: str, names: Sequence[str], tags: Mapping[str, str], rolled: Hours, traits: Traits) -> list[str]:
    """Line protocol of rollups; a value that does not exist is left out, and `n` says that it must not be read."""
    wanted = [name for name in rolled.columns if traits.turns or name not in ("sines", "cosines")]
    columns = [(name, rolled.columns[name].tolist()) for name in wanted]
    heads = [f"{escaped(metric)},device={escaped(name)}{tags[name]} " for name in names]
    return [
        heads[series]
        + ",".join(
            f"{name}={column[row]}i" if name in _WHOLE else f"{name}={column[row]!r}"
            for name, column in columns
            if column[row] == column[row]
        )
        + f" {hour * HOUR_MS}"
        for row, (series, hour) in enumerate(zip(rolled.series.tolist(), rolled.hour.tolist(), strict=True))
    ]
