"""The commands as a person types them, each a process of its own."""

import datetime as dt
import json
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest

from devices import county
from devices.message import uplink
from ingest.mqtt import Broker
from rurban.demo import settle_county
from telemetry.registry import open_registry
from tests.mosquitto import Mosquitto, free_port
from tests.processes import command, environment, rurban
from tests.workplace import client_of, eventually, publish


def run(*arguments: str, data_dir: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        env=environment(data_dir, **settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def answer(port: int, path: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as found:
            body: dict[str, Any] = json.load(found)
    except OSError:
        return {}
    return body


def heard(client: paho.Client, topic: str) -> list[str]:
    """From now on, the topics of what arrives."""
    topics: list[str] = []
    client.on_message = lambda _client, _data, message: topics.append(message.topic)
    client.subscribe(topic, 1)
    return topics


def test_help_names_every_command(tmp_path: Path) -> None:
    shown = run("--help", data_dir=tmp_path).stdout

    assert [] == [
        name
        for name in (
            "demo",
            "up",
            "ingest",
            "gateway",
            "api",
            "simulate",
            "replay",
            "history",
            "devices",
            "ledger",
            "dashboards",
            "doctor",
        )
        if f" {name} " not in shown
    ]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"http_port": 0}, "RURBAN_HTTP_PORT"),
        ({"timezone": "Middle/Earth"}, "RURBAN_TIMEZONE"),
        ({"http_host": "0.0.0.0"}, "RURBAN_API_TOKEN"),  # noqa: S104 - that is the point
    ],
)
def test_a_wrong_setting_is_named_before_anything_starts(
    settings: dict[str, object], named: str, tmp_path: Path
) -> None:
    ended = run("up", data_dir=tmp_path, **settings)

    assert (2, True, []) == (ended.returncode, named in ended.stderr, list(tmp_path.iterdir()))


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    told = run("ingest", data_dir=tmp_path / "file" / "data")
    wrong = f"rurban: RURBAN_DATA_DIR: {tmp_path}/file/data cannot be made: Not a directory"

    assert (1, f"{wrong}; allowed: a folder that this user may write to\n") == (told.returncode, told.stderr)


def test_everything_runs_in_one_process_and_ends_cleanly(tmp_path: Path) -> None:
    http_port, mqtt_port = free_port(), free_port()
    log = tmp_path / "up.log"
    with rurban("up", data_dir=tmp_path, log=log, http_port=http_port, mqtt_port=mqtt_port) as house:
        eventually(lambda: bool(answer(http_port, "/ready").get("ready")))
        subprocess.run(
            ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(mqtt_port), "-q", "1", "-t", uplink("nobody"), "-m", "{}"],
            check=True,
            timeout=60,
        )
        eventually(lambda: bool(answer(http_port, "/api/v1/quarantine").get("messages")))
        (kept,) = answer(http_port, "/api/v1/quarantine")["messages"]
        doctor = run("doctor", data_dir=tmp_path, http_port=http_port, mqtt_port=mqtt_port)
        house.send_signal(signal.SIGTERM)
        code = house.wait(timeout=60)

    assert ("nobody", "unknown_device", "{}") == (kept["device"], kept["reason"], kept["payload_text"])
    assert (0, 0) == (doctor.returncode, doctor.stdout.count("PROBLEM")), doctor.stdout
    assert (0, False) == (code, "Traceback" in log.read_text())


def test_what_is_published_from_the_moment_the_house_is_ready_is_received(tmp_path: Path) -> None:
    http_port, mqtt_port = free_port(), free_port()
    with rurban("up", data_dir=tmp_path, http_port=http_port, mqtt_port=mqtt_port):
        eventually(lambda: bool(answer(http_port, "/ready").get("ready")))
        with client_of(Broker("127.0.0.1", mqtt_port)) as client:
            publish(client, *[(uplink("nobody"), b"{}")] * 500)
        eventually(lambda: received(http_port) == 500)


