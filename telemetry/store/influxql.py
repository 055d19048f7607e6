"""InfluxQL, built in one place: names are quoted, every value of a caller is a bound parameter.

Bound parameters stand in WHERE only: that is all that every InfluxDB from 1.8 to 3 understands.
"""

from collections.abc import Iterable

from telemetry.model import SUSPECT, Fold, Quality

NS = 1_000_000
"""Nanoseconds in a millisecond; InfluxQL compares `time` with nanoseconds."""
EARLIEST = -9_223_372_036_853
LATEST = 9_223_372_036_853
"""Milliseconds: what 64 bits of nanoseconds reach, from 1677 to 2262."""

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
    """A condition that the tag is one of the values, of which there is at least one."""
    return "(" + " OR ".join(f"{quoted(tag)} = {bound(value)}" for value in values) + ")"


def between(bound: Bound, start: int, stop: int) -> str:
    """A condition that start <= time < stop, in milliseconds; what the server cannot hold is cut off."""
    first, last = (max(EARLIEST, min(at, LATEST)) for at in (start, stop))
    return f"time >= {bound(first * NS)} AND time < {bound(last * NS)}"


def every(step_ms: int, offset_ms: int) -> str:
    """A GROUP BY term: steps of so many milliseconds, counted from the offset."""
    return f"time({step_ms}ms, {offset_ms}ms)"
