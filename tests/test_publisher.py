"""The simulator's publisher, on a real broker."""

from pathlib import Path

import pytest

from devices.message import Message
from devices.publisher import Publisher
from telemetry.errors import BrokerUnavailable
from tests.mosquitto import HOST, Mosquitto, free_port, mosquitto
from tests.workplace import client_of, eventually


def numbered(count: int) -> list[Message]:
    return [Message("numbers", str(number).encode(), 0) for number in range(count)]


def test_everything_arrives_in_order_and_progress_is_told(broker: Mosquitto) -> None:
    heard: list[bytes] = []
    told: list[int] = []
    with client_of(broker) as listener:
        subscribed: list[int] = []
        listener.on_subscribe = lambda *_: subscribed.append(1)
        listener.on_message = lambda _client, _data, message: heard.append(bytes(message.payload))
        listener.subscribe("numbers", 1)
        eventually(lambda: bool(subscribed))
        with Publisher(broker.host, broker.port, client_id="p", window=50) as publisher:
            count = publisher.publish_all(numbered(2500), told.append)
        eventually(lambda: len(heard) == 2500)

    assert [message.payload for message in numbered(2500)] == heard
    assert (2500, [1000, 2000, 2500]) == (count, told)


def test_no_broker_is_named_with_its_address() -> None:
    port = free_port()
    with pytest.raises(BrokerUnavailable, match=f"{HOST}:{port}"), Publisher(HOST, port, client_id="p"):
        raise AssertionError("there is no broker")


def test_a_wrong_password_is_told(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("")
    conf = f"allow_anonymous false\npassword_file {users}"
    with mosquitto(tmp_path, extra_conf=conf) as broker:
        wrong = Publisher(broker.host, broker.port, client_id="p", username="me", password="secret")
        with pytest.raises(BrokerUnavailable, match=r"[Nn]ot authori[sz]ed") as refused, wrong:
            raise AssertionError("it should not be let in")

    assert "secret" not in str(refused.value)


def test_a_broker_that_falls_silent_is_told_after_a_while(broker: Mosquitto) -> None:
    with Publisher(broker.host, broker.port, client_id="p", patience_s=0.5) as publisher:
        broker.stop()
        with pytest.raises(BrokerUnavailable, match="acknowledged nothing"):
            publisher.publish_all(numbered(3))


def test_what_was_not_acknowledged_is_sent_again_after_the_broker_is_back(broker: Mosquitto) -> None:
    with Publisher(broker.host, broker.port, client_id="p", patience_s=30) as publisher:
        broker.stop()
        broker.start()

        assert 20 == publisher.publish_all(numbered(20))
