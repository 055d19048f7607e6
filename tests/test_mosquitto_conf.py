"""The broker as the documentation sets it up."""

import time
from pathlib import Path

from devices.message import uplink
from ingest.mqtt import Broker, Subscription
from tests.mosquitto import documented_mosquitto
from tests.workplace import client_of, publish, wall_clock

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
