"""The broker as the documentation sets it up."""

import time
from pathlib import Path

from devices.message import uplink
from ingest.mqtt import Broker, Subscription
from rurban.doctor import diagnose
from rurban.settings import Settings
from tests.mosquitto import Mosquitto, documented_mosquitto, free_port, mosquitto
from tests.workplace import client_of, eventually, publish, wall_clock

MESSAGES = 3000


def received(subscription: Subscription, number: int) -> list[bytes]:
    """The payloads of so many messages, acknowledged; fewer when nothing comes for three seconds."""
    payloads: list[bytes] = []
    last = time.monotonic()
    while len(payloads) < number and time.monotonic() < last + 3:
        if receipts := subscription.receive(0.1):
            last = time.monotonic()
            subscription.acknowledge(receipts)
            payloads += [receipt.message.payload for receipt in receipts]
    return payloads


def test_the_documented_broker_keeps_all_for_a_worker_that_is_away_over_its_own_restart(tmp_path: Path) -> None:
    sent = [str(number).encode() for number in range(MESSAGES)]
    with documented_mosquitto(tmp_path) as broker:
        subscription = Subscription(Broker(broker.host, broker.port), "worker", [uplink("+")], clock=wall_clock)
        subscription.connect()
        subscription.close()
        with client_of(broker) as client:
            publish(client, *[(uplink("station-1"), payload) for payload in sent])
        broker.stop()
        broker.start()
        subscription.connect()
        came = received(subscription, MESSAGES)
        subscription.close()

    assert sent == came


def test_whoever_sends_more_than_the_documented_broker_takes_is_disconnected_alone(tmp_path: Path) -> None:
    with documented_mosquitto(tmp_path) as broker:
        subscription = Subscription(Broker(broker.host, broker.port), "worker", [uplink("+")], clock=wall_clock)
        subscription.connect()
        with client_of(broker) as mistaken, client_of(broker) as other:
            lost: list[bool] = []
            mistaken.on_disconnect = lambda *_call: lost.append(True)
            publish(other, (uplink("station-2"), b" " * 1_000_000))
            eventually(mistaken.is_connected)
            mistaken.publish(uplink("station-1"), b" " * 1_100_000, qos=1)
            eventually(lambda: bool(lost))
            publish(other, (uplink("station-2"), b"{}"))
        came = received(subscription, 2)
        subscription.close()

    assert [1_000_000, 2] == [len(payload) for payload in came]


def told(broker: Mosquitto, folder: Path) -> str:
    """What the doctor says of the broker."""
    lines: list[str] = []
    diagnose(Settings(data_dir=folder, mqtt_port=broker.port, http_port=free_port()), lines.append)
    return next(line for line in lines if line.startswith("broker"))


def test_the_doctor_says_how_many_messages_the_broker_has_dropped(tmp_path: Path) -> None:
    with mosquitto(tmp_path, extra_conf="max_queued_messages 10\nsys_interval 1") as broker:
        subscription = Subscription(Broker(broker.host, broker.port), "worker", [uplink("+")], clock=wall_clock)
        subscription.connect()
        subscription.close()
        eventually(lambda: "it has dropped no message since its start" in told(broker, tmp_path))
        with client_of(broker) as client:
            publish(client, *[(uplink("station-1"), b"{}")] * 50)

        eventually(lambda: "it has dropped 40 messages since its start" in told(broker, tmp_path))
