"""Devices as a table."""

import csv
import io
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from telemetry import roster
from telemetry.enrolment import faults
from telemetry.errors import Invalid
from telemetry.model import Device, Profile, Region
from tests.village import DEVICES, PROFILES, REGIONS, STREET, VILLAGE

NOW = 1_795_420_800_000
"""2026-11-23T08:00:00Z."""


@dataclass(frozen=True)
class Known:
    """The village."""

    regions: Mapping[str, Region] = field(default_factory=lambda: {region.code: region for region in REGIONS})
    profiles: Mapping[str, Profile] = field(default_factory=lambda: {profile.id: profile for profile in PROFILES})
    devices: Mapping[str, Device] = field(default_factory=lambda: {device.id: device for device in DEVICES})


def read(text: str) -> roster.Roster:
    return roster.read(text, Known(), NOW)


def wrong(text: str) -> list[tuple[int, str, str]]:
    return [(cell.row, cell.column, cell.wrong) for cell in read(text).wrong]


def test_a_row_is_a_device() -> None:
    text = (
        "id,name,profile,region,latitude,longitude,valid_from,valid_to,gateway,project\n"
        f"well-7,井,probe,{VILLAGE},37.62,118.26,2026-11-01T08:00:00+08:00,2027-01-01,gw-2,water-2026\n"
        f'gw-2,"Gateway, north",senml,{VILLAGE},,,always,,,\n'
        f"well-8,,probe,{VILLAGE},,,,,,\n"
    )
    found = read(text)

    assert ([], [], 3) == (found.wrong, found.changed, found.rows)
    assert [
        Device(
            "well-7", "probe", VILLAGE, "井", 37.62, 118.26, 1_793_491_200_000, 1_798_761_600_000, "gw-2", "water-2026"
        ),
        Device("gw-2", "senml", VILLAGE, "Gateway, north"),
        Device("well-8", "probe", VILLAGE, valid_from=NOW),
    ] == found.new


def test_what_is_written_changes_nothing_when_it_is_read_again() -> None:
    text = roster.written([*DEVICES])
    found = read(text)

    assert (len(DEVICES), [], []) == (found.same, found.devices, found.wrong)
    assert ",".join(roster.COLUMNS) == text.partition("\n")[0]


@pytest.mark.parametrize("name", ["=1+1", "+86", "-3", "@SUM(A1)", "'=x", "''@", "'quoted'", "井"])
def test_a_name_that_a_spreadsheet_would_run_is_shielded_and_comes_back(name: str) -> None:
    text = roster.written([Device("well-7", "probe", VILLAGE, name, project=name)])
    row = next(csv.DictReader(io.StringIO(text)))
    (found,) = read(text).new

    assert (name, name) == (found.name, found.project)
    assert not row["name"].startswith(("=", "+", "-", "@"))
    assert not row["project"].startswith(("=", "+", "-", "@"))


def test_a_gateway_speaks_through_no_other_one() -> None:
    heading = "id,profile,region,gateway"
    rows = [f"{name},probe,{VILLAGE},{gateway}" for name, gateway in (("a", ""), ("b", "a"), ("c", "b"))]
    known = Known(devices={"a": Device("a", "probe", VILLAGE), "b": Device("b", "probe", VILLAGE, gateway="a")})
    (fault,) = faults(Device("c", "probe", VILLAGE, gateway="b"), known)

    assert [(4, "gateway", "speaks through the gateway a itself")] == wrong("\n".join([heading, *rows]))
    assert ("gateway", "a, or none") == (fault.field, fault.allowed)
    assert [] == roster.read("id,gateway\nb,\na,b\n", known, NOW).wrong


