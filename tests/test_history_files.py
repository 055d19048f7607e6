"""What files of history say, cell by cell: both forms, every kind of file, times, numbers, and what is none."""

import gzip
import io
import json

import numpy as np
import pyarrow as pa
import pytest

from devices import history
from telemetry.errors import Invalid, Reason
from telemetry.history import BadRow, Form
from tests.history_files import csv_of, parquet_of

AT = 1_795_420_800_000
LONG = csv_of(
    "device,metric,at,value",
    "station-1,air_temperature,2026-11-23T08:00:00Z,21.5",
    "station-1,air_relative_humidity,2026-11-23T16:00:00+08:00,80",
    "station-2,air_temperature,1795420800000,-3e-1",
)
LONG_READ = [
    ("station-1", "air_temperature", None, AT, 21.5, 2),
    ("station-1", "air_relative_humidity", None, AT, 80.0, 3),
    ("station-2", "air_temperature", None, AT, -0.3, 4),
]
Found = tuple[str | None, str | None, str | None, int, float, int]


def read(file: bytes, *, form: Form | None = None, tz: str | None = None) -> tuple[list[Found], list[BadRow]]:
    """Device, metric, unit, time, value and row of every observation, by row; and what is none."""
    blocks = list(history.opened(io.BytesIO(file), "file", form=form, tz=tz).blocks())
    found: list[Found] = [
        (*block.names[series][:3], at, value, row)
        for block in blocks
        for series, at, value, row in zip(
            block.series.tolist(), block.at.tolist(), block.value.tolist(), block.row.tolist(), strict=True
        )
    ]
    return sorted(found, key=lambda each: each[-1]), [row for block in blocks for row in block.bad]


def observed(*lines: str, tz: str | None = None) -> list[Found]:
    found, bad = read(csv_of(*lines), tz=tz)
    assert [] == bad
    return found


def wrong(*lines: str, tz: str | None = None) -> list[tuple[int, str, str, Reason]]:
    return [(row.row, row.column, row.wrong, row.reason) for row in read(csv_of(*lines), tz=tz)[1]]


@pytest.mark.parametrize(
    "file",
    [
        LONG,
        gzip.compress(LONG),
        b"\xef\xbb\xbf" + LONG.replace(b"\n", b"\r\n"),
        LONG.replace(b",", b";"),
        LONG.replace(b",", b"\t"),
        LONG.replace(b"device,metric,at,value", b"Device , Metric, At ,Value"),
    ],
    ids=["plain", "gzip", "windows", "semicolon", "tab", "headings"],
)
def test_a_long_csv_is_a_row_per_reading(file: bytes) -> None:
    assert (LONG_READ, []) == read(file)


@pytest.mark.parametrize(
    "at",
    [
        ["2026-11-23T08:00:00Z", "2026-11-23T16:00:00+08:00", "2026-11-23 08:00Z"],
        [AT] * 3,
        pa.array([AT] * 3, pa.timestamp("ms", tz="Asia/Shanghai")),
        pa.array([AT * 1_000_000] * 3, pa.timestamp("ns", tz="UTC")),
    ],
    ids=["text", "milliseconds", "timestamps", "nanoseconds"],
)
def test_a_long_parquet_is_a_row_per_reading(at: list[object]) -> None:
    file = parquet_of(
        device=["station-1", "station-1", "station-2"],
        metric=["air_temperature", "air_relative_humidity", "air_temperature"],
        at=at,
        value=[21.5, 80.0, -0.3],
    )

    assert ([(*found[:-1], found[-1] - 1) for found in LONG_READ], []) == read(file)


def test_json_is_the_long_form_as_lines_or_as_a_list() -> None:
    objects = [
        {"device": "station-1", "metric": "air_temperature", "at": "2026-11-23T08:00:00Z", "value": 21.5},
        {"device": "station-1", "metric": "air_relative_humidity", "at": AT, "value": "80", "name": "ignored"},
        {"device": "station-2", "metric": "air_temperature", "at": AT, "value": -0.3, "unit": None},
        {"device": "station-2", "metric": "air_temperature", "at": AT + 1, "value": None},
    ]
    expected = [(*found[:-1], found[-1] - 1) for found in LONG_READ]

    assert (expected, []) == read("\n".join(map(json.dumps, objects)).encode())
    assert (expected, []) == read(json.dumps(objects, indent=1).encode())


def test_a_wide_file_has_a_column_per_series() -> None:
    found = observed(
        "at,station-1/air_temperature [degF],station-1/soil_temperature:10cm,station-2/air_temperature [[degF]]",
        "2026-11-23T08:00:00Z,70.7,,30",
        "2026-11-23T09:00:00Z,71.6,9.5,",
    )

    assert [
        ("station-1", "air_temperature", "degF", AT, 70.7, 2),
        ("station-2", "air_temperature", "[degF]", AT, 30.0, 2),
        ("station-1", "air_temperature", "degF", AT + 3_600_000, 71.6, 3),
        ("station-1", "soil_temperature:10cm", None, AT + 3_600_000, 9.5, 3),
    ] == found


