"""The demonstration as a stranger starts it: one process, then the commands of the README."""

import csv
import datetime as dt
import json
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from tests.mosquitto import free_port
from tests.processes import rurban
from tests.workplace import eventually

ROOT = Path(__file__).parent.parent
RECORDS = ROOT / "devices" / "records"


@dataclass(frozen=True)
class Demo:
    """A running demonstration."""

    http_port: int
    mqtt_port: int
    process: subprocess.Popen[bytes]
    log: Path

    def text(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=30) as answer:
            body: str = answer.read().decode()
        return body

    def json(self, path: str) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.text(path))
        return body


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    log = folder / "demo.log"
    ports = {"http_port": free_port(), "mqtt_port": free_port()}
    with rurban("demo", data_dir=folder, log=log, **ports) as process:
        eventually(lambda: process.poll() is not None or b"Rurban is running" in log.read_bytes(), within_s=170)
        assert process.poll() is None, log.read_text()
        started = Demo(ports["http_port"], ports["mqtt_port"], process, log)
        eventually(lambda: _answers(started))
        yield started


def _answers(demo: Demo) -> bool:
    try:
        return bool(demo.text("/health"))
    except OSError:
        return False


def series(demo: Demo, query: str) -> list[dict[str, Any]]:
    """The points of the only line of an answer."""
    (line,) = demo.json(f"/api/v1/series?{query}")["series"]
    points: list[dict[str, Any]] = line["points"]
    return points


def rows(name: str) -> list[dict[str, str]]:
    with (RECORDS / name).open(newline="") as file:
        return list(csv.DictReader(file))


def minutes(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def test_it_starts_within_its_time_and_has_its_history(demo: Demo) -> None:
    assert "Rurban is running" in demo.log.read_text()


def test_every_temperature_of_the_real_station_comes_out_as_it_went_in(demo: Demo) -> None:
    file = [
        (minutes(row["time"]), float(row["air_temperature_Cel"]))
        for row in rows("weather_alamosa_2016-01-01.csv")
        if row["air_temperature_Cel"]
    ]
    points = series(
        demo,
        "metric=air_temperature&device=alamosa-surfrad&start=2016-01-01T00:00:00Z&stop=2016-01-02T00:00:00Z"
        "&quality=all&limit=5000",
    )

    assert file == [(minutes(str(point["at"])), point["value"]) for point in points]


def test_the_daily_mean_of_the_real_station_is_that_of_its_file(demo: Demo) -> None:
    file = [
        float(row["air_temperature_Cel"])
        for row in rows("weather_alamosa_2016-01-01.csv")
        if row["air_temperature_Cel"]
    ]
    (day,) = series(
        demo,
        "metric=air_temperature&device=alamosa-surfrad&start=2016-01-01T00:00:00Z&stop=2016-01-02T00:00:00Z&every=1d",
    )

    assert (pytest.approx(fmean(file)), len(file)) == (day["value"], day["count"])


def test_the_monthly_rain_of_the_real_gauge_adds_up_to_its_file(demo: Demo) -> None:
    start, stop = minutes("2021-01-01T00:00:00Z"), minutes("2022-01-01T00:00:00Z")
    file = [
        float(row["rainfall_1h_mm"])
        for row in rows("rainfall_vlissingen_hourly_2019-2022.csv")
        if row["rainfall_1h_mm"] and start < minutes(row["time"]) <= stop
    ]
    months = series(
        demo,
        "metric=rainfall_interval&device=vlissingen-rain&start=2021-01-01T00:00:00Z&stop=2022-01-01T00:00:00Z&every=1mo",
    )

    assert (12, pytest.approx(sum(file))) == (len(months), sum(float(str(month["value"])) for month in months))


def test_live_data_goes_on(demo: Demo) -> None:
    before = demo.text("/metrics")
    eventually(lambda: _messages(demo.text("/metrics")) > _messages(before), within_s=30)

    assert demo.process.poll() is None


def _messages(metrics: str) -> float:
    found = re.search(r"^rurban_ingest_messages_total (\S+)", metrics, re.MULTILINE)
    assert found, metrics
    return float(found[1])


def test_the_readme_commands_publish_a_reading_and_find_it(demo: Demo) -> None:
    readme = (ROOT / "README.md").read_text()
    block = re.search(r"```sh\n(mosquitto_pub .*?)```", readme, re.DOTALL)
    assert block, "the README's first example"
    published, asked = (
        line.replace("1883", str(demo.mqtt_port)).replace("8080", str(demo.http_port))
        for line in block[1].strip().splitlines()
    )
    subprocess.run(["sh", "-c", published], check=True, timeout=10)

    def found() -> bool:
        answer = subprocess.run(["sh", "-c", asked], check=True, capture_output=True, timeout=10)
        return b"21.5" in answer.stdout

    eventually(found, within_s=2)


def test_every_curl_of_the_readme_is_answered(demo: Demo) -> None:
    readme = (ROOT / "README.md").read_text()
    paths = re.findall(r"curl 'http://127\.0\.0\.1:8080(/[^']+)'", readme)

    assert len(paths) >= 6
    assert [] == [path for path in paths if not demo.text(path)]


def test_ctrl_c_ends_it_cleanly_and_a_second_start_continues(demo: Demo, tmp_path: Path) -> None:
    """The last one of this module: it ends the demonstration."""
    today = demo.json("/api/v1/devices?limit=1")
    demo.process.send_signal(signal.SIGINT)
    code = demo.process.wait(timeout=30)
    again = tmp_path / "again.log"
    with rurban(
        "demo", data_dir=demo.log.parent, log=again, http_port=demo.http_port, mqtt_port=demo.mqtt_port
    ) as process:
        eventually(lambda: process.poll() is not None or b"Rurban is running" in again.read_bytes(), within_s=60)
        eventually(lambda: _answers(demo))
        probe = demo.json("/api/v1/latest?device=demo-probe")

    assert (0, b"Traceback" in demo.log.read_bytes()) == (code, False)
    assert "21.5" in json.dumps(probe)
    assert today
