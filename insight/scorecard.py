"""All measures of a place at a glance: ahead, level or behind, and where nobody can say.

Pure: no clock, no network, no store. Only what is certain counts as ahead or behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from insight.comparison import Comparison, GapTrend, YearsBehind
from insight.index.composite import Index
from telemetry.errors import Invalid


class Standing(StrEnum):
    """How a place stands in one measure."""

    AHEAD = "ahead"
    BEHIND = "behind"
    LEVEL = "no certain difference"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Entry:
    """One measure: beside the city, beside similar villages, and over time, as far as there is any of it."""

    city: Comparison
    peers: Comparison | None = None
    trend: GapTrend | None = None
    years_behind: YearsBehind | None = None

    @property
    def measure(self) -> str:
        """Its id."""
        return self.city.place.measure.id

    @property
    def standing(self) -> Standing:
        """Beside the city."""
        return standing(self.city)


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A place in all its measures."""

    place: str
    entries: tuple[Entry, ...]
    index: Index | None = None

    def count(self, of: Standing) -> int:
        """How many measures stand so beside the city."""
        return sum(entry.standing is of for entry in self.entries)


def standing(one: Comparison) -> Standing:
    """How a place stands beside its benchmark; a gap that may be chance is none."""
    if one.gap is None:
        return Standing.REFUSED
    if not one.certain:
        return Standing.LEVEL
    return Standing.BEHIND if one.behind else Standing.AHEAD


def scorecard(place: str, entries: Sequence[Entry], index: Index | None = None) -> Scorecard:
    """The entries of one place, those behind first, then level, ahead and refused, each in the order of its measures.

    Raises:
        Invalid: for an entry of another place, or a measure twice.
    """
    strangers = {entry.city.place.place for entry in entries} - {place}
    if strangers or len({entry.measure for entry in entries}) < len(entries):
        raise Invalid(f"scorecard of {place}", "another place's entry, or a measure twice", "each measure of it once")
    order = (Standing.BEHIND, Standing.LEVEL, Standing.AHEAD, Standing.REFUSED)
    return Scorecard(place, tuple(sorted(entries, key=lambda one: (order.index(one.standing), one.measure))), index)
