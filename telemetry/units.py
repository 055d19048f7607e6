"""Units of measure: exact factors between the spellings that devices use and the units of the catalogue.

A unit is looked up as it is written, in the case-sensitive codes of UCUM 2.2 first, then among the names of the SenML
registry (RFC 8428, RFC 8798) and a closed list of common spellings; the same characters in another Unicode form (`℃`,
`m³`, `µ`) count as the same text. What is not in the table is rejected, never guessed: `C` is a coulomb and `F` a
farad, as both standards have it. Mind that `%` is a percentage here, as in UCUM; the `%` of SenML is a ratio, and its
codecs translate it. Factors are rational numbers and become floats at the end; only the radian is irrational.
Pure: no clock, no network, no store.
"""

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from telemetry.errors import Reason, Rejected

__all__ = ["Conversion", "conversion", "convert", "spellings"]

_PSI: Final = Fraction("0.45359237") * Fraction("9.80665") / Fraction("0.0254") ** 2
_RAD: Final = 180 / Fraction(math.pi)

# Dimension -> code -> how many base units one of it is; the first of each dimension is the base. Text is read by
# Fraction, exactly. Sources: UCUM 2.2 for the codes, the SI brochure for the prefixes, RFC 8428 section 12.1 and
# RFC 8798 for SenML; the international pound, foot, mile and knot are exact by definition.
_FACTORS: Final[Mapping[str, Mapping[str, str | int | Fraction]]] = {
    "temperature": {"K": 1, "mK": "0.001", "Cel": 1, "[degF]": "5/9"},
    # UCUM has no dimension here: %, ppm, m3/m3 and 1 are all numbers. Mass per volume is another thing: see below.
    "ratio": {
        "1": 1, "/": 1, "m3/m3": 1, "%": "0.01", "/100": "0.01", "/1000": "0.001", "%RH": "0.01", "%EL": "0.01",
        "[ppth]": "0.001", "[ppm]": "0.000001", "[ppb]": "0.000000001", "umol/mol": "0.000001",
    },
    # Twelve months of UCUM are a year.
    "change of a ratio": {"1/a": 1, "%/a": "0.01", "%/mo": "0.12"},
    # A plain 1 counts, too; a percentage does not.
    "count": {"{count}": 1, "1": 1},
    "length": {
        "m": 1, "km": 1000, "dm": "0.1", "cm": "0.01", "mm": "0.001", "um": "0.000001", "L/m2": "0.001",
        "[in_i]": "0.0254", "[ft_i]": "0.3048",
    },
    "area": {"m2": 1, "km2": 1_000_000, "cm2": "0.0001", "ar": 100, "har": 10_000},
    "volume": {"m3": 1, "L": "0.001", "hL": "0.1", "dL": "0.0001", "mL": "0.000001", "cm3": "0.000001", "ML": 1000},
    "mass": {"kg": 1, "g": "0.001", "mg": "0.000001", "ug": "0.000000001", "t": 1000},
    "time": {"s": 1, "ms": "0.001", "us": "0.000001", "min": 60, "h": 3600, "d": 86_400, "a": 31_557_600},
    "angle": {"deg": 1, "lat": 1, "lon": 1, "rad": _RAD},
    "speed": {
        "m/s": 1, "cm/s": "0.01", "mm/s": "0.001", "km/h": "1/3.6", "m/h": "1/3600", "mm/h": "1/3600000",
        "mm/min": "1/60000", "mm/d": "1/86400000", "m/d": "1/86400", "cm/d": "1/8640000", "[kn_i]": "1852/3600",
        "[mi_i]/h": "1609.344/3600", "[ft_i]/s": "0.3048",
    },
    "acceleration": {"m/s2": 1},
    "volume flow": {
        "m3/s": 1, "m3/min": "1/60", "m3/h": "1/3600", "m3/d": "1/86400", "L/s": "0.001", "L/min": "1/60000",
        "L/h": "1/3600000", "L/d": "1/86400000", "mL/min": "1/60000000", "ML/d": "1000/86400",
    },
    "pressure": {
        "Pa": 1, "hPa": 100, "kPa": 1000, "MPa": 1_000_000, "bar": 100_000, "mbar": 100, "atm": 101_325,
        "m[H2O]": "9806.65", "cm[H2O]": "98.0665", "mm[H2O]": "9.80665", "mm[Hg]": "133.322", "[psi]": _PSI,
    },
    "mass concentration": {
        "kg/m3": 1, "g/m3": "0.001", "mg/m3": "0.000001", "ug/m3": "0.000000001", "g/L": 1, "mg/L": "0.001",
        "ug/L": "0.000001", "ng/L": "0.000000001",
    },
    "conductivity": {"S/m": 1, "mS/m": "0.001", "dS/m": "0.1", "S/cm": 100, "mS/cm": "0.1", "uS/cm": "0.0001"},
    "conductance": {"S": 1},
    "resistance": {"Ohm": 1, "kOhm": 1000},
    "acidity": {"[pH]": 1},
    "turbidity": {"[NTU]": 1},
    "irradiance": {"W/m2": 1, "kW/m2": 1000, "mW/cm2": 10, "MJ/m2/d": "1000000/86400", "MJ/m2/h": "1000000/3600"},
    "photon flux": {"mol/m2/s": 1, "umol/m2/s": "0.000001", "mol/m2/d": "1/86400"},
    "illuminance": {"lx": 1, "klx": 1000},
    "luminous intensity": {"cd": 1},
    "amount": {"mol": 1, "mmol": "0.001"},
    "frequency": {"Hz": 1, "mHz": "0.001", "kHz": 1000, "MHz": 1_000_000, "1/s": 1, "1/min": "1/60", "1/h": "1/3600"},
    "voltage": {"V": 1, "mV": "0.001", "kV": 1000},
    "current": {"A": 1, "mA": "0.001", "kA": 1000},
    "charge": {"C": 1, "A.h": 3600, "mA.h": "3.6"},
    "capacitance": {"F": 1},
    "power": {"W": 1, "mW": "0.001", "kW": 1000, "MW": 1_000_000, "GW": 1_000_000_000},
    "apparent power": {"V.A": 1, "kV.A": 1000, "MV.A": 1_000_000},
    "reactive power": {"V.A{reactive}": 1, "kV.A{reactive}": 1000, "MV.A{reactive}": 1_000_000},
    "energy": {
        "J": 1, "kJ": 1000, "MJ": 1_000_000, "GJ": 1_000_000_000, "W.s": 1, "kW.s": 1000, "W.h": 3600,
        "kW.h": 3_600_000, "MW.h": 3_600_000_000, "GW.h": 3_600_000_000_000,
    },
    "apparent energy": {"V.A.s": 1, "V.A.h": 3600, "kV.A.h": 3_600_000},
    "reactive energy": {
        "V.A{reactive}.s": 1, "kV.A{reactive}.s": 1000, "V.A{reactive}.h": 3600, "kV.A{reactive}.h": 3_600_000,
    },
    "energy per length": {"J/m": 1, "W.h/km": "3.6"},
    # Levels: a ratio to a reference. A level without a reference, one of 1 mW and one of 1 W are not the same; the last
    # two differ by 30 (RFC 8798).
    "level": {"dB": 1},
    "power level": {"dBW": 1, "dBm": 1},
    "battery time": {"EL": 1},
}  # fmt: skip

