"""Frames out of streams that are cut anywhere, glued together and strewn with noise."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.stations.dialects import DIALECTS
from devices.stations.framing import Framer
from tests.station_frames import hj212_report, sl651_packets, sl651_report, szy206_link, szy206_report

FRAMES = {
    "sl651": [sl651_report("0011223344", 1, 10_490), *sl651_packets("0011223344", [10_490, 10_500])],
    "hj212": [hj212_report("WELL1", 4.5).rstrip(), hj212_report("WELL1", 5.5).rstrip()],
    "szy206": [szy206_link("5303810D00", 0xF0), szy206_report("5303810D00", 5900)],
}
NOISE = {
    "sl651": [
        b"\x7e",
        b"\x7e\x7e",
        b"AT+CSQ\r\n",
        b"\x7e\x7e\x05\x00\x11\x22\x33\x44\x03\xe8\x32\x00\x2b\x03",
        b"\x00" * 40,
    ],
    "hj212": [b"#", b"##", b"##01", b"##00x1", b"\r\n", b"ping"],
    "szy206": [b"\x68", b"\x68\x68", b"\x68\x05\x68\xb0", b"\x16", b"\x68\x1a\x68\x33"],
}
EACH = pytest.mark.parametrize("name", DIALECTS)


def frames_of(name: str, pieces: list[bytes]) -> list[bytes]:
    framer = Framer(DIALECTS[name])
    found = [frame for piece in pieces for frame in framer.feed(piece)]
    while framer.waits:
        found += framer.give_up()
    return found


@EACH
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 2**63))
def test_frames_are_found_however_the_stream_is_cut(name: str, seed: int) -> None:
    source = random.Random(seed)  # noqa: S311 (no secret: the streams must be the same in every run)
    sent, stream = [], b""
    for _ in range(source.randint(1, 5)):
        stream += b"".join(source.choices(NOISE[name], k=source.choice((0, 0, 1, 2))))
        sent.append(source.choice(FRAMES[name]))
        stream += sent[-1]
    cuts = sorted(source.choices(range(len(stream) + 1), k=source.randint(0, 8)))
    pieces = [stream[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    assert sent == frames_of(name, pieces)


@EACH
def test_a_stream_byte_by_byte_gives_each_frame_when_its_last_byte_is_there(name: str) -> None:
    framer = Framer(DIALECTS[name])
    [first, *_] = FRAMES[name]
    before = [frame for byte in first[:-1] for frame in framer.feed(bytes((byte,)))]

    assert ([], True) == (before, framer.waits)
    assert [first] == list(framer.feed(first[-1:]))
    assert not framer.waits


@EACH
def test_a_frame_with_a_turned_bit_is_noise_and_the_next_one_is_found(name: str) -> None:
    [first, second, *_] = FRAMES[name]
    middle = len(first) // 2
    turned = first[:middle] + bytes((first[middle] ^ 1,)) + first[middle + 1 :]

    assert [second] == frames_of(name, [turned + second])


@EACH
def test_a_frame_cut_short_does_not_take_the_next_one_with_it(name: str) -> None:
    [first, second, *_] = FRAMES[name]

    assert [second] == frames_of(name, [first[: len(first) - 4] + second])


@EACH
def test_endless_noise_is_counted_and_not_kept(name: str) -> None:
    source = random.Random(1)  # noqa: S311
    framer = Framer(DIALECTS[name])
    for _ in range(200):
        list(framer.feed(source.randbytes(1000)))

    assert len(framer._buffer) < 20_000
    assert framer.noise > 150_000


def test_line_ends_between_frames_are_no_noise() -> None:
    framer = Framer(DIALECTS["hj212"])
    found = list(framer.feed(hj212_report("WELL1", 4.5) + b"\r\n" + hj212_report("WELL1", 5.5)))

    assert (2, 0) == (len(found), framer.noise)
