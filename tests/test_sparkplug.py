"""Sparkplug B: births and aliases, missing numbers, deaths, and several workers, over a real Mosquitto."""

import contextlib
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import pytest

from devices.codecs import CODECS
from devices.message import Message
from devices.sparkplug import Metric, Payload, parsed, written
from ingest.checks import Checks, ClockLimits
from ingest.directory import CurrentDirectory, Directory
from ingest.edge_nodes import ASKED_EVERY_MS, EdgeNodes
from ingest.mqtt import Broker, Bus
from ingest.pipeline import Outcome, Pipeline
from ingest.worker import Worker
from insight.silence import presence
from telemetry.errors import Reason
from telemetry.metrics import METRICS
from telemetry.model import Device, Measure, Origin, Profile, Quarantined
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from telemetry.store.ports import RawQuery
from tests.edge import GROUP, PUMP, TEMPERATURE, edge_on, metric
from tests.mosquitto import Mosquitto
from tests.village import VILLAGE
from tests.workplace import at_work, eventually, wall_clock, worker_on

DAY0, DAY1 = dt.date(2020, 1, 1), dt.date(2200, 1, 1)
T0 = 1_795_420_800_000
PROBE = Profile(
    "spb-probe",
    "Probe behind an edge node",
    "sparkplug_b",
    (
        Measure("soil_temperature", interval_s=3600, origins=(Origin(f"$['{TEMPERATURE}']"),)),
        Measure("pump_state", interval_s=3600, origins=(Origin(f"$.{PUMP}"),)),
    ),
)
NODE = Profile("spb-node", "Edge node", "sparkplug_b", (Measure("battery_level", interval_s=3600),))


DEVICES = (Device("edge-1", NODE.id, VILLAGE), Device("probe-7", PROBE.id, VILLAGE, gateway="edge-1"))


@pytest.fixture
def village(registry: Registry) -> Registry:
    """With an edge node and a device behind it."""
    registry.devices.put_profiles([NODE, PROBE])
    registry.devices.put(DEVICES)
    return registry


@contextlib.contextmanager
def listening(
    broker: Mosquitto, registry: Registry, store: EmbeddedStore, *, name: str = "worker", share: str = ""
) -> Iterator[Worker]:
    """A worker at work that can ask for rebirths."""
    bus = Bus(Broker(broker.host, broker.port), f"{name}-bus", clock=wall_clock)
    bus.start()
    try:
        eventually(lambda: bus.connected)
        folder = broker.folder / name
        with at_work(
            worker_on(broker, registry, store, store, folder=folder, client_id=name, share=share, tell=bus.tell)
        ) as worker:
            yield worker
    finally:
        bus.close()


def temperatures(store: EmbeddedStore) -> dict[int, float]:
    query = RawQuery(("soil_temperature",), ("probe-7",), 0, 2**62, limit=1000)
    return {reading.at: reading.value for reading in store.raw(query)}


def refused(registry: Registry) -> list[tuple[Reason, str | None]]:
    return [(kept.reason, kept.device) for kept in registry.quarantine.find(limit=100)]


def test_an_alias_without_its_birth_waits_in_quarantine_and_a_rebirth_is_asked_for(
    broker: Mosquitto, village: Registry, store: EmbeddedStore
) -> None:
    with edge_on(broker) as edge:
        edge.be_born()
        edge.wait()  # nobody listens yet
        with listening(broker, village, store):
            unread = edge.measure(11.0)
            eventually(lambda: edge.asked == 1 and 10.0 in temperatures(store).values())
            read = edge.measure(12.0)
            eventually(lambda: read in temperatures(store))

    assert unread not in temperatures(store)
    assert 12.0 == temperatures(store)[read]
    assert [(Reason.UNKNOWN_BIRTH, "probe-7")] == refused(village)


