"""The gateway of stations: TCP in, raw frames out on the broker, and an answer when the broker has them.

    station --TCP--> frames (devices/stations/framing.py) --> dtu/<protocol>/<station>, QoS 1 --> PUBACK --> answer

A station that is not answered sends again; so nothing is lost that it does not give up itself. While the broker is
away, frames wait in memory up to a limit, stations are not answered, and their connections end after a while. Written
twice is kept once: a report that comes again does no harm.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Protocol

from devices.message import station
from devices.stations.dialects import Dialect, Link
from devices.stations.framing import Framer
from telemetry.errors import BrokerUnavailable, Invalid, Rejected

logger = logging.getLogger(__name__)

_CHUNK = 4096
_UNREAD = 16 * 1024
"""Bytes of a connection that wait in this process for their turn; the rest waits in the network."""


class Outlet(Protocol):
    """Where frames go."""

    @property
    def waiting(self) -> int:
        """Messages published and not yet acknowledged."""
        ...

    @property
    def waiting_bytes(self) -> int:
        """Their payload."""
        ...

    def publish(self, topic: str, payload: bytes) -> asyncio.Future[None]:
        """Done when the message is kept; `BrokerUnavailable` when it is refused. It is sent even if nobody waits."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How much stations may ask for."""

    connections: int = 1000
    idle_s: float = 600.0
    """A connection over which nothing comes for so long is ended."""
    frame_s: float = 10.0
    """What has begun as a frame and is not whole after so long is none."""
    broker_s: float = 20.0
    """How long a station waits for the broker; then its connection ends, so that it knows."""
    waiting: int = 2000
    """Messages that wait for the broker; beyond, connections end as soon as they have something to say."""
    waiting_bytes: int = 32 * 1024 * 1024
    """Likewise, their payload."""
    noise: int = 8192
    """Bytes in a row of which no frame is made; beyond, whoever speaks is no station."""
    clock_ms: int = 300_000
    """A station's clock that is off by more is set, where its protocol can; 0 = none is."""
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """From which stations may come; none = from anywhere."""


@dataclass(slots=True)
class Traffic:
    """Counts since the start, but for `connections`."""

    connections: int = 0
    """Open now."""
    accepted: int = 0
    refused: int = 0
    """Connections beyond the limit, or from elsewhere."""
    frames: int = 0
    """Intact ones."""
    published: int = 0
    """Messages that the broker has acknowledged while their station waited."""
    unanswered: int = 0
    """Messages whose station was not answered, for the broker was away; those that were sent are kept later."""
    answers: int = 0
    noise: int = 0
    """Connections ended because no frames came over them."""


class Gateway:
    """Listens to stations. All of it runs in one event loop."""

    def __init__(self, outlet: Outlet, clock: Callable[[], int], limits: Limits | None = None) -> None:
        self._outlet = outlet
        self._clock = clock
        self._limits = limits or Limits()
        self._servers: list[asyncio.Server] = []
        self._talks: set[asyncio.Task[None]] = set()
        self.traffic = Traffic()

    @property
    def waiting(self) -> int:
        """Messages that the broker has not acknowledged yet."""
        return self._outlet.waiting

    async def listen(self, dialect: Dialect, host: str, port: int) -> int:
        """Let stations of this protocol in; the port, which was free where 0 was asked for. `Invalid` names it."""

        async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._welcome(dialect, reader, writer)

        try:
            server = await asyncio.start_server(welcome, host, port, limit=_UNREAD)
        except OSError as error:
            setting = f"RURBAN_GATEWAY_{dialect.name.upper()}_PORT"
            raise Invalid(setting, f"cannot listen on {host}:{port}: {error}", "a free port, or 0") from error
        self._servers.append(server)
        found: int = server.sockets[0].getsockname()[1]
        return found

    async def close(self) -> None:
        """Let nobody in any more, and end what is open. What waits for the broker has not been answered."""
        for server in self._servers:
            server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _welcome(self, dialect: Dialect, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        traffic = self.traffic
        if traffic.connections >= self._limits.connections or not self._is_admitted(writer):
            traffic.refused += 1
            writer.close()
            return
        talk = asyncio.current_task()
        if talk is not None:
            self._talks.add(talk)
            talk.add_done_callback(self._talks.discard)
        traffic.connections += 1
        traffic.accepted += 1
        try:
            await self._talk(dialect, reader, writer)
        except (OSError, TimeoutError, asyncio.CancelledError) as error:
            # Lost by the station, or ended by `close`: what was not answered comes again.
            logger.debug("a connection of %s ended: %r", dialect.name, error)
        finally:
            traffic.connections -= 1
            await self._part(writer)

    async def _part(self, writer: asyncio.StreamWriter) -> None:
        """Close when the last answer is on its way, or when the station does not take it."""
        writer.close()
        with contextlib.suppress(OSError):
            try:
                async with asyncio.timeout(self._limits.frame_s):
                    await writer.wait_closed()
            except TimeoutError:
                writer.transport.abort()

    def _is_admitted(self, writer: asyncio.StreamWriter) -> bool:
        networks, peer = self._limits.networks, writer.get_extra_info("peername")
        return not networks or (peer is not None and any(ip_address(peer[0]) in network for network in networks))

    async def _talk(self, dialect: Dialect, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        limits = self._limits
        framer, link = Framer(dialect), dialect.link(limits.clock_ms)
        while True:
            try:
                async with asyncio.timeout(limits.frame_s if framer.waits else limits.idle_s):
                    data = await reader.read(_CHUNK)
            except TimeoutError:
                if not framer.waits:
                    return
                frames = framer.give_up()
            else:
                if not data:
                    return
                frames = framer.feed(data)
            for frame in frames:
                self.traffic.frames += 1
                if not await self._take(dialect, link, frame, writer):
                    return
            if framer.noise > limits.noise:
                self.traffic.noise += 1
                logger.warning("%d bytes in a row are no frames of %s: connection ended", framer.noise, dialect.name)
                return

    async def _take(self, dialect: Dialect, link: Link, frame: bytes, writer: asyncio.StreamWriter) -> bool:
        """Publish, then answer; False = the connection is to end."""
        try:
            turn = link.heard(frame, self._clock())
        except Rejected as rejected:
            logger.warning("a connection of %s is ended: %s", dialect.name, rejected)
            return False
        if turn.payload is not None and not await self._is_kept(station(dialect.name, turn.station), turn.payload):
            self.traffic.unanswered += 1
            return False
        for answer in turn.answers:
            writer.write(answer)
        self.traffic.answers += len(turn.answers)
        async with asyncio.timeout(self._limits.frame_s):
            await writer.drain()
        return not turn.ends

    async def _is_kept(self, topic: str, payload: bytes) -> bool:
        """Whether the broker has acknowledged it in time."""
        outlet, limits = self._outlet, self._limits
        if outlet.waiting >= limits.waiting or outlet.waiting_bytes >= limits.waiting_bytes:
            logger.warning("%d messages wait for the broker: no more are taken", outlet.waiting)
            return False
        sent = outlet.publish(topic, payload)
        done, _ = await asyncio.wait([sent], timeout=limits.broker_s)
        if not done:
            return False
        try:
            sent.result()
        except BrokerUnavailable as refused:
            logger.warning("%s: %s", topic, refused)
            return False
        self.traffic.published += 1
        return True
