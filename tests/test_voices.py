"""The county in the words of every format: read as it was told, through a real broker and a real gateway, undoubted."""

import base64
import contextlib
import json
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from itertools import chain
from pathlib import Path

import pytest

from devices import county
from devices.codecs import CODECS
from devices.edge import EdgeNodes
from devices.faults import Faults
from devices.message import Message
from devices.publisher import Publisher
from devices.sparkplug import address, parsed
from devices.stations import hj212, sl651
from devices.stations.calling import call
from ingest.checks import Checks, ClockLimits
from ingest.directory import CurrentDirectory, Directory
from ingest.pipeline import Outcome, Pipeline
from ingest.sources import NATIVE, family_of
from rurban import gateway
from rurban.demo import SPOKEN, carrier, settle_county
from rurban.settings import Settings
from telemetry.errors import BrokerUnavailable, Invalid
from telemetry.metrics import METRICS
from telemetry.model import SUSPECT, Quality
from tests.fleets import DAY, DEVICES, HOUR, PROFILES, SUMMER, clean_day, decoded, instruments, simulated, village
from tests.houses import house_on
from tests.mosquitto import Mosquitto, free_port
from tests.station_frames import hj212_report, sl651_report
from tests.workplace import client_of, eventually, wall_clock

HOST = "127.0.0.1"
OTHERS = [*instruments("bs02", "reservoir_station"), *instruments("wh01", "substation_meter")]
MIXED = [*village("bs01"), *(DEVICES[name] for name in OTHERS)]
FORMATS = {"native_json", "senml_json", "senml_cbor", "cayenne_lpp", "sl651", "hj212", "sparkplug_b"}


class County:
    """Where the pipeline learns who may send what."""

    def version(self) -> int:
        return 1

    def directory(self) -> Directory:
        return Directory(county.devices(), county.profiles(), codecs=CODECS, metrics=METRICS)


def test_the_county_speaks_the_families_that_the_demonstration_asks_for() -> None:
    assert {NATIVE} | SPOKEN == {family_of(message.topic) for message in clean_day()}


def outcome_of(messages: Iterable[Message]) -> Outcome:
    """What a worker makes of it that hears everything from the beginning."""
    outcome, nodes = Outcome(), EdgeNodes()
    pipeline = Pipeline(CurrentDirectory(County()), Checks(ClockLimits()))
    for message in chain.from_iterable(map(nodes.spoken, messages)):
        pipeline.process(message, outcome, live=True)
    return outcome


def test_no_format_makes_an_honest_instrument_look_doubtful() -> None:
    """Two days, so that whatever stands still for hours is seen to."""
    outcome = outcome_of(simulated(MIXED).messages(SUMMER, SUMMER + 2 * DAY))
    heard = Counter(PROFILES[DEVICES[owner].profile].codec for owner in outcome.owners)
    doubted = {(one.metric, one.quality) for one in outcome.readings if one.quality & SUSPECT}

    assert ([], set()) == (outcome.quarantined, doubted)
    assert heard.keys() == FORMATS


def test_every_format_has_words_for_every_fault() -> None:
    faults = Faults(**{field.name: 0.3 for field in fields(Faults)})
    outcome = outcome_of(simulated(MIXED, faults=faults).messages(SUMMER, SUMMER + 2 * DAY))
    out_of_range = {DEVICES[owner].profile for owner, one in zip(outcome.owners, outcome.readings, strict=True)
                    if one.quality & Quality.RANGE}  # fmt: skip

    assert [] == outcome.quarantined
    assert {"barn_node", "air_quality_station", "substation_meter"} <= out_of_range


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


def metered(hours: int) -> list[Message]:
    meters = [DEVICES[name] for name in instruments("wh01", "substation_meter")]
    return list(simulated(meters).messages(SUMMER, SUMMER + hours * HOUR))


def kinds(messages: Iterable[Message]) -> list[str]:
    return [address(message.topic).kind for message in messages]


