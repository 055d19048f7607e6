"""What a gateway does about each frame: what is published, and what the station is told afterwards. Pure.

An answer means that the frame is kept: it is sent after the broker has acknowledged it, never before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from devices.stations import hj212, sl651, szy206
from telemetry.errors import Reason, Rejected

LARGEST: Final = 256 * 1024
"""Bytes of a message in several packets: what a worker decodes unless it is told otherwise."""


class Turn(NamedTuple):
    """What is to be done about one frame."""

    station: str
    payload: bytes | None = None
    """To be published first; None = it holds nothing to keep, or is one of several packets that are not all here."""
    answers: tuple[bytes, ...] = ()
    ends: bool = False
    """The station takes its leave."""


class Link(Protocol):
    """One connection, over which one or several stations speak one protocol."""

    def heard(self, frame: bytes, now: int) -> Turn:
        """What is to be done about an intact frame received now; `Rejected(TOO_LARGE)` = end the connection."""
        ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """One protocol."""

    name: str
    """Of its codec, and the level of its topics."""
    start: bytes
    extent: Callable[[bytes | bytearray, int], int | None]
    """How long the frame is that begins there; 0 = none does, None = more bytes tell."""
    is_intact: Callable[[bytes], bool]
    link: Callable[[int], Link]
    """Made with how far a clock may be off before it is set, in milliseconds; 0 = none is set."""


class _Environmental:
    """HJ 212: who asks for an answer gets one; who asks for the time is told it."""

    def __init__(self, _clock_ms: int) -> None:
        pass

    def heard(self, frame: bytes, now: int) -> Turn:
        """See Link."""
        try:
            packet = hj212.packet(frame)
        except Rejected:
            # The worker says what is wrong with it, and keeps it.
            return Turn("nameless", frame)
        answers = (hj212.acknowledged(packet),) if packet.wants_answer else ()
        if hj212.is_answer(packet):
            return Turn(packet.station)
        if hj212.asks_for_time(packet):
            return Turn(packet.station, None, (*answers, hj212.clock_set(packet, now)))
        return Turn(packet.station, frame, answers)


_MOST_CLOCKS: Final = 1000
"""Stations of one connection whose clock is remembered as set."""


class _Hydrological:
    """SL 651: every report is answered; of several packets the last one, and where one is missing, that is asked for.

    A clock that is off is set once in a connection. The standard wants two commands for one that is off by more than
    five minutes: the second is the answer to the station's own.
    """

    def __init__(self, clock_ms: int) -> None:
        self._clock_ms = clock_ms
        self._clocks_set: set[bytes] = set()
        self._message: tuple[bytes, int, int] | None = None
        self._packets: dict[int, bytes] = {}
        self._asked = 0
        """The number of the packet that was asked for again."""

    def heard(self, frame: bytes, now: int) -> Turn:
        """See Link."""
        packet = sl651.packet(frame)
        if packet.function == sl651.KEEP:
            return Turn(packet.station)
        if packet.total:
            return self._part(packet, frame, now)
        if packet.function == sl651.SET_CLOCK:
            return Turn(packet.station, None, (sl651.answer(packet, sl651.EOT, packet.serial, now),))
        if not packet.is_last:
            return Turn(packet.station, frame, (sl651.answer(packet, sl651.ACK, packet.serial, now),))
        return Turn(packet.station, frame, self._done(packet, packet, now))

    def _part(self, packet: sl651.Packet, frame: bytes, now: int) -> Turn:
        message = (packet.address, packet.function, packet.total)
        if message != self._message or (packet.number in self._packets and packet.number != self._asked):
            self._message, self._packets, self._asked = message, {}, 0
        self._packets[packet.number] = frame
        if sum(map(len, self._packets.values())) > LARGEST:
            raise Rejected(Reason.TOO_LARGE, f"a message of {packet.total} packets is larger than {LARGEST} bytes")
        missing = next((number for number in range(1, packet.total + 1) if number not in self._packets), None)
        if missing is None:
            frames = [self._packets[number] for number in sorted(self._packets)]
            self._message, self._packets = None, {}
            return Turn(packet.station, b"".join(frames), self._done(packet, sl651.packet(frames[0]), now))
        if not packet.is_last:
            return Turn(packet.station)
        self._asked = missing
        first = self._packets.get(1)
        serial = b"\x00\x00" if first is None else sl651.packet(first).serial
        return Turn(packet.station, None, (sl651.answer(packet, sl651.NAK, serial, now, number=missing),))

    def _done(self, last: sl651.Packet, first: sl651.Packet, now: int) -> tuple[bytes, ...]:
        """What ends an exchange: the station may leave, or stays to have its clock set."""
        number = last.total or None
        if not self._is_off(first, now):
            return (sl651.answer(last, sl651.EOT, first.serial, now, number=number),)
        if len(self._clocks_set) >= _MOST_CLOCKS:
            self._clocks_set.clear()
        self._clocks_set.add(last.address)
        return (sl651.answer(last, sl651.ESC, first.serial, now, number=number), sl651.clock_set(last, now))

    def _is_off(self, packet: sl651.Packet, now: int) -> bool:
        if not self._clock_ms or packet.address in self._clocks_set:
            return False
        try:
            return abs(sl651.sent_at(packet) - now) > self._clock_ms
        except Rejected:
            return True


class _WaterUse:
    """SZY 206: reports, alarms and signs of life are answered."""

    _ANSWERED: Final = frozenset({szy206.LINK, szy206.REPORT, 0x81, 0x82})
    _LOGOUT: Final = b"\xf1"

    def __init__(self, _clock_ms: int) -> None:
        pass

    def heard(self, frame: bytes, now: int) -> Turn:  # noqa: ARG002 - the port's own shape
        """See Link."""
        packet = szy206.packet(frame)
        answers = (szy206.acknowledged(packet),) if packet.function in self._ANSWERED else ()
        if packet.function == szy206.LINK:
            return Turn(packet.station, None, answers, ends=packet.data == self._LOGOUT)
        return Turn(packet.station, frame, answers)


DIALECTS: Final = {
    dialect.name: dialect
    for dialect in (
        Dialect("sl651", sl651.START, sl651.extent, sl651.is_intact, _Hydrological),
        Dialect("hj212", hj212.START, hj212.extent, hj212.is_intact, _Environmental),
        Dialect("szy206", szy206.START, szy206.extent, szy206.is_intact, _WaterUse),
    )
}
"""By name."""
