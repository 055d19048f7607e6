"""What stations send, and how long the answers to it are: for tests that play stations."""

from devices.stations import checksums, hj212, sl651, szy206

CENTRE = b"\x05"
PASSWORD = b"\x03\xe8"
ANSWERED = {"sl651": 25, "hj212": 0, "szy206": 13}
"""Bytes of an answer; 0 = until the end of a line."""


def sl651_report(station: str, serial: int, level_mm: int, *, sent: str = "261123155930", end: bool = True) -> bytes:
    """A timed report of a river station: one level, observed at 15:55 on 2026-11-23 in Beijing."""
    body = f"{serial:04X} {sent} F1F1 {station} 48 F0F0 2611231555 3923 {level_mm:08d}"
    frame = sl651.framed(CENTRE + bytes.fromhex(station) + PASSWORD + b"\x32", bytes.fromhex(body))
    if end:
        return frame
    more = frame[:-3] + b"\x17"
    return more + checksums.sl651(more).to_bytes(2, "big")


def sl651_packets(station: str, levels_mm: list[int]) -> list[bytes]:
    """Levels of even steps of five minutes, each in a packet of its own behind the first."""
    head = CENTRE + bytes.fromhex(station) + PASSWORD + b"\x31"
    first = f"0007 261123155930 F1F1 {station} 48 F0F0 2611231500 0418 000005 3923"
    bodies = [bytes.fromhex(first), *(bytes.fromhex(f"{level:08d}") for level in levels_mm)]
    return [sl651.framed(head, body, packets=(len(bodies), number)) for number, body in enumerate(bodies, 1)]


def hj212_report(mn: str, cod: float, *, flag: int = 5, command: str = "2011", second: int = 0) -> bytes:
    content = f"DataTime=202611231559{second:02d};w01018-Rtd={cod},w01018-Flag=N"
    return hj212.framed(
        f"QN=20261123155900{second:03d};ST=32;CN={command};PW=123456;MN={mn};Flag={flag};CP=&&{content}&&"
    )


def szy206_report(station: str, litres: int) -> bytes:
    """Flow of so many thousandths, at 15:55 on the 23rd."""
    flow = bytes.fromhex(f"{litres:010d}")[::-1]
    head = b"\xb3" + bytes.fromhex(station) + b"\xc0"
    return szy206.framed(head + flow + bytes.fromhex("0000 0000 00 55 15 23 00"))


def szy206_link(station: str, word: int) -> bytes:
    """F0 = login, F1 = logout, F2 = still there."""
    return szy206.framed(b"\xb0" + bytes.fromhex(station) + bytes((0x02, word)))
