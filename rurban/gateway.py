"""`rurban gateway`: from stations' TCP to the broker. It needs neither store nor registry."""

import asyncio
import contextlib
import logging
import secrets
import signal
import threading
from collections.abc import AsyncIterator, Iterator, Mapping

from devices.stations.dialects import DIALECTS
from ingest.mqtt_outbox import Outbox
from ingest.stations import Gateway, Limits
from rurban import house as composition
from rurban.settings import Settings
from telemetry.errors import Invalid

logger = logging.getLogger(__name__)


def gateway(settings: Settings) -> None:
    """Until SIGTERM or SIGINT."""
    asyncio.run(_until_stopped(settings))


async def _until_stopped(settings: Settings) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with opened(settings, chosen(settings)) as (running, ports):
        for name, port in ports.items():
            logger.info("listening to stations of %s on %s:%d", name, settings.gateway_host, port)
        if settings.gateway_metrics_port:
            from rurban.gateway_metrics import served  # noqa: PLC0415 - brings Prometheus' client

            with served(running, settings.gateway_metrics_port):
                await stopping.wait()
        else:
            await stopping.wait()


@contextlib.contextmanager
def beside(settings: Settings, wanted: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """The gateway in a thread of its own: on which port it listens to which protocol; 0 is wanted = a free one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="rurban-gateway")
    thread.start()

    async def open_() -> tuple[contextlib.AsyncExitStack, dict[str, int]]:
        async with contextlib.AsyncExitStack() as stack:
            _, ports = await stack.enter_async_context(opened(settings, wanted))
            return stack.pop_all(), ports

    try:
        stack, ports = asyncio.run_coroutine_threadsafe(open_(), loop).result()
        try:
            yield ports
        finally:
            asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def chosen(settings: Settings) -> dict[str, int]:
    """The ports of the settings; `Invalid` where all are 0, which is none."""
    ports = {name: port for name, port in configured(settings).items() if port}
    if not ports:
        raise Invalid("RURBAN_GATEWAY_SL651_PORT", "all ports of the gateway are 0", "a port for one protocol at least")
    return ports


def configured(settings: Settings) -> dict[str, int]:
    """By protocol."""
    return {name: getattr(settings, f"gateway_{name}_port") for name in DIALECTS}


@contextlib.asynccontextmanager
async def opened(settings: Settings, wanted: Mapping[str, int]) -> AsyncIterator[tuple[Gateway, dict[str, int]]]:
    """The gateway at work, and on which port it listens to which protocol; the broker need not be there yet."""
    # Its session holds nothing, so several gateways need no names of their own.
    outbox = Outbox(composition.broker(settings), f"{settings.mqtt_client_id}-gateway-{secrets.token_hex(4)}")
    limits = Limits(
        connections=settings.gateway_connections,
        idle_s=settings.gateway_idle_s,
        clock_ms=settings.gateway_clock_s * 1000,
        networks=settings.gateway_admits,
    )
    running = Gateway(outbox, composition.now, limits)
    try:
        ports = {
            name: await running.listen(DIALECTS[name], settings.gateway_host, port) for name, port in wanted.items()
        }
        outbox.start()
        yield running, ports
    finally:
        await running.close()
        await outbox.close()
