"""The door to the MQTT broker: the worker's subscription, and the bus on which the parts of the house talk.

`Subscription` is driven by its caller, from one thread: QoS 1, persistent session, fixed client id, acknowledgement by
the caller after the fate of a message is durable. `Bus` runs its own thread: publishes and listens at QoS 0 or 1.
"""

import logging
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from devices.message import Message
from telemetry.errors import BrokerUnavailable

logger = logging.getLogger(__name__)

_PATIENCE_S = 5.0
"""How long a publisher waits for the broker's acknowledgement."""
_PINGREQ = b"\xc0\x00"
_PUBACK = b"\x40\x02"
"""Fixed header of an acknowledgement; the packet id of two bytes follows. In MQTT 5 this short form means success."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and how to speak to it."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls_ca: str | None = None
    """A file of CA certificates; None = no TLS."""
    mqtt5: bool = False
    keepalive_s: int = 60
    session_expiry_s: int = 7 * 24 * 3600
    """MQTT 5 only: how long the broker keeps what arrives while nobody is connected."""

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"


class Receipt(NamedTuple):
    """A message and what is needed to acknowledge it."""

    message: Message
    packet_id: int
    """0 for QoS 0: nothing to acknowledge."""
    session: int
    """The connection it came over; an acknowledgement over another one would be wrong."""


def _client(broker: Broker, client_id: str, *, persistent: bool) -> paho.Client:
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=None if broker.mqtt5 else not persistent,
        protocol=MQTTProtocolVersion.MQTTv5 if broker.mqtt5 else MQTTProtocolVersion.MQTTv311,
        manual_ack=persistent,
    )
    if broker.username is not None:
        client.username_pw_set(broker.username, broker.password)
    if broker.tls_ca is not None:
        client.tls_set_context(ssl.create_default_context(cafile=broker.tls_ca))
    client.connect_timeout = 5.0
    return client


def _connect(client: paho.Client, broker: Broker, *, persistent: bool) -> None:
    options: dict[str, Any] = {}
    if broker.mqtt5:
        options["clean_start"] = not persistent
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho leaves this one untyped
        properties.SessionExpiryInterval = broker.session_expiry_s if persistent else 0
        options["properties"] = properties
    client.connect(broker.host, broker.port, broker.keepalive_s, **options)


class Subscription:
    """A persistent subscription that gives messages to its caller and waits for the caller's acknowledgement."""

    def __init__(self, broker: Broker, client_id: str, filters: Sequence[str], *, clock: Callable[[], int]) -> None:
        self._broker = broker
        self._client_id = client_id
        self._filters = list(filters)
        self._clock = clock
        self._client: paho.Client | None = None
        self._session = 0
        self._ready = False
        self._refused = ""
        self._received: list[Receipt] = []
        self._received_bytes = 0
        self._most_bytes = inf
        self._pinged = 0.0

    @property
    def connected(self) -> bool:
        """The broker has accepted the connection and the subscription."""
        return self._ready

    def connect(self, timeout_s: float = 10.0) -> None:
        """Connect and subscribe; `BrokerUnavailable` says what went wrong and where."""
        self.close()
        client = _client(self._broker, self._client_id, persistent=True)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = lambda *call: self._lost(self._refused or f"connection lost: {call[3]}")
        client.on_message = self._on_message
        self._client = client
        self._session += 1
        self._refused = ""
        self._most_bytes = inf
        try:
            _connect(client, self._broker, persistent=True)
        except OSError as error:
            self._client = None
            raise BrokerUnavailable(f"no MQTT broker at {self._broker.address}: {error}") from error
        deadline = self._clock() + timeout_s * 1000
        while not self._ready:
            if self._refused or self._clock() > deadline:
                why = self._refused or f"no answer within {timeout_s:g} s"
                self.close()
                raise BrokerUnavailable(f"MQTT broker at {self._broker.address}: {why}")
            self._turn(0.1, wake=None, limit=len(self._received) + 1)

    def receive(
        self, timeout_s: float, *, wake: socket.socket | None = None, limit: int = 1000, limit_bytes: float = inf
    ) -> list[Receipt]:
        """Messages that have arrived, at most about `limit`; waits up to `timeout_s` for the first.

        None is read when those before have `limit_bytes` of payload. A byte on `wake` ends the wait. With `limit` 0
        nothing is read: the broker keeps what it has. Raises `BrokerUnavailable` when the connection is lost.
        """
        if not self._ready:
            raise BrokerUnavailable(f"MQTT broker at {self._broker.address}: not connected")
        self._most_bytes = limit_bytes
        self._turn(0 if self._received else timeout_s, wake=wake, limit=limit)
        received, self._received, self._received_bytes = self._received, [], 0
        if not self.connected and not received:
            raise BrokerUnavailable(f"MQTT broker at {self._broker.address}: {self._refused or 'connection lost'}")
        return received

    def acknowledge(self, receipts: Iterable[Receipt]) -> None:
        """Tell the broker that these are settled; those of an earlier connection are left to be sent again.

        All acknowledgements leave in one send: paho's own makes one system call each, which was most of the cost of
        receiving a message.
        """
        packets = b"".join(
            _PUBACK + receipt.packet_id.to_bytes(2, "big")
            for receipt in receipts
            if receipt.packet_id and receipt.session == self._session
        )
        if not packets or self._client is None:
            return
        while self._client.want_write() and (connection := self._client.socket()) is not None:
            select.select([], [connection], [], 1.0)
            self._client.loop_write()
        connection = self._client.socket()
        if connection is not None and not _send_all(connection, packets):
            self._lost("broker does not take acknowledgements")

    def close(self) -> None:
        """End the connection; the session stays at the broker."""
        client, self._client = self._client, None
        self._ready = False
        if client is not None:
            client.on_disconnect = None
            client.disconnect()
            client.loop_write()

    def _lost(self, why: str) -> None:
        self._ready = False
        self._refused = why

    def _turn(self, timeout_s: float, *, wake: socket.socket | None, limit: int) -> None:
        client = self._client
        connection = None if client is None else client.socket()
        if client is None or connection is None:
            self._lost(self._refused or "connection lost")
            return
        wanted = [source for source in (connection if limit else None, wake) if source is not None]
        writing = [connection] if client.want_write() else []
        pending = limit > 0 and isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
        readable, writable, _ = select.select(wanted, writing, [], 0 if pending else timeout_s)
        if wake is not None and wake in readable:
            wake.recv(4096)
        if writable:
            client.loop_write()
        if pending or connection in readable:
            self._read(client, limit)
        if limit:
            client.loop_misc()
        else:
            self._stay_alive(connection)

    def _stay_alive(self, connection: Any) -> None:  # noqa: ANN401 - a socket, an SSL socket or paho's websocket
        """Ping while nothing is read: paho, which would see no answer to its pings, would hang up."""
        now = time.monotonic()
        if now - self._pinged > self._broker.keepalive_s / 2:
            self._pinged = now
            if not _send_all(connection, _PINGREQ):
                self._lost("connection lost")

    def _read(self, client: paho.Client, limit: int) -> None:
        """Read packet by packet until nothing more has come or a limit is reached."""
        while len(self._received) < limit and self._received_bytes < self._most_bytes:
            before = len(self._received)
            if client.loop_read() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._lost(self._refused or "connection lost")
                return
            if len(self._received) == before:
                return

    def _on_connect(self, client: paho.Client, _data: object, flags: Any, reason: Any, _props: object) -> None:  # noqa: ANN401 - paho's types
        if reason.is_failure:
            self._refused = f"connection refused: {reason}"
            return
        client.subscribe([(topic, 1) for topic in self._filters])
        # The session's own subscription holds; waiting for an answer would mean reading what the broker sends before.
        self._ready = flags.session_present

    def _on_subscribe(self, _client: paho.Client, _data: object, _mid: int, reasons: list[Any], _props: object) -> None:
        refused = [topic for topic, reason in zip(self._filters, reasons, strict=False) if reason.is_failure]
        if refused:
            self._refused = f"subscription refused: {', '.join(refused)}"
        else:
            self._ready = True

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        payload = bytes(message.payload)
        self._received_bytes += len(payload)
        self._received.append(
            Receipt(
                Message(message.topic, payload, self._clock(), bool(message.retain)),
                message.mid if message.qos else 0,
                self._session,
            )
        )


