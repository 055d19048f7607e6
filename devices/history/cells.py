"""Columns of cells as numbers: whole columns at once where every cell is well, cell by cell where one is not.

Pure: no clock, no network, no store.
"""

import contextlib
import datetime as dt
import re
from typing import Any, TypeAlias, cast
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from devices.bounds import EARLIEST, LATEST
from telemetry.model import Quality

Integers: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Truths: TypeAlias = NDArray[np.bool_]
Column: TypeAlias = "pa.Array[Any]"
Coded: TypeAlias = "pa.DictionaryArray[Any, Any]"

UNREADABLE = -(2**62)
"""Stands for a time or a quality that cannot be read."""
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_UTC = pa.timestamp("us", tz="UTC")
_FLAGS = {str(flag.name).lower(): int(flag) for flag in Quality if flag}
_ALL = sum(_FLAGS.values())


def is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def instants(column: Column, tz: str | None) -> Integers:
    """Milliseconds UTC, `UNREADABLE` where a cell is empty, no time, or outside of the years 1970 to 2200.

    Text is ISO 8601 or a whole number of milliseconds. A time without an offset is local time in `tz`; there it is
    unreadable while clocks are put forward or back, and without a `tz` everywhere.
    """
    found = _instants(column, tz)
    found[(found < EARLIEST) | (found >= LATEST)] = UNREADABLE
    return found


def numbers(column: Column) -> Floats:
    """NaN where a cell is no number; of empty ones, too."""
    if not is_text(column.type):
        return _floats(column)
    with contextlib.suppress(pa.ArrowInvalid):
        return _floats(column)
    return np.array([_number(text) for text in column.to_pylist()], np.float64)


def qualities(column: Column) -> Integers:
    """Bits of Quality from words (`range stuck`) or a number; 0 for an empty cell, `UNREADABLE` for other ones."""
    words, codes = coded(column)
    bits = np.array([0 if word is None else _quality(word) for word in words], np.int64)
    found: Integers = bits[codes]
    return found


def coded(column: Column) -> tuple[list[str | None], Integers]:
    """The distinct texts of a column without the space around them, None last, and which of them each cell is."""
    kept = column if pa.types.is_dictionary(column.type) else column.cast(pa.string()).dictionary_encode()
    known = cast("Coded", kept)
    words = [str(text).strip() for text in known.dictionary.to_pylist()]
    codes = _filled(known.indices.cast(pa.int64()), len(words))
    return [*words, None], codes


def plain(column: Column) -> Column:
    """The same cells, not as a dictionary."""
    return cast("Coded", column).dictionary_decode() if pa.types.is_dictionary(column.type) else column


def is_empty(column: Column) -> Truths:
    found: Truths = column.is_null().to_numpy(zero_copy_only=False)
    return found


def _instants(column: Column, tz: str | None) -> Integers:
    kind = column.type
    if pa.types.is_integer(kind):
        return _whole(column)
    if pa.types.is_timestamp(kind):
        exact = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
        return _rounded(exact) if kind.tz is not None else _local(exact, tz)
    # Casting stops at the first cell that does not fit: what a column is not costs next to nothing to find out.
    with contextlib.suppress(pa.ArrowInvalid):
        return _rounded(column.cast(_UTC))
    with contextlib.suppress(pa.ArrowInvalid):
        return _whole(column)
    with contextlib.suppress(pa.ArrowInvalid):
        return _local(column.cast(pa.timestamp("us")), tz)
    zone = None if tz is None else ZoneInfo(tz)
    return np.array([_instant(text, zone) for text in column.to_pylist()], np.int64)


def _whole(column: Column) -> Integers:
    return _filled(column.cast(pa.int64()), UNREADABLE).copy()


def _rounded(column: Column) -> Integers:
    """Milliseconds of a column in microseconds."""
    found: Integers = (_filled(column.cast(pa.int64()), 0) + 500) // 1000
    found[is_empty(column)] = UNREADABLE
    return found


def _filled(column: Column, empty: int) -> Integers:
    found: Integers = column.fill_null(empty).to_numpy(zero_copy_only=False)
    return found


def _local(column: Column, tz: str | None) -> Integers:
    if tz is None:
        return np.full(len(column), UNREADABLE, np.int64)
    zoneless = cast("pa.TimestampArray[Any, None]", column)
    first = pc.assume_timezone(zoneless, tz, ambiguous="earliest", nonexistent="earliest")
    last = pc.assume_timezone(zoneless, tz, ambiguous="latest", nonexistent="latest")
    found = _rounded(first)
    found[_filled(first.cast(pa.int64()), 0) != _filled(last.cast(pa.int64()), 0)] = UNREADABLE
    return found


def _instant(text: str | None, zone: ZoneInfo | None) -> int:
    if text is None:
        return UNREADABLE
    text = text.strip()
    if _WHOLE.fullmatch(text):
        return int(text)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return UNREADABLE
    if moment.tzinfo is None:
        if zone is None:
            return UNREADABLE
        moment = moment.replace(tzinfo=zone)
        if moment.utcoffset() != moment.replace(fold=1).utcoffset():
            return UNREADABLE
    return int(moment.timestamp() * 1000 + 0.5)


def _floats(column: Column) -> Floats:
    found: Floats = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return found


def _number(text: str | None) -> float:
    if text is None or "_" in text:
        return np.nan
    try:
        return float(text)
    except ValueError:
        return np.nan


def _quality(word: str) -> int:
    text = word.lower()
    if text.isdecimal():
        return int(text) if int(text) <= _ALL else UNREADABLE
    words = text.replace("|", " ").split()
    return sum({_FLAGS[each] for each in words}) if all(each in _FLAGS for each in words) else UNREADABLE
