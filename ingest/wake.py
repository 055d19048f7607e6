"""A way to end a thread's wait for the network from another thread."""

import contextlib
import socket


class Wake:
    """A byte on `receiver` says that there is something to look at."""

    def __init__(self) -> None:
        self.receiver, self._sender = socket.socketpair()
        self.receiver.settimeout(0)
        self._sender.settimeout(0)

    def nudge(self) -> None:
        """End the wait; a full buffer means that it is nudged already. Safe from a signal handler."""
        with contextlib.suppress(BlockingIOError, OSError):
            self._sender.send(b"\0")

    def close(self) -> None:
        self._sender.close()
        self.receiver.close()
