"""A small village of the tests' own: a city, a county, their places and a few devices, in a real registry."""

from telemetry.model import Device, Level, Measure, Profile, Region, Setting
from telemetry.registry import Registry

VILLAGE = "370522101201"
STREET = "370502001001"

REGIONS = (
    Region("370000000000", Level.PROVINCE, "山东省", "Shandong"),
    Region("370500000000", Level.CITY, "东营市", "Dongying", "370000000000"),
    Region("370522000000", Level.COUNTY, "利津县", "Lijin", "370500000000"),
    Region("370522101000", Level.TOWN, "北宋镇", "Beisong", "370522000000"),
    Region(VILLAGE, Level.VILLAGE, "样村", "Sample Village", "370522101000", Setting.RURAL, "220", sample=True),
    Region("370502000000", Level.COUNTY, "东营区", "Dongying District", "370500000000"),
    Region("370502001000", Level.TOWN, "文汇街道", "Wenhui", "370502000000"),
    Region(STREET, Level.VILLAGE, "样社区", "Sample Committee", "370502001000", Setting.URBAN, "111", sample=True),
)

PROFILES = (
    Profile(
        "station",
        "Weather station",
        "native_json",
        (
            Measure("air_temperature", interval_s=60),
            Measure("air_relative_humidity", interval_s=60),
            Measure("rainfall_total", interval_s=60, rollover_at=10_000),
        ),
    ),
    Profile("senml", "SenML node", "senml_json", (Measure("soil_temperature", interval_s=600),)),
    Profile("probe", "Any quantity", "native_json", (), open=True),
)

DEVICES = (
    Device("station-1", "station", VILLAGE, "Station at the pond"),
    Device("station-2", "station", STREET, "Station on the roof"),
    Device("soil-1", "senml", VILLAGE),
    Device("probe-1", "probe", VILLAGE),
    Device("gateway-1", "senml", VILLAGE),
    Device("soil-2", "senml", VILLAGE, gateway="gateway-1"),
)


def settle(registry: Registry) -> None:
    """Put places, profiles and devices into the registry."""
    registry.places.put(REGIONS)
    registry.devices.put_profiles(PROFILES)
    registry.devices.put(DEVICES)
