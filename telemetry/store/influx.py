"""The time-series store on InfluxDB: both ports on one bucket, for any number of processes.

Measurement = metric, tags = series and place, fields = value, raw, quality, received. Identity is (device, metric, at)
because the server overwrites a point of the same measurement, tags and time. Quality is a field: a tag would change the
point's identity.
"""

import contextlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from types import TracebackType

from telemetry.model import Reading
from telemetry.store import influx_fold, influxql, parts
from telemetry.store.influx_lines import PLACE_TAGS, PlacesOf, Tags, lines, unwritable
from telemetry.store.influx_server import Address, InfluxServer, Rows
from telemetry.store.influxql import Bound, among, between, measurements, quoted
from telemetry.store.ports import Buckets, FoldQuery, Identity, RawQuery, Refused

_FIELDS = '"value", "raw", "quality", "received"'
_GAP_MS = 3_600_000
"""Identities further apart than this are looked up by statements of their own."""
_NOTHING = 'SELECT "value" FROM "rurban_nothing" LIMIT 1'
"""Fails where there is no such database; SHOW answers with nothing then."""
_AT_ONCE = 500
"""Series that are asked for in one statement."""
_ORDER = attrgetter("at", "metric", "device")


class InfluxStore(contextlib.AbstractContextManager["InfluxStore"]):
    """ReadingWriter and ReadingReader on one InfluxDB bucket; thread-safe."""

    def __init__(self, address: Address, places_of: PlacesOf) -> None:
        """Connects to nothing yet; `places_of` is asked once for each device that writes its first reading."""
        self._server = InfluxServer(address)
        self._tags = Tags(places_of, self._stored_tags)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections; harmless when closed already."""
        self._server.close()

    def merge(self) -> None:
        """Nothing waits to be put in its place."""

    def write(self, batch: Sequence[Reading]) -> list[Refused]:
        """See ReadingWriter."""
        refused = [
            Refused(position, why)
            for position, reading in enumerate(batch)
            if (why := unwritable(reading.device) or unwritable(reading.metric)) is not None
        ]
        unfit = {item.position for item in refused}
        fit = [position for position in range(len(batch)) if position not in unfit]
        written = [batch[position] for position in fit]
        if written:
            tags = self._tags.of({reading.device for reading in written})
            refused += [Refused(fit[at], why) for at, why in self._sent(lines(written, tags), 0)]
        return refused

    def _sent(self, given: Sequence[str], first: int) -> Iterator[tuple[int, str]]:
        """Send the lines, in halves where the server takes issue with them; yields the refused ones by position."""
        refusal = self._server.write(given)
        if refusal is None:
            return
        if len(given) == 1:
            yield first, refusal.detail
            return
        half = len(given) // 2
        yield from self._sent(given[:half], first)
        yield from self._sent(given[half:], first + half)

    def _stored_tags(self, series: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """The place tags of those of these series that have written already."""
        grouped = measurements(("device", *PLACE_TAGS))
        found: dict[str, Mapping[str, str]] = {}
        names = list(series)
        for first in range(0, len(names), _AT_ONCE):
            some = names[first : first + _AT_ONCE]
            bound = Bound()
            statement = f'SELECT last("value") FROM /.*/ WHERE {among(bound, "device", some)} GROUP BY {grouped}'  # noqa: S608
            (answer,) = self._server.query([statement], bound.values)
            for rows in answer:
                found[rows.tags["device"]] = {name: rows.tags[name] for name in PLACE_TAGS if rows.tags[name]}
        return found

    def folded(self, query: FoldQuery) -> list[Buckets]:
        """See ReadingReader."""
        return parts.folded(query, influx_fold.parts_of(self._server, query))

    def raw(self, query: RawQuery) -> list[Reading]:
        """See ReadingReader."""
        found: list[Reading] = []
        start = query.start
        if query.after is not None and query.after.at >= query.start:
            after = tuple(query.after)
            start = query.after.at + 1
            found = [row for row in self._instant(query, query.after.at) if _ORDER(row) > after]
        if not query.devices or query.limit <= 0:
            return []
        while len(found) < query.limit and start < query.stop:
            page, reach = self._stretch(query, start)
            found += page
            if reach is None:
                break
            start = reach
        return found[: query.limit]

    def _instant(self, query: RawQuery, at: int) -> list[Reading]:
        """All readings of one instant, in order."""
        if at >= query.stop:
            return []
        return self._selected(query, at, at + 1, None)[0]

    def _stretch(self, query: RawQuery, start: int) -> tuple[list[Reading], int | None]:
        """Readings from `start` on, in order, complete up to the instant that is returned; None = to the end."""
        rows, cut = self._selected(query, start, query.stop, query.limit + 1)
        if not cut:
            return rows, None
        # A metric whose answer was cut off may lack readings of its last instant: that one is read whole.
        last = min(cut)
        whole = [row for row in rows if row.at < last]
        return whole + self._instant(query, last), last + 1

    def _selected(self, query: RawQuery, start: int, stop: int, limit: int | None) -> tuple[list[Reading], list[int]]:
        """Readings of the range, at most `limit` per metric, in order; and the last instant of each that was cut."""
        bound = Bound()
        where = f"{among(bound, 'device', query.devices)} AND {between(bound, start, stop)}"
        if not query.suspect:
            where += f" AND {influxql.GOOD}"
        most = "" if limit is None else f" LIMIT {limit}"
        statements = [
            f'SELECT {_FIELDS}, "device" FROM {quoted(metric)} WHERE {where} ORDER BY time ASC{most}'  # noqa: S608
            for metric in _nameable(query.metrics)
        ]
        found: list[Reading] = []
        cut: list[int] = []
        if not statements:
            return found, cut
        for answer in self._server.query(statements, bound.values):
            for rows in answer:
                found += [
                    Reading(device, rows.name, at, float(value), float(raw), quality, received)
                    for at, value, raw, quality, received, device in rows.values
                ]
                if limit is not None and len(rows.values) >= limit:
                    cut.append(rows.values[-1][0])
        return sorted(found, key=_ORDER), cut

    def latest(self, devices: Collection[str] | None, metrics: Collection[str] | None) -> list[Reading]:
        """See ReadingReader."""
        measured = self._measurements() if metrics is None else _nameable(metrics)
        if not measured:
            return []
        where = ""
        bound = Bound()
        if devices is not None:
            wanted = frozenset(devices)
            names = {
                name for name in self._names(measured) if name in wanted or (name.rpartition(":")[0] or name) in wanted
            }
            if not names:
                return []
            where = f" WHERE {among(bound, 'device', sorted(names))}"
        select = f'SELECT last("value"), "raw", "quality", "received" FROM {measurements(measured)}'  # noqa: S608
        believed = f"{where} AND {influxql.CLOCK_BELIEVED}" if where else f" WHERE {influxql.CLOCK_BELIEVED}"
        anyhow, first = (f'{select}{condition} GROUP BY "device"' for condition in (where, believed))
        newest: dict[tuple[str, str], Reading] = {}
        for answer in self._server.query([anyhow, first], bound.values):
            newest |= {(row.device, row.metric): row for row in _newest(answer)}
        return list(newest.values())

    def existing(self, identities: Collection[Identity]) -> dict[Identity, float]:
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
        for answer in self._server.query(statements, bound.values):
            for rows in answer:
                for at, value in rows.values:
                    identity = Identity(rows.tags["device"], rows.name, at)
                    if identity in wanted:
                        found[identity] = float(value)
        return found

    def names(self, metric: str) -> list[str]:
        """See ReadingReader."""
        return self._names(_nameable([metric]))

    def check(self) -> None:
        """See ReadingReader."""
        self._server.query([_NOTHING], {})

    def _names(self, metrics: Sequence[str]) -> list[str]:
        if not metrics:
            return []
        (answer,) = self._server.query([f'SHOW TAG VALUES FROM {measurements(metrics)} WITH KEY = "device"'], {})
        return sorted({str(value) for rows in answer for _, value in rows.values})

    def _measurements(self) -> list[str]:
        answer, _ = self._server.query(["SHOW MEASUREMENTS", _NOTHING], {})
        return [str(row[0]) for rows in answer for row in rows.values]


def _nameable(metrics: Iterable[str]) -> list[str]:
    """Those that can be the name of a measurement, sorted; no others have been written."""
    return sorted({metric for metric in metrics if unwritable(metric) is None})


def _newest(answer: Sequence[Rows]) -> Iterator[Reading]:
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