def test_a_missing_number_asks_for_a_rebirth_and_nothing_is_read_by_the_old_names_meanwhile(
    broker: Mosquitto, village: Registry, store: EmbeddedStore
) -> None:
    with listening(broker, village, store) as worker, edge_on(broker) as edge:
        edge.be_born()
        before = edge.measure(11.0)
        eventually(lambda: before in temperatures(store))
        edge.answers = False
        edge.seq += 2  # what was lost may have been a birth with other aliases
        edge.aliases = {TEMPERATURE: 2, PUMP: 1}
        doubtful = edge.measure(12.0)
        eventually(lambda: edge.asked == 1 and worker.progress.quarantined == 1)
        edge.be_born()
        after = edge.measure(13.0)
        eventually(lambda: after in temperatures(store))

    assert {before: 11.0, after: 13.0}.items() <= temperatures(store).items()
    assert doubtful not in temperatures(store)
    assert 2 == sum(day.lost for day in village.heard.days(devices=["edge-1"], start=DAY0, stop=DAY1).values())


def test_workers_that_share_the_data_all_know_the_births(
    broker: Mosquitto, village: Registry, store: EmbeddedStore
) -> None:
    hear = partial(listening, broker, village, store, share="$share/county/")
    with hear(name="one") as one, hear(name="two") as two, edge_on(broker) as edge:
        edge.be_born()
        told = {edge.measure(20.0 + number): 20.0 + number for number in range(30)}
        edge.aliases = {TEMPERATURE: 2, PUMP: 1}
        edge.be_born()
        told |= {edge.measure(-1.0 - number): -1.0 - number for number in range(30)}
        eventually(lambda: told.items() <= temperatures(store).items())

        # Two births of node and device for each, and half of the data.
        assert 4 + 60 + 4 == one.progress.messages + two.progress.messages
        assert min(one.progress.messages, two.progress.messages) > 4
    assert ([], 0) == (refused(village), edge.asked)


def test_a_worker_that_was_away_while_aliases_changed_reads_nothing_by_the_old_ones(
    broker: Mosquitto, village: Registry, store: EmbeddedStore
) -> None:
    """Whether it hears the new birth or not: either way no pump becomes a temperature."""
    with edge_on(broker) as edge, listening(broker, village, store) as worker:
        edge.be_born()
        eventually(lambda: 10.0 in temperatures(store).values())
        worker._subscription.close()
        edge.aliases = {TEMPERATURE: 2, PUMP: 1}
        edge.be_born()
        edge.wait()
        eventually(lambda: worker._subscription.connected)
        edge.tell("DDATA", [metric(None, edge.aliases[PUMP], value=7.0)])
        read = edge.measure(12.0)
        eventually(lambda: edge.asked > 0 or read in temperatures(store))
        last = edge.measure(13.0)
        eventually(lambda: last in temperatures(store))

    assert {10.0, 12.0, 13.0} >= set(temperatures(store).values())


def test_who_was_away_knows_no_birth() -> None:
    desk = Desk()
    desk.be_born()
    desk.pipeline.edge_nodes.forget()
    desk.give("DDATA", data(), 9)

    assert ([10.0], [Reason.UNKNOWN_BIRTH], 1) == (desk.read(), desk.refused(), len(desk.asked))


def test_the_broker_tells_of_a_nodes_death_and_all_behind_it_are_offline(
    broker: Mosquitto, village: Registry, store: EmbeddedStore
) -> None:
    def offline() -> dict[str, bool | None]:
        heard = village.heard.find(["edge-1", "probe-7"])
        return {
            name: presence(village.devices.one(name), PROBE, one.at, wall_clock(), gone_at=one.gone_at).offline
            for name, one in heard.items()
        }

    with listening(broker, village, store):
        with edge_on(broker) as edge:
            edge.be_born()
            eventually(lambda: offline() == {"edge-1": False, "probe-7": False})
            connection = edge.client.socket()
            assert connection is not None
            edge.client.loop_stop()
            connection.close()
            eventually(lambda: offline() == {"edge-1": True, "probe-7": True})
        with edge_on(broker) as edge:
            edge.be_born()
            eventually(lambda: offline() == {"edge-1": False, "probe-7": False})


@dataclass(frozen=True)
class Listed:
    """A directory source of these devices."""

    devices: Sequence[Device]

    def version(self) -> int:
        return 1

    def directory(self) -> Directory:
        return Directory(self.devices, [NODE, PROBE], codecs=CODECS, metrics=METRICS)


