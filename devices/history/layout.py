"""What the header of a file of history says: which columns there are, long or wide, and in which units.

    long   device, metric, at, value [unit]           a row per reading; also: unit, raw, quality
    wide   at, station-1/air_temperature [degF], ...  a row per instant; or with a column `device`: at, device,
                                                      air_temperature [degF], ...

A metric may name a channel (`soil_temperature:10cm`). Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from devices.bounds import channel as channel_name
from telemetry.errors import Invalid, Rejected, Unknown
from telemetry.history import Form
from telemetry.metrics import metric as metric_row
from telemetry.units import conversion

_HEADING = re.compile(r"\s*(?P<name>[^\[]*?)\s*(?:\[(?P<unit>.*)\]\s*)?")
_NEEDED = ("device", "metric", "at", "value")
_MORE = ("unit", "raw", "quality")
_WORDS = {*_NEEDED, *_MORE}
_RIGHT = (
    "long: device, metric, at, value [unit], and if you like unit, raw, quality; "
    "wide: at and columns <device>/<metric>[:<channel>] [unit], or at, device and columns <metric>[:<channel>] [unit]"
)


@dataclass(frozen=True, slots=True)
class Heading:
    """One column of readings of a wide file."""

    column: int
    text: str
    metric: str
    """With its channel."""
    unit: str | None
    """None = the unit of the device's profile."""
    device: str | None
    """None = the row names it."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in a row everything stands; positions of columns."""

    form: Form
    header: tuple[str, ...]
    at: int
    device: int | None = None
    metric: int | None = None
    value: int | None = None
    value_unit: str | None = None
    """From the heading; a cell of the column `unit` comes before it."""
    unit: int | None = None
    raw: int | None = None
    quality: int | None = None
    series: tuple[Heading, ...] = ()
    ignored: tuple[str, ...] = ()


def layout(header: Sequence[str], form: Form | None = None) -> Layout:
    """The layout of a file with this header.

    Raises:
        Invalid: Not a header of this form, or of any; says what was found and what would be right.
    """
    names = [_name(text) for text in header]
    twice = sorted({text for text in header if header.count(text) > 1})
    if twice:
        raise _wrong(header, f"{', '.join(map(repr, twice))} is there more than once")
    if form is None:
        form = Form.LONG if {"metric", "value"} & set(names) else Form.WIDE
    return _long(header, names) if form is Form.LONG else _wide(header, names)


def _long(header: Sequence[str], names: Sequence[str]) -> Layout:
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise _wrong(header, f"a long file without {' and '.join(missing)}")
    places = {name: names.index(name) for name in _WORDS if name in names}
    return Layout(
        Form.LONG,
        tuple(header),
        at=places["at"],
        device=places["device"],
        metric=places["metric"],
        value=places["value"],
        value_unit=_unit(header[places["value"]]),
        unit=places.get("unit"),
        raw=places.get("raw"),
        quality=places.get("quality"),
        ignored=tuple(text for text, name in zip(header, names, strict=True) if name not in _WORDS),
    )


def _wide(header: Sequence[str], names: Sequence[str]) -> Layout:
    if "at" not in names:
        raise _wrong(header, "no column `at`")
    device = names.index("device") if "device" in names else None
    series = tuple(
        _heading(header, column, named=device is not None)
        for column, name in enumerate(names)
        if name not in ("at", "device")
    )
    if not series:
        raise _wrong(header, "no column of readings")
    return Layout(Form.WIDE, tuple(header), at=names.index("at"), device=device, series=series)


def _heading(header: Sequence[str], column: int, *, named: bool) -> Heading:
    text = header[column]
    device, slash, key = _split(text)
    if not (slash or named):
        raise _wrong(header, f"column {text!r} names no device")
    name, colon, probe = key.partition(":")
    unit = _unit(text)
    try:
        known = metric_row(name)
        if colon:
            channel_name(probe)
        if unit is not None:
            conversion(unit, known.unit)
    except (Unknown, Rejected) as error:
        raise Invalid(f"column {text!r}", str(error), _RIGHT) from error
    return Heading(column, text, key, unit, device if slash else None)


def _split(text: str) -> tuple[str, str, str]:
    """Device, slash and metric of a heading; metric and channel hold no slash."""
    match = _HEADING.fullmatch(text)
    device, slash, key = (match["name"] if match else text).rpartition("/")
    return device.strip(), slash, key.strip()


def _name(text: str) -> str:
    match = _HEADING.fullmatch(text)
    return (match["name"] if match else text.strip()).lower()


def _unit(text: str) -> str | None:
    match = _HEADING.fullmatch(text)
    return (match["unit"].strip() or None) if match and match["unit"] is not None else None


def _wrong(header: Sequence[str], what: str) -> Invalid:
    found = ", ".join(text[:40] for text in header[:20]) + (", ..." if len(header) > 20 else "")  # noqa: PLR2004 -- enough to recognise it
    return Invalid("header", f"{what}; found: {found or 'nothing'}", _RIGHT)
