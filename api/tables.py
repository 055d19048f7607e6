"""Answers as tables: CSV, newline-delimited JSON and Parquet, from columns by name."""

import csv
import io
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec
import pyarrow as pa
from pyarrow import parquet

from api.words import instants


class Format(StrEnum):
    """How an answer is written."""

    JSON = "json"
    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"


MEDIA_TYPES: Mapping[Format, str] = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv; charset=utf-8",
    Format.NDJSON: "application/x-ndjson",
    Format.PARQUET: "application/vnd.apache.parquet",
}
INSTANTS = ("at", "received_at")
"""Columns of milliseconds UTC: text in CSV and NDJSON, timestamps in Parquet."""
_INSTANT = pa.timestamp("ms", tz="UTC")
_TYPES: Mapping[str, pa.DataType] = {
    **dict.fromkeys(INSTANTS, _INSTANT),
    **dict.fromkeys(("value", "raw", "coverage", "low", "high"), pa.float64()),
    **dict.fromkeys(("count", "excluded", "devices"), pa.int64()),
    "filled": pa.bool_(),
}

Columns = Mapping[str, Sequence[object]]


def written(columns: Columns, form: Format) -> bytes:
    """The columns, all of one length, in this format; not for JSON, which is no table."""
    if form is Format.PARQUET:
        return _parquet(columns)
    texts = {name: instants(list(values)) if name in INSTANTS else values for name, values in columns.items()}  # type: ignore[arg-type]  # milliseconds
    if form is Format.CSV:
        return _csv(texts)
    rows = (dict(zip(texts, row, strict=True)) for row in zip(*texts.values(), strict=True))
    return msgspec.json.Encoder().encode_lines(list(rows))


def _csv(columns: Columns) -> bytes:
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return target.getvalue().encode()


def _parquet(columns: Columns) -> bytes:
    table = pa.table({name: pa.array(values, _TYPES.get(name, pa.string())) for name, values in columns.items()})
    target = io.BytesIO()
    parquet.write_table(table, target, compression="zstd")
    return target.getvalue()
