"""A real PostgreSQL of the tests' own: on loopback, on a free port, with its data in a folder of its own.

One server per test run, whichever suites ask for it; every test has a schema of its own in it.
"""

import atexit
import functools
import itertools
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql

from tests.mosquitto import HOST, free_port

USER = "rurban"
_READY_WITHIN_S = 60.0


class Postgres:
    """One server process. Ended by `stop`, and by the kernel if the test run itself is killed."""

    def __init__(self) -> None:
        self.password = secrets.token_urlsafe(16)
        self.port = free_port()
        # Not in a test's tmp_path: the server's own user may not enter that when the tests run as root.
        self._folder = Path(tempfile.mkdtemp(prefix="rurban-postgres-"))
        self._log = self._folder / "server.log"
        self._names = (f"test_{number}" for number in itertools.count())
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Create the cluster and run it until it takes connections."""
        data = self._folder / "data"
        password = self._folder / "password"
        password.write_text(self.password)
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            for path in (self._folder, password):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        subprocess.run(
            [
                *_as_server_user(),
                *(_binary("initdb"), "-D", data, "--no-sync", "--no-locale", "--encoding=UTF8"),
                *(f"--username={USER}", f"--pwfile={password}", "--auth=scram-sha-256"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
        )
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*_as_server_user(), _binary("postgres"), "-D", data, *_settings(self.port, data)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
            )
        self._await_ready()

    def stop(self) -> None:
        """End the server and remove its folder."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # its fast shutdown: does not wait for clients
            self._process.wait(timeout=60)
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """For SQLAlchemy."""
        return f"postgresql+psycopg://{USER}:{self.password}@{HOST}:{self.port}/postgres"

    def new_schema(self) -> str:
        """The URL of an empty schema, which to its user is like an empty database and costs 3 ms instead of 140."""
        name = next(self._names)
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        return f"{self.url}?options=-csearch_path%3D{name}"

    def connect(self) -> psycopg.Connection:
        """As the superuser, past whatever is tested."""
        return psycopg.connect(
            host=HOST, port=self.port, user=USER, password=self.password, dbname="postgres", autocommit=True
        )

    def _await_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _READY_WITHIN_S
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                code = self._process.poll()
                if code is not None or time.monotonic() > deadline:
                    log = self._log.read_text()
                    self.stop()
                    raise AssertionError(f"PostgreSQL did not start (exit code {code}):\n{log}") from None
                time.sleep(0.05)
            else:
                return


@functools.cache
def shared() -> Postgres:
    """The server of this test run, started when first asked for."""
    server = Postgres()
    atexit.register(server.stop)
    server.start()
    return server


DATABASES = ("sqlite", "postgresql")


def registry_url(kind: str, folder: Path) -> str:
    """Of an empty registry on one of the `DATABASES`; the file of SQLite lies in the folder."""
    return shared().new_schema() if kind == "postgresql" else f"sqlite:///{folder}/registry.db"


def _as_server_user() -> list[str]:
    """PostgreSQL refuses to run as root. The kernel ends the server with the thread that started it."""
    if os.geteuid() != 0:
        return ["setpriv", "--pdeathsig=INT"]
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--pdeathsig=INT"]


def _binary(name: str) -> Path:
    # Debian puts these where no PATH looks, by version.
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    found = [folder / name for folder in folders if (folder / name).exists()] or [Path(shutil.which(name) or "")]
    assert found[-1].is_file(), f"{name} is not installed: apt-get install postgresql"
    return found[-1]


def _settings(port: int, data: Path) -> list[str]:
    settings = {
        "listen_addresses": HOST,
        "port": port,
        "unix_socket_directories": data,
        "fsync": "off",  # the tests kill clients, not the machine
        "max_connections": 100,
        "shared_buffers": "32MB",
        "logging_collector": "off",
    }
    return [f"--{name}={value}" for name, value in settings.items()]
