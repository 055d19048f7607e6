"""A device whose clock is wrong, and is set right, from the packet to HTTP; every part is real."""

import json
from pathlib import Path

from devices.message import uplink
from rurban.house import House
from tests import village
from tests.houses import Running, house_on
from tests.mosquitto import Mosquitto
from tests.workplace import client_of, eventually, publish

DEVICE = "station-1"
HOUR = 3_600_000


def prepared(house: House) -> None:
    village.settle(house.registry)


def send(running: Running, broker: Mosquitto, ahead_ms: int, *numbers: int) -> None:
    """Messages with these numbers, one after another, each stored before the next."""
    progress = running.worker.progress
    with client_of(broker) as sensor:
        for number in numbers:
            before = progress.readings
            at = running.house.clock() + ahead_ms
            body = {"at": at, "seq": number, "values": {"air_temperature": 20 + number / 100}}
            publish(sensor, (uplink(DEVICE), json.dumps(body).encode()))
            eventually(lambda before=before: progress.readings > before)  # type: ignore[misc]


def test_a_clock_that_is_set_right_needs_no_restart_and_a_restart_forgets_nothing(
    broker: Mosquitto, tmp_path: Path
) -> None:
    with house_on(broker, tmp_path, prepared) as running:
        send(running, broker, 24 * HOUR, 1, 2, 3)
        wrong = running.json(f"/api/v1/devices/{DEVICE}")
        (doubted,) = running.json(f"/api/v1/latest?device={DEVICE}")["readings"]
        send(running, broker, 0, 4, 5, 7, 8, 9, 10)
        right = running.json(f"/api/v1/devices/{DEVICE}")
        (newest,) = running.json(f"/api/v1/latest?device={DEVICE}")["readings"]
        query = f"/api/v1/series?metric=air_temperature&device={DEVICE}&start=-2d&stop=2200-01-01&every=1mo&tz=UTC"
        (line,) = running.json(query)["series"]

    assert ("ahead by 1 d", ["clock"], 20.03, False) == (
        wrong["clock"],
        doubted["quality"],
        doubted["value"],
        wrong["offline"],
    )
    assert ("right", [], 20.10, 1) == (
        right["clock"],
        newest["quality"],
        newest["value"],
        right["today"]["lost_by_sequence"],
    )
    assert 6 == sum(bucket["count"] for bucket in line["points"])

    with house_on(broker, tmp_path, prepared) as running:
        restarted = running.json(f"/api/v1/devices/{DEVICE}")
        send(running, broker, 0, 11)
        send(running, broker, -60_000, 6)
        after = running.json(f"/api/v1/devices/{DEVICE}")

    assert (right["last_heard_at"], right["clock_skew_s"]) == (restarted["last_heard_at"], restarted["clock_skew_s"])
    assert ("right", 0) == (after["clock"], after["today"]["lost_by_sequence"])
