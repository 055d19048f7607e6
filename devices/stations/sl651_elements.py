"""What SL 651-2014 can report, and which metric it is: annex C of the standard as a table.

A name is the standard's own identifier in ASCII, by which origins of a profile find it (`$.Z`). Rain is read once: as
the counter PT, and in the five-minute steps of hourly reports. All other windows of rain overlap with these and are
read where an origin names them.
"""

from types import MappingProxyType
from typing import Final, NamedTuple

from devices.stations.observed import Use


class Element(NamedTuple):
    """One row."""

    name: str
    metric: str | None = None
    """None = the catalogue has none."""
    unit: str | None = None
    channel: str | None = None
    use: Use = Use.ALWAYS
    every_s: int | None = None
    """Of rain: the window that it is the sum of."""


_MINUTE: Final = 60
_HOUR: Final = 3600


def _rain(name: str, every_s: int | None = None) -> Element:
    return Element(name, None, "mm", use=Use.ASKED, every_s=every_s)


def _eight(first: int, name: str, metric: str | None, unit: str) -> dict[int, Element]:
    """Of the intakes, pipes and meters of one station."""
    return {first + number - 1: Element(f"{name}{number}", metric, unit, str(number)) for number in range(1, 9)}


ELEMENTS: Final = MappingProxyType({
    0x01: Element("AC", None, "m2"),
    0x02: Element("AI", "air_temperature", "Cel"),
    0x03: Element("C", "water_temperature", "Cel"),
    0x05: Element("DT", use=Use.ASKED),
    0x06: Element("ED", "evaporation_pan", "mm"),
    0x07: Element("EJ", None, "mm", use=Use.ASKED),
    0x08: Element("FL", "air_pressure", "hPa"),
    0x09: Element("GH", "gate_opening", "m"),
    0x0A: Element("GN", use=Use.ASKED),
    0x0B: Element("GS", use=Use.ASKED),
    0x0C: Element("GT"),
    0x0D: Element("GTP", "ground_surface_temperature", "Cel"),
    0x0E: Element("H", "groundwater_depth", "m"),
    0x0F: Element("HW", None, "m"),
    0x10: Element("M10", "soil_moisture_vwc_10cm", "%"),
    0x11: Element("M20", "soil_moisture_vwc_20cm", "%"),
    0x12: Element("M30", None, "%"),
    0x13: Element("M40", "soil_moisture_vwc_40cm", "%"),
    0x14: Element("M50", None, "%"),
    0x15: Element("M60", None, "%"),
    0x16: Element("M80", None, "%"),
    0x17: Element("M100", None, "%"),
    0x18: Element("MST", "air_relative_humidity", "%"),
    0x19: Element("NS"),
    0x1A: _rain("P1", _HOUR),
    0x1B: _rain("P2", 2 * _HOUR),
    0x1C: _rain("P3", 3 * _HOUR),
    0x1D: _rain("P6", 6 * _HOUR),
    0x1E: _rain("P12", 12 * _HOUR),
    0x1F: _rain("PD", 24 * _HOUR),
    0x20: _rain("PJ"),
    0x21: _rain("PN01", _MINUTE),
    0x22: _rain("PN05", 5 * _MINUTE),
    0x23: _rain("PN10", 10 * _MINUTE),
    0x24: _rain("PN30", 30 * _MINUTE),
    0x25: _rain("PR"),
    0x26: Element("PT", "rainfall_total", "mm"),
    0x27: Element("Q", "river_discharge", "m3/s"),
    **_eight(0x28, "Q", "canal_flow", "m3/s"),
    0x30: Element("QA", "river_discharge", "m3/s", "out"),
    0x31: Element("QZ", "canal_flow", "m3/s", "gate"),
    0x32: Element("SW"),
    0x33: Element("UC", "wind_direction", "deg"),
    0x34: Element("UE", use=Use.ASKED),
    0x35: Element("US", "wind_speed", "m/s"),
    0x36: Element("VA", "flow_velocity", "m/s"),
    0x37: Element("VJ", "flow_velocity", "m/s", "point"),
    0x38: Element("VT", "station_voltage", "V", use=Use.REPORTED),
    0x39: Element("Z", "river_level", "m"),
    0x3A: Element("ZB", "river_level", "m", "below"),
    0x3B: Element("ZU", "river_level", "m", "above"),
    **_eight(0x3C, "Z", "river_level", "m"),
    0x44: Element("SQ", None, "kg/m3"),
    0x46: Element("pH", "water_ph", "[pH]"),
    0x47: Element("DO", "dissolved_oxygen", "mg/L"),
    0x48: Element("COND", "conductivity", "uS/cm"),
    0x49: Element("TURB", "turbidity", "[NTU]"),
    0x4A: Element("CODMN", "cod_mn", "mg/L"),
    0x4B: Element("REDOX", None, "mV"),
    0x4C: Element("NH4N", "ammonia_nitrogen", "mg/L"),
    0x4D: Element("TP", "total_phosphorus", "mg/L"),
    0x4E: Element("TN", "total_nitrogen", "mg/L"),
    0x4F: Element("TOC", None, "mg/L"),
    0x50: Element("CU", None, "mg/L"),
    0x51: Element("ZN", None, "mg/L"),
    0x52: Element("SE", None, "mg/L"),
    0x53: Element("AS", None, "mg/L"),
    0x54: Element("THG", None, "mg/L"),
    0x55: Element("CD", None, "mg/L"),
    0x56: Element("PB", None, "mg/L"),
    0x57: Element("CHLA", "chlorophyll_a", "mg/L"),
    **_eight(0x58, "WP", "supply_pressure", "kPa"),
    **_eight(0x60, "SYL", None, "m3"),
    **_eight(0x68, "SBL", "supply_flow", "m3/h"),
    0x70: Element("VTA", "voltage_a", "V"),
    0x71: Element("VTB", "voltage_b", "V"),
    0x72: Element("VTC", "voltage_c", "V"),
    0x73: Element("VIA", "current_a", "A"),
    0x74: Element("VIB", "current_b", "A"),
    0x75: Element("VIC", "current_c", "A"),
})  # fmt: skip
"""By the first byte of the identifier: annex C, table C.1."""

