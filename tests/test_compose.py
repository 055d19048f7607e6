"""The promises of `docker-compose.yml` and of the image, as far as they can be seen without an engine."""

import os
import re
import shutil
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from telemetry.store import Address
from tests.composition import ROOT, compose, rendered, secrets
from tests.mosquitto import COMPOSED, DOCUMENTED
from tests.test_house import PACKAGES

SERVICES = ("api", "grafana", "influxdb", "mosquitto", "postgres", "worker")
WITH_A_PROFILE = ("gateway", "simulate")
ASKED = ("accounts",)
"""Run by hand; they end when they are done."""
FIRST = {"influxdb", "mosquitto", "postgres"}
"""They wait for nobody."""
PINNED = re.compile(r"[a-z/-]+:\d+\.\d+\.\d+|postgres:\d+\.\d+")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return secrets(tmp_path_factory.mktemp("secrets") / ".env")


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    file = tmp_path_factory.mktemp("rendered") / ".env"
    secrets(file)
    found: dict[str, dict[str, Any]] = rendered(file)["services"]
    return found


def test_there_are_six_services_two_more_for_those_who_want_them_and_one_run_by_hand(
    services: dict[str, dict[str, Any]],
) -> None:
    assert {*SERVICES, *WITH_A_PROFILE, *ASKED} == services.keys()
    assert {"gateway": ["stations"], "simulate": ["demo"], "accounts": ["accounts"]} == {
        name: one["profiles"] for name, one in services.items() if "profiles" in one
    }


@pytest.mark.parametrize("name", [*SERVICES, *WITH_A_PROFILE])
def test_each_service_is_checked_and_started_anew(name: str, services: dict[str, dict[str, Any]]) -> None:
    assert {"test", "interval", "timeout", "retries", "start_period"} <= services[name]["healthcheck"].keys()
    assert "unless-stopped" == services[name]["restart"]


@pytest.mark.parametrize("name", [*SERVICES, *WITH_A_PROFILE, *ASKED])
def test_each_service_is_pinned_and_shut_in(name: str, services: dict[str, dict[str, Any]]) -> None:
    service = services[name]

    assert PINNED.fullmatch(service["image"]), service["image"]
    assert (True, ["ALL"], ["no-new-privileges:true"]) == (
        service["read_only"],
        service["cap_drop"],
        service["security_opt"],
    )
    assert re.fullmatch(r"[1-9]\d*:\d+", service["user"]), "not root"


def test_each_service_waits_until_what_it_needs_is_healthy(services: dict[str, dict[str, Any]]) -> None:
    waits = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }

    assert FIRST == {name for name, others in waits.items() if not others}
    assert {"service_healthy"} == {condition for others in waits.values() for condition in others.values()}
    assert FIRST == set(waits["api"]) == set(waits["worker"])


def published(service: dict[str, Any]) -> list[str]:
    """The host's addresses; docker-compose 1 shows ports as text, 2 in parts."""
    return [
        port.rpartition(":")[0].rpartition(":")[0] if isinstance(port, str) else port.get("host_ip", "")
        for port in service.get("ports", [])
    ]


def test_nothing_is_reachable_from_outside_unless_it_is_asked_for(services: dict[str, dict[str, Any]]) -> None:
    found = {name: published(service) for name, service in services.items() if "ports" in service}

    assert {name: ["127.0.0.1"] for name in ("api", "grafana", "mosquitto")} | {"gateway": ["127.0.0.1"] * 3} == found


def kept_in(volume: str | dict[str, str]) -> tuple[str, bool]:
    """A mount's source and whether it can be written to."""
    if isinstance(volume, str):
        source, _, mode = volume.split(":")
        return source, mode != "ro"
    return volume["source"], not volume.get("read_only", False)


def test_what_is_written_is_kept_in_named_volumes(services: dict[str, dict[str, Any]]) -> None:
    mounts = [kept_in(volume) for service in services.values() for volume in service.get("volumes", [])]
    files = [Path(source) for source, writable in mounts if not writable]

    assert [] == [source for source, writable in mounts if writable and "/" in source]
    assert [] == [file for file in files if not file.exists()]


def test_every_secret_is_generated_and_none_has_a_default(known: dict[str, str]) -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    secret = re.compile(r"(?:PASSWORD|TOKEN|KEY)\w*: (.*)")
    values = [found[1] for line in text.splitlines() if (found := secret.search(line.strip()))]

    assert len(values) >= len(known) == len(set(known.values()))
    assert [] == [value for value in values if not re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", value)]
    assert [] == [name for name, value in known.items() if not re.fullmatch("[0-9a-f]{48}", value)]


def test_without_secrets_it_says_what_to_do(tmp_path: Path) -> None:
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    ended = compose(tmp_path, "config", "--quiet")

    assert (True, True) == (ended.returncode != 0, "first run make secrets" in ended.stderr), ended.stderr


def ran_secrets(file: Path, force: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "scripts/setup.sh", "secrets", str(file)],
        cwd=ROOT,
        env=os.environ | {"FORCE": force},
        capture_output=True,
        text=True,
        check=False,
    )


