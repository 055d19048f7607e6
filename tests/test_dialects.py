"""What a gateway publishes of each protocol, and what it tells the station afterwards."""

import pytest

from devices.codecs import CODECS
from devices.codecs.port import Context
from devices.stations import beijing, hj212, sl651, szy206
from devices.stations.dialects import DIALECTS, LARGEST, Link, Turn
from telemetry.errors import Reason, Rejected
from tests.station_frames import (
    CENTRE,
    PASSWORD,
    hj212_report,
    sl651_packets,
    sl651_report,
    szy206_link,
    szy206_report,
)

STATION = "0011223344"
NOW = beijing.read("20261123160000")
FIVE_MINUTES = 300_000


def link(name: str, clock_ms: int = FIVE_MINUTES) -> Link:
    return DIALECTS[name].link(clock_ms)


def end_of(answer: bytes) -> int:
    return answer[-3]


def test_a_report_is_published_and_its_station_may_leave() -> None:
    report = sl651_report(STATION, 7, 10_490)
    turn = link("sl651").heard(report, NOW)
    [answer] = turn.answers

    assert (STATION, report) == (turn.station, turn.payload)
    assert bytes.fromhex("7E7E 0011223344 05 03E8 32 8008 02 0007 261123160000 04") == answer[:-2]


def test_a_report_that_others_follow_is_told_to_go_on() -> None:
    [answer] = link("sl651").heard(sl651_report(STATION, 7, 10_490, end=False), NOW).answers

    assert sl651.ACK == end_of(answer)


def test_a_sign_of_life_is_not_answered_and_not_published() -> None:
    keep = bytes.fromhex("7E7E01001234567812342F0008020003591011155111036BCA")

    assert Turn("0012345678") == link("sl651").heard(keep, NOW)


def test_a_clock_that_is_off_is_set_once_in_a_connection() -> None:
    talk = link("sl651")
    late = sl651_report(STATION, 7, 10_490, sent="261123155459")
    stay, command = talk.heard(late, NOW).answers
    again = talk.heard(late, NOW).answers
    confirmed = talk.heard(
        sl651.framed(
            CENTRE + bytes.fromhex(STATION) + PASSWORD + b"\x4a",
            bytes.fromhex(f"0000 261123160001 F1F1 {STATION}"),
        ),
        NOW + 1000,
    )

    assert sl651.ESC == end_of(stay)
    assert bytes.fromhex("7E7E 0011223344 05 03E8 4A 8008 02 0000 261123160000 05") == command[:-2]
    assert [sl651.EOT] == [end_of(answer) for answer in again]
    assert (None, [sl651.EOT]) == (confirmed.payload, [end_of(answer) for answer in confirmed.answers])


@pytest.mark.parametrize(("sent", "clock_ms"), [("261123155501", FIVE_MINUTES), ("000101000000", 0)])
def test_a_clock_is_left_alone_that_is_right_enough_or_nobody_wants_set(sent: str, clock_ms: int) -> None:
    turn = link("sl651", clock_ms).heard(sl651_report(STATION, 7, 10_490, sent=sent), NOW)

    assert [sl651.EOT] == [end_of(answer) for answer in turn.answers]


def test_packets_are_published_together_and_answered_once() -> None:
    talk = link("sl651")
    packets = sl651_packets(STATION, [10_490, 10_500])
    turns = [talk.heard(packet, NOW) for packet in packets]
    [answer] = turns[-1].answers
    payload = turns[-1].payload or b""

    assert [(None, ())] * 2 == [(turn.payload, turn.answers) for turn in turns[:-1]]
    assert bytes.fromhex("7E7E 0011223344 05 03E8 31 800B 16 003003 0007 261123160000 04") == answer[:-2]
    assert [10.49, 10.5] == [sample.value for sample in CODECS["sl651"].decode(payload, Context(STATION, NOW))]


