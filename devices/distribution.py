"""How a simulated quantity varies, as data: small distributions that are put together.

A fridge: `Rounded(Clamped(Sum((Constant(3.5), Walk(-1, 1, 1800))), 0, 8), 1)`. Each is a function of (key, instant):
two devices differ by their keys, and no distribution remembers anything. Pure: no clock, no generator state.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from devices.world.noise import Floats, Instants, Keys, normal, salted, smooth, uniform

BEIJING_OFFSET_S = 8 * 3600
_DAY_S = 86_400


class Distribution(Protocol):
    """Something that has a value at every instant."""

    def at(self, keys: Keys, instants: Instants) -> Floats:
        """Values for keys and instants (milliseconds UTC) that broadcast; the same arguments give the same values."""
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """The same at all times."""

    value: float

    def at(self, keys: Keys, instants: Instants) -> Floats:
        """See Distribution."""
        return np.full(np.broadcast_shapes(np.shape(keys), np.shape(instants)), self.value)


@dataclass(frozen=True, slots=True)
class Uniform:
    """Anything in [low, high), anew at every instant."""

    low: float
    high: float

    def at(self, keys: Keys, instants: Instants) -> Floats:
        """See Distribution."""
        return self.low + (self.high - self.low) * uniform(keys, instants)


@dataclass(frozen=True, slots=True)
class Normal:
    """Bell-shaped, anew at every instant; never further than 3.5 deviations."""

    mean: float
    deviation: float

    def at(self, keys: Keys, instants: Instants) -> Floats:
        """See Distribution."""
        return self.mean + self.deviation * normal(keys, instants)


@dataclass(frozen=True, slots=True)
class Walk:
    """Wanders between low and high; `period_s` is how long it keeps its direction."""

    low: float
    high: float
    period_s: float

    def at(self, keys: Keys, instants: Instants) -> Floats:
        """See Distribution."""
        wide = smooth(keys, instants, self.period_s)
        fine = smooth(salted(keys, "fine"), instants, self.period_s / 4)
        return self.low + (self.high - self.low) * (0.5 + 0.4 * wide + 0.1 * fine)


@dataclass(frozen=True, slots=True)
class Daily:
    """The hours of a Beijing day: 24 values, joined by straight lines."""

    hours: tuple[float, ...]

    def at(self, keys: Keys, instants: Instants) -> Floats:
        """See Distribution."""
        hour = ((instants // 1000 + BEIJING_OFFSET_S) % _DAY_S) / 3600.0
        values = np.interp(hour, np.arange(len(self.hours) + 1), (*self.hours, self.hours[0]))
        return np.broadcast_to(values, np.broadcast_shapes(np.shape(keys), np.shape(instants)))


@dataclass(frozen=True, slots=True)
class Switch:
    """1 with this chance, else 0; decided anew every `period_s`."""

    chance: float
    period_s: float

    def at(self, keys: Keys, instants: Instants) -> Floats:
        """See Distribution."""
        return (uniform(keys, instants // int(self.period_s * 1000)) < self.chance).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Sum:
    """The parts added up, each with its own chance."""

    parts: tuple[Distribution, ...]

    def at(self, keys: Keys, instants: Instants) -> Floats:
        """See Distribution."""
        values = [part.at(salted(keys, place), instants) for place, part in enumerate(self.parts)]
        return np.asarray(sum(values), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Product:
    """The parts multiplied, each with its own chance."""

    parts: tuple[Distribution, ...]

    def at(self, keys: Keys, instants: Instants) -> Floats:
        """See Distribution."""
        values = [part.at(salted(keys, place), instants) for place, part in enumerate(self.parts)]
        return np.asarray(np.prod(np.broadcast_arrays(*values), axis=0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Clamped:
    """The inner values, held between low and high."""

    inner: Distribution
    low: float
    high: float

    def at(self, keys: Keys, instants: Instants) -> Floats:
        """See Distribution."""
        return np.clip(self.inner.at(keys, instants), self.low, self.high)


@dataclass(frozen=True, slots=True)
class Rounded:
    """The inner values with this many decimals."""

    inner: Distribution
    digits: int

    def at(self, keys: Keys, instants: Instants) -> Floats:
        """See Distribution."""
        return np.round(self.inner.at(keys, instants), self.digits)