def test_a_wide_file_may_name_the_device_in_each_row() -> None:
    found = observed(
        "device,at,air_temperature [°C],air_relative_humidity",
        "station-1,2026-11-23T08:00:00Z,21.5,80",
        "station-2,2026-11-23T08:00:00Z,,70",
    )

    assert [
        ("station-1", "air_temperature", "°C", AT, 21.5, 2),
        ("station-1", "air_relative_humidity", None, AT, 80.0, 2),
        ("station-2", "air_relative_humidity", None, AT, 70.0, 3),
    ] == found


def test_a_wide_parquet_reads_as_its_csv_does() -> None:
    columns: dict[str, list[float | None]] = {
        "at": [AT, AT + 1],
        "station-1/air_temperature": [1.0, None],
        "station-2/air_temperature": [2, 3],
    }

    assert [
        ("station-1", "air_temperature", None, AT, 1.0, 1),
        ("station-2", "air_temperature", None, AT, 2.0, 1),
        ("station-2", "air_temperature", None, AT + 1, 3.0, 2),
    ] == read(parquet_of(**columns))[0]


def test_the_unit_stands_in_the_heading_or_in_a_column() -> None:
    found = observed(
        "device,metric,at,value [degF],unit",
        "station-1,air_temperature,1795420800000,70,",
        "station-1,air_temperature,1795420800001,294,K",
    )

    assert ["degF", "K"] == [each[2] for each in found]


def test_an_empty_cell_is_no_observation_and_an_empty_line_no_row() -> None:
    found, bad = read(csv_of("device,metric,at,value", "station-1,air_temperature,5,", "", "s,m,6,1", ""))

    assert ([("s", "m", None, 6, 1.0, 4)], []) == (found, bad)


@pytest.mark.parametrize(
    ("text", "tz", "at"),
    [
        ("2026-11-23T16:00:00", "Asia/Shanghai", AT),
        ("2026-11-23", "Asia/Shanghai", AT - 16 * 3_600_000),
        ("2026-11-23T08:00:00Z", "Asia/Shanghai", AT),
        ("2026-11-23T08:00:00.0005Z", None, AT + 1),
        (" 2026-11-23T08:00:00Z ", None, AT),
        ("20261123T080000Z", None, AT),
    ],
)
def test_times_are_read(text: str, tz: str | None, at: int) -> None:
    lines = ("device,metric,at,value", f"s,m,{text},1")

    assert [at] == [each[3] for each in observed(*lines, tz=tz)]
    assert [at, 5] == [each[3] for each in observed(*lines, "s,m,5,1", tz=tz)], "a column of two kinds, cell by cell"


@pytest.mark.parametrize(
    ("text", "tz"),
    [
        ("2026-11-23T16:00:00", None),
        ("2026-10-25T02:30:00", "Europe/Berlin"),
        ("2026-03-29T02:30:00", "Europe/Berlin"),
        ("23.11.2026 16:00", "Europe/Berlin"),
        ("2201-01-01T00:00:00Z", None),
        ("-1", None),
    ],
    ids=["no offset", "comes twice", "does not come", "not ISO", "too late", "too early"],
)
def test_a_time_that_is_none_is_told(text: str, tz: str | None) -> None:
    lines = ("device,metric,at,value", f"s,m,{text},1")

    assert [(2, "at", repr(text), Reason.BAD_TIME)] == wrong(*lines, tz=tz)
    assert [(2, "at", repr(text), Reason.BAD_TIME)] == wrong(*lines, "s,m,5,1", tz=tz), "cell by cell"


def test_a_missing_time_is_told() -> None:
    assert [(2, "at", "is empty", Reason.BAD_TIME)] == wrong("device,metric,at,value", "s,m,,1", "s,m,5,1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("n/a", Reason.MALFORMED), ("1_0", Reason.MALFORMED), ("NaN", Reason.NOT_FINITE), ("inf", Reason.NOT_FINITE)],
)
def test_a_number_that_is_none_is_told(text: str, reason: Reason) -> None:
    assert [(3, "value", repr(text), reason)] == wrong("device,metric,at,value", "s,m,5,1", f"s,m,6,{text}")


def test_lines_that_are_no_rows_are_told_by_their_number() -> None:
    lines = ["device,metric,at,value", *(f"s,m,{i},1" for i in range(10)), "s,m,11", "", "s,m,12,1,1", "s,m,x,1"]

    assert [
        (12, "", "3 columns", Reason.MALFORMED),
        (14, "", "5 columns", Reason.MALFORMED),
        (15, "at", "'x'", Reason.BAD_TIME),
    ] == sorted(wrong(*lines))


