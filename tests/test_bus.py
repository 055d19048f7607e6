"""The bus between the parts of the house: what any client of the broker may put on it does no harm."""

import msgspec
import pytest

from ingest.mqtt import Broker, Bus
from telemetry import announcement
from telemetry.announcement import Announced
from telemetry.errors import BrokerUnavailable, Rejected
from tests.mosquitto import Mosquitto
from tests.workplace import client_of, eventually, publish, wall_clock

GOOD = Announced("d", "air_temperature", 1, 1.0, 0, 1, "370522101201")


@pytest.mark.parametrize(
    "payload", [b"", b"[]]", b"{}", b"[[1]]", msgspec.json.encode([("d", "m", 1, "x", 0, 1, "r")])]
)
def test_what_is_no_announcement_is_refused(payload: bytes) -> None:
    with pytest.raises(Rejected):
        announcement.decode(payload)


@pytest.mark.parametrize("instants", [(10**18, 1), (1, 10**18), (-1, 1)])
def test_an_announced_time_that_no_calendar_has_is_refused(instants: tuple[int, int]) -> None:
    at, received_at = instants
    with pytest.raises(Rejected, match="1970 to 2200"):
        announcement.decode(msgspec.json.encode([("d", "m", at, 1.0, 0, received_at, "r")]))


def test_what_is_published_has_reached_the_broker(broker: Mosquitto) -> None:
    heard: list[bytes] = []
    bus = Bus(Broker(broker.host, broker.port), "bus", clock=wall_clock)
    bus.listen("to/+", lambda message: heard.append(message.payload))
    bus.start()
    eventually(lambda: bus.connected)
    with client_of(broker) as client:
        publish(client, ("to/me", b"1"))
    eventually(lambda: heard == [b"1"])
    bus.publish("to/you", b"2")
    eventually(lambda: heard == [b"1", b"2"])
    bus.close()

    assert not bus.connected


def test_a_bus_without_its_broker_says_so(broker: Mosquitto) -> None:
    bus = Bus(Broker(broker.host, broker.port), "bus", clock=wall_clock)
    bus.start()
    eventually(lambda: bus.connected)
    broker.stop()
    eventually(lambda: not bus.connected)
    with pytest.raises(BrokerUnavailable, match=f"{broker.host}:{broker.port}"):
        bus.publish("to/you", b"2")
    bus.close()


def test_an_announcement_comes_back_as_it_was() -> None:
    assert [GOOD] == announcement.decode(announcement.encode([GOOD]))