def test_secrets_are_for_their_owner_alone_and_are_not_shown(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    ended = ran_secrets(file)
    values = [line.partition("=")[2] for line in file.read_text().splitlines()]

    assert (0, "-rw-------", [".env"]) == (
        ended.returncode,
        stat.filemode(file.stat().st_mode),
        [path.name for path in tmp_path.iterdir()],
    )
    assert [] == [value for value in values if value in ended.stdout + ended.stderr]


def test_secrets_that_are_there_stay_unless_new_ones_are_forced(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    ran_secrets(file)
    first = file.read_text()
    refused, kept = ran_secrets(file), file.read_text()
    forced = ran_secrets(file, force="1")

    assert (1, first, True) == (refused.returncode, kept, "FORCE=1" in refused.stderr)
    assert (0, False) == (forced.returncode, first == file.read_text())


def test_secrets_do_not_get_into_history_or_image() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    context = (ROOT / ".dockerignore").read_text().splitlines()

    assert {".env", ".env.*"} <= set(ignored)
    assert "*" == next(line for line in context if not line.startswith("#"))
    assert [] == [line for line in context if ".env" in line]


def lines(configuration: Path) -> set[str]:
    text = configuration.read_text("utf-8").splitlines()
    return {line for line in text if line and not line.startswith("#")}


def test_the_broker_is_the_documented_one_but_for_its_doors_and_its_limit() -> None:
    documented, composed = lines(DOCUMENTED), lines(COMPOSED)

    assert {"listener", "allow_anonymous", "persistence_location", "max_queued_messages", "log_dest"} == {
        line.split()[0] for line in documented - composed
    }
    assert {"password_file", "acl_file", "plugin", "plugin_opt_config_file"} == {
        line.split()[0] for line in composed - documented
    } - {line.split()[0] for line in documented}


def test_the_image_is_made_of_what_is_there_and_of_the_lock() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    context = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        source for line in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE) for source in line.split()
    }

    assert set() == {source for source in copied if not (ROOT / source).exists()}
    assert context == copied - {"dashboards/web"}
    assert set() == set(PACKAGES) - copied
    assert "--require-hashes" in text
    assert [] == [
        base for base in re.findall(r"^FROM (\S+)", text, re.MULTILINE) if not re.search(r":\d+\.\d+\.\d+-", base)
    ]
    assert "1883:1883" == re.findall(r"^USER (.*)$", text, re.MULTILINE)[-1]


def test_the_image_bears_the_version_of_the_project(services: dict[str, dict[str, Any]]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

    assert {f"rurban:{version}"} == {
        services[name]["image"] for name in ("api", "worker", "gateway", "simulate", "accounts")
    }


def test_scripts_that_containers_run_by_name_can_be_run() -> None:
    assert [] == [path.name for path in (ROOT / "docker").glob("*.sh") if not os.access(path, os.X_OK)]


@pytest.mark.parametrize(("days", "limited"), [("0", []), ("90", ["bucket update --id 0a --retention 90d"])])
def test_influxdb_is_set_up_with_the_bucket_of_the_rollups_and_a_reader(
    days: str, limited: list[str], tmp_path: Path
) -> None:
    """No InfluxDB 2 can be had on a test machine: its command line is played by one that notes what it is asked."""
    asked = tmp_path / "asked"
    program = tmp_path / "influx"
    program.write_text(f'#!/bin/sh\necho "$@" >>{asked}\n[ "$2" != list ] || printf "0b\\trurban_hourly\\n"\n')
    program.chmod(0o755)
    given = {
        "DOCKER_INFLUXDB_INIT_ORG": "rurban",
        "DOCKER_INFLUXDB_INIT_BUCKET": "rurban",
        "DOCKER_INFLUXDB_INIT_BUCKET_ID": "0a",
        "GRAFANA_INFLUXDB_PASSWORD": "secret",
        "RURBAN_KEEP_DAYS": days,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
    }
    subprocess.run(["docker/set-up-influxdb.sh"], cwd=ROOT, env=given, check=True)

    assert [
        f"bucket create --org rurban --name {Address('', 'rurban').hourly.bucket}",
        "bucket list --org rurban --name rurban_hourly --hide-headers",
        *limited,
        "v1 auth create --org rurban --read-bucket 0a --read-bucket 0b --username grafana --password secret",
    ] == asked.read_text().splitlines()


def test_the_documented_override_opens_the_broker_by_tls(tmp_path: Path) -> None:
    secrets(tmp_path / ".env")
    page = (ROOT / "docs" / "tls.md").read_text("utf-8")
    (text,) = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "docker-compose.override.yml").write_text(text)
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    shown = compose(tmp_path, "config")

    assert shown.returncode == 0, shown.stderr
    mosquitto = yaml.safe_load(shown.stdout)["services"]["mosquitto"]
    assert ["127.0.0.1", "0.0.0.0"] == published(mosquitto)  # noqa: S104 - that is the point
    assert f"{tmp_path}/broker-certs" in {kept_in(volume)[0] for volume in mosquitto["volumes"]}