# Base value = factor * value + offset.
_OFFSETS: Final[Mapping[str, str]] = {"Cel": "273.15", "[degF]": "45967/180", "dBm": "-30"}

# What else devices and people write for the same unit. Closed: a spelling that means two things is not here.
_SPELLINGS: Final[Mapping[str, str]] = {
    "degC": "Cel", "°C": "Cel", "degF": "[degF]", "°F": "[degF]", "degK": "K",
    "m3.m-3": "m3/m3", "percent": "%", "% RH": "%RH", "%vol": "%", "%VWC": "%",
    "ppm": "[ppm]", "ppb": "[ppb]", "10*-6": "[ppm]", "‰": "[ppth]",
    "count": "{count}", "counts": "{count}", "{counts}": "{count}", "{heads}": "{count}", "pcs": "{count}",
    "in": "[in_i]", "ft": "[ft_i]", "l/m2": "L/m2", "ha": "har",
    "l": "L", "hl": "hL", "dl": "dL", "ml": "mL",
    "sec": "s", "hr": "h", "day": "d", "days": "d",
    "°": "deg", "degree": "deg", "degrees": "deg",
    "m.s-1": "m/s", "kmh": "km/h", "km/hr": "km/h", "kph": "km/h", "kn": "[kn_i]", "mph": "[mi_i]/h",
    "mm/day": "mm/d", "mm/hr": "mm/h",
    "l/s": "L/s", "l/min": "L/min", "l/h": "L/h", "l/d": "L/d", "ml/min": "mL/min", "m3/day": "m3/d", "m3/hr": "m3/h",
    "mH2O": "m[H2O]", "mmHg": "mm[Hg]", "psi": "[psi]",
    "g/l": "g/L", "mg/l": "mg/L", "ug/l": "ug/L", "ng/l": "ng/L",
    "pH": "[pH]", "NTU": "[NTU]",
    "W.m-2": "W/m2", "umol.m-2.s-1": "umol/m2/s", "umol/(m2.s)": "umol/m2/s", "umol/m2s": "umol/m2/s",
    "lux": "lx", "ohm": "Ohm", "Ω": "Ohm", "kΩ": "kOhm",
    "1/hr": "1/h", "rpm": "1/min",
    "Ah": "A.h", "mAh": "mA.h",
    "VA": "V.A", "kVA": "kV.A", "MVA": "MV.A",
    "var": "V.A{reactive}", "kvar": "kV.A{reactive}", "Mvar": "MV.A{reactive}",
    "VAr": "V.A{reactive}", "kVAr": "kV.A{reactive}", "MVAr": "MV.A{reactive}", "VAR": "V.A{reactive}",
    "kVAR": "kV.A{reactive}",
    "Ws": "W.s", "Wh": "W.h", "kWh": "kW.h", "MWh": "MW.h", "GWh": "GW.h",
    "VAs": "V.A.s", "VAh": "V.A.h", "kVAh": "kV.A.h",
    "vars": "V.A{reactive}.s", "varh": "V.A{reactive}.h", "kvarh": "kV.A{reactive}.h", "Wh/km": "W.h/km",
    "dBA": "dB", "dB(A)": "dB", "dB[SPL]": "dB",
    # Sums of SenML are in the record's unit times seconds.
    "m3/s.s": "m3", "l/s.s": "L", "L/s.s": "L", "A.s": "C", "kvar.s": "kV.A{reactive}.s", "J/s.s": "J",
}  # fmt: skip

