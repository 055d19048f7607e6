"""The real records: what stands in the file is what is published, at the file's times or shifted, at any speed."""

import csv
import datetime as dt
import json
from pathlib import Path

import pytest

from devices import replay
from devices.message import Message, uplink
from telemetry.errors import Invalid, Unknown

FOLDER = Path(replay.__file__).parent / "records"
DAY = 86_400_000
NAMES = [record.name for record in replay.records()]


def milliseconds(text: str) -> int:
    return round(dt.datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize("name", NAMES)
def test_every_number_of_the_file_is_published_unchanged(name: str) -> None:
    record = replay.record(name)
    with (FOLDER / record.file).open(newline="") as file:
        written = [
            (
                milliseconds(row["time"]),
                {column.metric: float(row[head]) for head, column in record.columns.items() if row[head]},
            )
            for row in csv.DictReader(file)
        ]
    messages = list(replay.messages(record))
    said = [json.loads(message.payload) for message in messages]

    assert [(at, values) for at, values in written if values] == [
        (milliseconds(row["at"]), row["values"]) for row in said
    ]
    assert {uplink(record.device)} == {message.topic for message in messages}
    assert [message.at for message in messages] == [milliseconds(row["at"]) for row in said]


@pytest.mark.parametrize("name", NAMES)
def test_shifted_times_end_just_before_now_and_keep_the_time_of_day(name: str) -> None:
    record, now = replay.record(name), 1_795_420_800_000
    shift = replay.shift_to_end(record, now)
    last = max(message.at for message in replay.messages(record, shift_ms=shift))

    assert 0 <= now - last < DAY
    assert shift % DAY == 0


def test_an_unknown_record_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(Unknown, match="alamosa, vlissingen, nb5"):
        replay.record("atlantis")


class Clock:
    """A clock that only waiting moves."""

    def __init__(self, *, ends_after_s: float = 1e9) -> None:
        self.now = 5_000
        self._end = self.now + ends_after_s * 1000

    def read(self) -> int:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.now += round(seconds * 1000)
        return self.now > self._end


def script(*times: int) -> list[Message]:
    return [Message("t", b"", at) for at in times]


@pytest.mark.parametrize(
    ("speed", "handed_out"), [(1.0, [0, 1000, 60_000]), (60.0, [0, 17, 1000]), (0.5, [0, 2000, 120_000])]
)
def test_messages_are_handed_out_when_their_time_has_come(speed: float, handed_out: list[int]) -> None:
    clock = Clock()
    paced = replay.paced(script(0, 1000, 60_000), speed, clock.read, clock.wait)

    assert handed_out == [clock.now - 5_000 for _ in paced]


def test_what_is_overdue_is_handed_out_at_once() -> None:
    clock = Clock()
    paced = replay.paced(script(0, 1000, 61_000), 1.0, clock.read, clock.wait, origin=60_000)

    assert [0, 0, 1000] == [clock.now - 5_000 for _ in paced]


def test_without_a_speed_nothing_waits_and_a_stop_ends_it() -> None:
    clock = Clock(ends_after_s=2)

    assert 3 == len(list(replay.paced(script(0, 10**9, 2 * 10**9), None, clock.read, clock.wait)))
    assert 2 == len(list(replay.paced(script(0, 1000, 60_000), 1.0, clock.read, clock.wait)))


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan")])
def test_a_speed_is_positive(speed: float) -> None:
    clock = Clock()
    with pytest.raises(Invalid, match="speed"):
        list(replay.paced(script(0), speed, clock.read, clock.wait))
