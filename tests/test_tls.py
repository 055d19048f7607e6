"""The real worker on a real broker that speaks TLS: nothing is lost, and nobody is trusted without reason."""

import datetime as dt
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from devices.message import Message, uplink
from devices.publisher import Publisher
from devices.tls import Tls
from ingest.mqtt import Broker, Bus, Subscription
from rurban import certs
from rurban.doctor import diagnose
from rurban.settings import Settings
from telemetry.errors import BrokerUnavailable
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from tests.mosquitto import HOST, free_port
from tests.tls import NOW, Secured, made, secured
from tests.workplace import at_work, client_of, eventually, publish, wall_clock, worker_on

MESSAGES = 20_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("tls") / "certs")


@pytest.fixture(scope="module")
def house(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured(tmp_path_factory.mktemp("broker"), folder) as running:
        yield running


def heard(subscription: Subscription, number: int) -> list[bytes]:
    """The payloads of so many messages, acknowledged; fewer when nothing comes for three seconds."""
    payloads: list[bytes] = []
    last = time.monotonic()
    while len(payloads) < number and time.monotonic() < last + 3:
        if receipts := subscription.receive(0.1):
            last = time.monotonic()
            subscription.acknowledge(receipts)
            payloads += [receipt.message.payload for receipt in receipts]
    return payloads


@pytest.mark.parametrize("mqtt5", [False, True])
def test_twenty_thousand_messages_come_over_tls_in_their_order(mqtt5: bool, house: Secured) -> None:
    # Of many lengths: TLS cuts them where no packet ends.
    sent = [b"%d %s" % (number, b" " * (number % 97)) for number in range(MESSAGES)]
    subscription = Subscription(house.by_tls(mqtt5=mqtt5), f"worker-{mqtt5}", [uplink("+")], clock=wall_clock)
    subscription.connect()
    with client_of(house.plain) as client:
        publish(client, *[(uplink("station-1"), payload) for payload in sent])
        came = heard(subscription, MESSAGES)
    subscription.close()

    assert sent == came


def test_messages_larger_than_a_record_of_tls_come_whole(house: Secured) -> None:
    sent = [bytes([number]) * 100_000 for number in range(30)]
    subscription = Subscription(house.by_tls(), "worker-large", [uplink("+")], clock=wall_clock)
    subscription.connect()
    with client_of(house.plain) as client:
        publish(client, *[(uplink("station-1"), payload) for payload in sent])
        came: list[bytes] = []
        while len(came) < len(sent):
            receipts = subscription.receive(3, limit=1)
            assert receipts, "what is decrypted already is not told by the socket"
            subscription.acknowledge(receipts)
            came += [receipt.message.payload for receipt in receipts]
    subscription.close()

    assert sent == came


def test_a_worker_with_a_certificate_stores_all_that_comes_over_tls(
    house: Secured, registry: Registry, store: EmbeddedStore, tmp_path: Path
) -> None:
    began = wall_clock()
    payloads = [b'{"at": %d, "values": {"air_temperature": 20}}' % (began - 1000 * number) for number in range(2000)]
    working = worker_on(house.by_certificate("_worker"), registry, store, store, folder=tmp_path)
    with at_work(working) as worker, client_of(house.plain) as client:
        publish(client, *[(uplink("station-1"), payload) for payload in payloads])
        eventually(lambda: worker.progress.messages == len(payloads))

    assert len(payloads) == registry.ledger.ever().stored


def test_publisher_and_bus_speak_tls(house: Secured) -> None:
    topics: list[str] = []
    bus = Bus(house.by_tls(mqtt5=True), "bus", clock=wall_clock)
    bus.listen("rurban/v1/stored/#", lambda message: topics.append(message.topic))
    bus.start()
    bus.until_listening(10)
    with Publisher(HOST, house.port, client_id="publisher", tls=house.tls()) as publisher:
        publisher.publish_all([Message("rurban/v1/stored/370522", b"{}", 0)])
    eventually(lambda: bool(topics))
    bus.close()

    assert ["rurban/v1/stored/370522"] == topics


def refusal(broker: Broker) -> str:
    """What is said of a connection that does not come about."""
    subscription = Subscription(broker, "stranger", [uplink("+")], clock=wall_clock)
    with pytest.raises(BrokerUnavailable) as caught:
        subscription.connect(timeout_s=5)
    subscription.close()
    return str(caught.value)


def test_a_broker_of_another_ca_is_refused(house: Secured, tmp_path: Path) -> None:
    other = made(tmp_path / "other") / "ca.crt"
    said = refusal(replace(house.by_tls(), tls=Tls(other)))

    assert f"no MQTT broker at {HOST}:{house.port}: its certificate does not hold by {other}: " in said


def test_a_broker_that_is_reached_by_another_name_than_its_certificate_says_is_refused(tmp_path: Path) -> None:
    with secured(tmp_path, made(tmp_path / "certs", ["broker.village.example"])) as house:
        said = refusal(house.by_tls())

    assert "IP address mismatch, certificate is not valid for '127.0.0.1'" in said


def test_a_broker_whose_certificate_is_over_its_time_is_refused(tmp_path: Path) -> None:
    with secured(tmp_path, made(tmp_path / "certs", at=NOW - dt.timedelta(days=830))) as house:
        said = refusal(house.by_tls())

    assert "certificate has expired" in said


def test_a_door_in_clear_is_told_from_one_with_tls(house: Secured) -> None:
    assert "does it speak TLS on this port?" in refusal(replace(house.by_tls(), port=house.plain.port))


@pytest.mark.parametrize(
    ("tls", "named"),
    [
        (Tls(Path("nowhere.crt")), "the CA file nowhere.crt cannot be used"),
        (Tls(Path(__file__)), f"the CA file {__file__} cannot be used"),
    ],
)
def test_a_ca_file_that_cannot_be_used_is_named(tls: Tls, named: str, house: Secured) -> None:
    assert named in refusal(replace(house.by_tls(), tls=tls))


def test_a_certificate_without_its_key_is_named(house: Secured) -> None:
    mixed = Tls(house.certs / "ca.crt", house.certs / "well-1.crt", house.certs / "_worker.key")

    assert "well-1.crt with the key" in refusal(replace(house.by_tls(), tls=mixed))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"mqtt_tls_cert": "a"}, "RURBAN_MQTT_TLS_KEY"),
        ({"mqtt_tls_cert": "a", "mqtt_tls_key": "b"}, "RURBAN_MQTT_TLS_CA"),
    ],
)
def test_a_certificate_alone_is_not_taken_for_a_setting(given: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Settings.model_validate(given)


@pytest.mark.parametrize("mqtt5", [False, True])
def test_a_device_with_a_certificate_has_the_rights_of_its_name(mqtt5: bool, house: Secured) -> None:
    heard_by_observer = Subscription(house.by_tls(), f"observer-{mqtt5}", ["#"], clock=wall_clock)
    heard_by_observer.connect()
    bus = Bus(house.by_certificate("well-1", mqtt5=mqtt5), "well", clock=wall_clock)
    bus.start()
    for topic in (uplink("rain-1"), uplink("well-1")):
        bus.tell(topic, b"{}")
    bus.publish(f"{uplink('well-1')}", b"last")
    topics: list[tuple[str, bytes]] = []
    while (uplink("well-1"), b"last") not in topics:
        receipts = heard_by_observer.receive(5)
        heard_by_observer.acknowledge(receipts)
        topics += [(one.message.topic, one.message.payload) for one in receipts]
    bus.close()
    heard_by_observer.close()

    assert [] == [topic for topic, _ in topics if topic != uplink("well-1")]


def test_whoever_shows_no_certificate_or_one_of_another_ca_does_not_come_in(house: Secured, tmp_path: Path) -> None:
    other = made(tmp_path / "other")
    foreign = Tls(house.certs / "ca.crt", other / "well-1.crt", other / "well-1.key")
    without = refusal(house.by_certificate(None))
    with_foreign = refusal(replace(house.by_certificate(None), tls=foreign))

    assert "connection lost" in without
    assert "it may ask for a certificate, and none is shown" in without
    assert f"it may not take the certificate {foreign.certificate}" in with_foreign


def test_a_revoked_certificate_lets_nobody_in_and_the_others_go_on(tmp_path: Path) -> None:
    folder = made(tmp_path / "certs", at=NOW - dt.timedelta(minutes=1))
    with secured(tmp_path, folder) as house:
        well = Subscription(house.by_certificate("well-1"), "well", ["rurban/v1/well-1/down"], clock=wall_clock)
        well.connect()
        well.close()
        certs.revoke(folder, ["well-1"], NOW)
        os.kill(house.plain.pid, signal.SIGHUP)
        eventually(lambda: "Reloading config" in house.plain.log())
        said = refusal(house.by_certificate("well-1"))
        worker = Subscription(house.by_certificate("_worker"), "worker", [uplink("+")], clock=wall_clock)
        worker.connect()
        worker.close()

    assert f"it may not take the certificate {folder / 'well-1.crt'}" in said


def doctor(house: Secured, data_dir: Path) -> str:
    """What it says of the certificates."""
    lines: list[str] = []
    own = house.certs / "well-1"
    settings = Settings(
        data_dir=data_dir,
        http_port=free_port(),
        mqtt_port=house.port,
        mqtt_tls_ca=house.certs / "ca.crt",
        mqtt_tls_cert=own.with_suffix(".crt"),
        mqtt_tls_key=own.with_suffix(".key"),
    )
    diagnose(settings, lines.append)
    return next(line for line in lines if line.startswith("certificates"))


def test_the_doctor_says_how_long_the_certificates_hold_and_warns_before_they_end(
    house: Secured, tmp_path: Path
) -> None:
    well = doctor(house, tmp_path)
    with secured(tmp_path, made(tmp_path / "certs", at=NOW - dt.timedelta(days=800))) as ageing:
        soon = doctor(ageing, tmp_path)
        certs.renew(ageing.certs, ["broker"], NOW)
        os.kill(ageing.plain.pid, signal.SIGHUP)
        eventually(lambda: "PROBLEM" not in doctor(ageing, tmp_path))

    assert (1, 1, False) == (well.count("broker until 20"), well.count("own until 20"), "PROBLEM" in well)
    assert "PROBLEM: broker until" in soon
    assert "24 days, `rurban certs renew`" in soon
