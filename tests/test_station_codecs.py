"""Codecs of station frames: garbage with a right checksum, as no mutated payload has one; checksums and times."""

import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.codecs import CODECS
from devices.codecs.port import Context
from devices.stations import beijing, checksums, hj212, sl651, szy206
from telemetry.errors import Reason, Rejected
from tests.test_codecs import CONTEXTS, readable

WORDS = ["w01018-Rtd", "w01018-Flag", "w01018-Avg", "DataTime", "SB1-RS", "w20111-Max", "a-", "-", "=", "", "LA-Data"]
VALUES = ["1", "-0.5", "1e308", "1e999", "N", "", "nan", "20160801084000", "20161301084000", "é", "1" * 400, "&&"]


def hj212_garbage(source: random.Random) -> bytes:
    """One or two frames of items in any order, with any contents."""
    frames = b""
    for _ in range(source.choice((1, 1, 2))):
        items = ";".join(f"{source.choice(WORDS)}={source.choice(VALUES)}" for _ in range(source.randint(0, 6)))
        time = source.choice(["DataTime=20160801084000;", "DataTime=20160801084000;", ""])
        command = source.choice(["2011", "2061", "2021", "2031", "9014", ""])
        mn = source.choice(["010000A8900016F000169DC0"] * 4 + ["", "é/+"])
        head = f"QN=1;ST={source.choice(['32', '21', ''])};CN={command};MN={mn};Flag={source.choice('5x')}"
        frames += hj212.framed(f"{head};CP=&&{time}{items}&&")
    return frames


GROUPS = [
    "F1F1 0011223344 48",
    "F1F1 0011223355 4B",
    "F0F0 1707181100",
    "F0F0 1799991100",
    "3923 00010490",
    "3812 1099",
]
GROUPS += ["3923 FF010490", "2619 FFFFFF", "0418 000005 2219", "0418 000000", "0418 990000 3923", "F460", "F5C0 0415"]
GROUPS += ["4520 000000FF", "0A10 0001", "0912 0150", "FF0119 000012", "00FF", "3308 17", "F2F2", "0AF8", "0104", "AA"]


def sl651_garbage(source: random.Random) -> bytes:
    """Groups in any order, with any contents, in one frame or in packets."""
    function = bytes((source.choice([0x30, 0x31, 0x32, 0x34, 0x38, 0x46, 0x4C, 0x4D, 0x4E, source.randrange(256)]),))
    body = bytes.fromhex("0034 170718110016" + " ".join(source.choices(GROUPS, k=source.randint(0, 7))))
    body += source.randbytes(source.choice((0, 0, 0, 1, 30)))
    head = bytes.fromhex("05 0011223344 03E8") + function
    if source.random() < 0.8:
        return sl651.framed(head, body)
    cut = source.randint(1, len(body) - 1)
    total = source.choice((2, 2, 3, 0))
    return sl651.framed(head, body[:cut], packets=(total, 1)) + sl651.framed(head, body[cut:], packets=(total, 2))


def szy206_garbage(source: random.Random) -> bytes:
    """Any kind of data of any length, mostly digits, at any time."""
    control = source.choice([0xB0, 0xB0, 0xB0, 0xF0, 0x30]) | source.randrange(16)
    digits = bytes(
        source.choice((0x00, 0x12, 0x99, 0x8F, 0xF0, 0xAA)) for _ in range(source.choice((0, 3, 4, 5, 10, 20)))
    )
    tail = bytes.fromhex(source.choice(["0000 0000 004508090A", "0000 0000 004531090A", "0000 0000 0059233100", ""]))
    function = source.choice([0xC0, 0xC0, 0xC0, 0x02, 0x81])
    return szy206.framed(bytes((control,)) + bytes.fromhex("5303810D00") + bytes((function,)) + digits + tail)


GARBAGE: dict[str, Callable[[random.Random], bytes]] = {
    "hj212": hj212_garbage,
    "sl651": sl651_garbage,
    "szy206": szy206_garbage,
}


@pytest.mark.parametrize("name", GARBAGE)
@settings(
    max_examples=1000,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**63))
def test_frames_with_a_right_checksum_are_read_or_refused(name: str, seed: int) -> None:
    source = random.Random(seed)  # noqa: S311  (no secret: the payloads must be the same in every run)
    payload = GARBAGE[name](source)
    for context in CONTEXTS[name]:
        readable(name, payload, context)


