"""Folded readings for tests of measures, as the store's fold would give them: one line per device."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from insight.declared import Declared, Place
from telemetry.metrics import metric
from telemetry.series import Folded, Line
from telemetry.store.ports import Buckets
from telemetry.window import parse

HOUR_MS = 3_600_000
ZONE = ZoneInfo("Asia/Shanghai")

VILLAGE = Place("370522101201", Declared(1180, 2025), Declared(352, 2025), Declared(2400, 2025), Declared(40, 2025))


def folded(
    metric_id: str, lines: Mapping[str, Sequence[float | None]], *, hours: int = 1, per_bucket: int = 4, empty: int = 1
) -> Folded:
    """Each device's values in buckets of so many hours; a bucket with a value holds all readings that were due.

    Without a device, there are `empty` buckets.
    """
    row = metric(metric_id)
    count = max((len(values) for values in lines.values()), default=empty)
    edges = tuple(number * hours * HOUR_MS for number in range(count + 1))
    made = [_line(device, list(values), per_bucket) for device, values in lines.items()]
    return Folded(row, parse(f"{hours}h", ZONE), edges, row.fold, row.across, made)


def _line(device: str, values: list[float | None], per_bucket: int) -> Line:
    said = [value is not None for value in values]
    readings = [per_bucket * one for one in said]
    due = [float(reading) for reading in readings]
    buckets = Buckets(device, values, readings, [0] * len(values), values, values, [int(one) for one in said], due)
    return Line(buckets, [float(one) for one in said])
