"""The place tags of series, from the registry: for stores that keep them beside the readings."""

import threading
from collections.abc import Collection, Mapping

from telemetry.model import Level, Region
from telemetry.registry import Registry

_SHORT = {Level.CITY: ("city", 4), Level.COUNTY: ("county", 6), Level.TOWN: ("town", 9)}
"""By level: the tag, and how many digits of the code it takes."""


class PlaceTags:
    """Region, town, county, city and setting of each series' device; thread-safe. Raises `RegistryUnavailable`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._version = -1
        self._region_of: Mapping[str, str] = {}
        self._tags: Mapping[str, Mapping[str, str]] = {}

    def __call__(self, series: Collection[str]) -> dict[str, Mapping[str, str]]:
        """By series `<device>` or `<device>:<channel>`; one of no registered device is left out."""
        with self._lock:
            self._refresh()
            found: dict[str, Mapping[str, str]] = {}
            for name in series:
                region = self._region_of.get(name) or self._region_of.get(name.rpartition(":")[0])
                if region is not None:
                    found[name] = self._tags[region]
            return found

    def _refresh(self) -> None:
        version = self._registry.devices.version()
        if version == self._version:
            return
        # Devices first: where another process adds a place and its device in between, the place is then known.
        region_of = {device.id: device.region for device in self._registry.devices.all()}
        regions = {region.code: region for region in self._registry.places.all()}
        self._tags = {code: tags_of(region, regions) for code, region in regions.items()}
        self._region_of = region_of
        self._version = version


def tags_of(region: Region, regions: Mapping[str, Region]) -> dict[str, str]:
    """The place tags of what stands in this region."""
    tags = {"region": region.code}
    if region.setting is not None:
        tags["setting"] = region.setting.value
    above: Region | None = region
    while above is not None:
        if above.level in _SHORT:
            name, digits = _SHORT[above.level]
            tags[name] = above.code[:digits]
        above = None if above.parent is None else regions.get(above.parent)
    return tags
