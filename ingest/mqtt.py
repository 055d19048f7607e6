"""The door to the MQTT broker: the worker's subscription, and the bus on which the parts of the house talk.

`Subscription` is driven by its caller, from one thread: QoS 1, persistent session, fixed client id, acknowledgement by
the caller after the fate of a message is durable. `Bus` runs its own thread: publishes and listens at QoS 0 or 1.
"""

import logging
import socket
import ssl
import threading
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
from devices.tls import Tls, doubt, why
from ingest import packets
from ingest.wire import Wire, ready
from telemetry.errors import BrokerUnavailable

logger = logging.getLogger(__name__)

_PATIENCE_S = 5.0
"""How long a publisher waits for the broker's acknowledgement."""
_PUBACK = b"\x40\x02"
"""Fixed header of an acknowledgement; the packet id of two bytes follows. In MQTT 5 this short form means success."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and how to speak to it."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: Tls | None = None
    """None = in clear."""
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


def client_of(broker: Broker, client_id: str, *, persistent: bool) -> paho.Client:
    """A client that is not connected; `persistent` = the broker keeps its session, and the caller acknowledges."""
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=None if broker.mqtt5 else not persistent,
        protocol=MQTTProtocolVersion.MQTTv5 if broker.mqtt5 else MQTTProtocolVersion.MQTTv311,
        manual_ack=persistent,
    )
    if broker.username is not None:
        client.username_pw_set(broker.username, broker.password)
    if broker.tls is not None:
        client.tls_set_context(broker.tls.context())
    client.connect_timeout = 5.0
    return client


def connect(client: paho.Client, broker: Broker, *, persistent: bool, later: bool = False) -> None:
    """Connect now, or `later`, again and again, by the client's own thread. Raise `BrokerUnavailable`."""
    options: dict[str, Any] = {}
    if broker.mqtt5:
        options["clean_start"] = not persistent
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho leaves this one untyped
        properties.SessionExpiryInterval = broker.session_expiry_s if persistent else 0
        options["properties"] = properties
    begin = client.connect_async if later else client.connect
    try:
        begin(broker.host, broker.port, broker.keepalive_s, **options)
    except OSError as error:
        raise BrokerUnavailable(f"no MQTT broker at {broker.address}: {why(error, broker.tls)}") from error


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a worker subscribes to."""

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    """May be refused, by a broker that grants each client topics of its own."""
    former: tuple[str, ...] = ()
    """What its session may have from before and is unsubscribed."""

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.needed, *self.optional)

    def refusal(self, codes: Sequence[int]) -> str:
        """Which of the needed filters the broker has refused, by its reason codes for all; empty = none."""
        refused = [topic for topic, code in zip(self.all, codes, strict=False) if code >= packets.FAILED]
        missed = [topic for topic in refused if topic in self.optional]
        if missed:
            logger.warning("the broker does not let this worker listen to %s", ", ".join(missed))
        lacking = [topic for topic in refused if topic in self.needed]
        return f"subscription refused: {', '.join(lacking)}" if lacking else ""


class _Handshake:
    """Connects and subscribes, by paho; what the broker sends from then on is left to be read from the wire."""

    def __init__(self, broker: Broker, client_id: str, wanted: Wanted) -> None:
        self.early: list[paho.MQTTMessage] = []
        """What came before the broker had confirmed the subscription."""
        self._broker = broker
        self._wanted = wanted
        self._ready = False
        self._refused = ""
        self.client = client_of(broker, client_id, persistent=True)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_disconnect = self._on_disconnect
        self.client.on_message = lambda _client, _data, message: self.early.append(message)

    def run(self, timeout_s: float) -> Wire:
        """Raises `BrokerUnavailable`, which says what went wrong and where."""
        client, address = self.client, self._broker.address
        connect(client, self._broker, persistent=True)
        deadline = time.monotonic() + timeout_s
        while not self._ready or client.want_write():
            if self._refused or client.socket() is None or time.monotonic() > deadline:
                raise BrokerUnavailable(f"MQTT broker at {address}: {self._refused or f'no answer in {timeout_s:g} s'}")
            self._turn(client.socket())
        return Wire(client.socket(), self._broker.keepalive_s)

    def _turn(self, connection: Any) -> None:  # noqa: ANN401 - a socket, or an SSL socket
        """Read one packet at the most, and nothing that follows the confirmation: half of one would stay with paho."""
        client = self.client
        wanted = [] if self._ready else [connection]
        readable, writable = ready(wanted, [connection] if client.want_write() else [], 0.1)
        if writable:
            client.loop_write()
        if readable or (wanted and isinstance(connection, ssl.SSLSocket) and connection.pending()):
            client.loop_read()

    def _on_connect(self, client: paho.Client, _data: object, flags: Any, reason: Any, _props: object) -> None:  # noqa: ANN401 - paho's types
        if reason.is_failure:
            self._refused = f"connection refused: {reason}"
            return
        client.subscribe([(topic, 1) for topic in self._wanted.all])
        # Afterwards: what fits a new filter and a former one must not find neither in between.
        if self._wanted.former and flags.session_present:
            client.unsubscribe([*self._wanted.former])
        # The session's own subscription holds; waiting for an answer would mean reading what the broker sends before.
        self._ready = flags.session_present

    def _on_subscribe(self, _client: paho.Client, _data: object, _mid: int, reasons: list[Any], _props: object) -> None:
        self._refused = self._wanted.refusal([reason.value for reason in reasons])
        self._ready = not self._refused

    def _on_disconnect(self, *call: Any) -> None:  # noqa: ANN401 - paho's types
        self._refused = self._refused or f"connection lost: {call[3]}{doubt(self._broker.tls)}"


class Subscription:
    """A persistent subscription that gives messages to its caller and waits for the caller's acknowledgement."""

    def __init__(  # noqa: PLR0913 - what a session is made of, by keyword
        self,
        broker: Broker,
        client_id: str,
        filters: Sequence[str],
        *,
        clock: Callable[[], int],
        optional: Sequence[str] = (),
        former: Sequence[str] = (),
    ) -> None:
        """A broker may refuse the `optional` filters to this client: that is told, and the others are listened to.

        `former` are filters that a session of this client may have from before, and that are no longer wanted.
        """
        self._broker = broker
        self._client_id = client_id
        self._wanted = Wanted(tuple(filters), tuple(optional), tuple(former))
        self._clock = clock
        self._client: paho.Client | None = None
        self._wire: Wire | None = None
        self._session = 0
        self._early: list[Receipt] = []

    @property
    def connected(self) -> bool:
        """The broker has accepted the connection and the subscription."""
        return self._wire is not None and not self._wire.lost

    def connect(self, timeout_s: float = 10.0) -> None:
        """Connect and subscribe; `BrokerUnavailable` says what went wrong and where."""
        self.close()
        handshake = _Handshake(self._broker, self._client_id, self._wanted)
        self._client = handshake.client
        self._session += 1
        try:
            self._wire = handshake.run(timeout_s)
        except BrokerUnavailable:
            self.close()
            raise
        at = self._clock()
        self._early = [
            Receipt(
                Message(one.topic, bytes(one.payload), at, bool(one.retain)), one.mid if one.qos else 0, self._session
            )
            for one in handshake.early
        ]

    def receive(
        self, timeout_s: float, *, wake: socket.socket | None = None, limit: int = 1000, limit_bytes: float = inf
    ) -> list[Receipt]:
        """Messages that have arrived, at most `limit` (but for those of the connecting); waits for the first.

        It waits up to `timeout_s`. None is read when those before have `limit_bytes` of payload. A byte on `wake` ends
        the wait. With `limit` 0 nothing is read: the broker keeps what it has. Raises `BrokerUnavailable` when the
        connection is lost.
        """
        wire = self._wire
        if wire is None or not self.connected:
            raise self._unavailable()
        received, self._early = self._early, []
        try:
            wire.wait(0 if received else timeout_s, wake, reading=limit > 0)
            self._take(wire, received, limit, limit_bytes)
        except BrokerUnavailable as error:
            wire.lost = wire.lost or str(error)
        if not received and not self.connected:
            raise self._unavailable()
        return received

    def acknowledge(self, receipts: Iterable[Receipt]) -> None:
        """Tell the broker that these are settled; those of an earlier connection are left to be sent again.

        All acknowledgements leave in one send: paho's own makes one system call each.
        """
        answers = b"".join(
            [
                _PUBACK + receipt.packet_id.to_bytes(2, "big")
                for receipt in receipts
                if receipt.packet_id and receipt.session == self._session
            ]
        )
        if answers and self._wire is not None:
            self._wire.send(answers)

    def close(self) -> None:
        """End the connection; the session stays at the broker."""
        client, self._client = self._client, None
        wire, self._wire = self._wire, None
        if client is None:
            return
        client.on_disconnect = None
        connection = client.socket()
        if wire is not None and wire.lost and connection is not None:
            # No farewell: an acknowledgement may have been cut short, and what follows would pass for its rest.
            connection.close()
            return
        client.disconnect()
        client.loop_write()

    def _unavailable(self) -> BrokerUnavailable:
        why = "not connected" if self._wire is None else self._wire.lost
        return BrokerUnavailable(f"MQTT broker at {self._broker.address}: {why}")

    def _take(self, wire: Wire, received: list[Receipt], limit: int, limit_bytes: float) -> None:
        """Add what has come; `BrokerUnavailable` for what is no MQTT."""
        size = sum([len(receipt.message.payload) for receipt in received])
        at, session, mqtt5 = self._clock(), self._session, self._broker.mqtt5
        while len(received) < limit and size < limit_bytes and (packet := wire.take()) is not None:
            if packet.type != packets.PUBLISH:
                self._heed(packet, wire)
                continue
            topic, payload, packet_id, retain = packets.published(packet, mqtt5=mqtt5)
            size += len(payload)
            received.append(Receipt(Message(topic, payload, at, retain), packet_id, session))

    def _heed(self, packet: packets.Packet, wire: Wire) -> None:
        """What the broker says beside messages."""
        if packet.type == packets.SUBACK:
            # Of a session that was there already, whose messages may come before it.
            refusal = self._wanted.refusal(packets.subscribed(packet, mqtt5=self._broker.mqtt5))
            wire.lost = wire.lost or refusal
        elif packet.type == packets.DISCONNECT:
            code = packet.body[0] if packet.body else 0
            wire.lost = wire.lost or f"connection lost: the broker has ended it, reason code 0x{code:02x}"
        elif packet.type not in (packets.PINGRESP, packets.UNSUBACK):
            wire.lost = wire.lost or f"connection lost: the broker sent an unasked packet of type {packet.type}"


