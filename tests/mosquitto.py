"""A real Mosquitto of the test's own: on loopback, on a free port, with its state in the test's folder."""

import itertools
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

HOST = "127.0.0.1"
_ROOT = Path(__file__).parent.parent
DOCUMENTED = _ROOT / "docs" / "mosquitto.conf"
COMPOSED = _ROOT / "docker" / "mosquitto.conf"
_READY_WITHIN_S = 60.0
_AS_ROOT = ["user root"] if os.geteuid() == 0 else []
"""Else it would drop to its own user, who may not write in a test's folder."""

_PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_PROCESSES = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
# Below those that Linux gives to clients: no connection takes one between its choice and its use.
_PORTS = itertools.cycle(range(10_000, 32_768)[_PROCESS::_PROCESSES])
# Another test run on this machine begins elsewhere.
_COMING = itertools.islice(_PORTS, secrets.randbelow(10_000), None)


def free_port() -> int:
    """A TCP port that nothing listens on, and that nobody else in this test run is given."""
    return next(port for port in _COMING if not listens(port))


class Mosquitto:
    """One broker process; what it persists survives `stop` and is there again after `start`."""

    def __init__(self, folder: Path, port: int, configuration: str) -> None:
        """`configuration` names this port and, as where it persists, this folder."""
        self.host = HOST
        self.port = port
        folder.mkdir()
        self.folder = folder
        self._log = folder / "mosquitto.log"
        self._conf = folder / "mosquitto.conf"
        self._conf.write_text("\n".join([configuration, f"log_dest file {self._log}", *_AS_ROOT, ""]))
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
            self._process.wait(timeout=60)
            self._process = None

    def kill(self) -> None:
        """End by SIGKILL: what it has not saved is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=10)
            self._process = None

    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""


@contextmanager
def mosquitto(tmp_path: Path, *, port: int | None = None, extra_conf: str = "") -> Iterator[Mosquitto]:
    """A running broker that takes anonymous clients and queues without limit; ended with the context."""
    chosen = port or free_port()
    folder = tmp_path / f"mosquitto-{chosen}"
    with _running(Mosquitto(folder, chosen, f"{_configuration(folder, chosen)}\n{extra_conf}")) as broker:
        yield broker


@contextmanager
def documented_mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running broker with the settings of `docs/mosquitto.conf`, but for its port and its folder."""
    port, folder = free_port(), tmp_path / "documented"
    own = {
        "listener 1883 127.0.0.1": f"listener {port} {HOST}",
        "persistence_location /var/lib/mosquitto/": f"persistence_location {folder}/",
        "log_dest stderr": "",
    }
    with _running(Mosquitto(folder, port, _with(DOCUMENTED, own))) as broker:
        yield broker


@contextmanager
def composed_mosquitto(tmp_path: Path, accounts: Path) -> Iterator[Mosquitto]:
    """A running broker with the settings of `docker/mosquitto.conf`, but for its port and its folders."""
    port, folder = free_port(), tmp_path / "composed"
    plugin, plugin_file = with_plugin(accounts / "dynamic-security.json")
    own = {
        "listener 1883": f"listener {port} {HOST}",
        "password_file /mosquitto/config/passwords": f"password_file {accounts}/passwords",
        "acl_file /mosquitto/config/acl": f"acl_file {accounts}/acl",
        "plugin /usr/lib/mosquitto_dynamic_security.so": plugin,
        "plugin_opt_config_file /mosquitto/config/dynamic-security.json": plugin_file,
        "persistence_location /mosquitto/data/": f"persistence_location {folder}/",
        "log_dest stdout": "",
    }
    with _running(Mosquitto(folder, port, _with(COMPOSED, own))) as broker:
        yield broker


def with_plugin(file: Path) -> list[str]:
    """Lines that load the dynamic security plugin, which keeps its accounts in this file."""
    (plugin,) = Path("/usr/lib").glob("*/mosquitto_dynamic_security.so")
    return [f"plugin {plugin}", f"plugin_opt_config_file {file}"]


def _with(configuration: Path, own: Mapping[str, str]) -> str:
    """The file's text with these lines, each there once, in the place of its own."""
    text = configuration.read_text("utf-8")
    for line, other in own.items():
        assert text.count(f"\n{line}\n") == 1, line
        text = text.replace(f"\n{line}\n", f"\n{other}\n")
    return text


@contextmanager
def _running(broker: Mosquitto) -> Iterator[Mosquitto]:
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


def _configuration(folder: Path, port: int) -> str:
    lines = [
        f"listener {port} {HOST}",
        "allow_anonymous true",
        "persistence true",
        f"persistence_location {folder}/",
        "max_inflight_messages 0",
        "max_queued_messages 0",
    ]
    return "\n".join(lines)


def listens(port: int) -> bool:
    """Whether anything answers at this port."""
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0
