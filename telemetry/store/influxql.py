"""InfluxQL, built in one place: names are quoted, every value of a caller is a bound parameter.

Bound parameters stand in WHERE only: that is all that every InfluxDB from 1.8 to 3 understands. The store asks with
these words and so do the panels of Grafana: what a fold is and which readings are good is said here once.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from telemetry.model import SUSPECT, Fold, Quality

NS = 1_000_000
"""Nanoseconds in a millisecond; InfluxQL compares `time` with nanoseconds."""
EARLIEST = -9_223_372_036_853
LATEST = 9_223_372_036_853
"""Milliseconds: what 64 bits of nanoseconds reach, from 1677 to 2262."""

MOST_TERMS = 50
"""More values of a tag than these are asked for by one regular expression."""

IN_DOUBT = int(SUSPECT)
GOOD = f'"quality" & {IN_DOUBT} = 0'
DOUBTFUL = f'"quality" & {IN_DOUBT} > 0'
CLOCK_BELIEVED = f'"quality" & {int(Quality.CLOCK)} = 0'

AGGREGATES = {
    Fold.MEAN: ("count", "sum", "min", "max"),
    Fold.SUM: ("count", "sum", "min", "max"),
    Fold.MIN: ("count", "min", "max"),
    Fold.MAX: ("count", "min", "max"),
    Fold.FIRST: ("count", "min", "max", "first"),
    Fold.LAST: ("count", "min", "max", "last"),
}
"""What must be known of every part of a series so that buckets can be put together from parts, by fold."""


_ENDS = (("sum", "n"), ("min", "low"), ("max", "high"))
ROLLED = {
    Fold.MEAN: (*_ENDS, ("sum", "total")),
    Fold.SUM: (*_ENDS, ("sum", "total")),
    Fold.MIN: _ENDS,
    Fold.MAX: _ENDS,
    Fold.FIRST: (*_ENDS, ("first", "opening")),
    Fold.LAST: (*_ENDS, ("last", "closing")),
    Fold.DIRECTION: (*_ENDS, ("sum", "sines"), ("sum", "cosines")),
    Fold.INCREASE: (*_ENDS, ("sum", "amount")),
}
"""The same from rollups: function and column; only hours with accepted readings may take part."""
HOURS_WITH_GOOD = '"n" > 0'
"""The rollups that may be read for anything but their counts."""

FUNCTIONS: Final[Mapping[Fold, str]] = {
    Fold.MEAN: "mean",
    Fold.SUM: "sum",
    Fold.MIN: "min",
    Fold.MAX: "max",
    Fold.FIRST: "first",
    Fold.LAST: "last",
}
"""What InfluxQL calls a fold; it has none for INCREASE and DIRECTION."""


class Bound:
    """The parameters of one request: each value gets a name, and the statement holds the name."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}

    def __call__(self, value: object) -> str:
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"${name}"


def quoted(name: str) -> str:
    r"""An identifier: a measurement, tag or field.

    >>> quoted('air "temperature"')
    '"air \\"temperature\\""'
    """
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def measurements(names: Iterable[str]) -> str:
    return ", ".join(quoted(name) for name in names)


def among(bound: Bound, tag: str, values: Iterable[str]) -> str:
    """A condition that the tag is one of the values, of which there is at least one.

    Many of them are one regular expression: the server takes time with the square of the terms of an OR. Parameters
    of this kind are known to InfluxDB 1.x and 2.x.
    """
    wanted = list(values)
    if len(wanted) <= MOST_TERMS:
        return "(" + " OR ".join(f"{quoted(tag)} = {bound(value)}" for value in wanted) + ")"
    pattern = "|".join(re.escape(value) for value in wanted)
    return f"{quoted(tag)} =~ {bound({'regex': f'^(?:{pattern})$'})}"


def between(bound: Bound, start: int, stop: int) -> str:
    """A condition that start <= time < stop, in milliseconds; what the server cannot hold is cut off."""
    first, last = (max(EARLIEST, min(at, LATEST)) for at in (start, stop))
    return f"time >= {bound(first * NS)} AND time < {bound(last * NS)}"


def received_by(bound: Bound, as_of: int | None) -> str:
    """A further condition that a reading was received by this instant; none where there is no such instant."""
    return "" if as_of is None else f' AND "received" <= {bound(as_of)}'


def called(function: str, field: str) -> str:
    """A function of one field.

    >>> called("mean", "value")
    'mean("value")'
    """
    return f"{function}({quoted(field)})"


def of_hours(fold: Fold) -> str:
    """A fold as one expression over the rollups of one series, where `HOURS_WITH_GOOD` holds.

    A counter's rollover is not in it: only who knows at which count the meter starts again can tell that step.

    >>> of_hours(Fold.MEAN)
    'sum("total") / sum("n")'
    """
    match fold:
        case Fold.MEAN:
            return f"{called('sum', 'total')} / {called('sum', 'n')}"
        case Fold.MIN:
            return called("min", "low")
        case Fold.MAX:
            return called("max", "high")
        case _:
            return called(*ROLLED[fold][-1])


def every(step: int | str, offset_ms: int) -> str:
    """A GROUP BY term: steps of so many milliseconds, or of what stands there for a duration, from the offset.

    >>> every("$__interval", 0)
    'time($__interval, 0ms)'
    """
    length = step if isinstance(step, str) else f"{step}ms"
    return f"time({length}, {offset_ms}ms)"
