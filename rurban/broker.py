"""The embedded MQTT broker (rumqttd, carried by the `iotcore` wheel): a child process that ends with this one.

It keeps sessions and queues in memory. For a broker that survives its own restart use Mosquitto (README, "Settings").
"""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import iotcore

from telemetry.errors import BrokerUnavailable

MAX_PACKET = 1024 * 1024
"""As in docs/mosquitto.conf: whoever publishes more is disconnected. Far beyond what the worker decodes."""
SEGMENT = 32 * 1024 * 1024
SEGMENTS = 16
"""What the broker may keep per topic filter for a slow subscriber: 512 MB, taken only when needed."""
_LOOK_S = 0.001


def configuration(
    host: str, port: int, *, username: str | None = None, password: str | None = None, decoded_bytes: int = 0
) -> str:
    """The broker's TOML: one MQTT 3.1.1 listener (MQTT 5 would need a port of its own).

    It passes on twice what the worker decodes, at least a megabyte, so that what is too large is seen in quarantine.
    """
    lines = [
        "id = 0",
        "[router]",
        "id = 0",
        "max_connections = 10000",
        "max_outgoing_packet_count = 500",
        f"max_segment_size = {SEGMENT}",
        f"max_segment_count = {SEGMENTS}",
        "[v4.1]",
        'name = "rurban"',
        f"listen = {json.dumps(f'{host}:{port}')}",
        "next_connection_delay_ms = 1",
        "[v4.1.connections]",
        "connection_timeout_ms = 60000",
        f"max_payload_size = {max(MAX_PACKET, 2 * decoded_bytes)}",
        "max_inflight_count = 500",
        "dynamic_filters = true",
    ]
    if username is not None:
        lines += ["[v4.1.connections.auth]", f"{json.dumps(username)} = {json.dumps(password or '')}"]
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def embedded_broker(  # noqa: PLR0913 - settings of its own, by keyword
    folder: Path,
    host: str,
    port: int,
    *,
    username: str | None = None,
    password: str | None = None,
    decoded_bytes: int = 0,
) -> Iterator[iotcore.Broker]:
    """A broker that has just begun to listen; `BrokerUnavailable` when the port is taken or it does not start.

    From there on it acknowledges whatever anybody publishes, and drops what nobody subscribes to: who must miss nothing
    subscribes at once.
    """
    path = folder / "broker.toml"
    path.touch(mode=0o600)
    written = configuration(host, port, username=username, password=password, decoded_bytes=decoded_bytes)
    path.write_text(written, encoding="utf-8")
    # The file says where to listen; told here too, so that the child's command line does not show another address.
    broker = iotcore.Broker(port=port, listen=host, config_path=str(path))
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(1, "rurban-broker") as pool:
        stack.callback(broker.stop)
        if _answers(host, port):
            raise BrokerUnavailable(f"something listens on {host}:{port} already; RURBAN_MQTT_PORT names another port")
        try:
            # It returns up to 50 ms after the broker has begun to listen.
            starting = pool.submit(broker.start)
            _wait_until_listening(starting, host, port)
        except (OSError, RuntimeError) as error:
            raise BrokerUnavailable(
                f"the embedded broker cannot listen on {host}:{port}: {error}; RURBAN_MQTT_PORT names another port"
            ) from error
        yield broker
        starting.result()


def _wait_until_listening(starting: Future[iotcore.Broker], host: str, port: int) -> None:
    """Until the port answers; raises what the start has failed with."""
    while not _answers(host, port):
        if starting.done():
            starting.result()
        time.sleep(_LOOK_S)


def _answers(host: str, port: int) -> bool:
    with contextlib.suppress(ConnectionRefusedError), socket.create_connection((host, port), timeout=1.0):
        return True
    return False
