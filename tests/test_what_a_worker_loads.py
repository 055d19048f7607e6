"""A worker alone stays small: it loads no API, no boards, and of the stores only its own."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import influxdb
from tests.mosquitto import Mosquitto
from tests.processes import rurban
from tests.workplace import eventually

NEVER = {
    "fastapi",
    "uvicorn",
    "starlette",
    "prometheus_client",
    "grafana_foundation_sdk",
    "grafana_client",
    "iotcore",
    "cryptography",
    "google",  # protobuf comes with the first message of Sparkplug
}
OF_A_STORE = {"embedded": {"duckdb", "pyarrow"}, "influxdb": {"influxdb_client"}}


@pytest.fixture
def told_imports() -> Iterator[None]:
    """Python tells of every import on standard error."""
    before = dict(os.environ)
    os.environ["PYTHONPROFILEIMPORTTIME"] = "1"
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.usefixtures("told_imports")
@pytest.mark.parametrize("store", ["embedded", "influxdb"])
def test_a_worker_loads_its_own_store_and_nothing_that_serves_people(
    store: str, broker: Mosquitto, tmp_path: Path
) -> None:
    settings: dict[str, object] = {"store": store, "mqtt_port": broker.port}
    if store == "influxdb":
        database = influxdb.shared().new_database()
        settings |= {"influxdb_url": database.url, "influxdb_bucket": database.bucket}
    log = tmp_path / "log"
    with contextlib.ExitStack() as stack:
        stack.enter_context(rurban("ingest", data_dir=tmp_path, log=log, **settings))
        eventually(lambda: b"listening" in log.read_bytes(), within_s=60)
    lines = [line for line in log.read_text().splitlines() if line.startswith("import time:")]
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}

    watched = NEVER | set().union(*OF_A_STORE.values())
    assert OF_A_STORE[store] == loaded & watched
