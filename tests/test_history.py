"""How far the history of the demonstration goes back, and that no day of it is left out."""

import datetime as dt
import signal
from pathlib import Path

from rurban import house as composition
from rurban.demo import DAY_MS, diary, fill_history, settle_county
from rurban.settings import HISTORY_DAYS, Settings
from tests import fleets
from tests.mosquitto import free_port
from tests.processes import rurban
from tests.workplace import eventually, wall_clock

STATION = "bs01-weather-1"


def test_every_day_of_thirty_has_its_readings_each_counted_once(tmp_path: Path) -> None:
    """One station of the county, asked for at eight on the thirty-first day."""
    now = fleets.SUMMER + 30 * DAY_MS + 8 * fleets.HOUR
    current = diary(tmp_path, now)
    stations = [device for device in fleets.DEVICES.values() if device.id == STATION]
    shown: list[int] = []
    with (
        composition.opened(Settings(data_dir=tmp_path)) as house,
        composition.settlement(house, "history") as settlement,
    ):
        settle_county(house.registry)
        fleet = fleets.simulated(stations, epoch=current.epoch)
        filled = fill_history(house, settlement, fleet, current, now, shown.append)
        first = dt.datetime.fromtimestamp(current.epoch / 1000, dt.UTC).date()
        lines = house.registry.ledger.find(
            devices=[STATION], start=first, stop=first + dt.timedelta(days=99), limit=99, after=None
        )

    assert (30, fleets.SUMMER) == (HISTORY_DAYS, current.epoch)
    assert now == current.filled_until == diary(tmp_path, now + DAY_MS).filled_until
    assert [first + dt.timedelta(days=number) for number in range(31)] == [line.day for line in lines]
    assert filled == shown[-1] == sum(line.stored for line in lines)
    assert {lines[0].stored} == {line.stored for line in lines[:30]}


def test_a_start_without_options_goes_thirty_days_back(tmp_path: Path) -> None:
    start = wall_clock()
    with rurban("demo", data_dir=tmp_path, http_port=free_port(), mqtt_port=free_port()) as process:
        eventually(lambda: process.poll() is not None or (tmp_path / "demo.json").exists(), within_s=90)
        noted = diary(tmp_path, start)
        process.send_signal(signal.SIGKILL)

    assert 30 == start // DAY_MS - noted.epoch // DAY_MS
    assert noted.epoch + DAY_MS <= noted.filled_until
