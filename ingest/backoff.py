"""Waiting longer after each failure, with jitter so that many workers do not come back at once."""

import random


class Backoff:
    """Seconds to wait after each failure in a row: doubling from `first_s` to `longest_s`, each 50 % to 100 % of it."""

    def __init__(self, *, first_s: float = 0.2, longest_s: float = 30.0, seed: int | None = None) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._random = random.Random(seed)  # noqa: S311 - jitter, not a secret
        self._next_s = first_s

    def failed(self) -> float:
        """How long to wait now."""
        wait_s = self._next_s * self._random.uniform(0.5, 1.0)
        self._next_s = min(self._next_s * 2, self._longest_s)
        return wait_s

    def succeeded(self) -> None:
        self._next_s = self._first_s
