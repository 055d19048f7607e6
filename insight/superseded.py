"""Definitions that were replaced, as data: what was said by one can be computed again.

Where a row of the measures or an index changes so that the same readings give another number, the former one moves
here as it was, and the new one has the next version. A formula that changes in code keeps its function, under a
normaliser of its own. Pure: no clock, no network, no store.
"""

from collections.abc import Iterable
from typing import Final, TypeVar

from insight.index.framework import Framework
from insight.measures import Comparable, Limit, Normaliser, Weight
from telemetry.errors import Invalid
from telemetry.model import Better

Definition = TypeVar("Definition", Comparable, Framework)

_CLASS_III: Final = (
    Limit("dissolved_oxygen", 5.0, None, "GB 3838-2002 class III (GB3838)"),
    Limit("cod_mn", None, 6.0, "GB 3838-2002 class III (GB3838)"),
    Limit("ammonia_nitrogen", None, 1.0, "GB 3838-2002 class III (GB3838)"),
    Limit("total_phosphorus", None, 0.2, "GB 3838-2002 class III, rivers (GB3838)"),
)

# fmt: off
MEASURES: Final = (
    # Without acidity, which GB 3838 asks for in all classes.
    Comparable("surface_water_met", tuple(limit.metric for limit in _CLASS_III), Normaliser.SAMPLES, "%", Better.HIGHER,
               Weight.PERSONS, "surface water within class III", "地表水三类达标率", limits=_CLASS_III,
               source="GB 3838-2002 (GB3838)", version=1),
)
# fmt: on
"""Rows that were in the table of measures."""

FRAMEWORKS: Final[tuple[Framework, ...]] = ()
"""Indices that were published by."""


def of_version(current: Definition, superseded: Iterable[Definition], version: int | None) -> Definition:
    """The definition as it was in this version; None = as it is.

    Raises:
        Invalid: there is no such version, or it is not kept; says which are.
    """
    known = {one.version: one for one in superseded if one.id == current.id} | {current.version: current}
    found = known.get(current.version if version is None else version)
    if found is None:
        raise Invalid("formula", f"{current.id} has no version {version}", ", ".join(map(str, sorted(known))))
    return found


def earlier(one: Comparable) -> list[int]:
    """The versions of this measure before this one that are kept, ascending."""
    return sorted(row.version for row in MEASURES if row.id == one.id and row.version < one.version)
