"""MQTT packets are taken out of any cutting of the bytes in which they come."""

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.packets import PUBLISH, Inbox, Packet, Publish, published, subscribed
from telemetry.errors import BrokerUnavailable

A_B_10 = bytes.fromhex("3d 07 00 03 61 2f 62 00 0a")
"""Non-normative example of MQTT 3.1.1, section 3.3.2: topic a/b, packet id 10; DUP, QoS 2 and RETAIN, no payload."""


def remaining_length(length: int) -> bytes:
    """The algorithm of MQTT 3.1.1, section 2.2.3."""
    encoded = bytearray()
    while True:
        length, byte = divmod(length, 128)
        encoded.append(byte | 128 if length else byte)
        if not length:
            return bytes(encoded)


def wire_bytes(topic: bytes, payload: bytes, packet_id: int, *, properties: bytes | None = None) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic
    if packet_id:
        body += packet_id.to_bytes(2, "big")
    if properties is not None:
        body += remaining_length(len(properties)) + properties
    body += payload
    return bytes([PUBLISH << 4 | (2 if packet_id else 0)]) + remaining_length(len(body)) + body


def all_of(inbox: Inbox) -> list[Packet]:
    taken = []
    while (packet := inbox.take()) is not None:
        taken.append(packet)
    return taken


def test_the_standards_own_example_is_read() -> None:
    inbox = Inbox()
    inbox.feed(A_B_10)
    (packet,) = all_of(inbox)
    assert Publish("a/b", b"", 10, retain=True) == published(packet, mqtt5=False)


@pytest.mark.parametrize(
    ("length", "encoded"),
    [
        (0, "00"),
        (127, "7f"),
        (128, "80 01"),
        (16_383, "ff 7f"),
        (16_384, "80 80 01"),
        (2_097_151, "ff ff 7f"),
        (2_097_152, "80 80 80 01"),
    ],
)
def test_lengths_are_read_as_in_table_2_4_of_the_standard(length: int, encoded: str) -> None:
    inbox = Inbox()
    inbox.feed(b"\x30" + bytes.fromhex(encoded))
    assert (length == 0) == inbox.waits
    inbox.feed(bytes(length))
    assert [Packet(0x30, bytes(length))] == all_of(inbox)


MESSAGES = st.lists(
    st.tuples(st.text("abc/\u6751", min_size=1, max_size=40), st.binary(max_size=300), st.integers(0, 65_535)),
    max_size=8,
)


@given(messages=MESSAGES, cuts=st.lists(st.integers(0, 3000), max_size=12), mqtt5=st.booleans())
def test_messages_are_the_same_however_their_bytes_are_cut(
    messages: list[tuple[str, bytes, int]], cuts: list[int], *, mqtt5: bool
) -> None:
    properties = b"\x01\x01" * 70 if mqtt5 else None
    stream = b"".join(
        wire_bytes(topic.encode(), payload, number, properties=properties) for topic, payload, number in messages
    )
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    inbox, taken = Inbox(), []
    for start, stop in itertools.pairwise(edges):
        inbox.feed(stream[start:stop])
        waits = inbox.waits
        found = all_of(inbox)
        assert waits == bool(found)
        taken += [published(packet, mqtt5=mqtt5) for packet in found]
    assert [Publish(topic, payload, number, retain=False) for topic, payload, number in messages] == taken


@given(st.binary(max_size=200), st.booleans())
def test_whatever_comes_is_read_or_refused_in_words(data: bytes, mqtt5: bool) -> None:
    inbox = Inbox()
    inbox.feed(data)
    with contextlib.suppress(BrokerUnavailable):
        for packet in all_of(inbox):
            if packet.type == PUBLISH:
                message = published(packet, mqtt5=mqtt5)
                assert len(message.payload) <= len(packet.body) - 2


def test_a_topic_that_is_no_utf8_can_still_be_kept_and_shown() -> None:
    inbox = Inbox()
    inbox.feed(wire_bytes(b"up/\xff", b"x", 3))
    (packet,) = all_of(inbox)
    assert Publish(r"up/\xff", b"x", 3, retain=False) == published(packet, mqtt5=False)


@pytest.mark.parametrize("cut", ["32 03 00 01 61", "30 01 00", "32 05 ff ff 61 62 63"])
def test_a_packet_that_is_shorter_than_it_says_is_refused(cut: str) -> None:
    inbox = Inbox()
    inbox.feed(bytes.fromhex(cut))
    (packet,) = all_of(inbox)
    with pytest.raises(BrokerUnavailable, match="shorter than it says, beginning with"):
        published(packet, mqtt5=False)


def test_a_length_of_five_bytes_is_refused() -> None:
    inbox = Inbox()
    inbox.feed(bytes.fromhex("30 ff ff ff ff 01"))
    with pytest.raises(BrokerUnavailable, match="more than four bytes"):
        inbox.take()


@pytest.mark.parametrize(
    ("mqtt5", "body"), [(False, "00 01 01 80"), (True, "00 01 00 01 87"), (True, "00 01 02 11 22 00 80")]
)
def test_the_answer_to_a_subscription_is_read_filter_by_filter(*, mqtt5: bool, body: str) -> None:
    codes = subscribed(Packet(0x90, bytes.fromhex(body)), mqtt5=mqtt5)
    assert [False, True] == [code >= 0x80 for code in codes]
