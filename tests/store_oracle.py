"""What a fold must come to, computed the slow and obvious way: no rollups, no SQL, one loop per question."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from telemetry.model import SUSPECT, Fold, Reading
from telemetry.store.ports import Buckets, FoldQuery, Member


def stored(batches: Iterable[Sequence[Reading]]) -> list[Reading]:
    """What is left of everything written: the last of each identity, in the order of time."""
    kept = {(reading.device, reading.metric, reading.at): reading for batch in batches for reading in batch}
    return sorted(kept.values(), key=lambda reading: reading.at)


def folded(readings: Sequence[Reading], query: FoldQuery) -> list[Buckets]:
    """See ReadingReader."""
    if query.as_of is not None:
        readings = [row for row in readings if row.received_at <= query.as_of]
    groups = dict.fromkeys(member.group for member in query.members)
    return [_line(group, readings, query) for group in groups]


def _line(group: str, readings: Sequence[Reading], query: FoldQuery) -> Buckets:
    line = Buckets(group, [], [], [], [], [], [], [])
    members = [member for member in query.members if member.group == group]
    for start, stop in zip(query.edges, query.edges[1:], strict=False):
        values: list[float] = []
        took_part: list[float] = []
        excluded = devices = 0
        due = 0.0
        for member in members:
            mine = [row for row in readings if (row.device, row.metric) == (member.device, query.metric.id)]
            good = [row for row in mine if query.suspect or not row.quality & SUSPECT]
            inside = [row for row in good if _inside(row.at, start, stop, query)]
            excluded += sum(_inside(row.at, start, stop, query) for row in mine) - len(inside)
            devices += bool(inside)
            due += 0.0 if member.interval_ms is None else min(len(inside), (stop - start) / member.interval_ms)
            took_part += [row.value for row in inside]
            value = _over_time(good, inside, member, query.fold)
            if value is not None:
                values.append(value)
        line.value.append(_one(values, query.across))
        line.count.append(len(took_part))
        line.excluded.append(excluded)
        line.low.append(min(took_part, default=None))
        line.high.append(max(took_part, default=None))
        line.devices.append(devices)
        line.due.append(due)
    return line


def _inside(at: int, start: int, stop: int, query: FoldQuery) -> bool:
    return start < at <= stop if query.metric.kind.accumulates else start <= at < stop


def _over_time(good: Sequence[Reading], inside: Sequence[Reading], member: Member, fold: Fold) -> float | None:
    if fold is not Fold.INCREASE:
        return _one([row.value for row in inside], fold)
    amounts = [
        _amount(before.value, after.value, member.rollover_at) for before, after in pairwise(good) if after in inside
    ]
    return sum(amounts) if amounts else None


def _amount(before: float, after: float, rollover_at: float | None) -> float:
    if after >= before:
        return after - before
    if after < 0.05 * before:
        return max(after, 0.0)
    return 0.0 if rollover_at is None else max(rollover_at - before + after, 0.0)


def _one(values: Sequence[float], fold: Fold) -> float | None:  # noqa: PLR0911 (one per fold)
    if not values:
        return None
    match fold:
        case Fold.MEAN:
            return sum(values) / len(values)
        case Fold.SUM:
            return sum(values)
        case Fold.MIN:
            return min(values)
        case Fold.MAX:
            return max(values)
        case Fold.FIRST:
            return values[0]
        case Fold.LAST:
            return values[-1]
        case Fold.DIRECTION:
            east = sum(math.sin(math.radians(value)) for value in values)
            north = sum(math.cos(math.radians(value)) for value in values)
            return math.degrees(math.atan2(east, north)) % 360 if math.hypot(east, north) > 1e-9 * len(values) else None
        case Fold.INCREASE:
            raise AssertionError(fold)
