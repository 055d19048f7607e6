"""What is declared of a place by a word: the words, and the numbers as which they are kept.

Pure: no clock, no network, no store.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

WORDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "terrain": ("plain", "hill", "mountain", "plateau", "basin", "coast"),
        "main_crop": (
            "wheat-maize",
            "rice",
            "cotton",
            "soybean",
            "oilseed",
            "potato",
            "vegetables",
            "fruit",
            "tea",
            "forage",
        ),
    }
)
"""By id of the statistic; kept as their place from 1, so new ones stand at the end."""


def number(name: str, word: str) -> float | None:
    """As what a word is kept; None = there is no such word."""
    return 1.0 + WORDS[name].index(word) if word in WORDS[name] else None


def word(name: str, value: float | None) -> str | None:
    """What a kept value is called; None = it is a plain number, or nothing is known."""
    if value is None or name not in WORDS or not 1 <= value <= len(WORDS[name]):
        return None
    return WORDS[name][int(value) - 1]
