"""Hashes by which processes that settle at the same time find the readings that both have counted as stored. Pure."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from telemetry.model import Reading

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
"""Constants of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014, section 5.1)."""


Hashes = npt.NDArray[np.uint64]


def hashes(readings: Sequence[Reading]) -> Hashes:
    """64 bits for each reading's identity, the same in every process; shape (n,), uint64.

    Two different identities share a hash with a chance of 5e-20: of a billion pairs that are compared, in one of
    2e10 cases a reading would count as a duplicate that is none.
    """
    series = np.array([_series(reading.device, reading.metric) for reading in readings], np.uint64)
    at = np.array([reading.at for reading in readings], np.int64).view(np.uint64)
    mixed: Hashes = series + at * _GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return mixed ^ (mixed >> np.uint64(31))


def contested(own: Hashes, claims: Sequence[bytes]) -> list[int]:
    """Positions of those that one of the claims holds too."""
    if not claims or not len(own):
        return []
    others = np.frombuffer(b"".join(claims), np.uint64)
    return [int(position) for position in np.flatnonzero(np.isin(own, others))]


@lru_cache(maxsize=100_000)
def _series(device: str, metric: str) -> int:
    digest = hashlib.blake2b(f"{device}\0{metric}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
