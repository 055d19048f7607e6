"""The devices of the sample county: simulated ones, the visitor's probe and the stations of the real records."""

from functools import cache
from typing import Final

from devices.county.land import ABROAD
from devices.county.places import PLACES, Place
from telemetry.model import Device, Setting

PROBE: Final = "demo-probe"
"""Accepts every catalogued metric: for a visitor to try."""

_PROJECTS: Final = {
    "weather_station": "smart-farming-2023",
    "soil_probe": "smart-farming-2023",
    "rain_gauge": "flood-warning-2021",
    "reservoir_station": "flood-warning-2021",
    "canal_gauge": "irrigation-renewal-2022",
    "groundwater_well": "irrigation-renewal-2022",
    "water_supply": "rural-water-2020",
    "barn_node": "smart-farming-2023",
    "feeder_meter": "grid-renewal-2019",
    "air_quality_station": "clean-air-2022",
}
"""Invented: who put the instruments of the country there; of the city's it is not known."""
EDGE_NODE: Final = "substations-edge"
"""Speaks for the city's substation meters."""
_LATITUDE_STEP: Final = 0.0011
_LONGITUDE_STEP: Final = 0.0013
_PER_ROW: Final = 5


@cache
def devices() -> tuple[Device, ...]:
    """All devices of the demonstration; their ids stay what they are.

    They are `<place>-<instrument>-<number>`, but for barn nodes, which LoRaWAN knows by their DevEUI, and rain gauges,
    whose protocol has addresses of ten hexadecimal digits.
    """
    simulated = tuple(device for row, place in enumerate(PLACES, 1) for device in _instruments(place, row))
    home = PLACES[1]
    probe = Device(PROBE, "probe", home.code, "Probe for visitors", home.latitude, home.longitude)
    first = next(device for device in simulated if device.gateway == EDGE_NODE)
    node = Device(EDGE_NODE, "edge_node", first.region, "Edge node of the substations", first.latitude, first.longitude)
    return (*simulated, probe, node, *_stations())


def _instruments(place: Place, row: int) -> list[Device]:
    instruments = [
        (short, number, profile) for short, profile, count in place.instruments for number in range(1, count + 1)
    ]
    return [
        Device(
            id=_id(place, row, short, number),
            profile=profile,
            region=place.code,
            name=f"{place.name_en} {short} {number}",
            # Spread over a few hundred metres around the centroid, so that a map shows them apart.
            latitude=round(place.latitude + _LATITUDE_STEP * (index // _PER_ROW - 1), 5),
            longitude=round(place.longitude + _LONGITUDE_STEP * (index % _PER_ROW - 2), 5),
            gateway=EDGE_NODE if profile == "substation_meter" else None,
            project=_PROJECTS.get(profile) if place.setting is Setting.RURAL else None,
        )
        for index, (short, number, profile) in enumerate(instruments)
    ]


def _id(place: Place, row: int, short: str, number: int) -> str:
    match short:
        case "barn":
            # 02 = given out locally, in no maker's name.
            return f"02{place.code}{number:02x}"
        case "rain":
            # The county, and in it any number of four digits.
            return f"{place.code[:6]}{row:02X}{number:02X}"
        case _:
            return f"{place.short}-{short}-{number}"


def _stations() -> tuple[Device, ...]:
    return (
        Device("alamosa-surfrad", "surfrad_station", ABROAD, "SURFRAD station Alamosa, Colorado", 37.70, -105.92),
        Device("vlissingen-rain", "knmi_rain_gauge", ABROAD, "KNMI station Vlissingen", 51.44, 3.60),
        # The record does not say where the well is.
        Device("nb5-well", "monitoring_well", ABROAD, "Monitoring well NB5, Netherlands"),
    )
