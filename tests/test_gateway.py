"""`rurban gateway` as a process of its own, on a real Mosquitto: stations that drop, and one reading all the way."""

import asyncio
import contextlib
import random
import re
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.stations import beijing
from ingest.mqtt import Broker, Subscription
from rurban.gateway import chosen, opened
from rurban.settings import Settings
from telemetry.errors import BrokerUnavailable, Invalid
from telemetry.model import Device, Measure, Profile
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.ports import RawQuery
from tests.mosquitto import Mosquitto, free_port, listens
from tests.processes import rurban
from tests.station_frames import ANSWERED, hj212_report, sl651_report, szy206_report
from tests.village import VILLAGE
from tests.workplace import at_work, eventually, wall_clock, worker_on

HOST = "127.0.0.1"
STATIONS = 240
REPORTS = 4
GROWTH_MB = 40
Message = tuple[str, bytes]


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[bytes]
    ports: dict[str, int]
    metrics: int

    def resident_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024

    def count(self, name: str) -> float:
        with urllib.request.urlopen(f"http://{HOST}:{self.metrics}/metrics", timeout=10) as answer:
            return float(re.findall(rf"^rurban_gateway_{name} (\S+)$", answer.read().decode(), re.MULTILINE)[0])


@contextlib.contextmanager
def gateway_on(broker: Mosquitto, data_dir: Path) -> Iterator[Running]:
    ports = {name: free_port() for name in ("sl651", "hj212", "szy206")}
    metrics = free_port()
    settings = {f"gateway_{name}_port": port for name, port in ports.items()}
    settings |= {"mqtt_port": broker.port, "gateway_metrics_port": metrics, "gateway_clock_s": 0}
    with rurban("gateway", data_dir=data_dir, log=None, **settings) as process:
        eventually(lambda: all(listens(port) for port in (*ports.values(), metrics)))
        yield Running(process, ports, metrics)


class Observer:
    """A session at the broker that gets everything once it was there, whatever happens to the connection."""

    def __init__(self, broker: Mosquitto) -> None:
        self._subscription = Subscription(Broker(broker.host, broker.port), "observer", ["dtu/+/+"], clock=wall_clock)
        self._subscription.connect()
        self.seen: set[Message] = set()

    def look(self) -> None:
        """Take what there is."""
        try:
            if not self._subscription.connected:
                self._subscription.connect()
            receipts = self._subscription.receive(0.1)
        except BrokerUnavailable:
            return
        self.seen |= {(receipt.message.topic, receipt.message.payload) for receipt in receipts}
        self._subscription.acknowledge(receipts)

    def has(self, messages: set[Message]) -> bool:
        self.look()
        return messages <= self.seen

    def close(self) -> None:
        self._subscription.close()


def report(number: int, turn: int) -> tuple[str, str, bytes]:
    """Protocol, station and frame: no two alike."""
    match number % 3:
        case 0:
            return "sl651", f"00{number:08d}", sl651_report(f"00{number:08d}", turn + 1, number)
        case 1:
            return "hj212", f"MN{number}", hj212_report(f"MN{number}", number, second=turn)
        case _:
            return "szy206", f"37{number:08d}", szy206_report(f"37{number:08d}", number * 10 + turn)


async def deliver(port: int, name: str, frame: bytes, source: random.Random) -> None:
    """Send until it is answered; hang up in the middle of a frame now and then."""
    while True:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                cut = source.randrange(1, len(frame) - 2)
                writer.write(source.choice((b"", b"\r\n", b"\x7e\x68#")) + frame[:cut])
                await writer.drain()
                if source.random() < 0.4:
                    writer.transport.abort()
                    continue
                await asyncio.sleep(0)
                writer.write(frame[cut:])
                async with asyncio.timeout(30):
                    size = ANSWERED[name]
                    answer = await (reader.readexactly(size) if size else reader.readuntil(b"\r\n"))
                assert answer
                return
            finally:
                writer.close()
        await asyncio.sleep(source.uniform(0.01, 0.1))


