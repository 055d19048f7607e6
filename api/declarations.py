"""What is declared of places: numbers to divide by, what makes them similar, and what no sensor measures."""

from collections.abc import Collection, Mapping
from typing import Final

from api.atlas import Atlas
from insight.declared import Declared, Place
from insight.figures import STATISTICS
from insight.measures import COMPARABLES
from insight.peers import Traits
from telemetry.declared_words import word
from telemetry.model import Statistic
from telemetry.registry import Registry

DIVISORS: Final = ("persons", "households", "mu", "farms")
TRAITS: Final = ("rain_mm", "temperature", "elevation_m", "terrain", "main_crop")
"""Of an average year: millimetres, Cel; metres above the sea; words."""
IDS: Final = (*DIVISORS, *TRAITS, *STATISTICS, *COMPARABLES)
"""What may be declared."""


class Declarations:
    """Declared numbers; of several years the newest counts. Raises `RegistryUnavailable`."""

    def __init__(self, registry: Registry, atlas: Atlas, as_of: int | None = None) -> None:
        """`as_of` = only those that had been entered by that instant."""
        self._registry = registry
        self._atlas = atlas
        self._as_of = as_of

    def numbers(self, codes: Collection[str], ids: Collection[str]) -> dict[str, dict[str, Declared]]:
        """By region and id."""
        found: dict[str, dict[str, Declared]] = {}
        for one in self._registry.statistics.find(codes, ids, self._as_of):
            found.setdefault(one.region, {})[one.id] = declared(one)
        return found

    def places(self, codes: Collection[str]) -> dict[str, Place]:
        """Each with what may be divided by; persons and households, if nobody declared them, as in its row."""
        numbers = self.numbers(codes, DIVISORS)
        return {code: self._place(code, numbers.get(code, {})) for code in codes}

    def traits(self, codes: Collection[str]) -> dict[str, Traits]:
        """What is known of each that makes places similar."""
        numbers = self.numbers(codes, ("persons", *TRAITS))
        return {code: self._traits(code, numbers.get(code, {})) for code in codes}

    def _place(self, code: str, numbers: Mapping[str, Declared]) -> Place:
        region = self._atlas.regions[code]
        return Place(
            code,
            persons=numbers.get("persons") or _of_row(region.population),
            households=numbers.get("households") or _of_row(region.households),
            mu=numbers.get("mu"),
            farms=numbers.get("farms"),
        )

    def _traits(self, code: str, numbers: Mapping[str, Declared]) -> Traits:
        persons = numbers.get("persons")
        rain, temperature, elevation, *words = (one.value if (one := numbers.get(name)) else None for name in TRAITS)
        terrain, crop = map(word, TRAITS[-2:], words)
        return Traits(
            code,
            persons=persons.value if persons else self._atlas.regions[code].population,
            terrain=terrain,
            crop=crop,
            rain_mm=rain,
            temperature=temperature,
            elevation_m=elevation,
        )


def _of_row(value: int | None) -> Declared | None:
    return None if value is None else Declared(value, source="row of the region")


def declared(one: Statistic) -> Declared:
    """The number as formulas take it."""
    return Declared(one.value, one.year, one.source, one.entered_by)
