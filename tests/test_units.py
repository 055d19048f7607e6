"""Units: exact factors with their sources, and nothing guessed."""

import math

import pytest

from telemetry.errors import Reason, Rejected
from telemetry.metrics import METRICS
from telemetry.units import Conversion, conversion, convert, spellings

# value, unit, into, expected, source. Expected values are exact by definition of the units.
EXACT = [
    (0.0, "Cel", "K", 273.15, "SI brochure: t/degC = T/K - 273.15"),
    (300.0, "K", "Cel", 26.85, "SI brochure"),
    (32.0, "[degF]", "Cel", 0.0, "NIST SP 811 B.8"),
    (212.0, "degF", "°C", 100.0, "NIST SP 811 B.8"),
    (-40.0, "°F", "℃", -40.0, "where the two scales meet"),
    (98.6, "degF", "degC", 37.0, "NIST SP 811 B.8"),
    (1.0, "mS/cm", "S/m", 0.1, "SI prefixes"),
    (1.0, "µS/cm", "S/m", 1e-4, "SI prefixes; micro sign"),
    (250.0, "μS/cm", "mS/cm", 0.25, "SI prefixes; Greek mu"),
    (1.0, "dS/m", "mS/cm", 1.0, "the agronomist's unit"),
    (1.0, "mg/L", "kg/m3", 1e-3, "SenML has no mg/L"),
    (8.2, "mg/l", "mg/L", 8.2, "the litre has two symbols"),
    (1.0, "ug/L", "mg/L", 1e-3, "SI prefixes"),
    (1.0, "ug/m3", "kg/m3", 1e-9, "RFC 8798"),
    (0.35, "/", "%", 35.0, "RFC 8428 12.1"),
    (55.0, "%RH", "%", 55.0, "RFC 8428 12.1"),
    (31.5, "%", "m3/m3", 0.315, "volumetric water content"),
    (31.5, "/100", "1", 0.315, "RFC 8798"),
    (420.0, "ppm", "[ppm]", 420.0, "RFC 8798"),
    (1.0, "[ppm]", "1", 1e-6, "UCUM 2.2"),
    (1.0, "m3/h", "L/s", 1 / 3.6, "the hour"),
    (7.2, "m³/h", "l/s", 2.0, "the hour"),
    (60.0, "L/min", "m3/h", 3.6, "the minute"),
    (1.0, "kWh", "J", 3.6e6, "RFC 8798"),
    (3.6e6, "W.s", "kW.h", 1.0, "RFC 8428: a sum is in the unit times seconds"),
    (1500.0, "Wh", "kW.h", 1.5, "RFC 8798"),
    (2300.0, "W", "kW", 2.3, "SI prefixes"),
    (1.0, "kvar", "kV.A{reactive}", 1.0, "UCUM has no var"),
    (1.0, "var", "kV.A{reactive}", 1e-3, "RFC 8798"),
    (1013.25, "hPa", "Pa", 101_325.0, "SI brochure: the standard atmosphere"),
    (1.0, "atm", "hPa", 1013.25, "UCUM 2.2"),
    (1.0, "mbar", "hPa", 1.0, "UCUM 2.2"),
    (1.0, "bar", "kPa", 100.0, "UCUM 2.2"),
    (0.3, "MPa", "kPa", 300.0, "SI prefixes"),
    (1.0, "m[H2O]", "kPa", 9.80665, "UCUM 2.2"),
    (1.0, "psi", "kPa", 6.894757293168361, "pound-force per square inch, from exact pound, gravity and inch"),
    (1.0, "[in_i]", "mm", 25.4, "the international inch"),
    (2.5, "cm", "mm", 25.0, "SI prefixes"),
    (1.0, "l/m2", "mm", 1.0, "rain: a litre on a square metre"),
    (36.0, "km/h", "m/s", 10.0, "the hour"),
    (10.0, "kn", "m/s", 10 * 1852 / 3600, "the international knot"),
    (25.0, "mph", "m/s", 11.176, "NIST SP 811 B.8: 1 mi/h = 0.44704 m/s"),
    (24.0, "mm/d", "mm/h", 1.0, "the day"),
    (-70.0, "dBW", "dBm", -40.0, "RFC 8798: dBm is dBW with an offset of -30"),
    (90.0, "min", "h", 1.5, "RFC 8798"),
    (1500.0, "ms", "s", 1.5, "RFC 8798"),
    (220_500.0, "mV", "V", 220.5, "RFC 8798"),
    (4.0, "mA", "A", 0.004, "RFC 8798"),
    (12.0, "count", "{count}", 12.0, "RFC 8428 12.1"),
    (3.0, "1", "{count}", 3.0, "UCUM: {count} is an annotated 1"),
    (7.1, "pH", "[pH]", 7.1, "RFC 8428 12.1"),
    (3.2, "NTU", "[NTU]", 3.2, "RFC 8798"),
    (37.49, "lat", "deg", 37.49, "RFC 8428 12.1"),
    (math.pi, "rad", "deg", 180.0, "SI brochure"),
    (8.64, "MJ/m2/d", "W/m2", 100.0, "the day"),
    (1.0, "har", "m2", 10_000.0, "UCUM 2.2: hectare"),
    (1.0, "Wh/km", "J/m", 3.6, "RFC 8798"),
]

