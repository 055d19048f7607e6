"""MQTT control packets out of the bytes of a connection, as they come. Pure.

    +--------+------------------+---------------------------------------------------------------+
    | header | remaining length | PUBLISH: topic length (2), topic, packet id (2, QoS 1 and 2), |
    | 1 byte | 1 to 4 bytes     | properties (MQTT 5: their length, then they), payload         |
    +--------+------------------+---------------------------------------------------------------+

MQTT 3.1.1 and 5.0 (OASIS), sections 2.1 to 2.2 and 3.3. Hundreds of messages come with one system call; paho makes
three for each, and an object with a lock: that was more than half of what the receiving thread of a worker did.
"""

from typing import Final, NamedTuple

from telemetry.errors import BrokerUnavailable

CONNACK: Final = 2
PUBLISH: Final = 3
SUBACK: Final = 9
UNSUBACK: Final = 11
PINGRESP: Final = 13
DISCONNECT: Final = 14
FAILED: Final = 0x80
"""Reason codes from here on are failures."""


class Packet(NamedTuple):
    """One control packet."""

    header: int
    """Type in the upper four bits, flags in the lower ones."""
    body: bytes
    """What the remaining length counts."""

    @property
    def type(self) -> int:
        return self.header >> 4


class Publish(NamedTuple):
    """What a PUBLISH packet says."""

    topic: str
    payload: bytes
    packet_id: int
    """0 for QoS 0."""
    retain: bool


class Inbox:
    """Bytes that have come and are not taken yet."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._start = 0

    def feed(self, data: bytes) -> None:
        """These came after all others."""
        del self._buffer[: self._start]
        self._start = 0
        self._buffer += data

    @property
    def waits(self) -> bool:
        """`take` has something to give."""
        bounds = self._bounds()
        return bounds is not None and bounds[1] <= len(self._buffer)

    def take(self) -> Packet | None:
        """The next packet; None = it has not come as a whole. Raises `BrokerUnavailable` for what is no MQTT."""
        bounds = self._bounds()
        if bounds is None or bounds[1] > len(self._buffer):
            return None
        begin, end = bounds
        packet = Packet(self._buffer[self._start], bytes(self._buffer[begin:end]))
        self._start = end
        return packet

    def _bounds(self) -> tuple[int, int] | None:
        """Where the body of the next packet begins and ends; None = its length is not known yet."""
        buffer, at = self._buffer, self._start + 1
        length = shift = 0
        while at < len(buffer):
            byte = buffer[at]
            at += 1
            length |= (byte & 127) << shift
            if byte < 128:  # noqa: PLR2004 - the upper bit says that one more byte follows
                return at, at + length
            shift += 7
            if shift > 21:  # noqa: PLR2004 - four bytes of seven bits
                raise _malformed("a remaining length of more than four bytes", buffer[self._start : at])
        return None


def published(packet: Packet, *, mqtt5: bool) -> Publish:
    r"""What a PUBLISH packet says; bytes of the topic that are no UTF-8 are written as `\xff`.

    Raises `BrokerUnavailable` for one that is shorter than it says.
    """
    header, body = packet
    topic_end = 2 + int.from_bytes(body[:2], "big")
    begin, packet_id = topic_end, 0
    if header & 0b0110:
        begin += 2
        packet_id = int.from_bytes(body[topic_end:begin], "big")
    if mqtt5:
        begin = _after_properties(packet, begin)
    if begin > len(body):
        raise _malformed("a PUBLISH that is shorter than it says", body)
    topic = body[2:topic_end].decode("utf-8", "backslashreplace")
    return Publish(topic, body[begin:], packet_id, bool(header & 1))


def subscribed(packet: Packet, *, mqtt5: bool) -> list[int]:
    """The reason codes of a SUBACK packet, in the order of the filters; from `FAILED` on one was refused."""
    begin = _after_properties(packet, 2) if mqtt5 else 2
    return list(packet.body[begin:])


def _after_properties(packet: Packet, at: int) -> int:
    """Where what follows the properties of MQTT 5 begins; their length is a variable byte integer (section 1.5.5)."""
    length = shift = 0
    for place in range(at, min(at + 4, len(packet.body))):
        byte = packet.body[place]
        length |= (byte & 127) << shift
        if byte < 128:  # noqa: PLR2004 - the upper bit says that one more byte follows
            return place + 1 + length
        shift += 7
    raise _malformed("properties without a length", packet.body)


def _malformed(what: str, data: bytes | bytearray) -> BrokerUnavailable:
    return BrokerUnavailable(f"the broker sent {what}, beginning with {bytes(data[:16]).hex(' ')}")
