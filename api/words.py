"""How flags, instants and numbers are written in answers. Pure."""

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from telemetry.instant import iso
from telemetry.model import Quality

_FLAGS = tuple((int(flag), str(flag.name).lower()) for flag in Quality if flag)
FLAGS = tuple(word for _, word in _FLAGS)
"""Every flag's word, in the order of their bits."""
EARLIEST = 0
_EXACT_POWERS = 22
"""A double holds the powers of ten exactly up to this one."""
LATEST = int(dt.datetime(2200, 1, 1, tzinfo=dt.UTC).timestamp()) * 1000
"""Readings lie between these two, milliseconds; what is asked for outside of them is not there."""


def iso_or_none(at: int | None) -> str | None:
    """As `telemetry.instant.iso` writes it."""
    return None if at is None else iso(at)


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


def rounded(
    values: Sequence[float | None], *, significant: int | None = None, decimals: int | None = None
) -> list[float | None]:
    """Many numbers at once, to so many significant digits or decimals, at most 15; None stays.

    So 19.1 goes out as that and not with the dust that binary addition leaves, 19.099999999999994.
    """
    exact = np.array(values, np.float64)
    places = np.full(exact.shape, decimals or 0)
    if significant is not None:
        known = np.isfinite(exact) & (exact != 0)
        magnitude = np.floor(np.log10(np.abs(exact), where=known, out=np.zeros_like(exact)))
        places = significant - 1 - magnitude.astype(np.int64)
    up, down = 10.0 ** np.clip(places, 0, _EXACT_POWERS), 10.0 ** np.clip(-places, 0, _EXACT_POWERS)
    near = np.where(np.abs(places) <= _EXACT_POWERS, np.rint(exact * up / down) / up * down, exact)
    return [None if value is None else number for value, number in zip(values, near.tolist(), strict=True)]
