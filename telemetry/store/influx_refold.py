"""Folding hours anew in InfluxDB: from the readings of a stretch to its rollups."""

import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from telemetry.errors import StoreUnavailable
from telemetry.instant import HOUR_MS
from telemetry.model import Metric
from telemetry.store import influxql
from telemetry.store.influx_fold import joined, measured, singles
from telemetry.store.influx_hourly import Hourly
from telemetry.store.influx_lines import Tags, escaped
from telemetry.store.influx_server import InfluxServer, Rows
from telemetry.store.influxql import Bound, among, between, measurements, quoted
from telemetry.store.rollup import Hours, hours
from telemetry.store.traits import Traits, traits_of

SLOW_S = 30.0
"""Who takes longer from asking to writing starts over: meanwhile another one may have folded a late reading."""
_MOST_TRIES = 3


class HourFolder:
    """Rolls up stretches of hours; thread-safe."""

    def __init__(self, server: InfluxServer, hourly: Hourly, tags: Tags, metrics: Mapping[str, Metric]) -> None:
        self._server = server
        self._hourly = hourly
        self._tags = tags
        self._traits = {metric_id: traits_of(metric) for metric_id, metric in metrics.items()}

    def is_as_ruled(self, metric: str) -> bool:
        """Whether the rollups of a metric were made as the catalogue says now."""
        return self._hourly.rules(metric) in (None, self.traits(metric))

    def remake(self, metric: str, start: int, stop: int, step_ms: int) -> None:
        """Roll up a metric anew by the rules that hold now, as far as its readings are kept."""
        first: int | None = start
        while first is not None and first < stop:
            self.fold(metric, None, first, min(first + step_ms, stop))
            first = self.next_hour(first + step_ms)
        self._hourly.rule(metric, self.traits(metric))

    def traits(self, metric_id: str) -> Traits:
        return self._traits.get(metric_id, traits_of(None))

    def next_hour(self, start: int) -> int | None:
        """The beginning of the first hour from `start` on that has readings; None = none has."""
        bound = Bound()
        metrics = self._server.measurements()
        if not metrics:
            return None
        source = f"FROM {measurements(metrics)} WHERE {between(bound, start, influxql.LATEST)}"
        (answer,) = self._server.query([f'SELECT first("value") {source}'], bound.values)
        firsts = [
            (int(rows.values[0][0]) - self.traits(rows.name).back) // HOUR_MS * HOUR_MS
            for rows in answer
            if rows.values
        ]
        return min(firsts, default=None)

    def refold(self, metric: str, devices: Sequence[str], first: int, last: int) -> None:
        """Fold these hours, and of counters the next hours that have readings: their increase begins with these."""
        after = self.fold(metric, devices, first * HOUR_MS, (last + 1) * HOUR_MS)
        by_hour: dict[int, list[str]] = defaultdict(list)
        for device, hour in after.items():
            by_hour[hour].append(device)
        for hour, names in by_hour.items():
            self.fold(metric, names, hour * HOUR_MS, (hour + 1) * HOUR_MS)

    def fold(self, metric: str, devices: Collection[str] | None, start: int, stop: int) -> dict[str, int]:
        """Roll up what lies in start <= time < stop; of counters, by series, the next hour that has readings.

        Whoever folds slowly might put an old answer over a newer one: then it is folded once more.
        """
        for _ in range(_MOST_TRIES):
            began = time.monotonic()
            after = self._folded_once(metric, devices, start, stop)
            if time.monotonic() - began < SLOW_S:
                return after
        raise StoreUnavailable(f"rolling up {metric} takes longer than {SLOW_S:g} s")

    def _folded_once(self, metric: str, devices: Collection[str] | None, start: int, stop: int) -> dict[str, int]:
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
        answer, *around = self._server.query(statements, bound.values)
        readings = measured(answer)
        names = [rows.tags["device"] for rows in readings]
        found = joined([singles(place, rows, traits.back) for place, rows in enumerate(readings)])
        before = _by_name(around[0], names) if around else np.full(len(names), np.nan)
        rolled = hours(found, before, counts=traits.counts)
        if names and self._hourly.rules(metric) is None:
            self._hourly.rule(metric, traits)
        self._hourly.put(_lines(metric, names, self._tags.of(names), rolled, traits))
        if devices is None or not around:
            return {}
        return {rows.tags["device"]: (rows.values[0][0] - traits.back) // HOUR_MS for rows in around[1] if rows.values}


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