def test_a_json_line_that_is_no_row_is_told() -> None:
    _, bad = read(b'{"device":"s","metric":"m","at":5,"value":1}\n{"device":"s"}\n{broken\n')

    assert [(2, Reason.MALFORMED), (3, Reason.MALFORMED)] == [(row.row, row.reason) for row in bad]
    assert "missing required field `metric`" in bad[0].wrong


def test_flags_are_words_or_bits() -> None:
    file = csv_of("device,metric,at,value,quality", "s,m,1,1,device late", "s,m,2,1,16", "s,m,3,1,", "s,m,4,1,fine")
    (block, _) = history.opened(io.BytesIO(file), "file").blocks()

    assert [16 | 64, 16, 0] == block.quality.tolist()
    assert [(5, "quality", "'fine'")] == [(row.row, row.column, row.wrong) for row in block.bad]


def test_a_value_with_its_raw_one_is_calibrated_already() -> None:
    file = csv_of("device,metric,at,value,raw", "s,m,1,1,10", "s,m,2,2,", "s,m,3,3,x")
    (block, _) = history.opened(io.BytesIO(file), "file").blocks()

    assert [10.0, 2.0] == block.raw.tolist()
    assert [True, False] == [block.names[which].final for which in block.series]
    assert [(4, "raw", "'x'")] == [(row.row, row.column, row.wrong) for row in block.bad]


def test_a_bad_cell_is_kept_as_a_line_that_can_be_imported() -> None:
    _, (bad,) = read(csv_of("at,station-1/air_temperature [degF]", "2026-11-23T08:00:00Z,hot"))

    assert "station-1,air_temperature,2026-11-23T08:00:00Z,hot,degF" == bad.text


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", "file: is empty"),
        (b"\n", "file: is empty"),
        (
            b"time,value\n1,2\n",
            "a long file without device and metric and at; found: time, value; allowed: long: device",
        ),
        (b"at\n1\n", "no column of readings; found: at"),
        (b"time,s/air_temperature\n1,2\n", "no column `at`"),
        (b"at,air_temperature\n1,2\n", "'air_temperature' names no device"),
        (b"at,s/air_temprature\n1,2\n", "did you mean air_temperature"),
        (b"at,s/air_temperature [mm]\n1,2\n", "unit 'mm' cannot become 'Cel'"),
        (b"at,s/soil_temperature:a b\n1,2\n", "channel 'a b'"),
        (b"at,at,s/air_temperature\n1,2,3\n", "'at' is there more than once"),
        (b"PAR1 but not really", "begins as Parquet and cannot be read"),
        (b"\xff\xfe,\n", "is not UTF-8"),
    ],
)
def test_a_file_that_is_none_is_refused_with_what_would_be_right(file: bytes, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(file)

    assert said in str(refused.value)


@pytest.mark.parametrize(
    "file",
    [
        gzip.compress(LONG)[:-20],
        LONG + b"station-1,air_temperature,5,\xff\n",
        b'[{"device":"s"}',
    ],
    ids=["cut off", "not UTF-8", "no end"],
)
def test_a_file_that_breaks_off_is_refused(file: bytes) -> None:
    with pytest.raises(Invalid, match="cannot be read after row"):
        read(file)


def test_a_column_of_another_type_is_refused() -> None:
    with pytest.raises(Invalid, match="column 'value': is of type bool"):
        read(parquet_of(device=["s"], metric=["m"], at=[1], value=[True]))


def test_a_form_that_is_asked_for_is_held_to() -> None:
    with pytest.raises(Invalid, match="a long file without device"):
        read(csv_of("at,station-1/air_temperature", "1,2"), form=Form.LONG)


def test_a_zone_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid, match="'Mars' is no time zone"):
        read(LONG, tz="Mars")


def test_long_files_come_in_pieces_and_keep_their_numbers() -> None:
    lines = [f"station-{i % 7},air_temperature,{i},{i / 10}" for i in range(150_000)]
    lines[73_456] = "broken"
    file = csv_of("device,metric,at,value", *lines)
    opened = history.opened(io.BytesIO(file), "file")
    blocks = list(opened.blocks())
    rows = np.concatenate([block.row for block in blocks])

    assert len(blocks) > 2
    assert [73_458] == [row.row for block in blocks for row in block.bad]
    assert np.array_equal(np.delete(np.arange(2, 150_002), 73_456), np.sort(rows))
    assert all(
        np.array_equal(block.at, block.row - 2) and np.array_equal(block.value, (block.row - 2) / 10)
        for block in blocks
    )
    assert 1.0 == opened.share
