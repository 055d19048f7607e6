"""Arrays of numbers as the formulas take them: floats, none of them infinite, NaN only where a gap is allowed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from telemetry.errors import Invalid

Numbers = npt.NDArray[np.float64]
Given = Sequence[float] | npt.NDArray[np.floating[Any]]
Table = Sequence[Sequence[float]] | npt.NDArray[np.floating[Any]]


def row(where: str, values: Given) -> Numbers:
    """One dimension, at least one entry, all finite; `Invalid` names `where` it was otherwise."""
    numbers = np.asarray(values, np.float64)
    if numbers.ndim != 1 or numbers.size == 0:
        raise Invalid(where, f"an array of shape {numbers.shape}", "a list of at least one number")
    if not np.isfinite(numbers).all():
        raise Invalid(where, "a value is missing or infinite", "finite numbers only")
    return numbers


def table(where: str, values: Table, *, gaps: bool = False) -> Numbers:
    """Two dimensions, at least one row and column; NaN only with `gaps`. `Invalid` names `where` it was otherwise."""
    numbers = np.asarray(values, np.float64)
    if numbers.ndim != 2 or numbers.size == 0:  # noqa: PLR2004 -- rows and columns
        raise Invalid(where, f"an array of shape {numbers.shape}", "rows of places, columns of indicators")
    if not (np.isfinite(numbers) | (np.isnan(numbers) & gaps)).all():
        raise Invalid(where, "a value is missing or infinite", "finite numbers" + (", NaN for a gap" if gaps else ""))
    return numbers


def weights(where: str, values: Given, length: int) -> Numbers:
    """So many weights, none negative, made to add up to 1. `Invalid` names `where` it was otherwise."""
    numbers = row(where, values)
    if len(numbers) != length or (numbers < 0).any() or numbers.sum() <= 0:
        raise Invalid(where, f"{len(numbers)} weights", f"{length} weights, none negative, not all zero")
    return np.asarray(numbers / numbers.sum(), np.float64)
