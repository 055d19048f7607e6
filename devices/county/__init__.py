"""The sample county: Lijin County beside Dongying District, with invented villages and a simulated fleet.

Towns, streets and counties are real (NBS codes, 2023 edition). Below them everything is a sample: names, people,
positions. The three stations whose real records are replayed stand abroad, in a region of their own (`ABROAD`) that
has no setting and so takes no part in comparisons.
"""

from functools import cache

from devices.codecs import CODECS
from devices.county.fleet import EDGE_NODE, PROBE, devices
from devices.county.land import ABROAD, BENCHMARK, COUNTY, regions
from devices.county.statistics import statistics
from devices.profiles import PACKAGED, profile_files
from telemetry.model import Profile

__all__ = ["ABROAD", "BENCHMARK", "COUNTY", "EDGE_NODE", "PROBE", "devices", "profiles", "regions", "statistics"]


@cache
def profiles() -> tuple[Profile, ...]:
    """The device models of the county, simulated and real."""
    return tuple(file.profile for file in profile_files(PACKAGED / "sample_county", CODECS).values())