def test_an_edge_node_and_its_meters_are_born_before_they_speak_by_aliases() -> None:
    nodes = EdgeNodes()
    spoken = [each for message in metered(3) for each in nodes.spoken(message)]
    payloads = [parsed(message.payload) for message in spoken]
    names = {metric.alias: metric.name for payload in payloads[:3] for metric in payload.metrics}
    later = [metric for payload in payloads[3:] for metric in payload.metrics]

    assert ["NBIRTH", "DBIRTH", "DBIRTH"] == kinds(spoken[:3])
    assert {"DDATA"} == set(kinds(spoken[3:]))
    assert list(range(len(spoken))) == [payload.seq for payload in payloads]
    assert {None} == {metric.name for metric in later}
    assert {metric.alias for metric in later} <= names.keys()


def test_what_is_spoken_is_what_was_told() -> None:
    outcome = outcome_of(metered(3))
    told = decoded(metered(3))

    assert [] == outcome.quarantined
    assert sum(map(len, told.values())) == len(outcome.readings)
    assert [] == [one for one in outcome.readings if (one.at, one.value) not in told[one.device, one.metric]]


def test_an_edge_node_that_is_asked_is_born_anew_with_all_its_meters() -> None:
    first, second, third, *_ = metered(3)
    nodes = EdgeNodes()
    before = [*nodes.spoken(first), *nodes.spoken(second)]
    nodes.ask("spBv1.0/370502/NCMD/somebody-else")
    nodes.ask(f"spBv1.0/370502/NCMD/{county.EDGE_NODE}")
    again = list(nodes.spoken(third))

    assert ["NBIRTH", "DBIRTH", "DBIRTH", "DDATA"] == kinds(again)
    assert [0, 1, 2, 3] == [parsed(message.payload).seq for message in again]
    assert [0, 1] == [parsed(birth.payload).birth_count for birth in (before[0], again[0])]
    assert ["DDATA"] == kinds(nodes.spoken(first))


def test_an_edge_node_dies_with_the_number_of_its_birth_and_is_born_again() -> None:
    nodes = EdgeNodes()
    (birth, *_) = nodes.spoken(metered(1)[0])
    (death,) = nodes.deaths(SUMMER + HOUR)

    assert ("NDEATH", parsed(birth.payload).birth_count) == (
        address(death.topic).kind,
        parsed(death.payload).birth_count,
    )
    assert ([], ["NBIRTH", "DBIRTH"]) == (list(nodes.deaths(SUMMER)), kinds(nodes.spoken(metered(1)[1])))


def test_a_device_without_an_edge_node_cannot_speak_sparkplug() -> None:
    alone = replace(DEVICES[instruments("wh01", "substation_meter")[0]], gateway=None)
    with pytest.raises(Invalid, match="edge node that speaks for it"):
        list(simulated([alone]).messages(SUMMER, SUMMER + HOUR))


def test_a_simulated_edge_node_answers_a_worker_that_has_missed_its_birth_and_dies_at_the_end(
    broker: Mosquitto, tmp_path: Path
) -> None:
    first, *others = metered(3)
    heard: list[str] = []
    settings = Settings(data_dir=tmp_path, mqtt_port=broker.port)
    with client_of(broker) as client:
        client.on_message = lambda _client, _data, message: heard.append(message.topic.split("/")[2])
        client.subscribe("spBv1.0/#", 1)
        with (
            Publisher(broker.host, broker.port, client_id="county") as publisher,
            carrier(publisher, settings, {"sl651": 0}) as carry,
        ):
            carry(first)
            client.publish(f"spBv1.0/370502/NCMD/{county.EDGE_NODE}", b"", 1)
            eventually(lambda: carry(others[0]) or heard.count("NBIRTH") > 1)
        eventually(lambda: heard[-1:] == ["NDEATH"])

    assert ["NBIRTH", "DBIRTH"] == heard[:2]
    assert "NBIRTH" in heard[heard.index("NCMD") :]


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
        # And the birth of an edge node.
        eventually(lambda: running.worker.progress.messages > len(messages) and not running.worker.progress.pending)
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
