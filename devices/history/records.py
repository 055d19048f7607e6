"""Files of history as slices of rows, in bounded memory: CSV (also gzip'd), Parquet, and JSON objects line by line.

What a file is, its first bytes say, not its name.
"""

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO, Literal, Protocol, cast

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from pyarrow import parquet

from devices.history.cells import Integers
from devices.history.layout import Layout
from telemetry.errors import Invalid, Reason
from telemetry.history import BadRow, Form

MOST_CELLS = 65_536
"""Observations of a slice, about."""
_BLOCK = 4 << 20
_LONGEST_HEADER = 1 << 20
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"
_SHOWN = 200
_TEXT = pa.string()
_CODED = pa.dictionary(pa.int32(), _TEXT)
_UNREADABLE = (pa.ArrowException, OSError, UnicodeDecodeError, EOFError, zlib.error)


@dataclass(frozen=True, slots=True)
class Slice:
    """Some rows of a file."""

    batch: pa.RecordBatch
    """With the columns of the layout, by their headings."""
    rows: Integers
    """Their numbers in the file."""
    bad: list[BadRow] = field(default_factory=list)
    """Rows that are not in the batch because they are no rows."""


class Records(Protocol):
    """One file; its slices can be gone through again and again."""

    def header(self) -> tuple[str, ...]:
        """The headings, in the file's order."""
        ...

    def slices(self, layout: Layout) -> Iterator[Slice]:
        """All rows, in the file's order. Raise `Invalid` where the file ends being one of its kind."""
        ...


def records(file: BinaryIO) -> Records:
    """The records of a seekable file. Raise `Invalid` where it is empty or broken."""
    start = file.read(4) if file.seek(0) == 0 else b""
    if start == _PARQUET:
        return _Parquet(file)
    packed = start.startswith(_GZIP)
    try:
        text = _opened(file, packed=packed).read(_LONGEST_HEADER)
    except _UNREADABLE as error:
        raise _broken(error, 0) from error
    first = text.removeprefix("\ufeff".encode()).lstrip()
    if not first:
        raise Invalid("file", "is empty", "CSV, Parquet or JSON lines of readings")
    if first[:1] in (b"{", b"["):
        return _Json(file, packed=packed)
    return _Csv(file, text, packed=packed)


def _opened(file: BinaryIO, *, packed: bool) -> BinaryIO:
    file.seek(0)
    return cast("BinaryIO", gzip.GzipFile(fileobj=file, mode="rb")) if packed else file


def _broken(error: Exception, row: int) -> Invalid:
    return Invalid("file", f"cannot be read after row {row}: {error}", "CSV in UTF-8, Parquet or JSON lines")


class _Csv:
    def __init__(self, file: BinaryIO, start: bytes, *, packed: bool) -> None:
        self._file = file
        self._packed = packed
        line = start.partition(b"\n")[0].rstrip(b"\r")
        try:
            text = line.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Invalid("header", f"is not UTF-8: {error}", "CSV in UTF-8") from error
        self._delimiter = max(",;\t", key=text.count)
        self._header = tuple(next(csv.reader([text], delimiter=self._delimiter), ()))

    def header(self) -> tuple[str, ...]:
        return self._header

    def slices(self, layout: Layout) -> Iterator[Slice]:
        lines = _Lines()
        stream = _opened(self._file, packed=self._packed)
        try:
            reader = arrow_csv.open_csv(
                stream,
                # One thread alone knows the numbers of lines.
                read_options=arrow_csv.ReadOptions(
                    use_threads=False, block_size=_BLOCK, skip_rows=1, column_names=list(self._header)
                ),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self._delimiter, ignore_empty_lines=False, invalid_row_handler=lines.refuse
                ),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=_types(layout),
                    include_columns=list(_types(layout)),
                    strings_can_be_null=True,
                    null_values=[""],
                ),
            )
            for batch in reader:
                yield from _cut(lines.numbered(batch), layout)
        except _UNREADABLE as error:
            raise _broken(error, lines.last) from error
        yield Slice(_nothing(layout), np.empty(0, np.int64), lines.refused())


def _types(layout: Layout) -> dict[str, pa.DataType]:
    """The columns that are read, and how: what repeats itself as a dictionary, all else as the text that it is."""
    coded = (layout.device, layout.metric, layout.unit, layout.quality)
    plain = (layout.at, layout.value, layout.raw, *(heading.column for heading in layout.series))
    found = {layout.header[place]: _CODED for place in coded if place is not None}
    return found | {layout.header[place]: _TEXT for place in plain if place is not None}


def _nothing(layout: Layout) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({name: pa.array([], kind) for name, kind in _types(layout).items()})


