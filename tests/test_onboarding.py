"""Devices that were heard before anybody registered them: what they are taken for, and their adoption."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from devices.message import uplink
from rurban.house import House
from telemetry import replay_request
from telemetry.errors import Reason
from telemetry.model import Device, Measure, Origin, Profile, Quarantined
from telemetry.registry import Registry
from tests import village
from tests.api_fixture import HOUR, MINUTE, NOW, Served, house
from tests.houses import Running, house_on
from tests.mosquitto import Mosquitto
from tests.test_worker import native
from tests.village import VILLAGE
from tests.workplace import client_of, eventually, publish, wall_clock

__all__ = ["house"]

SOIL = b'[{"bn":"urn:dev:mac:1:","n":"soil_temperature","u":"Cel","v":9.5}]'
ODD = b'{"soil": {"t": 11.4, "Room 1": [true]}, "fw": "1.2"}'
LORA = "application/1/device/24E124136B506AD5/event/up"
CHIRPSTACK = json.dumps(
    {
        "time": "2026-11-23T08:00:00Z",
        "deviceInfo": {"devEui": "24e124136b506ad5"},
        "object": {"values": {"soil_temperature": 8.5}},
    }
).encode()


def refuse(registry: Registry, *messages: tuple[str, bytes, int], device: str) -> None:
    registry.quarantine.add(
        [Quarantined(topic, payload, Reason.UNKNOWN_DEVICE, "", at, device) for topic, payload, at in messages]
    )


@pytest.fixture
def heard(house: Served) -> Served:
    """With messages of six devices that nobody has registered, one of them of two days ago."""
    odd = (Measure("soil_temperature", origins=(Origin("$.soil.t"),)),)
    house.registry.devices.put_profiles([Profile("odd", "Odd probe", "json_paths", odd)])
    refuse(
        house.registry,
        (uplink("new-1"), native(NOW - 30 * HOUR, air_temperature=1.5), NOW - 30 * HOUR),
        (uplink("new-1"), native(NOW - HOUR - 5000, air_temperature=2.5), NOW - HOUR),
        (uplink("new-1"), native(NOW - MINUTE, air_relative_humidity=70), NOW - MINUTE),
        device="new-1",
    )
    refuse(house.registry, (LORA, CHIRPSTACK, NOW - 2 * MINUTE), device="24e124136b506ad5")
    refuse(house.registry, (uplink("odd 1"), ODD, NOW - 3 * MINUTE), device="odd 1")
    refuse(house.registry, (uplink("dumb-1"), b"\x01\x02", NOW - 4 * MINUTE), device="dumb-1")
    refuse(house.registry, (uplink("long-gone"), b"{}", NOW - 48 * HOUR), device="long-gone")
    refuse(house.registry, (uplink("probe-1"), b"{}", NOW - HOUR), device="probe-1")
    return house


def strangers(house: Served, query: str = "") -> dict[str, Any]:
    return {one["id"]: one for one in house.get(f"/discovered{query}")["devices"]}


def test_who_was_heard_in_the_last_day_is_discovered_the_last_one_first(heard: Served) -> None:
    assert ["new-1", "24e124136b506ad5", "odd 1", "dumb-1"] == list(strangers(heard))
    assert "long-gone" in strangers(heard, "?since=-3d")
    assert (["new-1"], True) == (list(strangers(heard, "?limit=1")), heard.get("/discovered?limit=1")["more"])


def test_a_stranger_is_told_by_all_that_it_sent(heard: Served) -> None:
    new = strangers(heard)["new-1"]

    assert ("native", uplink("new-1"), "native_json", 2) == tuple(
        new[name] for name in ("family", "topic", "codec", "messages")
    )
    assert ("2026-11-23T07:00:00Z", "2026-11-23T07:59:00Z", None) == tuple(
        new[name] for name in ("first_heard_at", "last_heard_at", "hindrance")
    )
    assert {("air_temperature", 2.5, "Cel", True), ("air_relative_humidity", 70.0, "%", True)} == {
        (said["metric"], said["value"], said["unit"], said["known"]) for said in new["values"]
    }
    assert ["station", "probe"] == new["profiles"]
    assert native(NOW - MINUTE, air_relative_humidity=70).decode() == new["payload_text"]


def test_what_a_network_server_wraps_is_read_too(heard: Served) -> None:
    lora = strangers(heard)["24e124136b506ad5"]

    assert ("chirpstack", "native_json", [8.5]) == (
        lora["family"],
        lora["codec"],
        [said["value"] for said in lora["values"] if said["metric"] == "soil_temperature"],
    )


def test_a_document_of_no_known_format_is_read_by_the_profile_that_finds_something_in_it(heard: Served) -> None:
    odd = strangers(heard)["odd 1"]

    assert (None, ["odd"], [11.4], []) == (
        odd["codec"],
        odd["profiles"],
        [said["value"] for said in odd["values"]],
        odd["fields"],
    )
    assert "'odd 1' is no id" in odd["hindrance"]


def test_where_no_profile_finds_anything_each_field_is_shown_with_its_path(house: Served) -> None:
    refuse(house.registry, (uplink("odd-1"), ODD, NOW), device="odd-1")
    odd = strangers(house)["odd-1"]

    assert [("$.fw", "1.2"), ("$.soil.t", 11.4), ('$.soil["Room 1"][0]', "true")] == [
        (field["path"], field["value"]) for field in odd["fields"]
    ]


def test_what_nobody_can_read_is_shown_as_bytes(heard: Served) -> None:
    dumb = strangers(heard)["dumb-1"]

    assert (None, [], [], 2, "AQI=") == tuple(
        dumb[name] for name in ("codec", "profiles", "values", "payload_bytes", "payload_base64")
    )


def test_names_beyond_all_bounds_harm_nobody_else(heard: Served) -> None:
    long = "x" * 1000
    refuse(heard.registry, (uplink(long), b"[" * 20_000, NOW), device=long)
    refuse(heard.registry, (uplink("name-10001"), b"{}", NOW), (uplink("name-10002"), b"{}", NOW), device=uplink("+"))
    answer = heard.get("/discovered")
    (first, *others) = answer["devices"]

    assert (2, "new-1", None, True) == (answer["others"], others[0]["id"], first["codec"], bool(first["hindrance"]))


def adopt(house: Served, device: str, **told: object) -> Response:
    return house.client.post(
        f"/api/v1/discovered/{device}/adopt", json={"profile": "station", "region": VILLAGE} | told
    )


def test_adoption_registers_the_device_and_asks_for_its_messages_in_order(heard: Served) -> None:
    answer = adopt(heard, "new-1", name="Behind the school", latitude=37.6, longitude=118.2)
    waiting = heard.registry.quarantine.find(device="new-1", limit=10)

    assert (201, "Behind the school", VILLAGE, uplink("new-1")) == (
        answer.status_code,
        *(answer.json()["device"][name] for name in ("name", "region", "topic")),
    )
    assert [
        (replay_request.TOPIC, replay_request.encode(item.id or 0)) for item in reversed(waiting)
    ] == heard.bus.published
    assert {"stored": 0, "refused": 0, "waiting": 3, "asked": 3} == {
        name: answer.json()["replay"][name] for name in ("stored", "refused", "waiting", "asked")
    }
    assert "new-1" not in strangers(heard)


def test_an_adopted_device_begins_with_the_first_thing_that_it_measured(heard: Served) -> None:
    assert "2026-11-22T02:00:00Z" == adopt(heard, "new-1").json()["device"]["valid_from"]
    assert "2026-11-23T07:56:00Z" == adopt(heard, "dumb-1").json()["device"]["valid_from"]
    assert None is adopt(heard, "24e124136b506ad5", valid_from=None).json()["device"]["valid_from"]


@pytest.mark.parametrize(
    ("name", "told", "status", "parameter", "words"),
    [
        ("nobody", {}, 404, "discovered device", "nobody"),
        ("probe-1", {}, 409, None, "registered already"),
        ("odd 1", {}, 422, "id", "A-Z a-z 0-9"),
        ("new-1", {"profile": "statoin"}, 422, "profile", "station"),
        ("new-1", {"region": "370522101202"}, 422, "region", VILLAGE),
        ("new-1", {"region": "x"}, 422, "region", "12 digits"),
        ("new-1", {"latitude": 91, "longitude": 1}, 422, "latitude", "-90 to 90"),
        ("new-1", {"latitude": 1}, 422, "longitude", "both"),
        ("new-1", {"gateway": "new-1"}, 422, "gateway", "itself"),
        ("new-1", {"name": "a\nb"}, 422, "name", "control"),
        ("new-1", {"valid_from": "soon"}, 422, "valid_from", "ISO 8601"),
        ("new-1", {"nmae": "x"}, 422, "nmae", "no such"),
    ],
)
def test_an_adoption_that_cannot_be_says_what_would_be_right(  # noqa: PLR0913, PLR0917 - a row of the table
    name: str, told: dict[str, object], status: int, parameter: str | None, words: str, heard: Served
) -> None:
    answer = adopt(heard, name, **told)
    problem = answer.json()

    assert (status, parameter) == (answer.status_code, problem.get("parameter"))
    assert words in problem["detail"] + problem.get("allowed", "")
    assert [] == heard.bus.published


def test_an_adoption_while_the_bus_is_away_says_so_and_can_be_finished_later(heard: Served) -> None:
    heard.bus.away = True
    answer = adopt(heard, "new-1")
    heard.bus.away = False
    again = heard.client.post("/api/v1/devices/new-1/replay")

    assert (201, 0, True) == (
        answer.status_code,
        answer.json()["replay"]["asked"],
        "broker" in answer.json()["replay"]["wrong"],
    )
    assert (202, 3, None) == (again.status_code, again.json()["asked"], again.json()["wrong"])


def prepare(house: House) -> None:
    village.settle(house.registry)


def call(running: Running, path: str, body: object) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://{running.address}/api/v1{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - http, one line above
        found: dict[str, Any] = json.load(answer)
        return found


def test_a_device_that_is_adopted_has_its_readings_and_its_presence(broker: Mosquitto, tmp_path: Path) -> None:
    """The whole way: heard, discovered, adopted, replayed, there."""
    began = wall_clock() - 5000
    with house_on(broker, tmp_path / "data", prepare) as running, client_of(broker) as client:
        publish(client, *[(uplink("new-1"), native(began + i, air_temperature=i / 10)) for i in range(20)])
        eventually(lambda: [20] == [one["messages"] for one in running.json("/api/v1/discovered")["devices"]])
        call(running, "/discovered/new-1/adopt", {"profile": "probe", "region": VILLAGE, "name": "New"})
        eventually(lambda: running.json("/api/v1/devices/new-1/replay")["waiting"] == 0)
        device = running.json("/api/v1/devices/new-1")
        (latest,) = device["latest"]
        last = running.house.registry.heard.find(["new-1"])["new-1"].at

    assert (1.9, 20) == (latest["value"], device["today"]["received"])
    assert began <= last <= wall_clock()
    assert device["last_heard_at"] is not None


def test_a_late_replay_does_not_look_like_a_sender_that_started_anew(broker: Mosquitto, tmp_path: Path) -> None:
    def numbered(seq: int) -> tuple[str, bytes]:
        return uplink("new-1"), json.dumps({"seq": seq, "values": {"air_temperature": seq}}).encode()

    with house_on(broker, tmp_path / "data", prepare) as running, client_of(broker) as client:
        publish(client, *map(numbered, range(3)))
        eventually(lambda: [3] == [one["messages"] for one in running.json("/api/v1/discovered")["devices"]])
        running.house.registry.devices.put([Device("new-1", "probe", VILLAGE)])
        publish(client, *map(numbered, range(500, 503)))
        eventually(lambda: running.json("/api/v1/devices/new-1")["today"]["received"] == 3)
        call(running, "/devices/new-1/replay", {})
        eventually(lambda: running.json("/api/v1/devices/new-1")["today"]["received"] == 6)
        publish(client, numbered(503))
        eventually(lambda: running.json("/api/v1/devices/new-1")["today"]["received"] == 7)
        lost = running.json("/api/v1/devices/new-1")["today"]["lost_by_sequence"]

    assert 0 == lost
