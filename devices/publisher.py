"""From simulated and replayed messages to a broker: MQTT 3.1.1, QoS 1. One of the two doors of paho-mqtt."""

from collections.abc import Callable, Iterable
from threading import Condition, Event
from types import TracebackType
from typing import Any, Final, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from devices.message import Message
from devices.tls import Tls, doubt, why
from telemetry.errors import BrokerUnavailable

_PROGRESS_EVERY: Final = 1000
_PATIENCE_S: Final = 30.0
_BACKOFF_S: Final = (1, 5)


class Publisher:
    """One connection to a broker; a context manager that connects on entry and leaves in peace on exit.

    A lost connection is taken up again and what was not acknowledged is sent again: every message arrives at least
    once, or `BrokerUnavailable` is raised. Use from one thread.
    """

    def __init__(  # noqa: PLR0913 - what a connection is made of
        self,
        host: str,
        port: int,
        *,
        client_id: str,
        username: str | None = None,
        password: str | None = None,
        tls: Tls | None = None,
        window: int = 500,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        """Nothing is connected yet.

        Args:
            host: The broker's name or address.
            port: Its MQTT 3.1.1 port.
            client_id: Unique at the broker.
            username: None = anonymous.
            password: Belongs to the user name.
            tls: Whom to trust; None = in clear.
            window: Messages sent and not yet acknowledged, at most.
            patience_s: How long the broker may be silent or away before it counts as unavailable.
        """
        self._address = f"{host}:{port}"
        self._host, self._port = host, port
        self._patience_s = patience_s
        self._window = window
        self._acknowledged = Condition()
        self._open = 0
        self._accepted = Event()
        self._refusal = ""
        self._heard: str | None = None
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id, clean_session=True, protocol=MQTTProtocolVersion.MQTTv311
        )
        self._client.username_pw_set(username, password)
        self._tls = tls
        if tls is not None:
            self._client.tls_set_context(tls.context())
        # The window is kept here, where waiting for it is possible; paho would queue without bound.
        self._client.max_inflight_messages_set(0)
        self._client.reconnect_delay_set(*_BACKOFF_S)
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish

    def __enter__(self) -> Self:
        """Connected and accepted.

        Raises:
            BrokerUnavailable: Nothing listens there, or it refuses the client.
        """
        try:
            self._client.connect(self._host, self._port)
        except (OSError, ValueError) as error:
            reason = why(error, self._tls) if isinstance(error, OSError) else str(error)
            raise BrokerUnavailable(
                f"no MQTT broker at {self._address}: {reason}; start one there, or name another host and port"
            ) from error
        self._client.loop_start()
        answered = self._accepted.wait(self._patience_s)
        if not answered or self._refusal:
            self._leave()
            wrong = self._refusal or f"does not answer{doubt(self._tls)}"
            raise BrokerUnavailable(f"the broker at {self._address} {wrong}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def hear(self, topics: str, take: Callable[[str], None]) -> None:
        """From now on tell the topics of what comes on these; `take` is called by the connection's own thread."""
        self._heard = topics
        self._client.on_message = lambda _client, _data, message: take(message.topic)
        self._client.subscribe(topics, qos=1)

    def publish_all(self, messages: Iterable[Message], on_progress: Callable[[int], None] | None = None) -> int:
        """Send all messages in order and wait until each is acknowledged; how many there were.

        `on_progress` is called with the number sent so far, every thousand and at the end.

        Raises:
            BrokerUnavailable: The broker acknowledged nothing for too long; what was sent until then may have arrived.
        """
        sent = 0
        for message in messages:
            self._wait_until_open(self._window - 1)
            with self._acknowledged:
                self._open += 1
            info = self._client.publish(message.topic, message.payload, qos=1)
            # Without a connection paho keeps the message and sends it when there is one again.
            if info.rc not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN):
                raise BrokerUnavailable(f"the broker at {self._address} took no message: {paho.error_string(info.rc)}")
            sent += 1
            if on_progress is not None and sent % _PROGRESS_EVERY == 0:
                on_progress(sent)
        self._wait_until_open(0)
        if on_progress is not None:
            on_progress(sent)
        return sent

    def _wait_until_open(self, most: int) -> None:
        """Until at most so many messages are not acknowledged; each acknowledgement renews the patience."""
        with self._acknowledged:
            while self._open > most:
                if not self._acknowledged.wait(self._patience_s):
                    raise BrokerUnavailable(
                        f"the broker at {self._address} has acknowledged nothing for {self._patience_s:g} s"
                    )

    def _leave(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, _client: paho.Client, _data: object, _flags: object, reason: Any, _props: object) -> None:  # noqa: ANN401 - paho's type
        self._refusal = f"refuses this client: {reason}" if reason.is_failure else ""
        if self._heard is not None and not reason.is_failure:
            self._client.subscribe(self._heard, qos=1)
        self._accepted.set()

    def _on_publish(self, _client: paho.Client, _data: object, _mid: int, _reason: object, _props: object) -> None:
        # Once per message, also when it was sent again and acknowledged twice.
        with self._acknowledged:
            self._open -= 1
            self._acknowledged.notify()
