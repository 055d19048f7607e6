"""Messages become readings or are quarantined with a reason; neighbours never suffer."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from devices.codecs import CODECS
from devices.message import Message, uplink
from ingest.checks import Checks, ClockLimits
from ingest.directory import CurrentDirectory, Directory
from ingest.pipeline import DAY_MS, Outcome, Pipeline
from ingest.rates import Rate
from telemetry.errors import Reason
from telemetry.hearing import Note
from telemetry.metrics import METRICS
from telemetry.model import Device, Measure, Profile, Quality, Reading
from telemetry.store.embedded import EmbeddedStore
from tests.station_frames import hj212_report
from tests.village import DEVICES, PROFILES, VILLAGE

NOW = 1_795_420_800_000


class ListedDevices:
    """A directory source over lists, whose version is how many devices are listed."""

    def __init__(self, devices: list[Device], profiles: list[Profile]) -> None:
        self.devices = devices
        self.profiles = profiles

    def version(self) -> int:
        return len(self.devices)

    def directory(self) -> Directory:
        return Directory(self.devices, self.profiles, codecs=CODECS, metrics=METRICS)


@pytest.fixture
def listed() -> ListedDevices:
    return ListedDevices(list(DEVICES), list(PROFILES))


@pytest.fixture
def pipeline(listed: ListedDevices) -> Pipeline:
    return Pipeline(CurrentDirectory(listed), Checks(ClockLimits()), max_payload=4096)


def outcome_of(pipeline: Pipeline, *messages: tuple[str, bytes]) -> Outcome:
    outcome = Outcome()
    for topic, payload in messages:
        pipeline.process(Message(topic, payload, NOW), outcome)
    return outcome


def native(at: int | None = NOW, **values: float) -> bytes:
    return json.dumps({"values": values} | ({} if at is None else {"at": at})).encode()


def test_readings_without_a_time_that_arrive_at_once_are_all_kept(pipeline: Pipeline) -> None:
    """One millisecond holds several messages: none of them is the correction of another."""
    messages = [(uplink("station-1"), native(None, air_temperature=value)) for value in (20.0, 20.1, 20.2)]
    outcome = outcome_of(pipeline, *messages)

    assert [(NOW, 20.0), (NOW + 1, 20.1), (NOW + 2, 20.2)] == [(row.at, row.value) for row in outcome.readings]
    assert [0, 0, 0] == [row.quality for row in outcome.readings]


def test_a_message_of_two_values_becomes_two_readings(pipeline: Pipeline) -> None:
    outcome = outcome_of(pipeline, (uplink("station-1"), native(air_temperature=21.5, air_relative_humidity=60)))

    assert [("station-1", "air_temperature", NOW, 21.5), ("station-1", "air_relative_humidity", NOW, 60.0)] == [
        (reading.device, reading.metric, reading.at, reading.value) for reading in outcome.readings
    ]


def test_a_payload_without_a_time_gets_the_time_of_receipt(pipeline: Pipeline) -> None:
    outcome = outcome_of(pipeline, (uplink("station-1"), native(at=None, air_temperature=21.5)))

    assert [NOW] == [reading.at for reading in outcome.readings]


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        (uplink("nobody"), native(air_temperature=1), Reason.UNKNOWN_DEVICE),
        ("rurban/v1/station-1/down", native(air_temperature=1), Reason.UNKNOWN_TOPIC),
        ("elsewhere", b"", Reason.UNKNOWN_TOPIC),
        (uplink("station-1"), b"{", Reason.MALFORMED),
        (uplink("station-1"), b"\xff\xfe", Reason.MALFORMED),
        (uplink("station-1"), native(soil_ph=7), Reason.UNKNOWN_METRIC),
        (uplink("probe-1"), native(no_such_quantity=7), Reason.UNKNOWN_METRIC),
        (uplink("soil-1"), b'[{"n":"soil_temperature","u":"m","v":1}]', Reason.UNKNOWN_UNIT),
        (uplink("soil-1"), b'[{"n":"station-1:soil_temperature","u":"Cel","v":1}]', Reason.FOREIGN_DEVICE),
    ],
)
def test_what_cannot_become_a_reading_is_quarantined_whole(
    pipeline: Pipeline, topic: str, payload: bytes, reason: Reason
) -> None:
    outcome = outcome_of(pipeline, (topic, payload))

    assert ([], [(topic, payload, reason)]) == (
        outcome.readings,
        [(item.topic, item.payload, item.reason) for item in outcome.quarantined],
    )


@pytest.mark.parametrize("device", ["station-1", "nobody"])
def test_of_a_payload_that_is_too_large_the_beginning_and_the_size_are_kept(pipeline: Pipeline, device: str) -> None:
    payload = bytes(range(256)) * 20
    outcome = outcome_of(pipeline, (uplink(device), payload))
    (item,) = outcome.quarantined

    assert (Reason.TOO_LARGE, payload[:4096], 5120, device) == (item.reason, item.payload, item.size, item.device)
    assert "5120 bytes; at most 4096 are accepted" in item.detail


def test_what_a_device_sends_beyond_its_rate_is_counted_and_not_read(listed: ListedDevices) -> None:
    pipeline = Pipeline(CurrentDirectory(listed), Checks(ClockLimits()), rate=Rate(per_s=1, burst=3))
    outcome = Outcome()
    for number in range(10):
        pipeline.receive(Message(uplink("station-1"), native(NOW + number, air_temperature=20), NOW), outcome)
        pipeline.receive(Message(uplink("probe-1"), native(NOW + number, air_temperature=20), NOW + number), outcome)
    pipeline.receive(Message(uplink("station-2"), native(air_temperature=20), NOW), outcome)
    owners = Counter(outcome.owners)

    assert Counter({"station-1": 3, "probe-1": 3, "station-2": 1}) == owners
    day = NOW // DAY_MS
    assert ({("station-1", day): 7, ("probe-1", day): 7}, []) == (outcome.excess, outcome.quarantined)
    assert {"station-1": (10, 7), "probe-1": (10, 7), "station-2": (1, 0)} == {
        key.device: (tally.received, tally.quarantined) for key, tally in outcome.tallies.items()
    }


def test_names_that_nobody_has_registered_share_one_line_for_their_excess(listed: ListedDevices) -> None:
    pipeline = Pipeline(CurrentDirectory(listed), Checks(ClockLimits()), rate=Rate(per_s=1, burst=100))
    outcome = Outcome()
    for number in range(5000):
        pipeline.receive(Message(uplink(f"invented-{number}"), b"{}", NOW), outcome)
    reasons = Counter(item.reason for item in outcome.quarantined)

    assert {Reason.UNKNOWN_DEVICE: 64} == reasons
    assert {("rurban/v1/+/up", NOW // DAY_MS): 4936} == outcome.excess
    assert 65 == len(outcome.tallies)


def test_of_too_many_names_that_nobody_has_registered_the_later_ones_share_a_line(listed: ListedDevices) -> None:
    pipeline = Pipeline(CurrentDirectory(listed), Checks(ClockLimits()), named_strangers=2)
    outcome = Outcome()
    names = ["one", "two", "three", "one", "four", "station-1"]
    for at, name in [*((NOW, name) for name in names), (NOW + DAY_MS, "four")]:
        pipeline.process(Message(uplink(name), b"{", at), outcome)
    today, tomorrow = NOW // DAY_MS, NOW // DAY_MS + 1

    assert {
        ("one", today): 2,
        ("two", today): 1,
        ("rurban/v1/+/up", today): 2,
        ("station-1", today): 1,
        ("four", tomorrow): 1,
    } == {line: tally.quarantined for line, tally in outcome.tallies.items()}
    assert [uplink(name) for name in [*names, "four"]] == [item.topic for item in outcome.quarantined]


def test_a_replay_is_not_held_to_the_rate(listed: ListedDevices) -> None:
    pipeline = Pipeline(CurrentDirectory(listed), Checks(ClockLimits()), rate=Rate(per_s=1, burst=1))
    outcome = Outcome()
    for number in range(3):
        pipeline.process(Message(uplink("station-1"), native(NOW + number, air_temperature=20), NOW), outcome)

    assert (3, []) == (len(outcome.readings), outcome.quarantined)


def test_of_a_retained_message_only_what_has_a_time_of_its_own_becomes_a_reading(pipeline: Pipeline) -> None:
    payload = b'[{"at":1795420800000,"values":{"air_temperature":1}},{"values":{"air_temperature":2}}]'
    outcome = Outcome()
    pipeline.process(Message(uplink("station-1"), payload, NOW + 1, retained=True), outcome)

    assert ([1.0], [(Reason.BAD_TIME, 1)]) == (
        [reading.value for reading in outcome.readings],
        [(item.reason, item.readings) for item in outcome.quarantined],
    )


def test_a_bad_message_does_not_spoil_its_neighbours(pipeline: Pipeline) -> None:
    good = (uplink("station-1"), native(air_temperature=21.5))
    outcome = outcome_of(pipeline, good, (uplink("station-1"), b"{"), (uplink("station-2"), good[1]))

    assert ["station-1", "station-2"] == [reading.device for reading in outcome.readings]


def test_a_bad_value_does_not_spoil_its_message(pipeline: Pipeline) -> None:
    outcome = outcome_of(pipeline, (uplink("station-1"), native(air_temperature=21.5, soil_ph=7)))

    assert ([21.5], [1]) == (
        [reading.value for reading in outcome.readings],
        [item.readings for item in outcome.quarantined],
    )


def test_the_tally_counts_every_reading_once(pipeline: Pipeline) -> None:
    outcome = outcome_of(
        pipeline,
        (uplink("station-1"), native(air_temperature=21.5, soil_ph=7)),
        (uplink("station-1"), b"{"),
        ("elsewhere", b""),
    )

    assert {"station-1": (3, 2), "elsewhere": (1, 1)} == {
        device: (tally.received, tally.quarantined) for (device, _), tally in outcome.tallies.items()
    }


def test_units_and_calibration_make_the_value_and_raw_stays_as_sent(listed: ListedDevices) -> None:
    measure = Measure("air_temperature", unit="[degF]", gain=1.1, offset=-0.5)
    listed.profiles.append(Profile("calibrated", "", "native_json", (measure,)))
    listed.devices.append(Device("warm-1", "calibrated", VILLAGE))
    pipeline = Pipeline(CurrentDirectory(listed), Checks(ClockLimits()))
    reading = outcome_of(pipeline, (uplink("warm-1"), native(air_temperature=50.0))).readings[0]

    assert (50.0, pytest.approx(1.1 * 10.0 - 0.5)) == (reading.raw, reading.value)


def test_a_gateway_may_speak_for_the_devices_behind_it(pipeline: Pipeline) -> None:
    payload = b'[{"bn":"soil-2:","n":"soil_temperature","u":"Cel","v":9.5}]'
    outcome = outcome_of(pipeline, (uplink("gateway-1"), payload))

    assert [("soil-2", 9.5)] == [(reading.device, reading.value) for reading in outcome.readings]


def test_a_device_registered_a_moment_ago_is_known(pipeline: Pipeline, listed: ListedDevices) -> None:
    listed.devices.append(Device("new-1", "probe", VILLAGE))
    outcome = outcome_of(pipeline, (uplink("new-1"), native(air_temperature=3)))

    assert ["new-1"] == [reading.device for reading in outcome.readings]


def test_a_device_registered_behind_a_gateway_a_moment_ago_is_known(pipeline: Pipeline, listed: ListedDevices) -> None:
    payload = b'[{"n":"soil-9:soil_temperature","u":"Cel","v":9}]'
    before = outcome_of(pipeline, (uplink("gateway-1"), payload))
    behind = next(device for device in listed.devices if device.gateway == "gateway-1")
    listed.devices.append(replace(behind, id="soil-9"))

    assert [Reason.FOREIGN_DEVICE] == [one.reason for one in before.quarantined]
    assert ["soil-9"] == [one.device for one in outcome_of(pipeline, (uplink("gateway-1"), payload)).readings]


def test_a_station_speaks_for_devices_of_its_own_protocol_only(listed: ListedDevices) -> None:
    listed.profiles.append(Profile("outlet", "Outlet", "hj212", (Measure("cod"),)))
    listed.devices.append(Device("outlet-1", "outlet", VILLAGE))
    pipeline = Pipeline(CurrentDirectory(listed), Checks(ClockLimits()))
    taken, refused = (
        outcome_of(pipeline, (f"dtu/hj212/{name}", hj212_report(name, 42.0))) for name in ("outlet-1", "station-1")
    )

    assert ["outlet-1"] == [one.device for one in taken.readings]
    assert ([], [Reason.FOREIGN_DEVICE]) == (refused.readings, [one.reason for one in refused.quarantined])


def test_a_device_out_of_service_is_refused(listed: ListedDevices) -> None:
    listed.devices.append(Device("retired-1", "probe", VILLAGE, valid_to=NOW))
    pipeline = Pipeline(CurrentDirectory(listed), Checks(ClockLimits()))
    outcome = outcome_of(pipeline, (uplink("retired-1"), native(air_temperature=3)))

    assert [Reason.UNKNOWN_DEVICE] == [item.reason for item in outcome.quarantined]


def test_readings_that_may_be_stored_already_are_marked(pipeline: Pipeline) -> None:
    payload = native(air_temperature=21.5)
    outcome = outcome_of(pipeline, (uplink("station-1"), payload), (uplink("station-1"), payload))

    assert [1] == outcome.repeats


def test_doubt_is_stored_with_the_reading(pipeline: Pipeline) -> None:
    outcome = outcome_of(pipeline, (uplink("station-1"), native(air_temperature=99)))

    assert [Quality.RANGE] == [reading.quality for reading in outcome.readings]


def metered(pipeline: Pipeline, first: int, *volumes: float) -> list[Reading]:
    """One reading a minute from minute `first` on."""
    payloads = [native(NOW + (first + i) * 60_000, irrigation_volume=volume) for i, volume in enumerate(volumes)]
    return outcome_of(pipeline, *((uplink("probe-1"), payload) for payload in payloads)).readings


def test_an_exchanged_meter_is_doubted_once_and_a_restart_does_not_change_that(
    pipeline: Pipeline, listed: ListedDevices, store: EmbeddedStore
) -> None:
    before = metered(pipeline, 0, 5000, 5001, 3000)
    store.write(before)
    checks = Checks(ClockLimits())
    for reading in store.latest(None, None):
        checks.remember(reading)
    restarted = Pipeline(CurrentDirectory(listed), checks)

    assert [0, 0, Quality.STEP] == [reading.quality for reading in before]
    assert [0, 0, 0] == [reading.quality for reading in metered(pipeline, 3, 3000.5, 3001, 3002)]
    assert [0, 0, 0] == [reading.quality for reading in metered(restarted, 3, 3000.5, 3001, 3002)]


def heard(pipeline: Pipeline, topic: str, payload: bytes, *, retained: bool = False) -> dict[str, list[Note]]:
    outcome = Outcome()
    pipeline.process(Message(topic, payload, NOW, retained=retained), outcome)
    return outcome.heard


def test_who_was_heard_is_noted_with_time_and_number(pipeline: Pipeline) -> None:
    several = (
        b'[{"seq":1,"at":1795420799000,"values":{"rssi":1,"snr":1}},{"seq":2,"at":1795420800000,"values":{"rssi":2}}]'
    )

    assert {"probe-1": [(NOW, NOW, 7)]} == heard(
        pipeline, uplink("probe-1"), b'{"seq":7,"at":%d,"values":{"rssi":1}}' % NOW
    )
    assert {"probe-1": [(NOW, None, None)]} == heard(pipeline, uplink("probe-1"), b'{"values":{"rssi":1}}')
    assert {"probe-1": [(NOW, NOW - 1000, 1), (NOW, NOW, 2)]} == heard(pipeline, uplink("probe-1"), several)


def test_what_cannot_be_read_is_a_sign_of_life_and_a_retained_message_is_none(pipeline: Pipeline) -> None:
    assert {"station-1": [(NOW, None, None)]} == heard(pipeline, uplink("station-1"), b"{")
    assert {"station-1": [(NOW, NOW, None)]} == heard(pipeline, uplink("station-1"), native(soil_ph=7))
    assert {} == heard(pipeline, uplink("nobody"), native(air_temperature=1))
    assert {} == heard(pipeline, uplink("station-1"), native(air_temperature=1), retained=True)
    assert {} == heard(pipeline, uplink("station-1"), b"{", retained=True)


def test_a_gateway_and_who_it_speaks_for_are_heard_and_no_stranger(pipeline: Pipeline) -> None:
    payload = b"""[{"n":"soil-2:soil_temperature","t":1795420700,"v":9.5},
        {"n":"soil-2:soil_temperature","t":1795420800,"v":9},
        {"n":"station-1:air_temperature","v":1}]"""

    assert {"gateway-1": [(NOW, None, None)], "soil-2": [(NOW, NOW, None)]} == heard(
        pipeline, uplink("gateway-1"), payload
    )
