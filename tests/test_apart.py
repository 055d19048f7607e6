"""Worker and API as `docker-compose.yml` runs them: apart, on Mosquitto with accounts, InfluxDB and PostgreSQL.

Their settings are those of the file, with the addresses of the test's own servers.
"""

import contextlib
import csv
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from devices.message import uplink
from rurban.demo import settle_county
from telemetry.registry import open_registry
from tests import influxdb, postgres
from tests.composition import ROOT, rendered, secrets
from tests.mosquitto import Mosquitto, composed_mosquitto, free_port, listens
from tests.processes import command, rurban
from tests.station_frames import sl651_report
from tests.workplace import eventually

PROBE = "demo-probe"


@dataclass(frozen=True)
class Apart:
    """What is running."""

    services: dict[str, dict[str, Any]]
    settings: dict[str, dict[str, object]]
    """By service, with the addresses of the test's own servers."""
    broker: Mosquitto
    accounts: Path
    worker: subprocess.Popen[bytes]
    passwords: dict[str, str] = field(default_factory=dict)
    """Of devices, as they were shown."""

    def ask(self, path: str, method: str = "GET") -> HTTPResponse:
        """The answer, open."""
        port, token = self.settings["api"]["http_port"], self.settings["api"]["api_token"]
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}", method=method, headers={"Authorization": f"Bearer {token}"}
        )
        answer: HTTPResponse = urllib.request.urlopen(request, timeout=10)  # noqa: S310 (http, above)
        return answer

    def json(self, path: str) -> dict[str, Any]:
        with self.ask(path) as answer:
            body: dict[str, Any] = json.load(answer)
        return body

    def healthy(self, name: str) -> bool:
        """What the health check of the service finds, with the test's own places in the place of the container's."""
        kind, *words = self.services[name]["healthcheck"]["test"]
        own = {
            "mosquitto_sub": f"mosquitto_sub -h {self.broker.host} -p {self.broker.port}",
            "127.0.0.1:8080": f"127.0.0.1:{self.settings['api']['http_port']}",
            "/data/": f"{self.settings['worker']['data_dir']}/",
            ":075B ": f":{self.broker.port:04X} ",
            "$$": "$",
        }
        for theirs, ours in own.items():
            words = [word.replace(theirs, ours) for word in words]
        program = ["sh", "-c", *words] if kind == "CMD-SHELL" else words
        environment = os.environ | self.services[name]["environment"]
        return subprocess.run(program, env=environment, capture_output=True, check=False).returncode == 0


def own_settings(service: dict[str, Any], **own: object) -> dict[str, object]:
    """Of a service, by their names in `Settings`."""
    given = {name.removeprefix("RURBAN_").lower(): value for name, value in service["environment"].items()}
    return given | own


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    folder = tmp_path_factory.mktemp("apart")
    accounts = folder / "broker-accounts"
    accounts.mkdir()
    secrets(folder / "env")
    services = rendered(folder / "env")["services"]
    start(services["mosquitto"], accounts)
    database, registry = influxdb.shared().new_database(), postgres.shared().new_schema()
    with open_registry(registry) as opened:
        settle_county(opened)
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(composed_mosquitto(folder, accounts))
        places: dict[str, object] = {"influxdb_url": database.url, "influxdb_bucket": database.bucket}
        places |= {"registry_url": registry, "mqtt_host": broker.host, "mqtt_port": broker.port}
        settings: dict[str, dict[str, object]] = {}
        for name in ("worker", "api", "gateway", "simulate", "accounts"):
            data = folder / name
            data.mkdir()
            settings[name] = own_settings(services[name], **places, data_dir=data)
        settings["api"] |= {"http_host": "127.0.0.1", "http_port": free_port()}
        ports = {f"gateway_{name}_port": free_port() for name in ("sl651", "hj212", "szy206")}
        settings["gateway"] |= {"gateway_host": "127.0.0.1", "gateway_networks": "127.0.0.0/8", **ports}
        worker = stack.enter_context(running(services["worker"], settings["worker"]))
        stack.enter_context(running(services["api"], settings["api"]))
        house = Apart(services, settings, broker, accounts, worker)
        eventually(lambda: house.healthy("worker") and house.healthy("api"))
        yield house


def running(
    service: dict[str, Any], settings: dict[str, object]
) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    data_dir = Path(str(settings["data_dir"]))
    others: dict[str, Any] = {name: value for name, value in settings.items() if name != "data_dir"}
    return rurban(*service["command"], data_dir=data_dir, **others)


def start(mosquitto: dict[str, Any], accounts: Path) -> None:
    """What happens in the container before the broker itself runs."""
    script = [
        "sh",
        "docker/start-mosquitto.sh",
        str(accounts),
        "rurban/mosquitto.acl",
        "rurban/dynamic-security.json",
        "true",
    ]
    subprocess.run(script, cwd=ROOT, env=os.environ | mosquitto["environment"], check=True)


def in_service(apart: Apart, name: str, *words: str, text: str = "") -> str:
    """What `docker-compose exec` or `run` would run there, and what it says."""
    given = [f"RURBAN_{setting.upper()}={value}" for setting, value in apart.settings[name].items()]
    return subprocess.run(
        ["env", *given, *words], check=True, capture_output=True, input=text, text=True, timeout=60
    ).stdout


