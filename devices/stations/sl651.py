"""Frames of SL 651-2014 in HEX/BCD, in which hydrological stations report to water authorities. Numbers are big-endian.

    7E7E | centre 1 | station 5 | password 2 | function 1 | length 2 | 02 | body                 | 03 | CRC 2
    7E7E | centre 1 | station 5 | password 2 | function 1 | length 2 | 16 | total, number | body | 17 | CRC 2
                                                            |          |    12 bits each           |    |
               upper 4 bits 0 = up, 8 = down; the others and,          |                           |    of all before
               with 16H, all: bytes from here to the end byte          02 STX; 16 SYN: one of      |
                                                                       several packets             03 ETX; 17 ETB:
                                                                                                   more follows
    downlink: station before centre; end byte 05 ENQ command, 06 ACK go on, 15 NAK send this packet again,
              04 EOT done, 1B ESC done, stay online

A body begins with a serial number (2) and the time of sending (6, BCD yyMMddHHmmss), and of several packets only the
first one does. A report that is not answered is sent again, twice. Source: SL 651-2014 sections 6.2 to 6.6 and its
annex on the CRC, in the text of the approval draft.
"""

from typing import Final, NamedTuple

from devices.stations import bcd, beijing, checksums
from devices.stations.payload import frames
from telemetry.errors import Reason, Rejected

START: Final = b"\x7e\x7e"
TIMED: Final = 0x32
KEEP: Final = 0x2F
"""A station says that it is still there."""
SET_CLOCK: Final = 0x4A
ENQ: Final = 0x05
ACK: Final = 0x06
NAK: Final = 0x15
EOT: Final = 0x04
ESC: Final = 0x1B

_STX: Final = 0x02
_SYN: Final = 0x16
_ETX: Final = 0x03
_ETB: Final = 0x17
_TEXT_AT: Final = 13
_BODY_AT: Final = 14
_TAIL: Final = 3
_UP: Final = 0
_DOWN: Final = 0x8000
_TWELVE_BITS: Final = 0xFFF
_HEAD_OF_BODY: Final = 8
_LONGEST: Final = 8192
"""Bytes of one packet of several. The standard allows 65 535; noise that promises so many would hold a frame up."""


class Packet(NamedTuple):
    """One frame that a station has sent."""

    centre: int
    address: bytes
    password: bytes
    function: int
    total: int
    """How many packets the message has; 0 = it is the only one, and its number is 0."""
    number: int
    body: bytes
    is_last: bool

    @property
    def station(self) -> str:
        """Its address, as it stands in topics and in the registry: ten hexadecimal digits."""
        return self.address.hex().upper()

    @property
    def serial(self) -> bytes:
        return self.body[:2].rjust(2, b"\x00")


def extent(data: bytes | bytearray, start: int) -> int | None:
    """How long the uplink frame is that begins here; 0 = none does, None = more bytes tell."""
    if len(data) <= start + _TEXT_AT:
        return None
    length = int.from_bytes(data[start + _TEXT_AT - 2 : start + _TEXT_AT], "big")
    kind = data[start + _TEXT_AT]
    if kind == _STX:
        return _BODY_AT + length + _TAIL if length and length >> 12 == _UP else 0
    return _BODY_AT + length + _TAIL if kind == _SYN and _TAIL < length <= _LONGEST else 0


def is_intact(frame: bytes) -> bool:
    """Whether its end byte is one of an uplink, and its checksum is right."""
    return frame[-_TAIL] in (_ETX, _ETB) and checksums.sl651(frame[:-2]) == int.from_bytes(frame[-2:], "big")


def packet(frame: bytes) -> Packet:
    """What an intact frame says."""
    body, total, number = frame[_BODY_AT:-_TAIL], 0, 0
    if frame[_TEXT_AT] == _SYN:
        numbers = int.from_bytes(body[:3], "big")
        total, number = numbers >> 12, numbers & _TWELVE_BITS
        body = body[3:]
    return Packet(
        frame[2], frame[3:8], frame[8:10], frame[10], total, number, body, is_last=frame[-_TAIL] == _ETX
    )  # fmt: skip


