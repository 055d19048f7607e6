"""What a place is held against: the city's own urban regions, any set of regions, a table's figure, a standard's limit.

Urban or rural is what the urban-rural class code of each village-level unit says, never its name: there are villages
of class 111. Pure: no clock, no network, no store.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from telemetry.errors import Invalid, Unknown
from telemetry.model import Level, Region, Setting
from telemetry.regions import DEPTH, setting_of


@dataclass(frozen=True, slots=True)
class Regions:
    """A benchmark of places that are measured alike: their assessments are combined."""

    id: str
    codes: tuple[str, ...]
    label: str


class FigureKind(StrEnum):
    """What a figure is."""

    STATISTIC = "statistic"
    """What was counted, of a year."""
    LIMIT = "limit"
    """What a standard asks for."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A benchmark that is one number from a table; always shown with its year or date and its source."""

    id: str
    measure: str
    """Of `insight.measures`, or a statistic of `insight.figures`."""
    value: float
    unit: str
    year: int | None
    """Of which it tells, or from which the limit is in force; None = not known."""
    source: str
    scope: str
    """Whom it is of: `China, urban`; of a limit: the clause."""
    kind: FigureKind = FigureKind.STATISTIC

    @property
    def verified(self) -> bool:
        """Whether somebody has read the number in the source."""
        return "unverified" not in self.source

    @property
    def label(self) -> str:
        """How it is named beside the place."""
        since = "since " if self.kind is FigureKind.LIMIT else ""
        when = "year not known" if self.year is None else f"{since}{self.year}"
        return f"{self.scope}, {when} ({self.source})"


def city_of(region: str, regions: Mapping[str, Region]) -> Region:
    """The city above a region, by the parents of the division table; of a county without a city, the county itself.

    Raises:
        Unknown: for a region or a parent that is not in the table.
        Invalid: for a region above county level without a city above it.
    """
    chain = list(_upwards(region, regions))
    for level in (Level.CITY, Level.COUNTY):
        for above in chain:
            if above.level is level:
                return above
    raise Invalid(f"region {region}", "has no city above it", "a region within a city or a county")


def urban_of_city(region: str, regions: Mapping[str, Region]) -> Regions:
    """The default benchmark: the urban village-level units of the same city, without the region and what is below it.

    Raises:
        Unknown: as `city_of`.
        Invalid: likewise.
    """
    city = city_of(region, regions)
    codes = [
        one.code
        for one in village_level(city.code, regions.values(), Setting.URBAN, regions)
        if region not in {above.code for above in _upwards(one.code, regions)}
    ]
    return Regions(f"urban:{city.code}", tuple(codes), f"urban regions of {city.name}")


def chosen(codes: Iterable[str], regions: Mapping[str, Region], label: str) -> Regions:
    """Any set of regions, each once.

    Raises:
        Unknown: for a region that is not in the table.
        Invalid: for none.
    """
    unique = tuple(dict.fromkeys(codes))
    if not unique:
        raise Invalid("benchmark", "no regions", "one or more division codes")
    for code in unique:
        if code not in regions:
            raise Unknown("region", code)
    return Regions("regions:" + ",".join(unique), unique, label)


def village_level(
    within: str, candidates: Iterable[Region], setting: Setting, regions: Mapping[str, Region]
) -> Iterator[Region]:
    """The village-level units below a region whose class code has this setting; those without a class have none."""
    for one in candidates:
        if one.level is not Level.VILLAGE or one.urban_rural_class is None:
            continue
        if setting_of(one.urban_rural_class) is setting and within in {
            above.code for above in _upwards(one.code, regions)
        }:
            yield one


def _upwards(code: str, regions: Mapping[str, Region]) -> Iterator[Region]:
    """The region and all that are above it."""
    depth = len(DEPTH)
    while code is not None:
        if code not in regions:
            raise Unknown("region", code)
        region = regions[code]
        if DEPTH[region.level] >= depth:
            raise Invalid(f"region {code}", "hangs below one of its own level", "a parent of a higher level")
        depth = DEPTH[region.level]
        yield region
        if region.parent is None:
            return
        code = region.parent
