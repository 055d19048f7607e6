"""Devices as a table: what a row of it says, what is wrong with it, and the table of those that are registered.

    id,name,profile,region,latitude,longitude,valid_from,valid_to,gateway,project
    well-7,Behind the school,groundwater_well,370522101201,37.62,118.26,,,,

Only `id` is always needed, and of a new device `profile` and `region`. A column that is left out leaves what is
registered as it is; so does an empty `profile`, `region` or `valid_from`. Where a new device says nothing of
`valid_from`, it is the moment of the import; `always` = it has no beginning. An empty `valid_to` = it has no end.

A name or project that a spreadsheet would run (`=`, `+`, `-` or `@` first) is written with an apostrophe before it,
which is taken off again when the table is read.

Pure: no clock, no registry.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from telemetry.enrolment import Fault, Known, Words, faults
from telemetry.errors import Invalid
from telemetry.instant import instant_of, iso
from telemetry.model import Device
from telemetry.regions import padded

COLUMNS: Final = (
    *("id", "name", "profile", "region", "latitude", "longitude"),
    *("valid_from", "valid_to", "gateway", "project"),
)
ALWAYS: Final = "always"
MOST_ROWS: Final = 100_000
_FORMULA: Final = re.compile("'*[=+@-]")
_TEXTS: Final = ("name", "project")
_SEPARATORS: Final = ",;\t"
INSTANT: Final = "ISO 8601 such as 2026-11-23T08:00:00+08:00, or a date"


@dataclass(frozen=True, slots=True)
class WrongCell:
    """What a row says wrongly."""

    row: int
    """As a text editor counts lines, the header being the first."""
    column: str
    value: str
    wrong: str
    allowed: str


@dataclass(slots=True)
class Roster:
    """What a table comes to."""

    rows: int = 0
    new: list[Device] = field(default_factory=list)
    changed: list[Device] = field(default_factory=list)
    same: int = 0
    wrong: list[WrongCell] = field(default_factory=list)

    @property
    def devices(self) -> list[Device]:
        """Those to be put."""
        return [*self.new, *self.changed]


def text_of(content: bytes) -> str:
    """UTF-8, or GB 18030, as spreadsheets in China save a table. Raise `Invalid` for what is neither."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            cause = error
    raise Invalid("table", f"is no text: byte {cause.start} is neither UTF-8 nor GB 18030", "CSV in UTF-8") from cause


def read(text: str, known: Known, now: int, on_row: Callable[[int], None] = lambda _: None) -> Roster:
    """What the table comes to, and everything that is wrong with it; `on_row` is told how many rows are read.

    Raise `Invalid` for what is no such table, or one of more than `MOST_ROWS`.
    """
    rows, wrong = _rows(text)
    roster = Roster(len(rows), wrong=wrong)
    words = Words(known)
    firsts: dict[str, int] = {}
    for line, row in rows:
        firsts.setdefault(row["id"], line)
    behind = {row["id"]: row["gateway"] for _, row in rows if "gateway" in row}
    for count, (line, row) in enumerate(rows, 1):
        found: list[Fault] = []
        if firsts[row["id"]] != line:
            found.append(Fault("id", row["id"], f"stands in row {firsts[row['id']]} too", "each device once"))
        before = known.devices.get(row["id"])
        device = _device(row, before, now, found)
        named = {fault.field for fault in found}
        found += [fault for fault in faults(device, known, firsts, words, behind) if fault.field not in named]
        roster.wrong += [
            WrongCell(line, one.field, row.get(one.field) or one.value, one.wrong, one.allowed) for one in found
        ]
        if before is None:
            roster.new.append(device)
        elif device != before:
            roster.changed.append(device)
        else:
            roster.same += 1
        on_row(count)
    return roster