RESERVOIR: Final = 0x4B
_SLUICE: Final = 0x5A
_PUMPS: Final = 0x44
_INTAKE: Final = 0x49
_OUTLET: Final = 0x4F

_BY_CLASS: Final = MappingProxyType({
    (RESERVOIR, "Z"): Element("Z", "reservoir_level", "m"),
    (RESERVOIR, "ZU"): Element("ZU", "reservoir_level", "m"),
    **{(kind, "Q"): Element("Q", "canal_flow", "m3/s") for kind in (_SLUICE, _PUMPS, _INTAKE, _OUTLET)},
})  # fmt: skip
"""What is another metric at stations of a class: annex A."""


def element(guide: int, station_class: int) -> Element:
    """What an identifier means at a station of this class; of an unknown one the name is its number."""
    found = ELEMENTS.get(guide) or Element(f"{guide:02X}")
    return _BY_CLASS.get((station_class, found.name), found)


class Bit(NamedTuple):
    """One of the station's state."""

    metric: str
    one: float
    """What a set bit is; an unset one is the other of 0 and 1."""


BITS: Final = MappingProxyType({
    0: Bit("outage_state", 1.0),
    7: Bit("door_open", 0.0),
    10: Bit("pump_state", 0.0),
})  # fmt: skip
"""Of element 45: table 58. All twelve are `$.ZT0` to `$.ZT11`: 1 battery low, 2 level, 3 flow and 4 quality alarm,
5 and 6 faults, 8 memory, 9 card, 11 quota."""
FAULTS: Final = MappingProxyType({
    "ZT5": frozenset({"river_discharge", "canal_flow", "supply_flow", "flow_velocity"}),
    "ZT6": frozenset({"river_level", "reservoir_level"}),
})  # fmt: skip
"""Whose values are in doubt when the bit of the instrument is set."""
