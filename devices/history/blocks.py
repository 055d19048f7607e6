"""Slices of rows as observations: which series, when, how much; and what is no observation, row by row.

Pure: no clock, no network, no store.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from devices.history.cells import (
    UNREADABLE,
    Column,
    Floats,
    Integers,
    Truths,
    coded,
    instants,
    is_empty,
    numbers,
    plain,
    qualities,
)
from devices.history.layout import Layout
from devices.history.records import Slice
from telemetry.errors import Reason
from telemetry.history import BadRow, Form

TIME = "ISO 8601 with an offset (2026-11-23T08:00:00+08:00), or milliseconds since 1970; within 1970 to 2200"
LOCAL_TIME = "; or without an offset where a time zone is given"
_NUMBER = "a number with a decimal point; an empty cell is no observation"
_QUALITY = "flags such as `device estimated`, or their bits as a number"

_COUNTABLE = 1 << 20
"""So many possible series are told apart without sorting."""


class Name(NamedTuple):
    """Of which series some observations are, as the file has it."""

    device: str | None
    metric: str | None
    """With its channel."""
    unit: str | None
    """None = the file names none."""
    final: bool = False
    """The file has beside each value what was once sent: the value is calibrated already."""


@dataclass(frozen=True, slots=True)
class Block:
    """Observations, column by column, in the file's order within each series."""

    names: list[Name]
    series: Integers
    """Place in `names`."""
    row: Integers
    at: Integers
    """Milliseconds UTC."""
    value: Floats
    """In the unit of the name."""
    raw: Floats
    """As once sent."""
    quality: Integers
    """Flags that the file gives."""
    column: tuple[str, ...]
    """Of each name, the heading under which its values stand."""
    rows: int
    """How many rows of the file this is."""
    bad: list[BadRow]

    def line(self, place: int) -> str:
        """One observation as a line of the long form."""
        device, metric, unit, _ = self.names[self.series[place]]
        at, value = int(self.at[place]), float(self.value[place])
        return f"{device or ''},{metric or ''},{at},{value!r},{unit or ''}"


def block(piece: Slice, layout: Layout, tz: str | None) -> Block:
    """The observations of a slice."""
    return _long(piece, layout, tz) if layout.form is Form.LONG else _wide(piece, layout, tz)


def _long(piece: Slice, layout: Layout, tz: str | None) -> Block:
    cells = _Cells(piece, layout)
    given = cells.text(layout.value)
    observed = ~is_empty(given)
    at, value = instants(cells.text(layout.at), tz), numbers(given)
    devices, metrics, units = cells.coded(layout.device), cells.coded(layout.metric), cells.coded(layout.unit)
    raw, final = _raw(cells, value)
    quality = np.zeros(len(at), np.int64) if layout.quality is None else qualities(cells.text(layout.quality))
    doubts = [
        _Doubt(at == UNREADABLE, layout.at, Reason.BAD_TIME, _time(tz)),
        _Doubt(~np.isfinite(value), layout.value, Reason.MALFORMED, _NUMBER),
        _Doubt(quality == UNREADABLE, layout.quality, Reason.MALFORMED, _QUALITY),
        _Doubt(~np.isfinite(raw), layout.raw, Reason.MALFORMED, _NUMBER),
    ]
    whole, bad = _sound(observed, doubts, cells)
    # One number says device, metric, unit and whether it is final.
    sizes = (len(devices.words), len(metrics.words), len(units.words), 2)
    keys = np.ravel_multi_index((devices.codes, metrics.codes, units.codes, final.astype(np.int64)), sizes)
    kept, series = _distinct(keys[whole], math.prod(sizes))
    names = [
        Name(devices.words[device], metrics.words[metric], units.words[unit] or layout.value_unit, bool(of_final))
        for device, metric, unit, of_final in zip(*np.unravel_index(kept, sizes), strict=True)
    ]
    return Block(
        names,
        series,
        piece.rows[whole],
        at[whole],
        value[whole],
        raw[whole],
        quality[whole],
        (layout.header[layout.value or 0],) * len(names),
        len(piece.rows) + len(piece.bad),
        piece.bad + bad,
    )


def _distinct(keys: Integers, size: int) -> tuple[Integers, Integers]:
    """The keys there are, and which of them each one is; all are below `size`."""
    if size > _COUNTABLE:
        return np.unique(keys, return_inverse=True)
    there = np.zeros(size, np.bool_)
    there[keys] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[keys]


def _raw(cells: "_Cells", value: Floats) -> tuple[Floats, Truths]:
    """What was once sent, and where it stands beside the value; an empty cell says that it is the value."""
    if cells.layout.raw is None:
        return value, np.zeros(len(value), np.bool_)
    given = cells.text(cells.layout.raw)
    empty = is_empty(given)
    return np.where(empty, np.nan_to_num(value), numbers(given)), ~empty