def test_what_the_embedded_broker_has_acknowledged_is_stored_before_it_ends(tmp_path: Path) -> None:
    """It keeps its queues in memory: what it has taken in a burst is handed on before an orderly stop."""
    http_port, mqtt_port = free_port(), free_port()
    with rurban("up", data_dir=tmp_path, http_port=http_port, mqtt_port=mqtt_port) as house:
        eventually(lambda: bool(answer(http_port, "/ready").get("ready")))
        with client_of(Broker("127.0.0.1", mqtt_port)) as client:
            publish(client, *[(uplink("nobody"), b"{}")] * 10_000)
        house.send_signal(signal.SIGINT)
        code = house.wait(timeout=60)
    with open_registry(f"sqlite:///{tmp_path / 'registry.sqlite'}") as registry:
        counted = registry.ledger.total(start=dt.date(2020, 1, 1), stop=dt.date(2200, 1, 1))

    assert (0, 10_000, 10_000) == (code, counted.received, counted.quarantined)


def received(http_port: int) -> int:
    return sum(line["received"] for line in answer(http_port, "/api/v1/ledger").get("lines", []))


def test_a_port_that_is_taken_is_named(broker: Mosquitto, tmp_path: Path) -> None:
    ended = run("up", data_dir=tmp_path / "data", http_port=free_port(), mqtt_port=broker.port)

    assert (1, True, False) == (ended.returncode, "RURBAN_MQTT_PORT" in ended.stderr, "Traceback" in ended.stderr)


def test_a_second_house_on_the_same_data_is_refused(broker: Mosquitto, tmp_path: Path) -> None:
    with rurban("ingest", data_dir=tmp_path, log=tmp_path / "log", mqtt_port=broker.port):
        eventually(lambda: b"listening" in (tmp_path / "log").read_bytes())
        ended = run("api", data_dir=tmp_path, http_port=free_port(), mqtt_port=broker.port)

    assert (1, True) == (ended.returncode, "in use by another process" in ended.stderr), ended.stderr


def test_the_doctor_says_what_is_missing(tmp_path: Path) -> None:
    nowhere = free_port()
    ended = run("doctor", data_dir=tmp_path / "none", mqtt_port=nowhere, http_port=free_port())

    assert (1, True, True) == (
        ended.returncode,
        f"127.0.0.1:{nowhere}" in ended.stdout,
        "RURBAN_DATA_DIR" in ended.stdout,
    )


def test_records_are_listed_and_replayed(broker: Mosquitto, tmp_path: Path) -> None:
    names = run("replay", "list", data_dir=tmp_path).stdout
    with client_of(broker) as client:
        topics = heard(client, uplink("+"))
        ended = run("replay", "alamosa", "--shift-to-now", data_dir=tmp_path, mqtt_port=broker.port)
        eventually(lambda: len(topics) == 1440)

    assert ["alamosa", "device", "alamosa-surfrad,"] == names.split()[:3]
    assert (0, {uplink("alamosa-surfrad")}) == (ended.returncode, set(topics))


def test_an_unknown_record_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    ended = run("replay", "atlantis", data_dir=tmp_path)

    assert (1, True) == (ended.returncode, "alamosa" in ended.stderr), ended.stderr


def test_the_sample_county_is_simulated_until_it_is_stopped(broker: Mosquitto, tmp_path: Path) -> None:
    with client_of(broker) as client:
        topics = heard(client, uplink("+"))
        with rurban("simulate", data_dir=tmp_path, mqtt_port=broker.port) as county:
            eventually(lambda: len(topics) > 1)
            county.send_signal(signal.SIGTERM)
            code = county.wait(timeout=60)

    assert code == 0


def test_the_sample_county_is_simulated_for_as_long_as_asked(broker: Mosquitto, tmp_path: Path) -> None:
    ended = run("simulate", "--seconds", "1", data_dir=tmp_path, mqtt_port=broker.port)

    assert ended.returncode == 0


