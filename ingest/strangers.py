"""Names that nobody has registered: so many a day have a line of their own in the ledger, the others share one.

Anybody can invent names, and the ledger keeps its lines for ever. Pure.
"""

from typing import Final

from ingest.sources import UPLINKS

NAMED: Final = 10_000
"""In a day, by each process: more than a county sends under before it is registered."""


class Strangers:
    """Remembers the names of one day; not thread-safe."""

    def __init__(self, named: int = NAMED) -> None:
        self._named = named
        self._day = 0
        self._known: set[int] = set()
        """Hashes: a name may be as long as a topic."""

    def line(self, name: str, day: int) -> str:
        """The name, or the topic filter of all uplinks where there are too many; days are counted from 1970."""
        if day > self._day:
            self._day = day
            self._known.clear()
        if len(self._known) < self._named:
            self._known.add(hash(name))
            return name
        return name if hash(name) in self._known else UPLINKS
