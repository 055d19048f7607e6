"""`rurban doctor` and an InfluxDB of any version: what it finds, what it makes, what it says to do.

1.x is real. No package of 2.x or 3 can be had on a test machine: their parts are played by a server that answers the
addresses of their documented HTTP API and notes what was asked.
"""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from rurban.doctor import diagnose
from rurban.settings import Settings
from telemetry.errors import StoreUnavailable
from telemetry.store import Address
from tests import influxdb
from tests.mosquitto import HOST, Mosquitto
from tests.store_contract import START, on_influx, reading


class Played:
    """An InfluxDB 2 or 3 that has no bucket yet, and lets us make one or not."""

    def __init__(self, version: str, *, generous: bool = True) -> None:
        self.version = version
        self.generous = generous
        self.buckets: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.tokens: set[str | None] = set()
        self.lines: list[str] = []

    def answer(self, method: str, path: str, query: dict[str, str], body: str) -> tuple[int, object]:  # noqa: PLR0911 (one per address)
        self.asked.append((method, path))
        match method, path:
            case _, "/ping":
                return 204, None
            case "POST", "/query":
                database = parse_qs(body)["db"][0]
                if database not in self.buckets:
                    return 404, {"code": "not found", "message": f"database not found: {database}"}
                statements = parse_qs(body)["q"][0].split(";")
                return 200, {"results": [{"statement_id": number} for number in range(len(statements))]}
            case "GET", "/api/v2/orgs":
                return 200, {"orgs": [{"id": "0000000000000abc", "name": query.get("org", "")}]}
            case "POST", "/api/v2/buckets" | "/api/v3/configure/database":
                if not self.generous:
                    return 403, {"code": "forbidden", "message": "this token may not make buckets"}
                asked = json.loads(body)
                self.buckets.add(asked.get("name") or asked["db"])
                return 201, asked
            case "POST", "/api/v2/write":
                self.lines += body.splitlines()
                return 204, None
        return 404, {"message": f"no {path} here"}


@contextlib.contextmanager
def playing(part: Played) -> Iterator[str]:
    """The URL of the played server."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            part.tokens.add(self.headers.get("Authorization"))
            status, told = part.answer(self.command, url.path, query, body)
            content = b"" if told is None else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("X-Influxdb-Version", part.version)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer  # noqa: N815 (the names that the server calls)

        def log_message(self, *_: object) -> None:
            """Nothing: the test reads what was asked."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def prepared(address: Address) -> str:
    with on_influx(address, lambda _: {}) as store:
        return store.prepared()


def test_a_database_of_a_real_server_is_made_once() -> None:
    address = Address(influxdb.shared().url, "made by doctor")
    first, second = prepared(address), prepared(address)

    assert first.endswith("bucket made by doctor: made now")
    assert second.endswith("bucket made by doctor: answers")
    assert "InfluxDB 1.6.7" in first
    with on_influx(address, lambda _: {}) as store:
        assert [] == store.write([reading(START, 1.0)])
        assert [1.0] == [row.value for row in store.latest(None, None)]


def test_a_retention_policy_of_1_8_is_made_with_its_database() -> None:
    address = Address(influxdb.shared().url, "with_policy/forever")
    words = prepared(address)

    assert words.endswith("made now")
    assert "forever" in influxdb.shared().ask("SHOW RETENTION POLICIES ON with_policy")


@pytest.mark.parametrize(
    ("version", "made_at", "token"),
    [("v2.7.11", "/api/v2/buckets", "Token secret-1"), ("3.4.0", "/api/v3/configure/database", "Token secret-1")],
)
def test_the_bucket_of_a_newer_version_is_made_in_its_own_way(version: str, made_at: str, token: str) -> None:
    part = Played(version)
    with playing(part) as url:
        address = Address(url, "rurban", "village", "secret-1")
        words = prepared(address)
        with on_influx(address, lambda _: {"station-1": {"region": "370522101201"}}) as store:
            refused = store.write([reading(START, 1.0)])

    assert f"InfluxDB {version.removeprefix('v')} at {url}, bucket rurban: made now" == words
    assert ("POST", made_at) in part.asked
    assert {token} == part.tokens
    assert [] == refused
    line = f"air,device=station-1,region=370522101201 value=1.0,raw=1.0,quality=0i,received={START + 1500}i {START}"
    assert [line] == [told for told in part.lines if not told.startswith("rurban_")]


@pytest.mark.parametrize("version", ["v2.7.11", "3.4.0"])
def test_who_may_not_make_it_is_told_what_to_do(version: str) -> None:
    with playing(Played(version, generous=False)) as url, pytest.raises(StoreUnavailable) as told:
        prepared(Address(url, "rurban", "village", "secret-1"))

    assert "403 this token may not make buckets" in str(told.value)
    assert "let an administrator make it" in str(told.value)
    assert "secret-1" not in str(told.value)


def test_doctor_tells_what_it_found(broker: Mosquitto, tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        mqtt_port=broker.port,
        http_port=1,
        store="influxdb",
        influxdb_url=influxdb.shared().url,
        influxdb_bucket="doctored",
    )
    told: list[str] = []
    code = diagnose(settings, told.append)

    assert 0 == code
    assert any("influxdb" in line and "bucket doctored: made now" in line for line in told), told
