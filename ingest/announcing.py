"""Telling the house what is stored: its live stream and whoever else listens."""

from collections import defaultdict
from collections.abc import Callable

from ingest.pipeline import Outcome
from telemetry import announcement
from telemetry.announcement import Announced

ANNOUNCED_AT_ONCE = 500
"""Readings per announcement: small enough for any broker's packet limit."""


def announce(outcome: Outcome, tell: Callable[[str, bytes], None], county_of: Callable[[str], str]) -> None:
    """`tell` is called with topic and payload, county by county."""
    counties: dict[str, list[Announced]] = defaultdict(list)
    of_region = {region: counties[county_of(region)] for region in set(outcome.regions)}
    for reading, region in zip(outcome.readings, outcome.regions, strict=True):
        of_region[region].append(
            Announced(
                reading.device, reading.metric, reading.at, reading.value, reading.quality, reading.received_at, region
            )
        )
    for county, readings in counties.items():
        for first in range(0, len(readings), ANNOUNCED_AT_ONCE):
            tell(announcement.topic(county), announcement.encode(readings[first : first + ANNOUNCED_AT_ONCE]))
