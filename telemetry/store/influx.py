"""The time-series store on InfluxDB: both ports on one bucket, for any number of processes.

Measurement = metric, tags = series and place, fields = value, raw, quality, received. Identity is (device, metric, at)
because the server overwrites a point of the same measurement, tags and time. Quality is a field: a tag would change the
point's identity.
"""

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import TracebackType

from telemetry.errors import StoreUnavailable
from telemetry.model import Metric, Reading
from telemetry.store import influx_fold, influx_raw, parts
from telemetry.store.influx_address import Address
from telemetry.store.influx_count import InfluxCounter
from telemetry.store.influx_hourly import Hourly
from telemetry.store.influx_lines import PLACE_TAGS, PlacesOf, Tags, lines, unwritable
from telemetry.store.influx_refold import HourFolder
from telemetry.store.influx_roll import Roller
from telemetry.store.influx_server import NOTHING, InfluxServer
from telemetry.store.influxql import Bound, among, measurements
from telemetry.store.ports import Buckets, FoldQuery, Identity, RawQuery, Refused
from telemetry.store.retention import kept_since, require_kept, too_old, without
from telemetry.store.traits import traits_of

_BY_HAND = (
    "let an administrator make it: `influx bucket create --name <bucket>` (2.x), `influxdb3 create database <name>` "
    "(3), `CREATE DATABASE <name>` (1.8), and give the token of RURBAN_INFLUXDB_TOKEN leave to read and write it"
)
_LINES = 10_000
"""Lines of one request: as many as the server's makers recommend at most."""
_SIDE_BY_SIDE = 2
"""Questions that the server is asked side by side."""
_AT_ONCE = 500
"""Series that are asked for in one statement."""


