"""What is published for others who wait until it is kept: QoS 1, many at once, each acknowledged on its own."""

import asyncio
import logging
from typing import Any

import paho.mqtt.client as paho

from ingest.mqtt import Broker, client_of, connect
from telemetry.errors import BrokerUnavailable

logger = logging.getLogger(__name__)


class Outbox:
    """Publishes from one event loop; a thread of paho's keeps the connection and takes it up again by itself.

    What is published while the broker is away is sent when it is back, in order: it is only lost with the process.
    """

    def __init__(self, broker: Broker, client_id: str) -> None:
        """Within a running event loop. Does nothing before `start`."""
        self._broker = broker
        self._loop = asyncio.get_running_loop()
        self._open: dict[int, tuple[asyncio.Future[None], int]] = {}
        """By packet id, who waits, and the size of the payload."""
        self._bytes = 0
        self._client = client_of(broker, client_id, persistent=False)
        # How much may be under way is for the caller to say, who can wait; paho would queue the rest without bound.
        self._client.max_inflight_messages_set(0)
        self._client.reconnect_delay_set(min_delay=1, max_delay=10)
        self._client.on_publish = self._on_publish
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_disconnect = self._on_disconnect

    @property
    def waiting(self) -> int:
        """Messages that the broker has not acknowledged yet."""
        return len(self._open)

    @property
    def waiting_bytes(self) -> int:
        """Their payload."""
        return self._bytes

    @property
    def connected(self) -> bool:
        return self._client.is_connected()

    def start(self) -> None:
        """Connect, now or when there is a broker."""
        connect(self._client, self._broker, persistent=False, later=True)
        self._client.loop_start()

    def publish(self, topic: str, payload: bytes) -> asyncio.Future[None]:
        """Send it; done when the broker has acknowledged it, or `BrokerUnavailable` where it refuses it.

        The future may be left alone: the message is sent all the same.
        """
        # Acknowledgements come to this loop, so never before the future is in its place.
        number = self._client.publish(topic, payload, qos=1).mid
        kept: asyncio.Future[None] = self._loop.create_future()
        self._open[number] = (kept, len(payload))
        self._bytes += len(payload)
        return kept

    async def close(self, patience_s: float = 5.0) -> None:
        """Leave when the broker has acknowledged all, or does not for so long."""
        if self._open and self.connected:
            await asyncio.wait([kept for kept, _ in self._open.values()], timeout=patience_s)
        self._client.on_disconnect = None
        self._client.disconnect()
        self._client.loop_stop()

    def _on_publish(self, _client: paho.Client, _data: object, number: int, reason: Any, _props: object) -> None:  # noqa: ANN401 - paho's type
        refusal = f"{reason}" if reason.is_failure else ""
        self._loop.call_soon_threadsafe(self._settle, number, refusal)

    def _settle(self, number: int, refusal: str) -> None:
        kept, size = self._open.pop(number)
        self._bytes -= size
        if kept.done():
            return
        if refusal:
            kept.set_exception(BrokerUnavailable(f"MQTT broker at {self._broker.address} refuses a message: {refusal}"))
            # Seen: perhaps nobody waits for it any more.
            kept.exception()
        else:
            kept.set_result(None)

    def _on_connect(self, _client: paho.Client, _data: object, _flags: object, reason: Any, _props: object) -> None:  # noqa: ANN401 - paho's type
        if reason.is_failure:
            logger.warning("MQTT broker at %s refused the connection: %s", self._broker.address, reason)
        else:
            logger.info("connected to the MQTT broker at %s", self._broker.address)

    def _on_connect_fail(self, *_call: object) -> None:
        logger.warning("no MQTT broker at %s: stations are not answered; trying again", self._broker.address)

    def _on_disconnect(self, *_call: object) -> None:
        logger.warning("MQTT broker at %s: connection lost; trying again", self._broker.address)