def _cut(piece: Slice, layout: Layout) -> Iterator[Slice]:
    """Wide rows hold many observations: fewer of them at once."""
    size = max(1, MOST_CELLS // len(layout.series)) if layout.form is Form.WIDE else max(1, len(piece.rows))
    for first in range(0, len(piece.rows), size):
        bad = piece.bad if first == 0 else []
        yield Slice(piece.batch.slice(first, size), piece.rows[first : first + size], bad)


class _Lines:
    """Which line of a CSV file each row is: those that are no rows are counted, too."""

    def __init__(self) -> None:
        self.last = 1
        self._bad: dict[int, BadRow] = {}

    def refuse(self, row: arrow_csv.InvalidRow) -> Literal["skip"]:
        number = row.number or 0
        if row.text.strip():
            self._bad[number] = BadRow(
                number,
                "",
                f"{row.actual_columns} columns",
                f"{row.expected_columns} columns, as the header has",
                Reason.MALFORMED,
                text=row.text,
            )
        else:
            self._bad[number] = BadRow(number, "", "", "", Reason.EMPTY)
        return "skip"

    def numbered(self, batch: pa.RecordBatch) -> Slice:
        lines = np.arange(self.last + 1, self.last + 1 + batch.num_rows + len(self._bad), dtype=np.int64)
        rows = lines[~np.isin(lines, list(self._bad))][: batch.num_rows] if self._bad else lines
        self.last = int(rows[-1]) if len(rows) else self.last
        return Slice(batch, rows, self.refused(self.last))

    def refused(self, until: int | None = None) -> list[BadRow]:
        """Those up to this line that were not told yet, without the empty ones."""
        told = [number for number in self._bad if until is None or number <= until]
        return [bad for bad in map(self._bad.pop, told) if bad.reason is not Reason.EMPTY]


class _Parquet:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._header = tuple(self._opened().schema_arrow.names)

    def _opened(self, coded: Sequence[str] = ()) -> parquet.ParquetFile:
        self._file.seek(0)
        try:
            return parquet.ParquetFile(self._file, read_dictionary=list(coded))
        except _UNREADABLE as error:
            raise Invalid("file", f"begins as Parquet and cannot be read: {error}", "a whole Parquet file") from error

    def header(self) -> tuple[str, ...]:
        return self._header

    def slices(self, layout: Layout) -> Iterator[Slice]:
        types = _types(layout)
        file = self._opened([name for name, kind in types.items() if kind is _CODED])
        _check_types(file.schema_arrow, types)
        size = max(1, MOST_CELLS // max(1, len(layout.series)))
        row = 0
        try:
            for batch in file.iter_batches(size, columns=list(types)):
                yield Slice(batch, np.arange(row + 1, row + 1 + batch.num_rows, dtype=np.int64))
                row += batch.num_rows
        except _UNREADABLE as error:
            raise _broken(error, row) from error


def _check_types(schema: pa.Schema, types: dict[str, pa.DataType]) -> None:
    for name, wanted in types.items():
        kind = schema.field(name).type
        text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        if text or pa.types.is_dictionary(kind) or pa.types.is_null(kind):
            continue
        if wanted is _TEXT and (number or pa.types.is_timestamp(kind)):
            continue
        raise Invalid(
            f"column {name!r}", f"is of type {kind}", "text" if wanted is _CODED else "numbers, times or text"
        )


class _Line(msgspec.Struct, gc=False):
    device: str
    metric: str
    at: str | int
    value: float | str | None
    unit: str | None = None
    raw: float | str | None = None
    quality: str | int | list[str] | None = None


_ONE = msgspec.json.Decoder(_Line)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_FIELDS = _Line.__struct_fields__
_TEXTS = _types(Layout(Form.LONG, _FIELDS, at=2, device=0, metric=1, value=3, unit=4, raw=5, quality=6))


class _Json:
    """Objects of the long form: one a line, or a list of them."""

    def __init__(self, file: BinaryIO, *, packed: bool) -> None:
        self._file = file
        self._packed = packed

    def header(self) -> tuple[str, ...]:
        return _FIELDS

    def slices(self, layout: Layout) -> Iterator[Slice]:
        if layout.form is not Form.LONG:
            raise Invalid("file", "JSON holds the long form only", "objects with device, metric, at, value")
        row = 0
        try:
            objects = self._objects()
            while some := list(islice(objects, MOST_CELLS)):
                yield _decoded(some, row)
                row += len(some)
        except (*_UNREADABLE, msgspec.DecodeError) as error:
            raise _broken(error, row) from error

    def _objects(self) -> Iterator[bytes]:
        stream = _opened(self._file, packed=self._packed)
        start = stream.read(_LONGEST_HEADER).removeprefix("\ufeff".encode()).lstrip()
        stream.seek(0)
        if start.startswith(b"["):
            yield from map(bytes, _LIST.decode(stream.read()))
        else:
            yield from stream


def _decoded(objects: Sequence[bytes], before: int) -> Slice:
    lines: list[_Line] = []
    rows: list[int] = []
    bad: list[BadRow] = []
    for row, text in enumerate(objects, before + 1):
        if text.isspace():
            continue
        try:
            lines.append(_ONE.decode(text))
            rows.append(row)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            shown = text[:_SHOWN].decode(errors="replace").strip()
            right = "an object with device, metric, at, value"
            bad.append(BadRow(row, "", str(error), right, Reason.MALFORMED, text=shown))
    columns = [pa.array([_text(getattr(line, name)) for line in lines], _TEXT).cast(_TEXTS[name]) for name in _FIELDS]
    return Slice(pa.RecordBatch.from_arrays(columns, list(_FIELDS)), np.array(rows, np.int64), bad)


def _text(cell: str | float | list[str] | None) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell or None
    return " ".join(cell) or None if isinstance(cell, list) else repr(cell)
