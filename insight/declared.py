"""Numbers that no sensor measures: somebody counted or reported them, and stands for them.

Pure: no clock, no network, no store.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field

from telemetry.declared_words import WORDS, number
from telemetry.errors import Invalid
from telemetry.regions import is_code


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


COLUMNS = ("region", "id", "value", "year", "source")
"""Of a table of declared numbers, in any order; who enters it is known from elsewhere."""


def declared_table(text: str, entered_by: str) -> dict[tuple[str, str], Declared]:
    """The declared numbers of a CSV table, by region and id; each row has year and source.

    Args:
        text: With the header `region,id,value,year,source`. `id` is a measure, a statistic, or a number to divide by:
            `persons`, `households`, `mu`, `farms`. The value of one that has `WORDS` is one of them.
        entered_by: Who stands for them.

    Raises:
        Invalid: naming the line and the column that is wrong, or a number that stands there twice.
    """
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    found: dict[tuple[str, str], Declared] = {}
    try:
        if not set(COLUMNS) <= set(rows.fieldnames or ()):
            raise Invalid("line 1", f"columns {', '.join(rows.fieldnames or ())}", ", ".join(COLUMNS))
        for row in rows:
            key = (row["region"] or "").strip(), (row["id"] or "").strip()
            if key in found:
                raise Invalid(f"line {rows.line_num}", f"{key[1]!r} of {key[0]} stands there twice", "each number once")
            found[key] = _declared(row, key, f"line {rows.line_num}", entered_by)
    except csv.Error as error:
        raise Invalid(f"line {rows.line_num + 1}", str(error), "CSV as in RFC 4180") from error
    return found


def _declared(row: Mapping[str, str | None], key: tuple[str, str], where: str, entered_by: str) -> Declared:
    region, name = key
    source = (row["source"] or "").strip()
    if not is_code(region):
        raise Invalid(f"{where}, region", f"{region!r} is not a division code", "12 digits")
    if not name or not source:
        raise Invalid(where, "no id or no source", "both, so that the number can be looked up")
    try:
        value, year = _value(name, (row["value"] or "").strip(), where), int(row["year"] or "")
    except ValueError as error:
        raise Invalid(f"{where}, value or year", str(error), "a number, and a year such as 2025") from error
    try:
        return Declared(value, year, source, entered_by)
    except Invalid as error:
        raise Invalid(f"{where}, value of {name} in {region}", f"{value:g}", error.allowed) from error


def _value(name: str, text: str, where: str) -> float:
    if name not in WORDS:
        return float(text)
    found = number(name, text)
    if found is None:
        raise Invalid(f"{where}, value", f"{text[:64]!r} is no {name}", ", ".join(WORDS[name]))
    return found
