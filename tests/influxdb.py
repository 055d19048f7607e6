"""A real InfluxDB of the tests' own: on loopback, on free ports, with its data in a folder of its own.

Debian's is 1.6.7 and has no `/api/v2/write`; nginx stands before it with one rule that gives it this address. One
server per test run; every test has a database of its own in it.
"""

import atexit
import functools
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

from telemetry.store.influx_address import Address
from tests.mosquitto import HOST, free_port

_READY_WITHIN_S = 60.0

_INFLUXDB = """
reporting-enabled = false
bind-address = "{host}:{backup}"
[meta]
dir = "{folder}/meta"
logging-enabled = false
[data]
dir = "{folder}/data"
wal-dir = "{folder}/wal"
index-version = "tsi1"
query-log-enabled = false
[monitor]
store-enabled = false
[subscriber]
enabled = false
[http]
bind-address = "{host}:{port}"
log-enabled = false
"""
_NGINX = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_max_body_size 25m;
    client_body_buffer_size 4m;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream influxdb {{ server {host}:{behind}; keepalive 16; }}
    server {{
        listen {host}:{port};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        location = /api/v2/write {{
            rewrite ^ /write?db=$arg_bucket&precision=$arg_precision? break;
            proxy_pass http://influxdb;
        }}
        location / {{ proxy_pass http://influxdb; }}
    }}
}}
"""


class InfluxDb:
    """Both processes; what the database keeps survives `stop` and is there again after `start`."""

    def __init__(self) -> None:
        self.port = free_port()
        self._behind = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="rurban-influxdb-"))
        self._log = self._folder / "server.log"
        self._names = (f"test_{number}" for number in itertools.count())
        self._processes: list[subprocess.Popen[bytes]] = []
        places = {"host": HOST, "folder": self._folder, "port": self.port, "behind": self._behind}
        (self._folder / "influxdb.conf").write_text(
            _INFLUXDB.format(**places | {"port": self._behind, "backup": free_port()})
        )
        # As root it would drop to a user who may not write here.
        user = "user root;" if os.geteuid() == 0 else ""
        (self._folder / "nginx.conf").write_text(_NGINX.format(user=user, **places))

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Run until it answers; the same ports and data as before."""
        nginx = [
            _binary("nginx", "nginx-light"),
            "-c",
            str(self._folder / "nginx.conf"),
            "-e",
            str(self._folder / "nginx.log"),
        ]
        influxd = [_binary("influxd", "influxdb"), "-config", str(self._folder / "influxdb.conf")]
        with self._log.open("ab") as log:
            for command in (influxd, nginx):
                # Ended by the kernel with the thread that started it, if the test run itself is killed.
                ending = ["setpriv", "--pdeathsig=TERM", *command]
                self._processes.append(subprocess.Popen(ending, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        deadline = time.monotonic() + _READY_WITHIN_S
        while not self._answers():
            if time.monotonic() > deadline or any(process.poll() is not None for process in self._processes):
                told = self._log.read_text()
                self.stop()
                raise AssertionError(f"InfluxDB did not start:\n{told}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End both by their ids."""
        while self._processes:
            process = self._processes.pop()
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)

    def pause(self) -> None:
        """Let InfluxDB stand still: connections stay open, and nothing is answered."""
        self._processes[0].send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._processes[0].send_signal(signal.SIGCONT)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def new_database(self) -> Address:
        """The address of an empty database."""
        name = next(self._names)
        for database in (name, f"{name}_hourly"):
            self.ask(f"CREATE DATABASE {database}")
        return Address(self.url, name)

    def ask(self, statement: str, database: str = "") -> str:
        """An InfluxQL statement, past whatever is tested."""
        body = urllib.parse.urlencode({"q": statement, "db": database, "epoch": "ms"}).encode()
        with urllib.request.urlopen(f"{self.url}/query", body, timeout=30) as answer:  # noqa: S310 (http, above)
            told: str = answer.read().decode()
        return told

    def write(self, lines: str, database: str) -> None:
        """Line protocol, past whatever is tested."""
        with urllib.request.urlopen(f"{self.url}/write?db={database}&precision=ms", lines.encode(), timeout=30):  # noqa: S310
            pass

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=5) as answer:  # noqa: S310 (http, above)
                return bool(answer.status == 204)
        except OSError:
            return False


@functools.cache
def shared() -> InfluxDb:
    """The server of this test run, started when first asked for."""
    server = InfluxDb()
    atexit.register(server.remove)
    server.start()
    return server


def _binary(name: str, package: str) -> str:
    # Debian puts nginx where the PATH of an ordinary user does not look.
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    assert found, f"{name} is not installed: apt-get install {package}"
    return found
