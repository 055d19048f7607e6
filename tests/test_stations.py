"""The gateway of stations: who is let in, what is answered and when; real sockets, an outlet of the test's own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from devices.stations import beijing
from devices.stations.dialects import DIALECTS
from ingest.stations import Gateway, Limits
from telemetry.errors import BrokerUnavailable
from tests.station_frames import ANSWERED, hj212_report, sl651_report, szy206_link, szy206_report

HOST = "127.0.0.1"
STATION = "0011223344"
NOW = beijing.read("20261123160000")
NOT_YET_S = 0.05
"""What has not come by then is taken not to come."""


@dataclass
class Drawer:
    """An outlet that keeps what it is given, and says so when it is told to."""

    at_once: bool = True
    messages: list[tuple[str, bytes]] = field(default_factory=list)
    futures: list[asyncio.Future[None]] = field(default_factory=list)

    @property
    def waiting(self) -> int:
        return sum(not future.done() for future in self.futures)

    @property
    def waiting_bytes(self) -> int:
        return self.waiting

    def publish(self, topic: str, payload: bytes) -> asyncio.Future[None]:
        self.messages.append((topic, payload))
        self.futures.append(asyncio.get_running_loop().create_future())
        if self.at_once:
            self.futures[-1].set_result(None)
        return self.futures[-1]


@dataclass
class Open:
    gateway: Gateway
    drawer: Drawer
    port: int

    async def station(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(HOST, self.port)


@contextlib.asynccontextmanager
async def gateway_of(name: str, drawer: Drawer | None = None, limits: Limits | None = None) -> AsyncIterator[Open]:
    outlet = drawer or Drawer()
    gateway = Gateway(outlet, lambda: NOW, limits)
    try:
        yield Open(gateway, outlet, await gateway.listen(DIALECTS[name], HOST, 0))
    finally:
        await gateway.close()


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(story, 20))


async def nothing(reader: asyncio.StreamReader) -> bool:
    """Nothing comes for now."""
    try:
        async with asyncio.timeout(NOT_YET_S):
            await reader.read(1)
    except TimeoutError:
        return True
    return False


def test_a_station_is_answered_when_its_frame_is_kept_and_not_before() -> None:
    async def story() -> None:
        async with gateway_of("sl651", Drawer(at_once=False)) as opened:
            reader, writer = await opened.station()
            writer.write(sl651_report(STATION, 7, 10_490))
            silent = await nothing(reader)
            [kept] = opened.drawer.futures
            kept.set_result(None)
            answer = await reader.readexactly(ANSWERED["sl651"])

            assert silent
            assert [(f"dtu/sl651/{STATION}", sl651_report(STATION, 7, 10_490))] == opened.drawer.messages
            assert b"\x00\x07" == answer[14:16]
            writer.close()

    run(story())


def test_frames_that_are_cut_and_glued_are_all_published_and_answered() -> None:
    async def story() -> None:
        async with gateway_of("hj212") as opened:
            reader, writer = await opened.station()
            stream = b"noise" + b"".join(hj212_report("WELL1", 4.5, second=second) for second in range(10))
            for start in range(0, len(stream), 100):
                writer.write(stream[start : start + 100])
                await writer.drain()
            answers = [await reader.readline() for _ in range(10)]

            assert 10 == len(opened.drawer.messages)
            assert [b"20261123155900%03d" % second for second in range(10)] == [answer[9:26] for answer in answers]
            writer.close()

    run(story())


def test_what_was_begun_and_not_ended_is_not_published() -> None:
    async def story() -> None:
        async with gateway_of("sl651") as opened:
            _, writer = await opened.station()
            writer.write(sl651_report(STATION, 7, 10_490)[:-1])
            await writer.drain()
            writer.close()
            await asyncio.sleep(NOT_YET_S)

            assert ([], 0) == (opened.drawer.messages, opened.gateway.traffic.connections)

    run(story())


def test_a_frame_behind_a_false_start_is_found_when_nothing_more_comes() -> None:
    """The false start promises more bytes than the station sends."""

    async def story() -> None:
        async with gateway_of("sl651", limits=Limits(frame_s=0.1)) as opened:
            reader, writer = await opened.station()
            writer.write(b"\x7e\x7e" + bytes(9) + b"\x0f\xff\x02" + sl651_report(STATION, 7, 10_490))
            await reader.readexactly(ANSWERED["sl651"])

            assert 1 == len(opened.drawer.messages)
            writer.close()

    run(story())


def test_while_the_broker_is_away_a_station_is_not_answered_and_left() -> None:
    async def story() -> None:
        async with gateway_of("sl651", Drawer(at_once=False), Limits(broker_s=0.1)) as opened:
            reader, writer = await opened.station()
            writer.write(sl651_report(STATION, 7, 10_490))

            assert b"" == await reader.read()
            assert (1, 0) == (opened.gateway.traffic.unanswered, opened.gateway.traffic.published)
            writer.close()

    run(story())


def test_what_the_broker_refuses_is_not_answered() -> None:
    async def story() -> None:
        async with gateway_of("sl651", Drawer(at_once=False)) as opened:
            reader, writer = await opened.station()
            writer.write(sl651_report(STATION, 7, 10_490))
            await asyncio.sleep(NOT_YET_S)
            opened.drawer.futures[0].set_exception(BrokerUnavailable("refused: not authorised"))

            assert b"" == await reader.read()
            writer.close()

    run(story())


def test_beyond_what_may_wait_nothing_more_is_taken() -> None:
    async def story() -> None:
        async with gateway_of("sl651", Drawer(at_once=False), Limits(waiting=2)) as opened:
            talks = [await opened.station() for _ in range(3)]
            for number, (_, writer) in enumerate(talks):
                writer.write(sl651_report(STATION, number + 1, 10_490))
                await asyncio.sleep(NOT_YET_S)

            assert b"" == await talks[2][0].read()
            assert 2 == len(opened.drawer.messages)
            for _, writer in talks:
                writer.close()

    run(story())


def test_too_many_and_those_from_elsewhere_are_not_let_in() -> None:
    async def story() -> None:
        elsewhere = Limits(networks=(ip_network("10.20.0.0/16"),))
        async with (
            gateway_of("sl651", limits=Limits(connections=1)) as full,
            gateway_of("sl651", limits=elsewhere) as closed,
        ):
            _, first = await full.station()
            await asyncio.sleep(NOT_YET_S)
            for opened in (full, closed):
                reader, writer = await opened.station()

                assert b"" == await reader.read()
                assert 1 == opened.gateway.traffic.refused
                writer.close()
            first.close()

    run(story())


def test_who_says_nothing_or_nothing_but_noise_is_left() -> None:
    async def story() -> None:
        async with gateway_of("sl651", limits=Limits(idle_s=0.1)) as idle, gateway_of("sl651") as noisy:
            reader, writer = await idle.station()
            other, shouting = await noisy.station()
            shouting.write(b"GET / HTTP/1.1\r\n" * 2000)

            assert b"" == await reader.read()
            with contextlib.suppress(ConnectionError):
                assert b"" == await other.read()
            assert 1 == noisy.gateway.traffic.noise
            writer.close()
            shouting.close()

    run(story())


def test_a_meter_that_takes_its_leave_is_answered_and_left() -> None:
    async def story() -> None:
        async with gateway_of("szy206") as opened:
            reader, writer = await opened.station()
            writer.write(szy206_link(STATION, 0xF0) + szy206_report(STATION, 5900) + szy206_link(STATION, 0xF1))
            told = await reader.read()

            assert 3 * ANSWERED["szy206"] == len(told)
            assert [f"dtu/szy206/{STATION}"] == [topic for topic, _ in opened.drawer.messages]
            writer.close()

    run(story())


def test_closing_ends_what_is_open() -> None:
    async def story() -> None:
        async with gateway_of("sl651", Drawer(at_once=False)) as opened:
            reader, writer = await opened.station()
            writer.write(sl651_report(STATION, 7, 10_490))
            await asyncio.sleep(NOT_YET_S)
            await opened.gateway.close()

            assert b"" == await reader.read()
            assert 0 == opened.gateway.traffic.connections
            writer.close()

    run(story())