# The units of RFC 8428 and RFC 8798 that a village can meet.
_SENML_TEXT = """
m kg g s A K cd mol Hz rad Pa J W V Ohm S Cel lx m2 m3 l m/s m/s2 m3/s l/s W/m2 lat lon pH dB count / % %RH %EL EL S/m
1/s 1/min VA VAs var vars J/m kg/m3 deg NTU ms min h MHz kW kVA kvar Ah Wh kWh varh mV mA dBm ug/m3 mm/h m/h ppm hPa
mm cm km km/h /100 /1000
"""
SENML = _SENML_TEXT.split()


@pytest.mark.parametrize(("value", "unit", "into", "expected", "source"), EXACT)
def test_a_conversion_is_correctly_rounded(value: float, unit: str, into: str, expected: float, source: str) -> None:
    assert expected == pytest.approx(convert(value, unit, into), rel=2e-16, abs=1e-300), source


@pytest.mark.parametrize(("value", "unit", "into", "expected", "source"), EXACT)
def test_gain_and_offset_say_the_same(value: float, unit: str, into: str, expected: float, source: str) -> None:
    line = conversion(unit, into)

    assert expected == pytest.approx(line.gain * value + line.offset, rel=1e-12, abs=1e-12), source


@pytest.mark.parametrize(("value", "unit", "into", "expected", "source"), EXACT)
def test_a_conversion_goes_back(value: float, unit: str, into: str, expected: float, source: str) -> None:
    assert value == pytest.approx(convert(expected, into, unit), rel=1e-14, abs=1e-13), source


@pytest.mark.parametrize("unit", SENML)
def test_the_units_of_senml_are_known(unit: str) -> None:
    assert Conversion(1.0, 0.0) == conversion(unit, unit)


@pytest.mark.parametrize("metric", METRICS)
def test_a_value_in_the_catalogues_unit_is_left_as_it_is(metric: str) -> None:
    unit = METRICS[metric].unit

    assert 21.3 == convert(21.3, unit, unit)
    assert unit in spellings(unit)


@pytest.mark.parametrize(
    ("unit", "into", "why"),
    [
        ("[ppm]", "mg/L", "a mole fraction is no mass concentration"),
        ("mg/m3", "[ppm]", "nor the other way round"),
        ("dB", "dBm", "a level without reference is no power"),
        ("kW", "kV.A{reactive}", "active is not reactive power"),
        ("kVA", "kW", "nor apparent"),
        ("kW", "kW.h", "power is not energy"),
        ("%", "{count}", "a percentage counts nothing"),
        ("C", "Cel", "C is the coulomb"),
        ("F", "Cel", "F is the farad"),
        ("cel", "Cel", "case matters"),
        ("ms/cm", "mS/cm", "case matters: that is a time"),
        ("MM", "mm", "case matters"),
        ("kPA", "kPa", "case matters"),
        ("m", "m2", "a length is no area"),
        ("", "1", "nothing is not a unit"),
        ("furlong", "m", "not in the table"),
        ("W.s", "1.s", "a sum of unknown unit is no unit"),
    ],
)
def test_what_is_not_the_same_quantity_is_refused(unit: str, into: str, why: str) -> None:
    with pytest.raises(Rejected) as refused:
        conversion(unit, into)

    assert Reason.UNKNOWN_UNIT == refused.value.reason, why


def test_a_refusal_names_both_units_and_what_is_allowed() -> None:
    with pytest.raises(Rejected) as refused:
        conversion("C", "Cel")

    assert "unit 'C' cannot become 'Cel'; allowed: K, mK, Cel, [degF], degC" in refused.value.detail


def test_a_refusal_repeats_only_the_beginning_of_a_long_unit() -> None:
    with pytest.raises(Rejected) as refused:
        conversion("x" * 100_000, "Cel")

    assert len(refused.value.detail) < 200


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinity_stays_what_it_is(value: float) -> None:
    assert value == convert(value, "degF", "Cel")


def test_no_spelling_of_one_unit_is_a_unit_of_another_dimension() -> None:
    pairs = [(unit, other) for unit in SENML for other in spellings(unit)]

    assert [] == [pair for pair in pairs if conversion(*pair).gain <= 0]
