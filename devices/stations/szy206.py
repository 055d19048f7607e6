"""Frames of SZY 206-2016, in which meters of water use report to the national water resources system.

    68 | L 1 | 68 | C 1 | [DIVS 1] | address 5 | AFN 1 | data ... | CRC 1 | 16
                    |<---- user data, L bytes: the CRC is of these ---->|
                    |     |                      |
                    |     parts left, where      02 link, C0 report, B0 answer, 61 picture, 81 alarm, 82 by hand
                    |     bit 6 of C is set
                    bit 7 up, 6 divided, 5-4 counter, 3-0 kind of data: 1 rain, 2 level, 3 flow and volume ...

    68 | 01 | 68 | C, DIVS, address, AFN | length 2, low byte first | picture | CRC | 16

    report: data | alarm 2 | state 2 | TP: second, minute, hour, day (BCD), delay in minutes
    answer: 68 08 68 | C without bit 7 | address | AFN | 00 | CRC | 16

No text of the standard was at hand: two implementations and two frames from the field agree on what is here. How the
bytes of alarm and state are ordered, the two frames leave open.
"""

from typing import Final, NamedTuple

from devices.stations import checksums
from devices.stations.payload import frames
from telemetry.errors import Reason, Rejected

START: Final = b"\x68"
LINK: Final = 0x02
REPORT: Final = 0xC0

_USER_AT: Final = 3
_TAIL: Final = 2
_END: Final = 0x16
_SHORTEST: Final = 8
"""Bytes of user data: control, address, function and one of data."""
_LONG: Final = 0x01
_LONG_HEAD: Final = 13
_UP: Final = 0x80
_DIVIDED: Final = 0x40
_KIND: Final = 0x0F


class Packet(NamedTuple):
    """One frame that a station has sent."""

    control: int
    address: bytes
    function: int
    data: bytes

    @property
    def station(self) -> str:
        """Its address, as it stands in topics and in the registry: ten hexadecimal digits."""
        return self.address.hex().upper()

    @property
    def kind(self) -> int:
        return self.control & _KIND

    @property
    def is_divided(self) -> bool:
        return bool(self.control & _DIVIDED)


def extent(data: bytes | bytearray, start: int) -> int | None:
    """How long the uplink frame is that begins here; 0 = none does, None = more bytes tell."""
    head = data[start : start + _LONG_HEAD]
    if len(head) > _USER_AT and (head[2:3] != START or not head[_USER_AT] & _UP):
        return 0
    if len(head) <= _USER_AT:
        return None if START.startswith(bytes(head[2:3])) else 0
    if head[1] != _LONG:
        return _USER_AT + head[1] + _TAIL if head[1] >= _SHORTEST else 0
    if len(head) < _LONG_HEAD:
        return None
    return _LONG_HEAD + int.from_bytes(head[-2:], "little") + _TAIL


def is_intact(frame: bytes) -> bool:
    """Whether its end byte and its checksum are right."""
    return frame[-1] == _END and checksums.szy206(frame[_USER_AT:-_TAIL]) == frame[-2]


def packet(frame: bytes) -> Packet:
    """What an intact frame says."""
    user = frame[_USER_AT:-_TAIL]
    at = 2 if user[0] & _DIVIDED else 1
    return Packet(user[0], user[at : at + 5], user[at + 5], user[at + 6 :])


def only(payload: bytes) -> Packet:
    """The one frame that a payload is; `Rejected(MALFORMED)` for anything else."""
    found = list(frames(payload, START, extent, is_intact))
    if len(found) != 1:
        raise Rejected(Reason.MALFORMED, f"{len(found)} frames, where one is a payload")
    return packet(found[0])


def acknowledged(packet: Packet) -> bytes:
    """What a station is told when what it has sent is kept."""
    return framed(bytes((packet.control & ~(_UP | _DIVIDED),)) + packet.address + bytes((packet.function, 0)))


def framed(user: bytes) -> bytes:
    """The frame around user data."""
    return bytes((0x68, len(user), 0x68)) + user + bytes((checksums.szy206(user), _END))
