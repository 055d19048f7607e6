"""A connection that stands, over real sockets."""

import contextlib
import fcntl
import resource
import socket
import threading
from collections.abc import Iterator

import pytest

from ingest.mqtt import Broker, Receipt, Subscription, Wanted
from ingest.packets import Packet
from ingest.wire import Wire, ready
from telemetry.errors import BrokerUnavailable
from tests.workplace import eventually, wall_clock

PINGREQ = b"\xc0\x00"
PINGRESP = b"\xd0\x00"


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Ours, which does not block, and the broker's."""
    ours, brokers = socket.socketpair()
    ours.setblocking(False)
    with contextlib.closing(ours), contextlib.closing(brokers):
        yield ours, brokers


def test_many_packets_come_with_one_wait_and_the_rest_of_one_with_the_next(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, broker = ends
    wire = Wire(ours, keepalive_s=60)
    broker.sendall(PINGRESP * 3 + b"\x30\x04\x00\x01")
    wire.wait(5.0, None, reading=True)
    assert [Packet(0xD0, b"")] * 3 + [None] == [wire.take() for _ in range(4)]
    broker.sendall(b"ab")
    wire.wait(5.0, None, reading=True)
    assert Packet(0x30, b"\x00\x01ab") == wire.take()
    assert not wire.lost


def test_what_is_there_already_needs_no_wait(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, broker = ends
    wire = Wire(ours, keepalive_s=600)
    broker.sendall(PINGRESP * 2)
    wire.wait(5.0, None, reading=True)
    assert wire.take() is not None
    wire.wait(3600.0, None, reading=True)
    assert Packet(0xD0, b"") == wire.take()


def test_a_byte_on_the_other_socket_ends_the_wait(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = ends
    wire = Wire(ours, keepalive_s=7200)
    waker, wake = socket.socketpair()
    with contextlib.closing(waker), contextlib.closing(wake):
        waker.send(b"!")
        wire.wait(3600.0, wake, reading=False)
    assert wire.take() is None


def test_a_broker_that_closes_is_lost(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, broker = ends
    wire = Wire(ours, keepalive_s=60)
    broker.close()
    wire.wait(5.0, None, reading=True)
    assert wire.take() is None
    assert "connection lost: the broker has closed it" == wire.lost
    wire.send(PINGREQ)
    assert "connection lost: the broker has closed it" == wire.lost


def test_a_broker_is_pinged_and_one_that_answers_nothing_is_given_up(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, broker = ends
    wire = Wire(ours, keepalive_s=1)

    def given_up() -> bool:
        wire.wait(0.05, None, reading=True)
        return bool(wire.lost)

    eventually(given_up)
    assert wire.lost.startswith("nothing heard from the broker for ")
    assert PINGREQ == broker.recv(2)


def test_while_nothing_is_read_a_silent_broker_is_not_given_up(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, broker = ends
    wire = Wire(ours, keepalive_s=1)
    broker.setblocking(False)
    pings = bytearray()

    def pinged_thrice() -> bool:
        wire.wait(0.05, None, reading=False)
        with contextlib.suppress(BlockingIOError):
            pings.extend(broker.recv(64))
        return len(pings) >= 3 * len(PINGREQ)

    eventually(pinged_thrice)
    assert not wire.lost


def test_a_message_of_a_session_that_goes_on_may_come_in_two_halves() -> None:
    """The first one right behind the broker's greeting, the second when the subscriber has come to its end."""
    whole = b"\x32\x09\x00\x03a/b\x00\x07hi"
    server = socket.create_server(("127.0.0.1", 0))
    connected = threading.Event()

    def greet() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"\x20\x02\x01\x00" + whole[:5])
            connected.wait(60)
            connection.sendall(whole[5:])
            connection.recv(4096)

    broker = threading.Thread(target=greet)
    with contextlib.closing(server):
        broker.start()
        subscription = Subscription(Broker(*server.getsockname()), "worker", ["a/b"], clock=wall_clock)
        subscription.connect()
        connected.set()
        received: list[Receipt] = []

        def came() -> bool:
            received.extend(subscription.receive(0.1))
            return bool(received)

        eventually(came)
        subscription.close()
        broker.join()

    assert [("a/b", b"hi", 7)] == [(one.message.topic, one.message.payload, one.packet_id) for one in received]


def test_what_is_no_mqtt_ends_the_connection_wherever_it_stands_in_what_was_read() -> None:
    """Also behind the last message that was asked for."""
    server = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def greet() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"\x20\x02\x01\x00" + b"\x30\x05\x00\x03a/b" + b"\x30\xff\xff\xff\xff\x01")
            over.wait(60)

    broker = threading.Thread(target=greet)
    with contextlib.closing(server):
        broker.start()
        subscription = Subscription(Broker(*server.getsockname()), "worker", ["a/b"], clock=wall_clock)
        subscription.connect()
        received: list[Receipt] = []

        def came() -> bool:
            received.extend(subscription.receive(0.1, limit=1))
            return bool(received)

        eventually(came)
        with pytest.raises(BrokerUnavailable, match="more than four bytes"):
            subscription.receive(0.1, limit=1)
        connected = subscription.connected
        over.set()
        subscription.close()
        broker.join()

    assert ["a/b"] == [one.message.topic for one in received]
    assert not connected


def test_a_broker_may_refuse_what_is_optional_and_nothing_else() -> None:
    wanted = Wanted(needed=("a", "b"), optional=("c",))

    assert "" == wanted.refusal([1, 1, 0x80])
    assert "subscription refused: b" == wanted.refusal([1, 0x87, 0x80])


def test_sockets_are_waited_for_whatever_their_number() -> None:
    """select() ends at 1 024, and a process that serves many pages has more."""
    ours, other = socket.socketpair()
    with contextlib.closing(ours), contextlib.closing(other):
        assert ([], [ours]) == ready([ours], [ours], 0.0)
        other.send(b"!")
        assert ([ours], [ours]) == ready([ours], [ours], 5.0)
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        high = fcntl.fcntl(ours.fileno(), fcntl.F_DUPFD, 1500)
        with socket.socket(fileno=high) as moved:
            assert ([moved], []) == ready([moved], [], 5.0)
