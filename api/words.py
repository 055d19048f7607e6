"""How flags and instants are written in answers. Pure."""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from telemetry.model import Quality

_FLAGS = tuple((int(flag), str(flag.name).lower()) for flag in Quality if flag)
FLAGS = tuple(word for _, word in _FLAGS)
"""Every flag's word, in the order of their bits."""
EARLIEST = 0
LATEST = int(dt.datetime(2200, 1, 1, tzinfo=dt.UTC).timestamp()) * 1000
"""Readings lie between these two, milliseconds; what is asked for outside of them is not there."""


@lru_cache(maxsize=1024)
def flag_words(quality: int) -> tuple[str, ...]:
    """The raised flags, in the order of their bits; none for a good reading."""
    return tuple(word for bit, word in _FLAGS if quality & bit)


def instants(at: Sequence[int]) -> list[str]:
    """Many instants at once, each as `telemetry.instant.iso` writes it; for answers of thousands of points."""
    stamps = np.asarray(at, np.int64)
    if not (stamps % 1000).any():
        texts: list[str] = np.datetime_as_string(stamps.astype("datetime64[ms]"), unit="s", timezone="UTC").tolist()
        return texts
    exact: list[str] = np.datetime_as_string(stamps.astype("datetime64[ms]"), unit="ms", timezone="UTC").tolist()
    return [text.replace(".000Z", "Z") for text in exact]
