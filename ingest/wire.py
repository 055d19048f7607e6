"""A connection to the broker that stands: packets are read by the bufferful, acknowledgements and pings are sent."""

import select
import socket
import ssl
import time
from collections.abc import Collection
from typing import Any, Final

from ingest.packets import Inbox, Packet

_PINGREQ: Final = b"\xc0\x00"
_AT_ONCE: Final = 65_536
"""Bytes that are read with one system call."""
_PATIENCE_S: Final = 10.0


def ready(reading: Collection[Any], writing: Collection[Any], timeout_s: float) -> tuple[list[Any], list[Any]]:
    """Which sockets can be read and which written, as select(), but for a process with any number of open files."""
    poll = select.poll()
    masks: dict[int, int] = {}
    for sockets, mask in ((reading, select.POLLIN), (writing, select.POLLOUT)):
        for one in sockets:
            masks[one.fileno()] = masks.get(one.fileno(), 0) | mask
    for number, mask in masks.items():
        poll.register(number, mask)
    found = dict(poll.poll(timeout_s * 1000))
    # A connection that is broken counts as either: whoever reads or writes it is told why.
    return (
        [one for one in reading if found.get(one.fileno(), 0) & ~select.POLLOUT],
        [one for one in writing if found.get(one.fileno(), 0) & ~select.POLLIN],
    )


class Wire:
    """One connection, for one thread; once it is `lost` it stays so."""

    def __init__(self, connection: Any, keepalive_s: int) -> None:  # noqa: ANN401 - a socket, or an SSL socket
        """`connection` does not block; what it receives next begins a packet."""
        self.lost = ""
        """Why the connection is of no more use; empty = it is."""
        self._connection = connection
        self._keepalive_s = keepalive_s
        self._inbox = Inbox()
        self._pinged = self._heard = time.monotonic()

    def wait(self, timeout_s: float, wake: socket.socket | None, *, reading: bool) -> None:
        """Until something may be taken, a byte comes on `wake` or the time is over; keeps the connection alive."""
        if reading and (self._inbox.waits or self._decrypted()):
            timeout_s = 0.0
        wanted = [source for source in (self._connection if reading else None, wake) if source is not None]
        readable, _ = ready(wanted, (), timeout_s)
        if wake is not None and wake in readable:
            wake.recv(4096)
        self._stay_alive(silent=reading and self._connection not in readable)

    def take(self) -> Packet | None:
        """The next packet; None = no whole one has come. Raises `BrokerUnavailable` for what is no MQTT."""
        while (packet := self._inbox.take()) is None:
            if not self._fill():
                return None
        return packet

    def send(self, packets: bytes) -> None:
        """All of it; the connection is lost when the broker takes nothing for ten seconds."""
        view = memoryview(packets)
        while view and not self.lost:
            try:
                view = view[self._connection.send(view) :]
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                if not ready((), [self._connection], _PATIENCE_S)[1]:
                    self.lost = "the broker does not take what is sent"
            except OSError as error:
                self.lost = f"connection lost: {error}"

    def _decrypted(self) -> bool:
        """TLS has bytes of which the socket does not tell any more."""
        return isinstance(self._connection, ssl.SSLSocket) and self._connection.pending() > 0

    def _fill(self) -> bool:
        """Read what has come; False = nothing has."""
        if self.lost:
            return False
        try:
            data = self._connection.recv(_AT_ONCE)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError as error:
            self.lost = f"connection lost: {error}"
            return False
        if not data:
            self.lost = "connection lost: the broker has closed it"
            return False
        self._inbox.feed(data)
        self._heard = time.monotonic()
        return True

    def _stay_alive(self, *, silent: bool) -> None:
        """Ping twice in the keep-alive time; a broker that has not even answered that is gone.

        It says so in MQTT 3.1.1, section 3.1.2.10: the broker waits for one and a half times that time.
        """
        now = time.monotonic()
        if silent and now - self._heard > 1.5 * self._keepalive_s:
            self.lost = f"nothing heard from the broker for {now - self._heard:.0f} s"
        elif now - self._pinged > self._keepalive_s / 2:
            self._pinged = now
            self.send(_PINGREQ)