def packets(payload: bytes) -> list[Packet]:
    """The frames of one message, one behind the other; `Rejected(MALFORMED)` for anything else."""
    return [packet(frame) for frame in frames(payload, START, extent, is_intact)]


def joined(packets: list[Packet]) -> Packet:
    """The whole message out of its packets, in any order; `Rejected(MALFORMED)` says which ones are missing."""
    first = packets[0]
    if len(packets) == 1 and not first.total:
        return first
    if len({(one.address, one.function, one.total) for one in packets}) > 1:
        raise Rejected(Reason.MALFORMED, "the frames are of several messages: each wants a payload of its own")
    parts = {one.number: one.body for one in packets}
    if not first.total or parts.keys() != set(range(1, first.total + 1)) or len(parts) < len(packets):
        had = ", ".join(str(number) for number in sorted(parts)[:20])
        raise Rejected(Reason.MALFORMED, f"packets {had} are not those of one message of {first.total}, each once")
    return first._replace(total=0, number=0, body=b"".join(parts[number] for number in sorted(parts)), is_last=True)


def sent_at(packet: Packet) -> int:
    """When the message was sent, by the station's clock; `Rejected(MALFORMED)` or `Rejected(BAD_TIME)`."""
    if len(packet.body) < _HEAD_OF_BODY:
        raise Rejected(Reason.MALFORMED, "the body has no serial number and time of sending")
    return beijing.read(bcd.digits(packet.body[2:_HEAD_OF_BODY], "time of sending"))


def answer(packet: Packet, end: int, serial: bytes, now: int, *, number: int | None = None) -> bytes:
    """What a station is told about its report; `number` = of the packet of several that this is about."""
    numbers = b"" if number is None else (packet.total << 12 | number).to_bytes(3, "big")
    return _down(packet, packet.function, numbers, serial + bcd.written(beijing.short(now)), end)


def is_answer(heard: bytes, packet: Packet) -> bool:
    """Whether what a station has heard begins with the answer that its report, a frame by itself, is kept."""
    frame = heard[: _BODY_AT + _HEAD_OF_BODY + _TAIL]
    return (
        frame.startswith(START + packet.address + bytes((packet.centre,)) + packet.password + bytes((packet.function,)))
        and frame[_BODY_AT : _BODY_AT + len(packet.serial)] == packet.serial
        and frame[-_TAIL] in (EOT, ESC)
        and checksums.sl651(frame[:-2]) == int.from_bytes(frame[-2:], "big")
    )


def clock_set(packet: Packet, now: int) -> bytes:
    """The command that sets the clock of this packet's station. The serial number of what we begin is 0."""
    return _down(packet, SET_CLOCK, b"", b"\x00\x00" + bcd.written(beijing.short(now)), ENQ)


def _down(packet: Packet, function: int, numbers: bytes, body: bytes, end: int) -> bytes:
    text = numbers + body
    head = START + packet.address + bytes((packet.centre,)) + packet.password + bytes((function,))
    kind = _SYN if numbers else _STX
    frame = head + (_DOWN | len(text)).to_bytes(2, "big") + bytes((kind,)) + text + bytes((end,))
    return frame + checksums.sl651(frame).to_bytes(2, "big")


def framed(head: bytes, body: bytes, *, packets: tuple[int, int] | None = None) -> bytes:
    """An uplink frame: `head` is centre, station, password and function; `packets` is total and number of several."""
    numbers = b"" if packets is None else (packets[0] << 12 | packets[1]).to_bytes(3, "big")
    kind, text = (_SYN if numbers else _STX), numbers + body
    end = _ETX if packets is None or packets[0] == packets[1] else _ETB
    frame = START + head + len(text).to_bytes(2, "big") + bytes((kind,)) + text + bytes((end,))
    return frame + checksums.sl651(frame).to_bytes(2, "big")
