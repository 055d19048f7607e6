"""A batch of readings column by column: what the embedded store writes, and what its index learns from it.

Pure memory.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from telemetry.model import Reading

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Columns(NamedTuple):
    """One entry per reading, in the batch's order."""

    series: Integers
    """Numbers of the index."""
    at: Integers
    value: Floats
    raw: Floats
    quality: Integers
    received_at: Integers


class Reach(NamedTuple):
    """Of the series in a batch, one after another: how far their readings go, and which is the newest."""

    series: list[int]
    oldest: list[int]
    newest: list[int]
    last: list[int]
    """Position in the batch; of several of one instant the later one."""


def columns(batch: Sequence[Reading], numbers: Sequence[int]) -> Columns:
    count = len(batch)
    return Columns(
        np.fromiter(numbers, np.int64, count),
        np.fromiter([reading.at for reading in batch], np.int64, count),
        np.fromiter([reading.value for reading in batch], np.float64, count),
        np.fromiter([reading.raw for reading in batch], np.float64, count),
        np.fromiter([reading.quality for reading in batch], np.int64, count),
        np.fromiter([reading.received_at for reading in batch], np.int64, count),
    )


def rows(given: Columns, seq: int) -> pa.Table:
    """Rows of `delta`, numbered from `seq`."""
    return pa.table(
        {
            "seq": np.arange(seq, seq + len(given.at)),
            "series": given.series.astype(np.int32),
            "at_ms": given.at,
            "value": given.value,
            "raw": pa.array(given.raw, mask=given.raw == given.value),
            "quality": given.quality.astype(np.int32),
            "lag": given.received_at - given.at,
        }
    )


def reach(given: Columns, chosen: Integers) -> Reach:
    """Of the readings at these positions, ascending."""
    series, at = given.series[chosen], given.at[chosen]
    order = np.arange(len(at)) if _in_order(series, at) else np.lexsort((at, series))
    ordered = series[order]
    first = np.flatnonzero(np.diff(ordered, prepend=-1))
    last = np.append(first, len(ordered))[1:] - 1
    oldest, newest = order[first], order[last]
    return Reach(ordered[first].tolist(), at[oldest].tolist(), at[newest].tolist(), chosen[newest].tolist())


def _in_order(series: Integers, at: Integers) -> bool:
    """Series after series, each in the order of time: as history comes in."""
    same = series[1:] == series[:-1]
    return bool(np.all((series[1:] > series[:-1]) | (same & (at[1:] >= at[:-1]))))