def _send_all(connection: Any, packets: bytes) -> bool:  # noqa: ANN401 - a socket, an SSL socket or paho's websocket
    """False when the broker takes nothing for ten seconds or the connection breaks."""
    view = memoryview(packets)
    while view:
        try:
            view = view[connection.send(view) :]
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            if not select.select([], [connection], [], 10.0)[1]:
                return False
        except OSError:
            return False
    return True


class Bus:
    """Talks and listens on the broker from a thread of its own; reconnects by itself."""

    def __init__(self, broker: Broker, client_id: str, *, clock: Callable[[], int]) -> None:
        self._broker = broker
        self._clock = clock
        self._client = _client(broker, client_id, persistent=False)
        self._listeners: dict[str, Callable[[Message], None]] = {}
        self._client.reconnect_delay_set(min_delay=1, max_delay=30)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message

    def listen(self, topic: str, listener: Callable[[Message], None]) -> None:
        """Call the listener, on the bus's thread, for each message of this filter; before `start`."""
        self._listeners[topic] = listener

    def start(self) -> None:
        """Connect; `BrokerUnavailable` if that fails now. Later losses are mended in the background."""
        try:
            _connect(self._client, self._broker, persistent=False)
        except OSError as error:
            raise BrokerUnavailable(f"no MQTT broker at {self._broker.address}: {error}") from error
        self._client.loop_start()

    def publish(self, topic: str, payload: bytes) -> None:
        """Send at QoS 1 and wait until the broker has it; `BrokerUnavailable` when it does not take it."""
        info = self._client.publish(topic, payload, qos=1)
        if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
            info.wait_for_publish(_PATIENCE_S)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS or not info.is_published():
            raise BrokerUnavailable(f"MQTT broker at {self._broker.address}: not connected")

    def tell(self, topic: str, payload: bytes) -> None:
        """Send now if connected: for announcements, of which none is owed to anybody."""
        self._client.publish(topic, payload)

    @property
    def connected(self) -> bool:
        # Paho's own flag stays up when its thread has died.
        thread = self._client._thread  # noqa: SLF001 (paho has no other way to ask)
        return self._client.is_connected() and thread is not None and thread.is_alive()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: paho.Client, _data: object, _flags: object, reason: Any, _props: object) -> None:  # noqa: ANN401 - paho's type
        if reason.is_failure:
            logger.warning("MQTT broker at %s refused the connection: %s", self._broker.address, reason)
        elif self._listeners:
            client.subscribe([(topic, 0) for topic in self._listeners])

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        for topic, listener in self._listeners.items():
            if paho.topic_matches_sub(topic, message.topic):
                listener(Message(message.topic, bytes(message.payload), self._clock()))