def test_a_column_that_is_left_out_leaves_what_is_registered() -> None:
    found = read("id;name\r\nstation-1;New name\r\nstation-2;Station on the roof\r\n\r\n")

    assert ([Device("station-1", "station", VILLAGE, "New name")], 1) == (found.changed, found.same)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (f"a,x,prob,{VILLAGE},,,,,,", [(2, "profile", "is no profile")]),
        ("a,x,probe,,,,,,,", [(2, "region", "is missing")]),
        ("a,x,probe,3.70522E+11,,,,,,", [(2, "region", "was rounded by a spreadsheet")]),
        (f",x,probe,{VILLAGE},,,,,,", [(2, "id", "is missing")]),
        (f"a b,x,probe,{VILLAGE},,,,,,", [(2, "id", "is no id")]),
        (f"rurban-scores,x,probe,{VILLAGE},,,,,,", [(2, "id", "is a name of the house itself")]),
        (f"scores-{VILLAGE},x,probe,{VILLAGE},,,,,,", [(2, "id", "is a name of the house itself")]),
        (f'a,x,probe,{VILLAGE},"37,6",118,,,,', [(2, "latitude", "cannot be read")]),
        (f"a,x,probe,{VILLAGE},37,,,,,", [(2, "longitude", "is missing")]),
        (f"a,x,probe,{VILLAGE},37,nan,,,,", [(2, "longitude", "is out of range")]),
        (
            f"a,x,probe,{VILLAGE},,,yesterday,2026-01-01,,",
            [(2, "valid_from", "cannot be read"), (2, "valid_to", "is not after valid_from")],
        ),
        (f"a,x,probe,{VILLAGE},,,,,nobody,", [(2, "gateway", "is no device")]),
        (f"a,x,probe,{VILLAGE},,,,,a,", [(2, "gateway", "is the device itself")]),
        (f"a,x,probe,{VILLAGE},,,", [(2, "", "has 7 cells")]),
        (f"station-1,x,station,{STREET},,,,,,", [(2, "region", f"is not where it stands, {VILLAGE}")]),
        (f"a,x,probe,{VILLAGE},,,,,,\na,x,probe,{VILLAGE},,,,,,", [(3, "id", "stands in row 2 too")]),
    ],
)
def test_what_is_wrong_is_told_by_row_and_column(row: str, expected: list[tuple[int, str, str]]) -> None:
    assert expected == wrong(",".join(roster.COLUMNS) + f"\n{row}\n")


def test_every_wrong_cell_says_what_would_be_right() -> None:
    found = read(f"id,profile,region,latitude,longitude\nx y,statoin,{VILLAGE[:9]}999,1e,2\n").wrong
    allowed = {cell.column: cell.allowed for cell in found}

    assert "such as 37.62" in allowed["latitude"]
    assert "A-Z a-z 0-9" in allowed["id"]
    assert "such as station" in allowed["profile"]
    assert VILLAGE in allowed["region"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,nmae\n", "no column 'nmae'; allowed: id, name"),
        ("id,id\n", "twice"),
        ("name\n", "no column id"),
        ("", "no column"),
        ('id,name\na,"b\n', "unexpected end of data"),
    ],
)
def test_what_is_no_such_table_is_refused_whole(text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        read(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_may_come_as_spreadsheets_save_it(encoding: str) -> None:
    assert "井" == roster.text_of("井".encode(encoding))


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(Invalid, match="neither UTF-8 nor GB 18030"):
        roster.text_of(b"id\n\xff\xff")


def test_names_are_looked_for_once_and_not_without_end() -> None:
    known = Known(devices={f"well-{i:05}": Device(f"well-{i:05}", "probe", VILLAGE) for i in range(50_000)})
    rows = [f"new-{i},probe,{VILLAGE[:4]}{i:08},nobody-{i}" for i in range(1, 10_001)]
    began = time.monotonic()
    found = roster.read("\n".join(["id,profile,region,gateway", *rows]), known, NOW).wrong
    took_s = time.monotonic() - began
    allowed = [cell.allowed for cell in found if cell.column == "gateway"]

    assert 20_000 == len(found)
    assert ("the id of a device, such as well-00000, well-00001, well-00002", "the id of a device") == (
        allowed[0],
        allowed[-1],
    )
    assert took_s < 10


def test_a_thousand_wrong_rows_are_told_in_a_second() -> None:
    target = io.StringIO()
    table = csv.writer(target)
    table.writerow(roster.COLUMNS)
    table.writerows([f"well {i}", "", "prbe", "370522101999", 99, "", "", "", "nobody", ""] for i in range(1000))
    began = time.monotonic()

    assert 6000 == len(read(target.getvalue()).wrong)
    assert time.monotonic() - began < 5