class Desk:
    """A pipeline on its own, which is given messages in the order of the test, and what it has asked for."""

    def __init__(self, devices: Sequence[Device] = DEVICES, *, whole: bool = True) -> None:
        self.asked: list[tuple[str, bytes]] = []
        self.outcome = Outcome()
        self.at = T0
        nodes = EdgeNodes(lambda topic, payload: self.asked.append((topic, payload)), whole=whole)
        self.pipeline = Pipeline(CurrentDirectory(Listed(devices)), Checks(ClockLimits()), edge_nodes=nodes)

    def give(self, kind: str, metrics: list[Metric], seq: int | None, *, group: str = GROUP, live: bool = True) -> None:
        leaf = "edge-1/probe-7" if kind[0] == "D" else "edge-1"
        payload = written(Payload(self.at, seq, metrics))
        message = Message(f"spBv1.0/{group}/{kind}/{leaf}", payload, self.at)
        self.pipeline.process(message, self.outcome, live=live)
        self.at += 1

    def be_born(self, birth_count: int = 0) -> None:
        self.give("NBIRTH", [Metric("bdSeq", None, None, 8, "long_value", birth_count)], 0)
        self.give("DBIRTH", [metric(TEMPERATURE, 1, 10.0)], 1)

    def read(self) -> list[float]:
        return [reading.value for reading in self.outcome.readings]

    def refused(self) -> list[Reason]:
        return [kept.reason for kept in self.outcome.quarantined]

    def gone(self) -> list[str]:
        return [name for name, notes in self.outcome.heard.items() if any(note[2] == -1 for note in notes)]


def data(value: float = 11.0, alias: int = 1) -> list[Metric]:
    return [metric(None, alias, value)]


def test_the_request_is_a_command_to_the_node() -> None:
    desk = Desk()
    desk.give("DDATA", data(), 7)
    ((topic, payload),) = desk.asked

    assert f"spBv1.0/{GROUP}/NCMD/edge-1" == topic
    assert Payload(T0, None, [Metric("Node Control/Rebirth", None, T0, 11, "boolean_value", value=True)]) == parsed(
        payload
    )


def test_one_node_is_asked_once_in_a_while() -> None:
    desk = Desk()
    for number in range(20):
        desk.give("DDATA", data(), number)
    desk.at += ASKED_EVERY_MS
    desk.give("DDATA", data(), 20)

    assert 2 == len(desk.asked)


def test_numbers_begin_again_after_255_and_a_repeat_is_no_gap() -> None:
    desk = Desk()
    desk.be_born()
    for number in range(2, 600):
        desk.give("DDATA", data(float(number % 50)), number % 256)
    desk.give("DDATA", data(), 599 % 256)

    assert ([], []) == (desk.asked, desk.refused())


def test_a_worker_of_a_group_sees_gaps_that_are_none() -> None:
    desk = Desk(whole=False)
    desk.be_born()
    desk.give("DDATA", data(), 40)

    assert ([10.0, 11.0], []) == (desk.read(), desk.asked)


@pytest.mark.parametrize("payload", [b"\xff\xff", b"\x08" + b"\x00" * 300_000], ids=["malformed", "too large"])
def test_a_birth_that_cannot_be_read_ends_the_aliases_also_where_numbers_tell_nothing(payload: bytes) -> None:
    desk = Desk(whole=False)
    desk.be_born()
    desk.pipeline.process(Message(f"spBv1.0/{GROUP}/DBIRTH/edge-1/probe-7", payload, desk.at), desk.outcome, live=True)
    desk.give("DDATA", data(), 3)

    assert ([10.0], Reason.UNKNOWN_BIRTH, 1) == (desk.read(), desk.refused()[-1], len(desk.asked))


def test_a_new_birth_of_the_node_ends_the_aliases_of_its_devices() -> None:
    desk = Desk()
    desk.be_born()
    desk.give("NBIRTH", [Metric("bdSeq", None, None, 8, "long_value", 1)], 0)
    desk.give("DDATA", data(), 1)

    assert ([10.0], [Reason.UNKNOWN_BIRTH], 1) == (desk.read(), desk.refused(), len(desk.asked))


def test_aliases_of_another_device_or_of_the_same_node_in_another_group_are_not_taken() -> None:
    desk = Desk()
    desk.give("NBIRTH", [metric("battery_level", 5, 80.0)], 0)
    desk.give("DDATA", data(alias=5), 1)
    desk.be_born()
    desk.give("DDATA", data(), 2, group="370522102")

    assert ([80.0, 10.0], [Reason.UNKNOWN_BIRTH] * 2) == (desk.read(), desk.refused())


