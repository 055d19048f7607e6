"""A network that can be cut: a TCP relay on loopback between a client and its server."""

import contextlib
import socket
import threading
from collections.abc import Iterator

from tests.mosquitto import HOST, free_port

_PIECE = 65_536


class Proxy:
    """Passes everything on until told otherwise; after `mend` all is as before."""

    def __init__(self, target: int) -> None:
        """`target` is the server's port; it need not listen yet."""
        self.host = HOST
        self.port = free_port()
        self._target = target
        self._flowing = threading.Event()
        self._flowing.set()
        self._guard = threading.Lock()
        self._listener: socket.socket | None = None
        self._ends: list[socket.socket] = []

    def mend(self) -> None:
        """Listen, and let flow what is held back."""
        self._flowing.set()
        if self._listener is None:
            self._listener = socket.create_server((HOST, self.port))
            threading.Thread(target=self._accept, args=(self._listener,), name="proxy", daemon=True).start()

    def cut(self) -> None:
        """Break every connection and refuse new ones."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._guard:
            ends, self._ends = self._ends, []
        for end in ends:
            _break(end)
        self._flowing.set()

    def stall(self) -> None:
        """Keep every connection open and take new ones, but pass nothing on, either way."""
        self._flowing.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((HOST, self._target), timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            with self._guard:
                self._ends += [client, server]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(source, sink), name="proxy", daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while piece := source.recv(_PIECE):
                self._flowing.wait()
                sink.sendall(piece)
        except OSError:
            # One side is gone, and with it the connection: that is what this class is for.
            pass
        finally:
            _break(source)
            _break(sink)


def _break(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextlib.contextmanager
def proxy(target: int) -> Iterator[Proxy]:
    """Passing on; cut for good with the context."""
    relay = Proxy(target)
    relay.mend()
    try:
        yield relay
    finally:
        relay.cut()