def test_the_county_gets_its_accounts_at_the_broker_and_no_password_is_shown(tmp_path: Path) -> None:
    with open_registry(f"sqlite:///{tmp_path}/registry.sqlite") as registry:
        settle_county(registry)
        devices = len([device for device in registry.devices.all() if device.gateway is None])
    ended = run("devices", "credentials", "--out", str(tmp_path), data_dir=tmp_path)
    again = run("devices", "credentials", "--out", str(tmp_path), "--renew", "demo-probe", data_dir=tmp_path)
    rows = (tmp_path / "new-passwords.csv").read_text().splitlines()
    secrets = [row.partition(",")[2] for row in rows[1:]]

    assert f"{devices + 3} new passwords, 0 accounts as they were, in {tmp_path}" == ended.stdout.splitlines()[0]
    assert f"1 new passwords, {devices + 2} accounts as they were, in {tmp_path}" == again.stdout.splitlines()[0]
    assert (devices + 4, []) == (len(secrets), [secret for secret in secrets if secret in ended.stdout + again.stdout])


def test_the_county_is_registered_before_it_is_simulated_if_asked(broker: Mosquitto, tmp_path: Path) -> None:
    ended = run("simulate", "--register", "--seconds", "0.1", data_dir=tmp_path, mqtt_port=broker.port)
    with open_registry(f"sqlite:///{tmp_path}/registry.sqlite") as registry:
        registered = registry.devices.all()

    assert (0, sorted(county.devices(), key=lambda device: device.id)) == (ended.returncode, registered)


def test_no_broker_is_one_line_that_says_where(tmp_path: Path) -> None:
    nowhere = free_port()
    ended = run("replay", "alamosa", data_dir=tmp_path, mqtt_port=nowhere)

    assert (1, 1, True) == (ended.returncode, len(ended.stderr.splitlines()), f"127.0.0.1:{nowhere}" in ended.stderr)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"mqtt_host": "0.0.0.0", "mqtt_username": "me"}, "RURBAN_MQTT_PASSWORD"),  # noqa: S104 - that is the point
        ({"mqtt_version": "5"}, "RURBAN_MQTT_EMBEDDED"),
    ],
)
def test_a_broker_that_cannot_be_as_asked_is_not_started(
    settings: dict[str, object], named: str, tmp_path: Path
) -> None:
    ended = run("up", data_dir=tmp_path, http_port=free_port(), mqtt_port=free_port(), **settings)

    assert (1, True) == (ended.returncode, named in ended.stderr), ended.stderr


def test_everything_runs_on_the_broker_there_is(broker: Mosquitto, tmp_path: Path) -> None:
    http_port = free_port()
    with rurban(
        "up", data_dir=tmp_path, http_port=http_port, mqtt_port=broker.port, mqtt_embedded=False, mqtt_version="5"
    ):
        eventually(lambda: bool(answer(http_port, "/ready").get("ready")))
        with client_of(broker) as client:
            publish(client, (uplink("nobody"), b"{}"))
        eventually(lambda: bool(answer(http_port, "/api/v1/quarantine").get("messages")))


@pytest.mark.parametrize("setting", ["http_port", "gateway_sl651_port", "gateway_hj212_port"])
def test_a_taken_port_is_told_at_once(setting: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {"http_port": free_port(), "mqtt_port": free_port(), setting: taken.getsockname()[1]}
        ended = run("demo", data_dir=tmp_path, **ports)

    assert (1, True) == (ended.returncode, f"RURBAN_{setting.upper()}" in ended.stderr), ended.stderr


def test_a_demonstration_that_would_not_hear_its_own_county_is_refused(tmp_path: Path) -> None:
    ended = run("demo", data_dir=tmp_path, mqtt_families="tasmota")

    assert (1, True) == (ended.returncode, "leaves out chirpstack, sparkplug_b, station" in ended.stderr), ended.stderr
