"""Many open pages at once: how late each of them hears of a reading, and what that costs the house in memory.

Every page holds a live stream of the whole county, as the overview does. The house is `rurban up` with the sample
county in a process of its own; publisher and listeners are in this one.
"""

import asyncio
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.live import T0, published, until_ready
from bench.memory import resident_mb
from devices import county
from rurban import demo
from telemetry.registry import open_registry
from tests.mosquitto import HOST, free_port
from tests.processes import rurban

PAGES = 200
RATE = 100
"""Messages a second: hundreds of times what the county's devices say."""
_EVENT = b"event: reading"
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Audience:
    """What so many pages heard."""

    pages: int
    rate: int
    events: int
    """Heard by all of them together."""
    p50: float
    p99: float
    worst: float
    """Milliseconds from the publish."""
    before_mb: float
    after_mb: float
    """Resident memory of the house with all streams open, before and after the events."""


def measure(seconds: int, pages: int = PAGES, rate: int = RATE) -> Audience:
    """Open the pages, warm up for a second, then publish so long."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with open_registry(f"sqlite:///{folder / 'registry.sqlite'}") as registry:
            demo.settle_county(registry)
        ports = free_port(), free_port()
        with rurban("up", data_dir=folder, http_port=ports[0], mqtt_port=ports[1], log_level="WARNING") as house:
            until_ready(ports[0])
            return _heard(house.pid, ports, pages, rate, seconds)


def _heard(pid: int, ports: tuple[int, int], pages: int, rate: int, seconds: int) -> Audience:
    moments: list[list[float]] = [[] for _ in range(pages)]
    warm, messages = rate, rate * (1 + seconds)
    listening, sent, memory = threading.Barrier(2), list[float](), list[float]()

    def publish() -> None:
        listening.wait(_PATIENCE_S)
        sent.extend(published(ports[1], county.PROBE, rate, warm, T0).values())
        memory.append(resident_mb(pid) or 0.0)
        sent.extend(published(ports[1], county.PROBE, rate, messages - warm, T0 + warm).values())

    publishing = threading.Thread(target=publish)
    publishing.start()
    asyncio.run(_all_pages(ports[0], moments, messages, listening))
    publishing.join()
    memory.append(resident_mb(pid) or 0.0)
    delays = (np.array(moments)[:, warm:] - np.array(sent)[warm:]).ravel() * 1000
    p50, p99, worst = np.percentile(delays, (50, 99, 100))
    return Audience(pages, rate, delays.size, float(p50), float(p99), float(worst), *memory)


async def _all_pages(port: int, moments: list[list[float]], messages: int, listening: threading.Barrier) -> None:
    streams = [await _opened(port) for _ in moments]
    hearing = [_listen(stream, each, messages) for (stream, _), each in zip(streams, moments, strict=True)]
    listening.wait(_PATIENCE_S)
    async with asyncio.timeout(messages / RATE + 2 * _PATIENCE_S):
        await asyncio.gather(*hearing)
    for _, writer in streams:
        writer.close()


async def _opened(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream that has begun."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(f"GET /api/v1/live?region=370522 HTTP/1.1\r\nHost: {HOST}:{port}\r\n\r\n".encode())
    await reader.readuntil(b": listening")
    return reader, writer


async def _listen(stream: asyncio.StreamReader, moments: list[float], messages: int) -> None:
    """Note when each event came."""
    rest = b""
    while len(moments) < messages:
        chunk = await stream.read(1 << 16)
        if not chunk:
            raise ConnectionError(f"a stream ended after {len(moments)} of {messages} events")
        now = time.perf_counter()
        whole = rest + chunk
        moments += [now] * whole.count(_EVENT)
        # An event's name may be cut in two.
        rest = whole[whole.rfind(b"\n") + 1 :]