def written(devices: Iterable[Device]) -> str:
    """The table of these devices; read again, it changes nothing."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(COLUMNS)
    for device in devices:
        row = {name: getattr(device, name) for name in COLUMNS}
        row |= {name: _shielded(row[name]) for name in _TEXTS if row[name]}
        row["valid_from"] = ALWAYS if device.valid_from is None else iso(device.valid_from)
        row["valid_to"] = None if device.valid_to is None else iso(device.valid_to)
        writer.writerow(row.values())
    return target.getvalue()


def _shielded(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def _unshielded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _rows(text: str) -> tuple[list[tuple[int, dict[str, str]]], list[WrongCell]]:
    """The rows with their lines, empty ones left out, and what is wrong with their shape."""
    header = text.partition("\n")[0]
    table = csv.reader(io.StringIO(text), strict=True, delimiter=max(_SEPARATORS, key=header.count))
    rows: list[tuple[int, dict[str, str]]] = []
    wrong: list[WrongCell] = []
    try:
        columns = [name.strip().lower() for name in next(table, [])]
        _check_columns(columns)
        for cells in table:
            row = {name: cell.strip() for name, cell in zip(columns, cells, strict=False)}
            if not any(row.values()):
                continue
            if len(cells) != len(columns):
                wrong.append(WrongCell(table.line_num, "", "", f"has {len(cells)} cells", f"{len(columns)} cells"))
            rows.append((table.line_num, {"id": "", **row}))
            if len(rows) > MOST_ROWS:
                raise Invalid("table", f"more than {MOST_ROWS} rows", "several tables")
    except csv.Error as error:
        raise Invalid(f"row {table.line_num}", str(error), "CSV as in RFC 4180") from error
    return rows, wrong


def _check_columns(columns: list[str]) -> None:
    for name in columns:
        if name not in COLUMNS:
            raise Invalid("row 1", f"there is no column {name[:40]!r}", ", ".join(COLUMNS))
        if columns.count(name) > 1:
            raise Invalid("row 1", f"the column {name} stands there twice", "each column once")
    if "id" not in columns:
        raise Invalid("row 1", "there is no column id", ", ".join(COLUMNS))


def _device(row: Mapping[str, str], before: Device | None, now: int, found: list[Fault]) -> Device:
    """What the row says, over what is registered; what cannot be read is added to `found` and left as it was."""
    device = before or Device(row["id"], "", "", valid_from=now)
    said: dict[str, object] = {}
    for column, cell in row.items():
        try:
            said |= dict(_said(column, cell))
        except ValueError as error:
            found.append(Fault(column, cell, "cannot be read", str(error)))
    if before is not None and said.get("region", before.region) != before.region:
        right = f"{before.region}; or move it first: rurban devices move {before.id} --region {said['region']}"
        found.append(Fault("region", row["region"], f"is not where it stands, {before.region}", right))
        del said["region"]
    return replace(device, **said)  # type: ignore[arg-type]  # the columns are a Device's fields


def _said(column: str, cell: str) -> Iterator[tuple[str, object]]:
    """The field of the device, unless the cell says nothing of it. Raise `ValueError` with what would be right."""
    if column in ("latitude", "longitude"):
        yield column, _number(cell) if cell else None
    elif column == "valid_from":
        if cell:
            yield column, None if cell == ALWAYS else _instant(cell, f"{INSTANT}; or {ALWAYS}")
    elif column == "valid_to":
        yield column, _instant(cell, INSTANT) if cell else None
    elif column in ("profile", "region"):
        if cell:
            yield column, _code(cell) if column == "region" else cell
    elif column in ("gateway", "project"):
        yield column, _unshielded(cell) or None
    else:
        yield column, _unshielded(cell)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError as error:
        raise ValueError("degrees (WGS84) with a point, such as 37.62") from error


def _instant(cell: str, allowed: str) -> int:
    try:
        return instant_of(cell)
    except (ValueError, OverflowError) as error:
        raise ValueError(allowed) from error


def _code(cell: str) -> str:
    """With the zeros that were left out; what is no code is refused later, by name."""
    try:
        return padded(cell)
    except Invalid:
        return cell
