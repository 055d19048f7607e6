"""The live stream: who hears what, and how one comes back without a gap."""

import asyncio
import json
from collections.abc import AsyncIterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

from api.audience import Selection
from api.live import LiveHub
from devices.message import uplink
from rurban.house import House
from telemetry.announcement import Announced
from tests import village
from tests.houses import house_on
from tests.mosquitto import Mosquitto
from tests.village import STREET, VILLAGE
from tests.workplace import client_of, eventually, publish

ABOVE = {VILLAGE: ("370522101000", "370522000000"), STREET: ("370502001000", "370502000000")}


def announced(
    number: int, device: str = "station-1", metric: str = "air_temperature", region: str = VILLAGE
) -> Announced:
    return Announced(device, metric, 1_795_420_800_000 + number, float(number), 0, 1_795_420_800_500, region)


def hub(*, ring: int = 100, queue: int = 50, listeners: int = 3, heartbeat_s: float = 30.0) -> LiveHub:
    made = LiveHub(boot="boot", ring=ring, queue=queue, listeners=listeners, heartbeat_s=heartbeat_s)
    made.locate(lambda code: ABOVE[code])
    return made


def values(text: str) -> list[float]:
    return [
        json.loads(line.removeprefix("data: "))["value"] for line in text.splitlines() if line.startswith('data: {"d')
    ]


async def read(stream: AsyncIterator[bytes], until: str) -> str:
    """What comes until a text is seen."""
    text = ""
    async with asyncio.timeout(5):
        while until not in text:
            text += (await anext(stream)).decode()
    return text


@pytest.mark.parametrize(
    ("selection", "heard"),
    [
        (Selection(), [1, 2, 3, 4]),
        (Selection(regions=frozenset({"370522000000"})), [1, 2, 4]),
        (Selection(regions=frozenset({VILLAGE, "370502001000"})), [1, 2, 3, 4]),
        (Selection(metrics=frozenset({"rssi"})), [2]),
        (Selection(devices=frozenset({"soil-1"})), [4]),
        (Selection(devices=frozenset({"soil-1:2", "station-2"})), [3, 4]),
        (Selection(devices=frozenset({"station-2"}), regions=frozenset({VILLAGE})), []),
    ],
)
def test_everybody_hears_what_they_asked_for(selection: Selection, heard: list[float]) -> None:
    async def run() -> None:
        live = hub()
        stream = live.stream(selection)
        await read(stream, "listening")
        live.offer(
            [
                announced(1),
                announced(2, metric="rssi"),
                announced(3, "station-2", region=STREET),
                announced(4, "soil-1:2", "soil_temperature"),
            ]
        )
        live.close()

        assert heard == values("".join([chunk.decode() async for chunk in stream]))

    asyncio.run(run())


@pytest.mark.parametrize("reached", [0, 1, 4, 5])
def test_who_comes_back_gets_what_was_missed_once_and_then_what_is_new(reached: int) -> None:
    async def run() -> None:
        live = hub()
        live.offer([announced(number) for number in range(1, 6)])
        stream = live.stream(Selection(), f"boot-{reached}")
        missed = await read(stream, "up to date")
        live.offer([announced(6)])
        new = await read(stream, "boot-6")

        assert (list(range(reached + 1, 6)), [6]) == (values(missed), values(new))

    asyncio.run(run())


@pytest.mark.parametrize("last_event_id", ["other-3", "boot-0", "boot-99", "nonsense"])
def test_what_cannot_be_replayed_is_said(last_event_id: str) -> None:
    async def run() -> None:
        live = hub(ring=3)
        live.offer([announced(number) for number in range(1, 6)])

        assert "cannot be replayed" in await read(live.stream(Selection(), last_event_id), "event: reset")

    asyncio.run(run())


def test_a_quiet_stream_says_how_far_it_is() -> None:
    async def run() -> None:
        live = hub(heartbeat_s=0.02)
        live.offer([announced(1)])

        assert "id: boot-1" in await read(live.stream(Selection()), "quiet")

    asyncio.run(run())


def test_who_does_not_keep_up_is_cut_off_and_others_are_not() -> None:
    async def run() -> None:
        live = hub(queue=2)
        slow, quick = live.stream(Selection()), live.stream(Selection(metrics=frozenset({"rssi"})))
        await read(slow, "listening")
        await read(quick, "listening")
        live.offer([announced(number) for number in range(1, 5)] + [announced(5, metric="rssi")])

        assert [] == [chunk async for chunk in slow]
        assert [5] == values(await read(quick, "rssi"))
        assert (1, 1) == (live.cut_off, live.listeners)

    asyncio.run(run())


def test_only_so_many_may_listen() -> None:
    async def run() -> None:
        live = hub(listeners=1)
        stream = live.stream(Selection())
        await read(stream, "listening")
        full = live.full
        live.close()

        assert (True, [], False) == (full, [chunk async for chunk in stream], live.full)

    asyncio.run(run())


def prepared(house: House) -> None:
    village.settle(house.registry)


def next_event(stream: HTTPResponse) -> tuple[str, dict[str, object]]:
    """Id and data."""
    number = ""
    while True:
        line = stream.readline().decode()
        if line.startswith("id: "):
            number = line.removeprefix("id: ").strip()
        if line.startswith("data: "):
            return number, json.loads(line.removeprefix("data: "))


def test_a_stored_reading_reaches_the_browser_and_a_lost_connection_resumes(broker: Mosquitto, tmp_path: Path) -> None:
    payloads = [json.dumps({"values": {"air_temperature": number}}).encode() for number in (1, 2, 3)]
    with house_on(broker, tmp_path, prepared) as running, client_of(broker) as sensor:
        with running.stream("/api/v1/live?region=370522") as stream:
            eventually(lambda: "rurban_live_listeners 1.0" in running.text("/metrics"))
            publish(sensor, (uplink("station-2"), payloads[0]), (uplink("station-1"), payloads[0]))
            last, first = next_event(stream)
        publish(sensor, (uplink("station-1"), payloads[1]))
        eventually(lambda: running.worker.progress.readings == 3)
        with running.stream("/api/v1/live?device=station-1", {"Last-Event-ID": last}) as stream:
            _, second = next_event(stream)
            publish(sensor, (uplink("station-1"), payloads[2]))
            _, third = next_event(stream)
            # The house is closed while this stream is open: it must not wait for it.

    assert [("station-1", VILLAGE, number) for number in (1.0, 2.0, 3.0)] == [
        (event["device"], event["region"], event["value"]) for event in (first, second, third)
    ]