class InfluxStore(contextlib.AbstractContextManager["InfluxStore"]):
    """ReadingWriter and ReadingReader on one InfluxDB bucket; thread-safe."""

    def __init__(
        self,
        address: Address,
        places_of: PlacesOf,
        *,
        metrics: Mapping[str, Metric],
        clock: Callable[[], int],
    ) -> None:
        """Connects to nothing yet.

        Args:
            address: Of the readings; the rollups are in `address.hourly`.
            places_of: Asked once for each series that writes its first reading.
            metrics: The catalogue; tells how readings of a metric are rolled up.
            clock: Milliseconds UTC.
        """
        self._server = InfluxServer(address)
        self._kept_since = partial(kept_since, address.keep_days, clock)
        self._hourly = Hourly(InfluxServer(address.hourly), self._kept_since)
        tags = Tags(places_of, partial(_stored_tags, self._server))
        self._tags = tags
        self._folder = HourFolder(self._server, self._hourly, tags, metrics)
        self.counter = InfluxCounter(self._server, self._hourly.server, self._kept_since, self._folder.traits)
        self._roller = Roller(self._server, self._hourly, self._folder, clock)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections; harmless when closed already."""
        self._roller.end()
        self._hourly.server.close()
        self._server.close()

    def merge(self) -> None:
        """Bring the rollups up to date now; nothing may be written meanwhile."""
        self._roller.roll(late_after_s=0.0)

    def write(self, batch: Sequence[Reading]) -> list[Refused]:
        """See ReadingWriter."""
        wrong = {item.position: item for item in (*too_old(batch, self._kept_since()), *_unwritable(batch))}
        refused = list(wrong.values())
        written = without(batch, refused)
        if not written:
            return refused
        given = lines(written, self._tags.of({reading.device for reading in written}))
        with self._roller.announced(written):
            unkept = [
                one
                for first in range(0, len(given), _LINES)
                for one in _sent(self._server, given[first : first + _LINES], first)
            ]
        if unkept:
            place = [position for position in range(len(batch)) if position not in wrong]
            refused += [Refused(place[at], why) for at, why in unkept]
        return refused

    def folded(self, queries: Sequence[FoldQuery]) -> list[list[Buckets]]:
        """See ReadingReader; asked side by side, as the server may be far away."""
        require_kept(queries, self._kept_since())
        served = [
            self._folder.traits(query.metric.id) == traits_of(query.metric)
            and self._folder.is_as_ruled(query.metric.id)
            for query in queries
        ]

        def answer(query: FoldQuery, by_hours: bool) -> list[Buckets]:  # noqa: FBT001 -- a row of the two
            found = influx_fold.parts_of(self._server, self._hourly if by_hours else None, query)
            return parts.folded(query, found)

        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            return list(pool.map(answer, queries, served))

    def raw(self, query: RawQuery) -> list[Reading]:
        """See ReadingReader."""
        return influx_raw.page(self._server, query)

    def latest(self, devices: Collection[str] | None, metrics: Collection[str] | None) -> list[Reading]:
        """See ReadingReader."""
        return influx_raw.newest(self._server, devices, metrics)

    def existing(self, identities: Collection[Identity]) -> dict[Identity, float]:
        """See ReadingReader."""
        return influx_raw.existing(self._server, identities)

    def names(self, metric: str) -> list[str]:
        """See ReadingReader."""
        return influx_raw.names(self._server, self._hourly.server, metric)

    def check(self) -> None:
        """See ReadingReader."""
        for server in (self._server, self._hourly.server):
            server.query([NOTHING], {})
        self._roller.check()

    def prepared(self) -> str:
        """What was found, in words; buckets or databases that are missing are made if we may.

        Raises:
            StoreUnavailable: it cannot be used; says what to do.
        """
        version = self._server.version() or "of unknown version"
        where = f"InfluxDB {version} at {self._server.address.url}, bucket {self._server.address.bucket}"
        made = [_made(server) for server in (self._server, self._hourly.server)]
        return f"{where}: made now" if any(made) else f"{where}: answers"


def _made(server: InfluxServer) -> bool:
    """Whether the bucket was missing; it is there now."""
    try:
        server.query([NOTHING], {})
    except StoreUnavailable as missing:
        if "not found" not in str(missing):
            raise
        try:
            server.create()
            server.query([NOTHING], {})
        except StoreUnavailable as error:
            raise StoreUnavailable(f"{error}; {_BY_HAND}") from missing
        return True
    return False


def _unwritable(batch: Sequence[Reading]) -> list[Refused]:
    names = {reading.device for reading in batch} | {reading.metric for reading in batch}
    wrong = {name: why for name in names if (why := unwritable(name)) is not None}
    # A line that begins so is a comment.
    wrong |= {name: f"{name!r} begins with '#'" for name in {reading.metric for reading in batch} if name[:1] == "#"}
    if not wrong:
        return []
    return [
        Refused(position, wrong.get(reading.device) or wrong[reading.metric])
        for position, reading in enumerate(batch)
        if reading.device in wrong or reading.metric in wrong
    ]


def _sent(server: InfluxServer, given: Sequence[str], first: int) -> Iterator[tuple[int, str]]:
    """Send the lines, in halves where the server takes issue with them; yields the refused ones by position."""
    refusal = server.write(given)
    if refusal is None:
        return
    if len(given) == 1:
        yield first, refusal.detail
        return
    half = len(given) // 2
    yield from _sent(server, given[:half], first)
    yield from _sent(server, given[half:], first + half)


def _stored_tags(server: InfluxServer, series: Collection[str]) -> Mapping[str, Mapping[str, str]]:
    """The place tags of those of these series that have written already."""
    grouped = measurements(("device", *PLACE_TAGS))
    found: dict[str, Mapping[str, str]] = {}
    names = list(series)
    for first in range(0, len(names), _AT_ONCE):
        some = names[first : first + _AT_ONCE]
        bound = Bound()
        statement = f'SELECT last("value") FROM /.*/ WHERE {among(bound, "device", some)} GROUP BY {grouped}'  # noqa: S608
        (answer,) = server.query([statement], bound.values)
        for rows in answer:
            found[rows.tags["device"]] = {name: rows.tags[name] for name in PLACE_TAGS if rows.tags[name]}
    return found