def test_a_message_is_not_read_by_the_words_of_a_later_birth() -> None:
    desk = Desk()
    desk.give("DDATA", data(), 5)
    kept: Quarantined = desk.outcome.quarantined[0]
    desk.be_born()
    desk.pipeline.process(Message(kept.topic, kept.payload, kept.received_at), desk.outcome)

    assert ([10.0], [Reason.UNKNOWN_BIRTH] * 2) == (desk.read(), desk.refused())


def test_a_replay_is_no_part_of_the_numbers() -> None:
    desk = Desk()
    desk.be_born()
    desk.give("DDATA", data(20.0), 200, live=False)
    desk.give("DDATA", data(21.0), 2)

    assert ([10.0, 20.0, 21.0], []) == (desk.read(), desk.asked)


def test_a_will_of_an_older_session_that_comes_late_changes_nothing() -> None:
    desk = Desk()
    desk.be_born(birth_count=4)
    desk.give("NDEATH", [Metric("bdSeq", None, None, 8, "long_value", 3)], None)
    desk.give("DDATA", data(), 2)
    assert ([10.0, 11.0], []) == (desk.read(), desk.gone())

    desk.give("NDEATH", [Metric("bdSeq", None, None, 8, "long_value", 4)], None)
    desk.give("DDATA", data(), 3)

    assert (["edge-1", "probe-7"], [Reason.UNKNOWN_BIRTH]) == (sorted(desk.gone()), desk.refused())


def test_a_devices_death_is_its_own() -> None:
    desk = Desk()
    desk.be_born()
    desk.give("DDEATH", [], 2)

    assert (["probe-7"], [], []) == (desk.gone(), desk.refused(), desk.asked)


def test_a_node_speaks_for_the_devices_that_are_registered_behind_it() -> None:
    desk = Desk([DEVICES[0], Device("probe-7", PROBE.id, VILLAGE)])
    desk.be_born()

    assert ([], [Reason.FOREIGN_DEVICE]) == (desk.read(), desk.refused())


def test_a_device_that_nobody_registered_is_no_gap_in_the_numbers() -> None:
    desk = Desk()
    desk.be_born()
    stranger = Message(f"spBv1.0/{GROUP}/DDATA/edge-1/stranger", written(Payload(T0, 2, data())), T0 + 5)
    desk.pipeline.process(stranger, desk.outcome, live=True)
    desk.give("DDATA", data(), 3)

    assert ([10.0, 11.0], [Reason.UNKNOWN_DEVICE]) == (desk.read(), desk.refused())


def test_what_nobody_wants_is_passed_over_but_for_a_device_born_with_nothing_else() -> None:
    desk = Desk()
    desk.give("NBIRTH", [metric("Node Control/Rebirth", None, value=False)], 0)
    desk.give("DBIRTH", [metric("Rain", 1, 0.5)], 1)
    desk.give("DDATA", data(), 2)

    assert ([], [Reason.EMPTY]) == (desk.read(), desk.refused())
    assert "there is: Rain" in desk.outcome.quarantined[0].detail


def test_what_is_no_sparkplug_is_refused_and_nothing_is_remembered() -> None:
    desk = Desk()
    desk.be_born()
    message = Message(f"spBv1.0/{GROUP}/DDATA/edge-1/probe-7", b"\xff", T0 + 5)
    desk.pipeline.process(message, desk.outcome, live=True)

    assert ([10.0], [Reason.MALFORMED]) == (desk.read(), desk.refused())


def test_an_integer_without_its_datatype_needs_the_birth_and_a_double_does_not() -> None:
    desk = Desk()
    desk.give("DDATA", [Metric(TEMPERATURE, None, T0, 0, "double_value", 9.5)], 5)
    assert ([9.5], []) == (desk.read(), desk.asked)

    short = [Metric(TEMPERATURE, None, T0 + 1, 0, "int_value", 2**32 - 4)]
    desk.give("DDATA", short, 6)
    desk.give("NBIRTH", [], 0)
    desk.give("DBIRTH", [Metric(TEMPERATURE, None, T0, 3, "int_value", 1)], 1)
    desk.give("DDATA", short, 2)

    assert ([9.5, 1.0, -4.0], [Reason.UNKNOWN_BIRTH], 1) == (desk.read(), desk.refused(), len(desk.asked))
