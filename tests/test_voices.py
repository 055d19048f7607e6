"""The county in the words of every format: read as it was told, through a real broker and a real gateway, undoubted."""

import base64
import contextlib
import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices import county
from devices.codecs import CODECS
from devices.publisher import Publisher
from devices.stations import hj212, sl651
from devices.stations.calling import call
from ingest.checks import Checks, ClockLimits
from ingest.directory import CurrentDirectory, Directory
from ingest.pipeline import Outcome, Pipeline
from ingest.sources import NATIVE, family_of
from rurban import gateway
from rurban.demo import SPOKEN, carrier, settle_county
from rurban.settings import Settings
from telemetry.errors import BrokerUnavailable
from telemetry.metrics import METRICS
from telemetry.model import SUSPECT
from tests.fleets import DAY, DEVICES, HOUR, PROFILES, SUMMER, clean_day, instruments, simulated, village
from tests.houses import house_on
from tests.mosquitto import Mosquitto, free_port
from tests.station_frames import hj212_report, sl651_report
from tests.workplace import eventually, wall_clock

HOST = "127.0.0.1"
MIXED = [*village("bs01"), *(DEVICES[name] for name in instruments("bs02", "reservoir_station"))]
FORMATS = {"native_json", "senml_json", "senml_cbor", "cayenne_lpp", "sl651", "hj212"}


class County:
    """Where the pipeline learns who may send what."""

    def version(self) -> int:
        return 1

    def directory(self) -> Directory:
        return Directory(county.devices(), county.profiles(), codecs=CODECS, metrics=METRICS)


def test_the_county_speaks_the_families_that_the_demonstration_asks_for() -> None:
    assert {NATIVE} | SPOKEN == {family_of(message.topic) for message in clean_day()}


def test_no_format_makes_an_honest_instrument_look_doubtful() -> None:
    """Two days, so that whatever stands still for hours is seen to."""
    outcome, pipeline = Outcome(), Pipeline(CurrentDirectory(County()), Checks(ClockLimits()))
    for message in simulated(MIXED).messages(SUMMER, SUMMER + 2 * DAY):
        pipeline.process(message, outcome)
    heard = Counter(PROFILES[DEVICES[owner].profile].codec for owner in outcome.owners)
    doubted = {(one.metric, one.quality) for one in outcome.readings if one.quality & SUSPECT}

    assert ([], set()) == (outcome.quarantined, doubted)
    assert heard.keys() == FORMATS


def test_several_gateways_hear_one_uplink_of_a_barn() -> None:
    barn = instruments("bs01", "barn_node")[0]
    events = [json.loads(message.payload) for message in clean_day() if f"/device/{barn}/" in message.topic]
    numbers = [event["fCnt"] for event in events]

    assert list(range(numbers[0], numbers[0] + 48)) == numbers
    assert {1, 2, 3} == {len(event["rxInfo"]) for event in events}
    assert all(base64.b64decode(event["data"]) for event in events)
    assert 48 == len({event["deduplicationId"] for event in events})


def test_the_serial_numbers_of_a_rain_gauge_count_its_reports() -> None:
    gauge = instruments("bs01", "rain_gauge")[0]
    frames = [message.payload for message in clean_day() if message.topic == f"dtu/sl651/{gauge}"]
    serials = [int.from_bytes(sl651.packet(frame).serial, "big") for frame in frames]

    assert list(range(serials[0], serials[0] + 96)) == serials


def test_a_house_stores_what_the_county_says_in_every_format(broker: Mosquitto, tmp_path: Path) -> None:
    """The last hours of a village: stations through the gateway, the others as they are."""
    now = wall_clock()
    fleet = simulated(MIXED, epoch=now - now % DAY - DAY)
    messages = list(fleet.messages(now - 3 * HOUR, now))
    with (
        house_on(broker, tmp_path, lambda house: settle_county(house.registry)) as running,
        Publisher(broker.host, broker.port, client_id="county") as publisher,
        carrier(publisher, running.house.settings, dict.fromkeys(("sl651", "hj212"), 0)) as carry,
    ):
        for message in messages:
            carry(message)
        eventually(lambda: running.worker.progress.messages >= len(messages) and not running.worker.progress.pending)
        stored = {(reading.device, reading.metric) for reading in running.house.store.latest(None, None)}
        refused = running.house.registry.quarantine.find(limit=10)
    expected = {(device.id, measure.metric) for device in MIXED for measure in PROFILES[device.profile].measures}

    assert [] == refused
    assert {PROFILES[device.profile].codec for device in MIXED} == FORMATS
    # Without voltage there is no frequency to measure.
    assert {metric for _, metric in expected - stored} <= {"frequency"}


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[tuple[str, int]]:
    """Whoever calls there is told this, whatever was said, and left."""

    def answer_one() -> None:
        line, _ = server.accept()
        with line:
            line.recv(4096)
            line.sendall(answer)

    with socket.create_server((HOST, 0)) as server:
        thread = threading.Thread(target=answer_one)
        thread.start()
        yield server.getsockname()
        thread.join()


NOW = 1_795_420_800_000
SL651 = sl651_report("0011223344", 7, 10_490)
HJ212 = hj212_report("WELL1", 4.5)


def told(frame: bytes, end: int) -> bytes:
    packet = sl651.packet(frame)
    return sl651.answer(packet, end, packet.serial, NOW)


@pytest.mark.parametrize(
    ("protocol", "frame", "answer"),
    [
        ("sl651", SL651, told(SL651, sl651.EOT)),
        ("sl651", SL651, told(SL651, sl651.ESC) + sl651.clock_set(sl651.packet(SL651), NOW)),
        ("hj212", HJ212, hj212.acknowledged(hj212.packet(HJ212[:-2]))),
    ],
)
def test_a_station_is_content_with_the_answer_to_its_frame(protocol: str, frame: bytes, answer: bytes) -> None:
    with answering(answer) as address:
        call(protocol, address, frame)


@pytest.mark.parametrize(
    ("protocol", "frame", "answer"),
    [
        ("sl651", SL651, b""),
        ("sl651", SL651, told(sl651_report("0011223344", 8, 10_490), sl651.EOT)),
        ("sl651", SL651, told(sl651_report("0011223345", 7, 10_490), sl651.EOT)),
        ("sl651", SL651, told(SL651, sl651.NAK)),
        ("sl651", SL651, told(SL651, sl651.EOT)[:-1] + b"\x00"),
        ("sl651", SL651, b"noise" * 1000),
        ("hj212", HJ212, hj212.acknowledged(hj212.packet(hj212_report("WELL1", 4.5, second=1)[:-2]))),
    ],
)
def test_a_station_is_content_with_no_other(protocol: str, frame: bytes, answer: bytes) -> None:
    with answering(answer) as address, pytest.raises(BrokerUnavailable, match=f"gateway of {protocol}"):
        call(protocol, address, frame)


def test_a_station_says_where_nobody_answers(tmp_path: Path) -> None:
    nowhere = free_port()
    with pytest.raises(BrokerUnavailable, match=f"{HOST}:{nowhere} does not answer"):
        call("sl651", (HOST, nowhere), SL651)
    # A gateway without a broker keeps its stations waiting.
    alone = Settings(data_dir=tmp_path, mqtt_port=nowhere)
    with (
        gateway.beside(alone, {"sl651": 0}) as ports,
        pytest.raises(BrokerUnavailable, match=f"{ports['sl651']} does not answer"),
    ):
        call("sl651", (HOST, ports["sl651"]), SL651, patience_s=0.2)
