"""A real Mosquitto of the test's own: on loopback, on a free port, with its state in the test's folder."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOST = "127.0.0.1"
_READY_WITHIN_S = 10.0


def free_port() -> int:
    """A TCP port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class Mosquitto:
    """One broker process; what it persists survives `stop` and is there again after `start`."""

    def __init__(self, folder: Path, port: int, extra_conf: str) -> None:
        self.host = HOST
        self.port = port
        self._folder = folder
        self._log = folder / "mosquitto.log"
        self._conf = folder / "mosquitto.conf"
        self._conf.write_text(_configuration(folder, port, self._log, extra_conf))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running process; there must be one."""
        assert self._process is not None, "this Mosquitto is stopped"
        return self._process.pid

    def start(self) -> None:
        """Run until the port answers; the same port and persistence as before."""
        assert self._process is None, "this Mosquitto runs already"
        self._process = subprocess.Popen([_binary(), "-c", str(self._conf)], stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + _READY_WITHIN_S
        while not listens(self.port):
            code = self._process.poll()
            if code is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"Mosquitto did not start (exit code {code}):\n{self.log()}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End by SIGTERM, which makes it save its state; nothing if it is stopped already."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process = None

    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""


@contextmanager
def mosquitto(tmp_path: Path, *, port: int | None = None, extra_conf: str = "") -> Iterator[Mosquitto]:
    """A running broker that takes anonymous clients and queues without limit; ended with the context."""
    chosen = port or free_port()
    folder = tmp_path / f"mosquitto-{chosen}"
    folder.mkdir()
    broker = Mosquitto(folder, chosen, extra_conf)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def _binary() -> str:
    # Debian puts it where the PATH of an ordinary user does not look.
    found = shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    assert found, "mosquitto is not installed: apt-get install mosquitto"
    return found


def _configuration(folder: Path, port: int, log: Path, extra_conf: str) -> str:
    lines = [
        f"listener {port} {HOST}",
        "allow_anonymous true",
        "persistence true",
        f"persistence_location {folder}/",
        f"log_dest file {log}",
        "max_inflight_messages 0",
        "max_queued_messages 0",
    ]
    if os.geteuid() == 0:
        lines.append("user root")  # it would drop to its own user, who may not write here
    return "\n".join([*lines, extra_conf, ""])


def listens(port: int) -> bool:
    """Whether anything answers at this port."""
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0