async def lives(running: Running, answered: set[Message], broker: Mosquitto) -> None:
    """All stations at once, each with its reports in order; the broker goes down and comes back meanwhile."""
    midst = asyncio.Event()

    async def station(number: int) -> None:
        source = random.Random(number)  # noqa: S311 (no secret: each station behaves the same in every run)
        for turn in range(REPORTS):
            name, address, frame = report(number, turn)
            await deliver(running.ports[name], name, frame, source)
            # A frame ends before its line does.
            answered.add((f"dtu/{name}/{address}", frame.removesuffix(b"\r\n") if name == "hj212" else frame))
            if len(answered) == STATIONS:
                midst.set()

    async def outage() -> None:
        await midst.wait()
        await asyncio.to_thread(broker.stop)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(broker.start)

    await asyncio.gather(outage(), *(station(number) for number in range(STATIONS)))


def test_every_answered_frame_is_at_the_broker_though_stations_drop_and_the_broker_is_away(
    broker: Mosquitto, tmp_path: Path
) -> None:
    observer = Observer(broker)
    answered: set[Message] = set()
    with gateway_on(broker, tmp_path) as running:
        before = running.resident_mb()
        asyncio.run(asyncio.wait_for(lives(running, answered, broker), 60))
        eventually(lambda: observer.has(answered), within_s=20)
        grown = running.resident_mb() - before

        eventually(lambda: running.count("connections") == 0)
        assert STATIONS * REPORTS == len(answered)
        assert answered == observer.seen
        assert STATIONS * REPORTS <= running.count("answers_total")
        assert 0 == running.count("waiting")
        assert grown < GROWTH_MB
    observer.close()


def test_from_the_bytes_of_a_station_to_stored_readings(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore, tmp_path: Path
) -> None:
    address = "0011223344"
    registry.devices.put_profiles([Profile("river", "River gauge", "sl651", (Measure("river_level", interval_s=300),))])
    registry.devices.put([Device(address, "river", VILLAGE)])
    at = beijing.read("2611231555")
    with (
        at_work(worker_on(broker, registry, store, store)) as worker,
        gateway_on(broker, tmp_path) as running,
        socket.create_connection((HOST, running.ports["sl651"]), timeout=20) as station,
    ):
        frame = sl651_report(address, 7, 10_490)
        station.sendall(frame[:20])
        station.sendall(frame[20:] + sl651_report("0099999999", 8, 1))
        answers = b""
        while len(answers) < 2 * ANSWERED["sl651"]:
            answers += station.recv(100)
        eventually(lambda: worker.progress.messages == 2 and worker.progress.pending == 0)
    readings = store.raw(RawQuery(("river_level",), (address,), 0, 2**62, limit=10))
    [stranger] = registry.quarantine.find(limit=10)

    assert [(address, at, 10.49)] == [(reading.device, reading.at, reading.value) for reading in readings]
    assert ("dtu/sl651/0099999999", "unknown_device") == (stranger.topic, stranger.reason)


def test_stations_from_outside_need_a_network_they_may_come_from() -> None:
    with pytest.raises(ValueError, match="RURBAN_GATEWAY_NETWORKS"):
        Settings(gateway_host="0.0.0.0")  # noqa: S104 - that is the point
    with pytest.raises(ValueError, match=r"10\.20\.0\.0/16"):
        Settings(gateway_networks="10.20.0.1/16")

    assert 2 == len(Settings(gateway_host="10.20.0.1", gateway_networks="10.20.0.0/16, fd00::/8").gateway_admits)


@pytest.mark.parametrize(("taken", "wrong"), [(True, "RURBAN_GATEWAY_SL651_PORT: cannot listen"), (False, "are 0")])
def test_a_gateway_that_can_listen_to_nobody_says_why(taken: bool, wrong: str, tmp_path: Path) -> None:
    with socket.create_server((HOST, free_port())) as other:
        port = other.getsockname()[1] if taken else 0
        settings = Settings(
            data_dir=tmp_path, gateway_sl651_port=port, gateway_hj212_port=0, gateway_szy206_port=0, mqtt_port=1
        )

        async def story() -> None:
            async with opened(settings, chosen(settings)):
                pass

        with pytest.raises(Invalid, match=wrong):
            asyncio.run(story())