def new_password(apart: Apart, device: str = PROBE) -> str:
    """That of a device, made as the README says; shown once."""
    shown = in_service(apart, "accounts", *command(*apart.services["accounts"]["command"]))
    apart.passwords.update({row["user"]: row["password"] for row in csv.DictReader(shown.splitlines())})
    return apart.passwords[device]


def said(apart: Apart, password: str, topic: str, payload: str, device: str = PROBE) -> None:
    """Published."""
    to = ["-h", apart.broker.host, "-p", str(apart.broker.port), "-u", device, "-P", password]
    words = ["mosquitto_pub", *to, "-q", "1", "-t", topic, "-m", payload]
    subprocess.run(words, check=True, capture_output=True, timeout=60)


def values(apart: Apart, device: str = PROBE) -> list[float]:
    return [reading["value"] for reading in apart.json(f"/api/v1/latest?device={device}")["readings"]]


def test_a_sensor_with_its_own_password_is_stored_and_heard_live_and_speaks_for_no_other(apart: Apart) -> None:
    password = new_password(apart)
    with apart.ask(f"/api/v1/live?device={PROBE}") as stream:
        said(apart, password, uplink("nb5-well"), '{"values": {"air_temperature": 99}}')
        said(apart, password, uplink(PROBE), '{"values": {"air_temperature": 21.5}}')
        event = next(line for line in stream if line.startswith(b"data:") and b"air_temperature" in line)
    eventually(lambda: values(apart) == [21.5])

    assert b"21.5" in event
    assert [] == apart.json("/api/v1/latest?device=nb5-well")["readings"]
    assert [] == apart.json("/api/v1/quarantine?device=nb5-well")["messages"]


def test_a_device_that_is_registered_as_the_readme_says_is_stored(apart: Apart) -> None:
    (words,) = re.findall(r"exec worker rurban (devices add .*)", (ROOT / "README.md").read_text())
    in_service(apart, "worker", *command(*shlex.split(words)))
    password = new_password(apart, "my-probe")
    eventually(lambda: bool(apart.json("/api/v1/devices/my-probe")))
    said(apart, password, uplink("my-probe"), '{"values": {"air_temperature": 4.25}}', device="my-probe")

    eventually(lambda: values(apart, "my-probe") == [4.25])


def test_a_replay_goes_from_the_api_to_the_worker(apart: Apart) -> None:
    said(apart, new_password(apart), uplink(PROBE), "what is this")

    def kept() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = apart.json(f"/api/v1/quarantine?device={PROBE}")["messages"]
        return found

    eventually(lambda: bool(kept()))
    apart.ask(f"/api/v1/quarantine/{kept()[0]['id']}/replay", "POST").close()
    eventually(lambda: bool(kept()[0]["outcome"]))

    assert ("malformed", True) == (kept()[0]["reason"], "malformed" in kept()[0]["outcome"])


def test_a_second_start_of_the_broker_keeps_the_devices_accounts(apart: Apart) -> None:
    password = new_password(apart)
    with (apart.accounts / "passwords").open("a") as file:
        file.write("_network_server:$7$101$c2FsdA==$aGFzaA==\n")
    start(apart.services["mosquitto"], apart.accounts)
    apart.broker.stop()
    apart.broker.start()
    users = [line.partition(":")[0] for line in (apart.accounts / "passwords").read_text().splitlines()]
    said(apart, password, uplink(PROBE), '{"values": {"air_temperature": 22.5}}')

    assert ["_worker", "_api", "_accounts", "_health", "_gateway", "_simulate", "_network_server"] == users
    eventually(lambda: values(apart) == [22.5])


def test_the_simulated_county_speaks_for_all_its_devices(apart: Apart) -> None:
    def received() -> int:
        return int(apart.json("/api/v1/ledger?limit=1")["total"]["stored"])

    before = received()
    with running(apart.services["simulate"], apart.settings["simulate"]):
        eventually(lambda: received() > before)
        healthy = apart.healthy("simulate")

    assert healthy


def test_what_a_station_says_goes_through_the_gateway_to_the_worker(apart: Apart) -> None:
    """Nobody has registered it: it is answered, and its frame kept."""
    frame, port = sl651_report("0099999999", 1, 10_490), int(str(apart.settings["gateway"]["gateway_sl651_port"]))
    with running(apart.services["gateway"], apart.settings["gateway"]):
        eventually(lambda: listens(port))
        with socket.create_connection(("127.0.0.1", port), timeout=30) as station:
            station.sendall(frame)
            answer = station.recv(100)
        healthy = apart.healthy("gateway")
    kept = "/api/v1/quarantine?device=0099999999"
    eventually(lambda: bool(apart.json(kept)["messages"]))

    assert (True, b"\x7e\x7e\x00\x99") == (healthy, answer[:4])
    assert ["unknown_device"] == [message["reason"] for message in apart.json(kept)["messages"]]


def test_health_checks_see_what_is_wrong(apart: Apart) -> None:
    """The last one of this module: it ends the worker."""
    well = [apart.healthy(name) for name in ("mosquitto", "worker", "api")]
    apart.worker.send_signal(signal.SIGTERM)
    code = apart.worker.wait(timeout=60)
    stopped = apart.healthy("worker")
    apart.services["mosquitto"]["environment"]["MQTT_HEALTH_PASSWORD"] = "wrong"

    assert ([True, True, True], 0, False, False) == (well, code, stopped, apart.healthy("mosquitto"))
