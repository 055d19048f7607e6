"""Frames of HJ 212-2017, in which monitors of air, water and sewage report to the environment agencies. ASCII.

    ## 0101 QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&...&& 1C80 CR LF
    |  |    |                                                                                         |    |
    |  |    data segment, of so many bytes                                                            CRC of the segment
    |  length, 4 decimal digits
    start

    QN  number of the exchange: its time in milliseconds      MN    the station: 24 hexadecimal digits, or free text
    ST  what is monitored; 21 surface water, 32 sewage        Flag  bits: version (6), D = packets follow, A = answer me
    CN  command; 2011 real time, 2061 hour, 9014 answer       PNUM, PNO  with D: how many packets, and which one
    PW  password                                              CP    parameters, between && and &&

An answer is the exchange's own number with the command 9014 (data) or 9013 (a notice); a station that gets none sends
again. Sources: HJ 212-2017 sections 6.3 and 6.6, annex A.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import quote

from devices.stations import beijing, checksums
from devices.stations.payload import frames
from telemetry.errors import Invalid, Reason, Rejected

START: Final = b"##"
_HEAD: Final = 6
_CRC: Final = 4
_LONGEST: Final = 4096
"""Bytes of a segment. The standard allows 1024; some stations send more, and noise promises up to 9999."""
_LENGTH: Final = re.compile(rb"[0-9]{4}")
_SEGMENT: Final = re.compile(r"(?P<head>[^&]*)CP=&&(?P<content>.*)&&;?", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_NAMED: Final = 64
_FLAG: Final = re.compile(r"[0-9]{1,3}", re.ASCII)
_PACKETS: Final = 0b10
_ANSWER: Final = 0b01
_ANSWERED_AS_NOTICE: Final = "1013"
"""A station asks for the time."""


class Packet(NamedTuple):
    """What stands in one frame."""

    head: dict[str, str]
    content: str
    """Of CP."""

    @property
    def command(self) -> str:
        return self.head.get("CN", "")

    @property
    def station(self) -> str:
        """Its MN, as it can stand in a topic and in the registry."""
        text = self.head.get("MN", "")
        return text if _NAME.fullmatch(text) else quote(text, safe="")[:_NAMED] or "nameless"

    @property
    def flag(self) -> int:
        text = self.head.get("Flag", "")
        return int(text) if _FLAG.fullmatch(text) else 0

    @property
    def wants_answer(self) -> bool:
        return bool(self.flag & _ANSWER)

    @property
    def place(self) -> str:
        """Which of how many packets, for messages; empty = the only one."""
        if not self.flag & _PACKETS:
            return ""
        return f"packet {self.head.get('PNO', '?')[:8]} of {self.head.get('PNUM', '?')[:8]}"


def extent(data: bytes | bytearray, start: int) -> int | None:
    """How long the frame is that begins here; 0 = none does, None = more bytes tell."""
    length = bytes(data[start + len(START) : start + _HEAD])
    if len(length) < _HEAD - len(START):
        return None
    if _LENGTH.fullmatch(length) is None or int(length) > _LONGEST:
        return 0
    return _HEAD + int(length) + _CRC


def is_intact(frame: bytes) -> bool:
    """Whether its checksum is right; hexadecimal digits of either case."""
    segment, crc = frame[_HEAD:-_CRC], frame[-_CRC:]
    return crc.upper() == b"%04X" % checksums.hj212(segment)


def framed(segment: str) -> bytes:
    """The frame around a data segment."""
    data = segment.encode()
    return b"##%04d%b%04X\r\n" % (len(data), data, checksums.hj212(data))


def packets(payload: bytes) -> list[Packet]:
    """The frames of one message, one behind the other; `Rejected(MALFORMED)` for anything else."""
    return [packet(frame) for frame in frames(payload, START, extent, is_intact, between=b"\r\n")]


def packet(frame: bytes) -> Packet:
    """What an intact frame says; `Rejected(MALFORMED)`."""
    text = frame[_HEAD:-_CRC].decode("utf-8", "replace")
    parts = _SEGMENT.fullmatch(text)
    if parts is None:
        raise Rejected(Reason.MALFORMED, f"{text[:64]!r} has no parameters between CP=&& and &&")
    items = (item.partition("=") for item in parts["head"].split(";") if item.strip())
    return Packet({name.strip(): value.strip() for name, _, value in items}, parts["content"])


def acknowledged(packet: Packet) -> bytes:
    """What a station is told when what it has sent is kept."""
    command = "9013" if packet.command == _ANSWERED_AS_NOTICE else "9014"
    head = {**_address(packet), "QN": packet.head.get("QN", ""), "ST": "91", "CN": command, "Flag": "4"}
    return framed(_segment(head, ""))


def clock_set(packet: Packet, now: int) -> bytes:
    """The command 1012 that sets the clock of this packet's station."""
    head = {**_address(packet), "QN": beijing.long(now), "CN": "1012", "Flag": "5"}
    return framed(_segment(head, f"SystemTime={beijing.long(now)[:14]}"))


def told(station: str, content: str, sent: int) -> bytes:
    """What an air station tells in real time, and wants an answer to; `Invalid` for what can be no MN."""
    if _NAME.fullmatch(station) is None:
        raise Invalid("MN", repr(station), "1 to 64 letters, digits, '.', '_' and '-'")
    head = {"QN": beijing.long(sent), "ST": "22", "CN": "2011", "PW": "123456", "MN": station, "Flag": "5"}
    return framed(_segment(head, content))


def asks_for_time(packet: Packet) -> bool:
    return packet.command == _ANSWERED_AS_NOTICE


def is_answer(packet: Packet) -> bool:
    """It answers a command of ours, and holds no observation."""
    return packet.command in ("9011", "9012", "9013", "9014")


def _address(packet: Packet) -> dict[str, str]:
    return {name: packet.head.get(name, "") for name in ("ST", "PW", "MN")}


def _segment(head: dict[str, str], content: str) -> str:
    order = ("QN", "ST", "CN", "PW", "MN", "Flag")
    return "".join(f"{name}={head[name]};" for name in order) + f"CP=&&{content}&&"
