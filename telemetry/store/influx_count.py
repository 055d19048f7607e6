"""How InfluxDB counts what it has ever kept: readings where they are kept, their rollups before.

Counting decodes every point, so it goes stretch by stretch: each is as long as the server answers well within the
time that an answer may take. Stretches are half-open, so a reading on a border counts once.
"""

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from telemetry.errors import StoreUnavailable
from telemetry.instant import DAY_MS, HOUR_MS, day_of
from telemetry.store import influxql
from telemetry.store.influx_raw import series_of
from telemetry.store.influx_server import InfluxServer, Rows
from telemetry.store.influxql import Bound, among, between, called, measurements, quoted
from telemetry.store.retention import FOR_EVER
from telemetry.store.traits import Traits

_READINGS = (("count", "quality"),)
_ROLLUPS = (("sum", "n"), ("sum", "excluded"))
_FIRST_STRETCH_MS = DAY_MS
_SHORTEST_MS = HOUR_MS
_GROWTH = 4
_SWIFT = 0.05
"""Of the time that an answer may take: whoever answers within this share is asked for more."""
_SLOW = 0.2
_PAGE = 50_000
"""Points of one series that are read at once."""


class InfluxCounter:
    """ReadingCounter on the readings and their rollups; thread-safe."""

    def __init__(
        self,
        server: InfluxServer,
        rollups: InfluxServer,
        kept_since: Callable[[], int],
        traits: Callable[[str], Traits],
    ) -> None:
        """Before `kept_since` readings may be gone; `traits` of a metric tell to which hour a reading belongs."""
        self._server = server
        self._rollups = rollups
        self._kept_since = kept_since
        self._traits = traits

    def counted(self, devices: Collection[str] | None) -> Mapping[str, int]:
        """See ReadingCounter."""
        since = self._kept_since()
        kept_for_ever = since == FOR_EVER
        found: Counter[str] = Counter()
        metrics = self._server.measurements()
        for back in (0, 1):
            mine = [metric for metric in metrics if self._traits(metric).back == back]
            start = influxql.EARLIEST if kept_for_ever else since + back
            found.update(_Points(self._server, _READINGS, mine, start, influxql.LATEST).counted(devices))
        if not kept_for_ever:
            rolled = self._rollups.measurements()
            found.update(_Points(self._rollups, _ROLLUPS, rolled, influxql.EARLIEST, since).counted(devices))
        return found

    def by_day(self, device: str) -> Mapping[dt.date, int]:
        """See ReadingCounter."""
        days = Counter(
            received // DAY_MS
            for metric in self._server.measurements()
            for series in series_of(self._server, [metric], [device])
            for received in _receipts(self._server, metric, series)
        )
        return {day_of(day * DAY_MS): count for day, count in sorted(days.items())}


def _receipts(server: InfluxServer, metric: str, series: str) -> Iterator[int]:
    """The times of receipt of one series, read page by page."""
    start: int | None = influxql.EARLIEST
    while start is not None:
        bound = Bound()
        statement = (
            f'SELECT "received" FROM {quoted(metric)} WHERE {among(bound, "device", [series])} '  # noqa: S608
            f"AND {between(bound, start, influxql.LATEST)} ORDER BY time ASC LIMIT {_PAGE}"
        )
        (answer,) = server.query([statement], bound.values)
        values = [row for rows in answer for row in rows.values]
        yield from (received for _, received in values)
        start = values[-1][0] + 1 if len(values) == _PAGE else None


@dataclass(frozen=True, slots=True)
class _Points:
    """The points of some measurements within start <= time < stop."""

    server: InfluxServer
    select: tuple[tuple[str, str], ...]
    """Functions of fields, whose sum is how many readings the points stand for."""
    metrics: Sequence[str]
    start: int
    stop: int

    def counted(self, devices: Collection[str] | None) -> Counter[str]:
        """By series."""
        found: Counter[str] = Counter()
        names = None if devices is None else series_of(self.server, self.metrics, devices)
        if not self.metrics or names == []:
            return found
        length = _FIRST_STRETCH_MS
        at = self._first(names, self.start)
        while at is not None and at < self.stop:
            until = min(at + length, self.stop)
            began = time.monotonic()
            try:
                some = self._stretch(names, at, until)
            except StoreUnavailable:
                if length <= _SHORTEST_MS:
                    raise
                length = max(_SHORTEST_MS, length // _GROWTH**2)
                continue
            took = (time.monotonic() - began) / self.server.address.timeout_s
            if took < _SWIFT:
                length *= _GROWTH
            elif took > _SLOW:
                length = max(_SHORTEST_MS, length // _GROWTH)
            found.update(some)
            # Where there is nothing, a clock that is far off lies ahead, or the end.
            at = until if some else self._first(names, until)
        return found

    def _stretch(self, names: Sequence[str] | None, start: int, stop: int) -> Counter[str]:
        found: Counter[str] = Counter()
        counts = ", ".join(called(*term) for term in self.select)
        for rows in self._asked(counts, names, start, stop, ' GROUP BY "device"'):
            found[rows.tags["device"]] += sum(int(count or 0) for _, *counts in rows.values for count in counts)
        return found

    def _first(self, names: Sequence[str] | None, start: int) -> int | None:
        """The first point from an instant on."""
        field = self.select[0][1]
        firsts = self._asked(called("first", field), names, start, self.stop, "")
        return min((rows.values[0][0] for rows in firsts if rows.values), default=None)

    def _asked(self, select: str, names: Sequence[str] | None, start: int, stop: int, grouped: str) -> list[Rows]:
        bound = Bound()
        where = between(bound, start, stop)
        if names is not None:
            where += f" AND {among(bound, 'device', names)}"
        (answer,) = self.server.query(
            [f"SELECT {select} FROM {measurements(self.metrics)} WHERE {where}{grouped}"],  # noqa: S608
            bound.values,
        )
        return answer