def _wide(piece: Slice, layout: Layout, tz: str | None) -> Block:
    cells = _Cells(piece, layout)
    at = instants(cells.text(layout.at), tz)
    devices = cells.coded(layout.device)
    names: list[Name] = []
    parts: list[tuple[Integers, Truths, Floats]] = []
    bad: list[BadRow] = []
    for heading in layout.series:
        given = cells.text(heading.column)
        value = numbers(given)
        doubts = [
            _Doubt(at == UNREADABLE, layout.at, Reason.BAD_TIME, _time(tz)),
            _Doubt(~np.isfinite(value), heading.column, Reason.MALFORMED, _NUMBER),
        ]
        whole, wrong = _sound(~is_empty(given), doubts, cells)
        bad += wrong
        places = np.full(len(at), len(names)) if heading.device else len(names) + devices.codes
        parts.append((places, whole, value[whole]))
        owners = [heading.device] if heading.device else devices.words
        names += [Name(device, heading.metric, heading.unit) for device in owners]
    taken = np.concatenate([whole for _, whole, _ in parts])
    series = np.concatenate([places for places, _, _ in parts])[taken]
    per_heading = 1 if layout.device is None else len(devices.words)
    value = np.concatenate([value for _, _, value in parts])
    return Block(
        names,
        series,
        np.tile(piece.rows, len(parts))[taken],
        np.tile(at, len(parts))[taken],
        value,
        value,
        np.zeros(len(series), np.int64),
        tuple(heading.text for heading in layout.series for _ in range(1 if heading.device else per_heading)),
        len(piece.rows) + len(piece.bad),
        piece.bad + bad,
    )


class _Coded(NamedTuple):
    words: list[str | None]
    codes: Integers


class _Doubt(NamedTuple):
    where: Truths
    column: int | None
    reason: Reason
    allowed: str


class _Cells:
    """The cells of a slice, by the places that the layout gives columns."""

    def __init__(self, piece: Slice, layout: Layout) -> None:
        self.rows = piece.rows
        self.layout = layout
        self._batch = piece.batch

    def text(self, place: int | None) -> Column:
        return plain(self._batch.column(self.layout.header[place or 0]))

    def coded(self, place: int | None) -> _Coded:
        """Which of its words each cell is; a column that is not there is one of empty cells."""
        if place is None:
            return _Coded([None], np.zeros(len(self.rows), np.int64))
        words, codes = coded(self._batch.column(self.layout.header[place]))
        return _Coded(words, codes)

    def shown(self, place: int | None, row: int) -> str:
        if place is None:
            return ""
        found = self._batch.column(self.layout.header[place])[row].as_py()
        return "" if found is None else str(found)

    def bad(self, row: int, doubt: _Doubt, value: int | None) -> BadRow:
        """What is wrong with this row, for a report."""
        layout = self.layout
        wrong = self.shown(doubt.column, row)
        heading = next((each for each in layout.series if each.column == value), None)
        device = heading.device if heading and heading.device else self.shown(layout.device, row)
        metric = heading.metric if heading else self.shown(layout.metric, row)
        unit = (heading.unit if heading else self.shown(layout.unit, row) or layout.value_unit) or ""
        return BadRow(
            int(self.rows[row]),
            "" if doubt.column is None else layout.header[doubt.column],
            repr(wrong[:80]) if wrong else "is empty",
            doubt.allowed,
            _finite(doubt.reason, wrong),
            device,
            f"{device},{metric},{self.shown(layout.at, row)},{self.shown(value, row)},{unit}",
        )


def _finite(reason: Reason, wrong: str) -> Reason:
    """A number that is none for being infinite has a reason of its own."""
    return Reason.NOT_FINITE if wrong.strip().lower().lstrip("+-") in ("nan", "inf", "infinity") else reason


def _sound(observed: Truths, doubts: list[_Doubt], cells: _Cells) -> tuple[Truths, list[BadRow]]:
    """Which cells are observations without a doubt, and the first doubt about each other one."""
    sound = observed.copy()
    bad: list[BadRow] = []
    for doubt in doubts:
        wrong = sound & doubt.where
        sound &= ~doubt.where
        bad += [cells.bad(row, doubt, doubts[1].column) for row in np.flatnonzero(wrong).tolist()]
    return sound, bad


def _time(tz: str | None) -> str:
    return TIME + (
        LOCAL_TIME if tz is None else f"; or local time in {tz}, but for hours that come twice or not at all"
    )
