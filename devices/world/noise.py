"""Chance that can be asked at any instant: hashes of (key, instant) instead of a generator with a hidden state.

So the same seed gives the same value however a window of time is cut, and no value depends on what was asked before.
"""

import hashlib
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Keys: TypeAlias = NDArray[np.uint64]
Instants: TypeAlias = NDArray[np.int64]

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_LANE: Final = np.uint64(0xFFFF)


def key(*parts: str | int) -> int:
    """64 bits that stand for these parts, on every machine and in every run."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def salted(keys: Keys, salt: str | int) -> Keys:
    """Independent keys for another use of the same things."""
    return _mixed(keys ^ np.uint64(key(salt)))


def uniform(keys: Keys, counts: Instants) -> Floats:
    """In [0, 1), one per key and count (broadcast)."""
    bits: Floats = (_hashes(keys, counts) >> np.uint64(11)).astype(np.float64)
    return bits * 2.0**-53


def normal(keys: Keys, counts: Instants) -> Floats:
    """Bell-shaped, mean 0, deviation 1, within 3.47: the sum of the four 16-bit lanes of one hash."""
    bits = _hashes(keys, counts)
    lanes = sum(((bits >> np.uint64(16 * lane)) & _LANE).astype(np.float64) for lane in range(4))
    return np.asarray((lanes / 65_536.0 - 2.0 + 2.0 / 65_536.0) * np.sqrt(3.0), dtype=np.float64)


def smooth(keys: Keys, at: Instants, period_s: float) -> Floats:
    """Wanders in [-1, 1] without jumps, with a new direction every `period_s` seconds."""
    period = int(period_s * 1000)
    knot = at // period
    ease = (at - knot * period) / period
    ease = ease * ease * (3.0 - 2.0 * ease)
    before = uniform(keys, knot)
    return np.asarray((before + (uniform(keys, knot + 1) - before) * ease) * 2.0 - 1.0, dtype=np.float64)


def _hashes(keys: Keys, counts: Instants) -> Keys:
    return _mixed(keys + _GOLDEN * np.asarray(counts).astype(np.uint64))


def _mixed(bits: Keys) -> Keys:
    """Scatter every bit over all others (the finaliser of splitmix64, Steele et al. 2014)."""
    bits = np.atleast_1d(bits)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
