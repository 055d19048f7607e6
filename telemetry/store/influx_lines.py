"""Readings as InfluxDB line protocol, and the tags of a device: fixed once it has written.

    <metric>,device=<series>,city=3705,county=370522,region=370522101201,setting=rural,town=370522101
        value=21.5,raw=71.6,quality=0i,received=<ms>i <at ms>          (on one line)

In InfluxDB tags belong to the identity of a point. A device that moves keeps the tags that it began with, or the same
reading sent before and after would be two (docs/decisions/0010).
"""

import re
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from sys import intern

from telemetry.model import Reading

PLACE_TAGS = ("city", "county", "region", "setting", "town")
"""In the order of line protocol: sorted, as the server likes them best."""

PlacesOf = Callable[[Collection[str]], Mapping[str, Mapping[str, str]]]
"""The place tags of series by their names; what is not known is left out."""

_SPECIAL = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ "})
# Line protocol has no escape for a backslash: before a separator it would swallow it. A line break ends a line.
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f]|\\(?=[,= ]|$)")


def unwritable(name: str) -> str | None:
    """Why line protocol cannot carry this name unharmed; None = it can."""
    if not name:
        return "the name is empty"
    found = _UNWRITABLE.search(name)
    if found is None:
        return None
    return f"{name!r} holds {found[0]!r} where InfluxDB's line protocol cannot carry it"


def escaped(name: str) -> str:
    return name.translate(_SPECIAL)


class Tags:
    """The place tags of every device, as they stand in the store. Thread-safe."""

    def __init__(self, places_of: PlacesOf, stored: PlacesOf) -> None:
        """`stored` tells the place tags under which these series are in the store already."""
        self._places_of = places_of
        self._stored = stored
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()

    def of(self, names: Collection[str]) -> Mapping[str, str]:
        """The tags of each series as they stand in a line, a comma before each."""
        with self._lock:
            known = self._known
            unknown = [name for name in names if name not in known]
            if unknown:
                stored = self._stored(unknown)
                places = self._places_of([name for name in unknown if name not in stored])
                for name in unknown:
                    # Interned: the same for all series of a place.
                    known[name] = intern(_text(stored[name] if name in stored else places.get(name, {})))
            return known


def _text(tags: Mapping[str, str]) -> str:
    return "".join(f",{name}={escaped(tags[name])}" for name in PLACE_TAGS if tags.get(name))


def lines(batch: Sequence[Reading], tags: Mapping[str, str]) -> list[str]:
    """One line per reading; every name in it must be writable."""
    heads: dict[tuple[str, str], str] = {}
    out: list[str] = []
    for reading in batch:
        key = (reading.metric, reading.device)
        head = heads.get(key)
        if head is None:
            head = f"{_measurement(reading.metric)},device={escaped(reading.device)}{tags[reading.device]} value="
            heads[key] = head
        value, raw = reading.value, reading.raw
        text = repr(value)
        sent = text if raw == value else repr(raw)
        out.append(f"{head}{text},raw={sent},quality={reading.quality}i,received={reading.received_at}i {reading.at}")
    return out


def _measurement(name: str) -> str:
    return name.replace(",", "\\,").replace(" ", "\\ ")