def test_the_checksum_of_hj212_is_not_that_of_modbus() -> None:
    segment = b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&"

    assert 0x1C80 == checksums.hj212(segment)
    assert 0x1C80 != checksums.sl651(segment)


def test_the_checksum_of_sl651_is_that_of_modbus() -> None:
    assert 0x6BCA == checksums.sl651(bytes.fromhex("7E7E01001234567812342F000802000359101115511103"))


def test_the_checksum_of_szy206_is_over_the_user_data() -> None:
    assert 0x35 == checksums.szy206(bytes.fromhex("B35303810D00C00059000000826110000001106000004508090A"))


@pytest.mark.parametrize(
    ("digits", "at"),
    [
        ("20261123160000", 1_795_420_800_000),
        ("20261123160000250", 1_795_420_800_250),
        ("261123160000", 1_795_420_800_000),
        ("2611231600", 1_795_420_800_000),
        ("700101080000", 0),
    ],
)
def test_digits_are_times_of_beijing(digits: str, at: int) -> None:
    assert at == beijing.read(digits)


@pytest.mark.parametrize(
    "digits", ["", "2611", "26112316000", "\uff12\uff16\uff11\uff11\uff12\uff13\uff11\uff16", "261131160000", "691"]
)
def test_other_digits_are_no_time(digits: str) -> None:
    with pytest.raises(Rejected) as refused:
        beijing.read(digits)

    assert Reason.BAD_TIME == refused.value.reason


def test_an_mn_that_cannot_stand_in_a_topic_is_written_so_that_it_can() -> None:
    frame = hj212.framed("QN=1;ST=32;CN=2011;MN=泵/1;Flag=4;CP=&&DataTime=20161123160000;w01018-Rtd=4&&")
    [packet] = hj212.packets(frame)
    context = Context("%E6%B3%B5%2F1", 0)

    assert context.device == packet.station
    assert 4.0 == CODECS["hj212"].decode(frame, context)[0].value


def test_a_report_is_answered_as_the_field_station_expects_it() -> None:
    report = bytes.fromhex(
        "7E7E05001122334403E832002B020034170718110016F1F1001122334448F0F017071811002019000040261900004039230001049038121099"
        "03A421"
    )
    packet = sl651.packet(report)
    answer = sl651.answer(packet, sl651.ESC, packet.serial, sl651.sent_at(packet))

    assert bytes.fromhex("7E7E00112233440503E83280080200341707181100161BE5D4") == answer


def test_an_answer_about_a_packet_names_it_and_how_many_there_are() -> None:
    frame = sl651.framed(bytes.fromhex("05 0011223344 03E8 36"), b"\xff\xd8", packets=(5, 3))
    packet = sl651.packet(frame)
    answer = sl651.answer(packet, sl651.NAK, b"\x00\x34", 1_500_346_816_000, number=2)

    assert bytes.fromhex("7E7E00112233440503E836800B16 005002 0034 170718110016 15") == answer[:-2]


@pytest.mark.parametrize(
    ("digits", "now", "at"),
    [
        ("23160000", "20261123161000", "20261123160000"),
        ("30235959", "20261201000500", "20261130235959"),
        ("01000000", "20261130235959", "20261201000000"),
    ],
)
def test_a_day_without_its_month_is_the_nearest_one(digits: str, now: str, at: str) -> None:
    assert beijing.read(at) == beijing.nearest(digits, beijing.read(now))


def test_a_long_frame_is_measured_and_checked() -> None:
    """A picture of 16 bytes: the length stands behind the head, low byte first."""
    user = bytes.fromhex("F02A 4406070001 61 1000") + bytes(16)
    frame = b"\x68\x01\x68" + user + bytes((checksums.szy206(user), 0x16))

    assert (len(frame), True) == (szy206.extent(frame, 0), szy206.is_intact(frame))
    assert None is szy206.extent(frame[:12], 0)


def test_a_meter_is_answered_with_its_own_function() -> None:
    report = bytes.fromhex("681A68B35303810D00C00059000000826110000001106000004508090A3516")
    answer = szy206.acknowledged(szy206.packet(report))

    assert bytes.fromhex("680868 33 5303810D00 C0 00") == answer[:-2]
    assert checksums.szy206(answer[3:-2]) == answer[-2]
