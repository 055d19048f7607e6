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

from devices import replay
from devices.message import uplink
from rurban.demo import diary
from tests.mosquitto import free_port, listens
from tests.processes import rurban
from tests.workplace import eventually, wall_clock

ROOT = Path(__file__).parent.parent
RECORDS = ROOT / "devices" / "records"
HISTORY = dt.timedelta(days=7)
"""Of the thirty of a start without options (`test_history.py`): enough to ask about days of every age."""
READINGS_A_DAY = 67_000
"""At least: two million in thirty days."""
EVER = dt.date.max


@dataclass(frozen=True)
class Demo:
    """A running demonstration."""

    http_port: int
    mqtt_port: int
    process: subprocess.Popen[bytes]
    log: Path
    started: int
    """Milliseconds."""
    filled_until: int
    """How far the history reached when the broker began to listen."""

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
    start = wall_clock()
    with rurban("demo", "--days", str(HISTORY.days), data_dir=folder, log=log, **ports) as process:
        eventually(lambda: process.poll() is not None or listens(ports["mqtt_port"]), within_s=170)
        filled_until = diary(folder, start).filled_until
        eventually(lambda: process.poll() is not None or b"Rurban is running" in log.read_bytes(), within_s=170)
        assert process.poll() is None, log.read_text()
        started = Demo(ports["http_port"], ports["mqtt_port"], process, log, start, filled_until)
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


def fates(demo: Demo, start: dt.date, stop: dt.date) -> dict[str, int]:
    """The ledger's total of the days from start to before stop."""
    total: dict[str, int] = demo.json(f"/api/v1/ledger?start={start}&stop={stop}&limit=1")["total"]
    return total


def test_its_broker_listens_when_the_history_is_written_and_the_worker_can_subscribe(demo: Demo) -> None:
    assert demo.filled_until >= demo.started


def today(demo: Demo) -> dt.date:
    return dt.date.fromisoformat(demo.json("/api/v1/ledger?limit=1")["start"])


def temperatures_a_day(demo: Demo, start: dt.date, stop: dt.date) -> dict[str, list[int]]:
    """How many readings each day's temperature of the countryside and of the city is made of."""
    answer = demo.json(f"/api/v1/series?metric=air_temperature&by=setting&every=1d&start={start}&stop={stop}")
    return {line["group"]: [point["count"] for point in line["points"]] for line in answer["series"]}


def test_it_starts_with_as_many_days_of_history_as_asked_for(demo: Demo) -> None:
    stop = today(demo)
    start = stop - HISTORY
    days = temperatures_a_day(demo, start, stop)

    assert fates(demo, start, stop)["stored"] >= HISTORY.days * READINGS_A_DAY
    assert [HISTORY.days, HISTORY.days] == [sum(count > 0 for count in days[place]) for place in ("rural", "urban")]


def test_every_number_of_the_real_station_comes_out_as_it_went_in(demo: Demo) -> None:
    columns = {name: column.metric for name, column in replay.record("alamosa").columns.items()}
    file = rows("weather_alamosa_2016-01-01.csv")
    written = [
        (minutes(row["time"]), {metric: float(row[name]) for name, metric in columns.items() if row[name]})
        for row in file
    ]
    read: dict[dt.datetime, dict[str, float]] = {at: {} for at, _ in written}
    for metric in columns.values():
        for point in series(
            demo,
            f"metric={metric}&device=alamosa-surfrad&start=2016-01-01T00:00:00Z&stop=2016-01-02T00:00:00Z"
            "&quality=all&limit=5000",
        ):
            read.setdefault(minutes(str(point["at"])), {})[metric] = point["value"]

    # Not replayed: an energy flux where the catalogue has a photon flux.
    assert {"par_W_m2"} == file[0].keys() - columns.keys() - {"time"}
    assert (1440, written) == (len(file), sorted(read.items()))


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
    commands = block[1].replace("1883", str(demo.mqtt_port)).replace("8080", str(demo.http_port))

    def found() -> bool:
        answer = subprocess.run(["sh", "-ec", commands], check=True, capture_output=True, timeout=60)
        return b"21.5" in answer.stdout

    eventually(found)


def test_every_curl_of_the_readme_is_answered(demo: Demo) -> None:
    readme = (ROOT / "README.md").read_text()
    paths = re.findall(r"curl 'http://127\.0\.0\.1:8080(/[^']+)'", readme)

    assert len(paths) >= 6
    assert [] == [path for path in paths if not demo.text(path)]


def readings_of_the_probe(demo: Demo) -> list[tuple[object, ...]]:
    readings = demo.json("/api/v1/latest?device=demo-probe")["readings"]
    return [tuple(reading[name] for name in ("metric", "value", "at", "received_at")) for reading in readings]


def test_ctrl_c_ends_it_cleanly_and_a_second_start_continues_with_the_same_data(demo: Demo, tmp_path: Path) -> None:
    """The last one of this module: it ends the demonstration."""
    said = [
        *("mosquitto_pub", "-h", "127.0.0.1", "-p", str(demo.mqtt_port), "-q", "1", "-t", uplink("demo-probe")),
        *("-m", '{"values": {"air_temperature": 3.25}}'),
    ]
    subprocess.run(said, check=True, timeout=60)
    eventually(lambda: 3.25 in [reading[1] for reading in readings_of_the_probe(demo)])
    probe = readings_of_the_probe(demo)
    stop = today(demo)
    # A device whose clock is wrong by a day may still say today what it measured yesterday.
    start, settled = stop - HISTORY, stop - dt.timedelta(days=3)
    history = fates(demo, start, stop), temperatures_a_day(demo, start, settled)
    stored = fates(demo, start, EVER)["stored"]
    demo.process.send_signal(signal.SIGINT)
    code = demo.process.wait(timeout=60)
    again = tmp_path / "again.log"
    with rurban(
        "demo", data_dir=demo.log.parent, log=again, http_port=demo.http_port, mqtt_port=demo.mqtt_port
    ) as process:
        eventually(lambda: process.poll() is not None or b"Rurban is running" in again.read_bytes(), within_s=120)
        assert process.poll() is None, again.read_text()
        eventually(lambda: _answers(demo))

        assert (0, False) == (code, b"Traceback" in demo.log.read_bytes())
        assert probe == readings_of_the_probe(demo)
        assert history == (fates(demo, start, stop), temperatures_a_day(demo, start, settled))
        assert fates(demo, start, EVER)["stored"] >= stored
