"""What each indicator counts: by the experts' table, or by the entropy of the data.

Pure: no clock, no network, no store. Equation numbers are those of `docs/comparison.md`.

References:
    Shannon, C. E. 1948. Worked matrix: Elsayed, E. A. et al. 2017, as in the tests of `pymcdm`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from insight.arrays import Given, Numbers, Table, table, weights
from telemetry.errors import Invalid

FEWEST_PLACES: Final = 4
"""With three places or fewer the entropy says more about chance than about them: the experts' table is used."""
_NOTHING: Final = 1e-12


class Method(StrEnum):
    """Where weights come from."""

    EXPERT = "expert"
    ENTROPY = "entropy"


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights that add up to 1, and where they come from."""

    values: tuple[float, ...]
    method: Method
    note: str = ""
    """Why it is not the method that was asked for; empty = it is."""


def entropy_weights(values: Table) -> Numbers:
    """Weights by how much an indicator tells the places apart.

    Equation (10): p_ij = x_ij / sum_i x_ij, e_j = -(1 / ln m) sum_i p_ij ln p_ij with 0 ln 0 = 0, d_j = 1 - e_j,
    w_j = d_j / sum d. A constant column gets 0; when all are constant, all get the same.

    Args:
        values: One row per place, one column per indicator, none negative: normalise first.

    Raises:
        Invalid: for fewer than two places, a negative or a missing value.
    """
    numbers = table("indicators", values)
    if len(numbers) < 2 or (numbers < 0).any():  # noqa: PLR2004 -- ln 1 = 0
        raise Invalid("entropy weights", "one place only, or a negative value", "two places or more, values from 0 on")
    totals = numbers.sum(axis=0)
    share = np.divide(numbers, totals, out=np.full_like(numbers, 1 / len(numbers)), where=totals > 0)
    entropy = -(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=0) / np.log(len(numbers))
    diverse = np.where(1 - entropy > _NOTHING, 1 - entropy, 0.0)
    if diverse.sum() == 0:
        return np.full(numbers.shape[1], 1 / numbers.shape[1])
    return np.asarray(diverse / diverse.sum(), np.float64)


def chosen(method: Method, values: Table, expert: Given) -> Weights:
    """The weights by this method, or by the experts' table where entropy would be chance; the note says so.

    Raises:
        Invalid: as `entropy_weights`, and for a table of another length.
    """
    numbers = table("indicators", values)
    by_table = weights("expert weights", expert, numbers.shape[1])
    if method is Method.ENTROPY and len(numbers) >= FEWEST_PLACES:
        return Weights(tuple(map(float, entropy_weights(numbers))), method)
    note = ""
    if method is Method.ENTROPY:
        note = f"{len(numbers)} places are too few for entropy weights ({FEWEST_PLACES} needed): the experts' table"
    return Weights(tuple(map(float, by_table)), Method.EXPERT, note)
