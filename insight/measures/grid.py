"""The folded readings of one metric as a table, devices down and buckets across.

Pure: no clock, no network, no store.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from insight.arrays import Numbers
from telemetry.errors import Invalid
from telemetry.series import Folded

Evidence = Mapping[str, Folded]
"""What a measure is computed from: by metric, one line per device, all in the buckets that the measure asks for."""

_HOUR_MS = 3_600_000
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Grid:
    """Values with the hours and the day of each bucket."""

    devices: tuple[str, ...]
    values: Numbers
    """Devices x buckets; NaN = no reading took part."""
    coverage: Numbers
    """Likewise; NaN = nothing was expected."""
    hours: Numbers
    """Length of each bucket."""
    day: npt.NDArray[np.int64]
    """Which day, of 24 hours from the first bucket on, each bucket begins in."""

    @property
    def days(self) -> int:
        """How many there are, begun ones included."""
        return int(self.day[-1]) + 1

    def by_day(self, per_bucket: Numbers) -> Numbers:
        """The sums of each day."""
        return np.bincount(self.day, weights=per_bucket, minlength=self.days).astype(np.float64)


def grid(folded: Folded) -> Grid:
    """The table of one metric."""
    edges = np.asarray(folded.edges, np.int64)
    shape = (len(folded.lines), len(edges) - 1)
    values = np.array([line.buckets.value for line in folded.lines], np.float64).reshape(shape)
    coverage = np.array([line.coverage for line in folded.lines], np.float64).reshape(shape)
    devices = tuple(line.buckets.group for line in folded.lines)
    return Grid(devices, values, coverage, np.diff(edges) / _HOUR_MS, (edges[:-1] - edges[0]) // _DAY_MS)


def same_buckets(evidence: Evidence) -> None:
    """Raise `Invalid` unless all metrics are folded into the same buckets."""
    if len({folded.edges for folded in evidence.values()}) > 1:
        raise Invalid("evidence", "the metrics are folded into different buckets", "one range and window for all")
