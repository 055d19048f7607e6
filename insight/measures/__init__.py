"""Comparable measures: numbers that mean the same in a hamlet and in a city, as data, and how they are computed.

A new measure is one row of `insight/measures/table.py`; a metric whose value points a way is one without a row.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from insight.measures.comparable import EVERY_METRIC, Comparable, Limit, Normaliser, Weight
from insight.measures.table import ROWS
from telemetry.errors import Unknown

__all__ = ["COMPARABLES", "EVERY_METRIC", "Comparable", "Limit", "Normaliser", "Weight", "comparable"]

COMPARABLES: Final[Mapping[str, Comparable]] = MappingProxyType({row.id: row for row in ROWS})
"""By id."""


def comparable(measure: str) -> Comparable:
    """The measure of this id.

    Raises:
        Unknown: No such measure; the message names the ids that look like it.
    """
    found = COMPARABLES.get(measure)
    if found is None:
        similar = get_close_matches(measure, COMPARABLES, n=3)
        raise Unknown("measure", measure + (f" (did you mean {' or '.join(similar)}?)" if similar else ""))
    return found
