"""Codecs of station frames: garbage with a right checksum, as no mutated payload has one; checksums and times."""

import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.codecs import CODECS
from devices.codecs.port import Context
from devices.stations import beijing, checksums, hj212
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


GARBAGE: dict[str, Callable[[random.Random], bytes]] = {"hj212": hj212_garbage}


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