class Bus:
    """Talks and listens on the broker from a thread of its own; reconnects by itself."""

    def __init__(self, broker: Broker, client_id: str, *, clock: Callable[[], int]) -> None:
        self._broker = broker
        self._clock = clock
        self._client = client_of(broker, client_id, persistent=False)
        self._listeners: dict[str, Callable[[Message], None]] = {}
        self._answered = threading.Event()
        self._refused = ""
        self._client.reconnect_delay_set(min_delay=1, max_delay=30)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._answered.set()
        self._client.on_message = self._on_message

    def listen(self, topic: str, listener: Callable[[Message], None]) -> None:
        """Call the listener, on the bus's thread, for each message of this filter; before `start`."""
        self._listeners[topic] = listener

    def start(self) -> None:
        """Connect; `BrokerUnavailable` if that fails now. Later losses are mended in the background."""
        connect(self._client, self._broker, persistent=False)
        self._client.loop_start()

    def until_listening(self, timeout_s: float) -> None:
        """Wait until nothing that is sent to a listener is missed; `BrokerUnavailable` says why that does not come."""
        if not self._answered.wait(timeout_s) or self._refused:
            why = self._refused or f"no answer in {timeout_s:g} s"
            raise BrokerUnavailable(f"MQTT broker at {self._broker.address}: {why}")

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
        self._refused = f"connection refused: {reason}" if reason.is_failure else ""
        if self._refused:
            logger.warning("MQTT broker at %s: %s", self._broker.address, self._refused)
            self._answered.set()
        elif self._listeners:
            client.subscribe([(topic, 0) for topic in self._listeners])

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        for topic, listener in self._listeners.items():
            if paho.topic_matches_sub(topic, message.topic):
                listener(Message(message.topic, bytes(message.payload), self._clock()))
