"""How InfluxDB gives single readings back: pages, the newest of a series, what exists already, and which series are."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import attrgetter

from telemetry.model import Reading
from telemetry.store import influxql
from telemetry.store.influx_lines import unwritable
from telemetry.store.influx_server import InfluxServer, Rows
from telemetry.store.influxql import Bound, among, between, measurements, quoted, received_by
from telemetry.store.ports import Identity, RawQuery

_FIELDS = '"value", "raw", "quality", "received"'
_GAP_MS = 3_600_000
"""Identities further apart than this are looked up by statements of their own."""
_ORDER = attrgetter("at", "metric", "device")


def page(server: InfluxServer, query: RawQuery) -> list[Reading]:
    """See ReadingReader."""
    if not query.devices or query.limit <= 0:
        return []
    found: list[Reading] = []
    start = query.start
    if query.after is not None and query.after.at >= query.start:
        after = tuple(query.after)
        start = query.after.at + 1
        found = [row for row in _instant(server, query, query.after.at) if _ORDER(row) > after]
    while len(found) < query.limit and start < query.stop:
        page, reach = _stretch(server, query, start)
        found += page
        if reach is None:
            break
        start = reach
    return found[: query.limit]


def _instant(server: InfluxServer, query: RawQuery, at: int) -> list[Reading]:
    """All readings of one instant, in order."""
    if at >= query.stop:
        return []
    return _selected(server, query, at, at + 1, None)[0]


def _stretch(server: InfluxServer, query: RawQuery, start: int) -> tuple[list[Reading], int | None]:
    """Readings from `start` on, in order, complete up to the instant that is returned; None = to the end."""
    rows, cut = _selected(server, query, start, query.stop, query.limit + 1)
    if not cut:
        return rows, None
    # A metric whose answer was cut off may lack readings of its last instant: that one is read whole.
    last = min(cut)
    whole = [row for row in rows if row.at < last]
    return whole + _instant(server, query, last), last + 1


def _selected(
    server: InfluxServer, query: RawQuery, start: int, stop: int, limit: int | None
) -> tuple[list[Reading], list[int]]:
    """Readings of the range, at most `limit` per metric, in order; and the last instant of each that was cut."""
    bound = Bound()
    where = f"{among(bound, 'device', query.devices)} AND {between(bound, start, stop)}"
    if not query.suspect:
        where += f" AND {influxql.GOOD}"
    where += received_by(bound, query.as_of)
    most = "" if limit is None else f" LIMIT {limit}"
    statements = [
        f'SELECT {_FIELDS}, "device" FROM {quoted(metric)} WHERE {where} ORDER BY time ASC{most}'  # noqa: S608
        for metric in _nameable(query.metrics)
    ]
    found: list[Reading] = []
    cut: list[int] = []
    if not statements:
        return found, cut
    for answer in server.query(statements, bound.values):
        for rows in answer:
            found += [
                Reading(device, rows.name, at, float(value), float(raw), quality, received)
                for at, value, raw, quality, received, device in rows.values
            ]
            if limit is not None and len(rows.values) >= limit:
                cut.append(rows.values[-1][0])
    return sorted(found, key=_ORDER), cut


def newest(server: InfluxServer, devices: Collection[str] | None, metrics: Collection[str] | None) -> list[Reading]:
    """See ReadingReader."""
    measured = server.measurements() if metrics is None else _nameable(metrics)
    if not measured:
        return []
    where = ""
    bound = Bound()
    if devices is not None:
        names = series_of(server, measured, devices)
        if not names:
            return []
        where = f" WHERE {among(bound, 'device', names)}"
    select = f'SELECT last("value"), "raw", "quality", "received" FROM {measurements(measured)}'  # noqa: S608
    believed = f"{where} AND {influxql.CLOCK_BELIEVED}" if where else f" WHERE {influxql.CLOCK_BELIEVED}"
    anyhow, first = (f'{select}{condition} GROUP BY "device"' for condition in (where, believed))
    newest: dict[tuple[str, str], Reading] = {}
    for answer in server.query([anyhow, first], bound.values):
        newest |= {(row.device, row.metric): row for row in _of(answer)}
    return list(newest.values())


def existing(server: InfluxServer, identities: Collection[Identity]) -> dict[Identity, float]:
    """See ReadingReader."""
    bound = Bound()
    statements = [
        f'SELECT "value" FROM {quoted(metric)} WHERE {among(bound, "device", sorted(names))} '  # noqa: S608
        f'AND {between(bound, first, last + 1)} GROUP BY "device"'
        for metric, names, first, last in _neighbourhoods(identities)
    ]
    if not statements:
        return {}
    wanted = frozenset(identities)
    found: dict[Identity, float] = {}
    for answer in server.query(statements, bound.values):
        for rows in answer:
            for at, value in rows.values:
                identity = Identity(rows.tags["device"], rows.name, at)
                if identity in wanted:
                    found[identity] = float(value)
    return found


def names(server: InfluxServer, rollups: InfluxServer, metric: str) -> list[str]:
    """See ReadingReader; a series whose readings are gone still has its rollups."""
    nameable = _nameable([metric])
    return sorted({*_written(server, nameable), *_written(rollups, nameable)})


def series_of(server: InfluxServer, metrics: Sequence[str], devices: Collection[str]) -> list[str]:
    """The series of these devices, given by registry id or by a channel's name, that have written these metrics."""
    wanted = frozenset(devices)
    return [name for name in _written(server, metrics) if name in wanted or (name.rpartition(":")[0] or name) in wanted]


def _written(server: InfluxServer, metrics: Sequence[str]) -> list[str]:
    if not metrics:
        return []
    (answer,) = server.query([f'SHOW TAG VALUES FROM {measurements(metrics)} WITH KEY = "device"'], {})
    return sorted({str(value) for rows in answer for _, value in rows.values})


def _nameable(metrics: Iterable[str]) -> list[str]:
    """Those that can be the name of a measurement, sorted; no others have been written."""
    return sorted({metric for metric in metrics if unwritable(metric) is None})


def _of(answer: Sequence[Rows]) -> Iterator[Reading]:
    for rows in answer:
        for at, value, raw, quality, received in rows.values:
            yield Reading(rows.tags["device"], rows.name, at, float(value), float(raw), quality, received)


def _neighbourhoods(identities: Collection[Identity]) -> Iterator[tuple[str, set[str], int, int]]:
    """Metric, series, first and last instant of identities that lie close together."""
    by_metric: dict[str, list[Identity]] = defaultdict(list)
    for identity in identities:
        by_metric[identity.metric].append(identity)
    for metric in _nameable(by_metric):
        mine = by_metric[metric]
        mine.sort(key=attrgetter("at"))
        names, first, last = {mine[0].device}, mine[0].at, mine[0].at
        for identity in mine[1:]:
            if identity.at - last > _GAP_MS:
                yield metric, names, first, last
                names, first = set(), identity.at
            names.add(identity.device)
            last = identity.at
        yield metric, names, first, last