def test_a_missing_packet_is_asked_for_and_completes_the_message() -> None:
    talk = link("sl651")
    first, second, third = sl651_packets(STATION, [10_490, 10_500])
    talk.heard(first, NOW)
    [refusal] = talk.heard(third, NOW).answers
    turn = talk.heard(second, NOW)

    assert bytes.fromhex("16 003002 0007 261123160000 15") == refusal[13:-2]
    assert (first + second + third, sl651.EOT) == (turn.payload, end_of(turn.answers[0]))


def test_a_message_that_begins_anew_takes_nothing_of_the_one_before() -> None:
    talk = link("sl651")
    old, new = sl651_packets(STATION, [1, 2]), sl651_packets(STATION, [3, 4])
    for packet in (*old[:2], *new[:2]):
        talk.heard(packet, NOW)

    assert b"".join(new) == talk.heard(new[2], NOW).payload


def test_a_message_beyond_the_limit_ends_the_connection() -> None:
    talk = link("sl651")
    head = CENTRE + bytes.fromhex(STATION) + PASSWORD + b"\x36"
    packets = [sl651.framed(head, bytes(8000), packets=(4000, number)) for number in range(1, 100)]
    with pytest.raises(Rejected) as refused:
        [talk.heard(packet, NOW) for packet in packets]

    assert Reason.TOO_LARGE == refused.value.reason
    assert str(LARGEST) in refused.value.detail


def test_who_asks_for_an_answer_gets_one() -> None:
    report = hj212_report("WELL1", 4.5)
    turn = link("hj212").heard(report.rstrip(), NOW)
    [answer] = turn.answers

    assert ("WELL1", report.rstrip()) == (turn.station, turn.payload)
    assert b"QN=20261123155900000;ST=91;CN=9014;PW=123456;MN=WELL1;Flag=4;CP=&&&&" == answer[6:-6]
    assert hj212.is_intact(answer.rstrip())


def test_who_asks_for_none_gets_none() -> None:
    turn = link("hj212").heard(hj212_report("WELL1", 4.5, flag=4).rstrip(), NOW)

    assert (True, ()) == (turn.payload is not None, turn.answers)


def test_who_asks_for_the_time_is_told_it() -> None:
    turn = link("hj212").heard(hj212.framed("QN=1;ST=32;CN=1013;PW=1;MN=WELL1;Flag=5;CP=&&&&").rstrip(), NOW)
    noticed, command = (hj212.packet(answer.rstrip()) for answer in turn.answers)

    assert (None, "9013") == (turn.payload, noticed.command)
    assert ("1012", "SystemTime=20261123160000") == (command.command, command.content)


def test_an_answer_of_a_station_is_not_published() -> None:
    assert Turn("WELL1") == link("hj212").heard(hj212_report("WELL1", 0, command="9012").rstrip(), NOW)


def test_a_segment_without_parameters_is_left_to_the_worker() -> None:
    frame = hj212.framed("QN=1;CN=2011").rstrip()

    assert Turn("nameless", frame) == link("hj212").heard(frame, NOW)


def test_a_meter_is_answered_when_it_comes_reports_and_leaves() -> None:
    talk = link("szy206")
    turns = [
        talk.heard(frame, NOW)
        for frame in (szy206_link(STATION, 0xF0), szy206_report(STATION, 5900), szy206_link(STATION, 0xF1))
    ]

    assert [False, True, False] == [turn.payload is not None for turn in turns]
    assert [False, False, True] == [turn.ends for turn in turns]
    assert [1, 1, 1] == [len(turn.answers) for turn in turns]
    assert bytes.fromhex("680868 33 0011223344 C0 00") == turns[1].answers[0][:-2]


def test_a_picture_of_a_meter_is_published_and_not_answered() -> None:
    frame = szy206.framed(bytes.fromhex("F02A" + STATION + "61 FFD8"))

    assert Turn(STATION, frame) == link("szy206").heard(frame, NOW)
