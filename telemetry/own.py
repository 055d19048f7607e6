"""Devices that are the house itself: under their names it tells what it says of places. Nobody else registers them."""

from typing import Final

HOUSE: Final = "rurban-scores"
"""Under whose topic all scores are told."""
_PREFIX: Final = "scores-"
OTHERS: Final = f"any but {HOUSE} and what begins with {_PREFIX}"
"""Names that are free."""


def scores_of(code: str) -> str:
    """Which device has the scores of a place."""
    return f"{_PREFIX}{code}"


def is_own(device_id: str) -> bool:
    """Whether the name is kept for the house."""
    return device_id == HOUSE or device_id.startswith(_PREFIX)
