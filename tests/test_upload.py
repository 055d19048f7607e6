"""Uploading the boards to a Grafana: an HTTP server that keeps what it is told and answers as Grafana does."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dashboards.boards import boards
from dashboards.upload import Grafana, push
from telemetry.errors import GrafanaUnavailable, Invalid
from telemetry.store import Address
from tests.mosquitto import free_port
from tests.test_commands import run

TOKEN = "glsa_made_up"
INFLUXDB = Address("http://influxdb:8086", "rurban", token="reader:secret")


class FakeGrafana(ThreadingHTTPServer):
    """Data sources, folders and boards by uid; every call is recorded."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.calls: list[tuple[str, str]] = []
        self.sources: dict[str, Any] = {}
        self.folders: dict[str, Any] = {}
        self.boards: dict[str, Any] = {}
        self.allowed = {f"Bearer {TOKEN}", "Basic " + base64.b64encode(b"admin:secret").decode()}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: FakeGrafana

    def do_GET(self) -> None:
        kept = {"datasources/uid": self.server.sources, "folders": self.server.folders}
        for path, things in kept.items():
            found = things.get(self.path.removeprefix(f"/api/{path}/"))
            if self.path.startswith(f"/api/{path}/"):
                self._answer(200 if found else 404, found or {"message": "not found"})
                return
        self._answer(404, {"message": f"no such path: {self.path}"})

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        match self.path:
            case "/api/datasources":
                self.server.sources[told["uid"]] = told
            case "/api/folders":
                self.server.folders[told["uid"]] = told
            case "/api/dashboards/db":
                if told["folderUid"] not in self.server.folders:
                    self._answer(400, {"message": "folder not found"})
                    return
                self.server.boards[told["dashboard"]["uid"]] = told
            case _:
                self._answer(404, {"message": f"no such path: {self.path}"})
                return
        self._answer(200, {"status": "success"})

    def _answer(self, status: int, body: object) -> None:
        self.server.calls.append((self.command, self.path))
        if self.headers["Authorization"] not in self.server.allowed:
            status, body = 401, {"message": "invalid API key"}
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@pytest.fixture
def grafana() -> Iterator[FakeGrafana]:
    with FakeGrafana() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_all_boards_are_put_into_a_folder_with_their_data_sources(grafana: FakeGrafana) -> None:
    told = list(push(Grafana(grafana.url, TOKEN), INFLUXDB))

    assert set(boards()) == set(grafana.boards)
    assert {"rurban"} == set(grafana.folders)
    assert {"rurban": "rurban", "rurban-hourly": "rurban_hourly"} == {
        uid: source["jsonData"]["dbName"] for uid, source in grafana.sources.items()
    }
    assert all(board["overwrite"] and board["folderUid"] == "rurban" for board in grafana.boards.values())
    assert f"board village: {grafana.url}/d/village" in told


def test_the_calls_are_those_of_grafanas_interface(grafana: FakeGrafana) -> None:
    list(push(Grafana(grafana.url, TOKEN), INFLUXDB))

    assert [
        ("GET", "/api/datasources/uid/rurban"),
        ("POST", "/api/datasources"),
        ("GET", "/api/datasources/uid/rurban-hourly"),
        ("POST", "/api/datasources"),
        ("GET", "/api/folders/rurban"),
        ("POST", "/api/folders"),
        *[("POST", "/api/dashboards/db")] * len(boards()),
    ] == grafana.calls


def test_the_data_sources_carry_the_token_of_influxdb_as_a_secret(grafana: FakeGrafana) -> None:
    list(push(Grafana(grafana.url, TOKEN), INFLUXDB))
    source = grafana.sources["rurban"]

    assert {"httpHeaderValue1": "Token reader:secret"} == source["secureJsonData"]
    assert "Authorization" == source["jsonData"]["httpHeaderName1"]
    assert "http://influxdb:8086" == source["url"]


def test_pushing_again_leaves_the_data_sources_as_they_are(grafana: FakeGrafana) -> None:
    list(push(Grafana(grafana.url, TOKEN), INFLUXDB))
    grafana.sources["rurban"]["url"] = "http://as-grafana-sees-it:8086"
    grafana.calls.clear()
    told = list(push(Grafana(grafana.url, TOKEN), INFLUXDB))

    assert "http://as-grafana-sees-it:8086" == grafana.sources["rurban"]["url"]
    assert ["/api/dashboards/db"] * len(boards()) == [path for method, path in grafana.calls if method == "POST"]
    assert "data source rurban: there already" in told


def test_a_user_and_password_serve_as_well(grafana: FakeGrafana) -> None:
    list(push(Grafana(grafana.url, "admin:secret"), INFLUXDB))

    assert set(boards()) == set(grafana.boards)


def test_a_wrong_token_is_told_with_what_would_help(grafana: FakeGrafana) -> None:
    with pytest.raises(GrafanaUnavailable, match=r"Unauthorized.*RURBAN_GRAFANA_TOKEN"):
        list(push(Grafana(grafana.url, "wrong"), INFLUXDB))


def test_a_grafana_that_is_away_is_told_with_its_address() -> None:
    with pytest.raises(GrafanaUnavailable, match="RURBAN_GRAFANA_URL"):
        list(push(Grafana(f"http://127.0.0.1:{free_port()}", TOKEN), INFLUXDB))


def test_a_bucket_that_names_a_policy_is_refused(grafana: FakeGrafana) -> None:
    with pytest.raises(Invalid, match="RURBAN_INFLUXDB_BUCKET"):
        list(push(Grafana(grafana.url, TOKEN), Address("http://influxdb:8086", "rurban/autogen")))

    assert [] == grafana.calls


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(Invalid, match="RURBAN_GRAFANA_URL"):
        list(push(Grafana("grafana", TOKEN), INFLUXDB))


def test_the_command_pushes_and_tells_of_each_board(grafana: FakeGrafana, tmp_path: Path) -> None:
    settings = {"store": "influxdb", "influxdb_token": "may-write", "grafana_url": grafana.url, "grafana_token": TOKEN}
    done = run("dashboards", "push", data_dir=tmp_path, **settings)

    assert (0, "") == (done.returncode, done.stderr)
    assert all(f"board {uid}: " in done.stdout for uid in boards())
    assert "made without credentials: see RURBAN_GRAFANA_INFLUXDB_TOKEN" in done.stdout


def test_the_token_that_may_write_is_not_given_to_grafana(grafana: FakeGrafana, tmp_path: Path) -> None:
    settings = {"store": "influxdb", "influxdb_token": "may-write", "grafana_url": grafana.url, "grafana_token": TOKEN}
    run("dashboards", "push", data_dir=tmp_path, **settings, grafana_influxdb_token="may-read")

    assert {"Token may-read"} == {source["secureJsonData"]["httpHeaderValue1"] for source in grafana.sources.values()}


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"grafana_token": TOKEN}, "RURBAN_STORE"), ({"store": "influxdb"}, "RURBAN_GRAFANA_TOKEN")],
)
def test_the_command_says_which_setting_is_missing(tmp_path: Path, settings: dict[str, object], named: str) -> None:
    done = run("dashboards", "push", data_dir=tmp_path, **settings)

    assert 1 == done.returncode
    assert named in done.stderr
