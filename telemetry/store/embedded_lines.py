"""The lines of a folded answer, out of the rows that the embedded store's statement gave."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from telemetry.store.ports import Buckets


class Lines:
    """The rows of an answer, line by line."""

    def __init__(self, found: Mapping[str, np.ndarray], buckets: int) -> None:
        """`found` has the columns of `Buckets` beside `line` and `bucket`, one row for each that is not empty."""
        order = np.argsort(found["line"], kind="stable") if found else np.empty(0, np.int64)
        self._found = {name: column[order] for name, column in found.items()}
        self._buckets = buckets
        numbers, firsts = np.unique(self._found["line"], return_index=True) if found else ((), ())
        self._span = dict(zip(numbers, pairwise([*firsts, len(order)]), strict=True))

    def line(self, group: str, number: int) -> Buckets:
        """One of them; empty where the answer has no row of it."""
        if number not in self._span:
            return Buckets.empty(group, self._buckets)
        first, last = self._span[number]
        mine = {name: column[first:last] for name, column in self._found.items()}
        at = mine["bucket"]
        due = np.zeros(self._buckets)
        due[at] = mine["due"]
        return Buckets(
            group,
            self._numbers(at, mine["value"]),
            self._counts(at, mine["n"]),
            self._counts(at, mine["excluded"]),
            self._numbers(at, mine["low"]),
            self._numbers(at, mine["high"]),
            self._counts(at, mine["devices"]),
            due.tolist(),
        )

    def _numbers(self, at: np.ndarray, values: np.ndarray) -> list[float | None]:
        full = np.full(self._buckets, np.nan)
        full[at] = values
        filled: list[float | None] = full.tolist()
        for empty in np.flatnonzero(np.isnan(full)).tolist():
            filled[empty] = None
        return filled

    def _counts(self, at: np.ndarray, values: np.ndarray) -> list[int]:
        full = np.zeros(self._buckets, np.int64)
        full[at] = values
        whole: list[int] = full.tolist()
        return whole
