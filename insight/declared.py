"""Numbers that no sensor measures: somebody counted or reported them, and stands for them.

Pure: no clock, no network, no store.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from telemetry.errors import Invalid


@dataclass(frozen=True, slots=True)
class Declared:
    """A number with the year it is of, where it stands, and who put it in."""

    value: float
    year: int | None = None
    source: str = ""
    entered_by: str = ""

    def __post_init__(self) -> None:
        """Raise `Invalid` for a number that nobody can have counted."""
        if not 0 <= self.value < float("inf"):
            raise Invalid(
                "declared number", f"{self.value} of {self.source or 'no source'}", "a finite number from 0 on"
            )


@dataclass(frozen=True, slots=True)
class Place:
    """A region as far as comparisons divide by it; None = nobody has declared it, so nothing is divided by it."""

    code: str
    """12 digits, or the name of a group of regions."""
    persons: Declared | None = None
    households: Declared | None = None
    mu: Declared | None = None
    """Cultivated land; 15 mu are one hectare."""
    farms: Declared | None = None
    served: Mapping[str, float] = field(default_factory=dict)
    """Households behind each supply point, by device; a device that is not named counts as the average of the rest."""