_TEXT_LIMIT: Final = 40
"""Longer than any unit here; so much of an unknown one is repeated in a refusal, for the text is the sender's."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """From one unit into another: `gain * value + offset`."""

    gain: float
    offset: float


@dataclass(frozen=True, slots=True)
class _Scale:
    factor: Fraction
    offset: Fraction


def _fraction(factor: str | int | Fraction) -> Fraction:
    if isinstance(factor, str) and "/" in factor:
        numerator, denominator = factor.split("/")
        return Fraction(numerator) / Fraction(denominator)
    return Fraction(factor)


def _scales() -> Mapping[str, Mapping[str, _Scale]]:
    table: dict[str, dict[str, _Scale]] = {}
    for dimension, codes in _FACTORS.items():
        for code, factor in codes.items():
            scale = _Scale(_fraction(factor), Fraction(_OFFSETS.get(code, "0")))
            table.setdefault(code, {})[dimension] = scale
    for spelling, code in _SPELLINGS.items():
        table.setdefault(_plain(spelling), table[code])
    return MappingProxyType(table)


def _plain(text: str) -> str:
    """The same characters in one Unicode form: `m³` is m3, both micro signs are u."""
    return unicodedata.normalize("NFKC", text).replace("μ", "u").strip()


_SCALES: Final = _scales()


def spellings(unit: str) -> list[str]:
    """Every code and spelling that can become this unit, codes of the same dimension first; empty = unknown unit."""
    dimensions = _known(unit).keys()
    return [other for other, scales in _SCALES.items() if dimensions & scales.keys()]


@lru_cache(maxsize=1024)
def conversion(unit: str, into: str) -> Conversion:
    """How values in `unit` become values in `into`.

    Raises:
        Rejected: UNKNOWN_UNIT; either unit is not in the table, or they are of different dimensions.
    """
    gain, offset = _exact(unit, into)
    return Conversion(float(gain), float(offset))


def convert(value: float, unit: str, into: str) -> float:
    """The value in another unit, correctly rounded; `Rejected(UNKNOWN_UNIT)` as for `conversion`.

    Non-finite values stay what they are.
    """
    gain, offset = _exact(unit, into)
    return float(gain * Fraction(value) + offset) if math.isfinite(value) else value


def _known(unit: str) -> Mapping[str, _Scale]:
    if len(unit) > _TEXT_LIMIT:
        return {}
    return _SCALES.get(unit) or _SCALES.get(_plain(unit)) or {}


def _exact(unit: str, into: str) -> tuple[Fraction, Fraction]:
    ours = _known(into)
    for dimension, scale in _known(unit).items():
        target = ours.get(dimension)
        if target is not None:
            return scale.factor / target.factor, (scale.offset - target.offset) / target.factor
    raise Rejected(
        Reason.UNKNOWN_UNIT,
        f"unit {unit[:_TEXT_LIMIT]!r} cannot become {into!r}; allowed: {', '.join(spellings(into)) or 'nothing known'}",
    )
