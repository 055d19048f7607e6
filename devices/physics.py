"""The laws that hold the simulated county together, as plain functions of arrays. Pure.

Units are in the names of the arguments or in brackets; each function names its source.
"""

from typing import Final

import numpy as np

from devices.world.noise import Floats, Instants

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
GRAVITY: Final = 9.81
PSYCHROMETRIC_KPA: Final = 0.067
"""FAO-56 eq. 8 at sea level [kPa/Cel]."""
LATENT_HEAT: Final = 2.45e6
"""Of vaporisation [J/kg], FAO-56."""


def day_of_year(at: Instants) -> Floats:
    """Days since the turn of a year of 365.2425 days: exact enough for seasons."""
    return np.asarray((at / DAY_MS) % 365.2425, dtype=np.float64)


def sun_height(at: Instants, latitude_deg: Floats, longitude_deg: Floats) -> Floats:
    """Sine of the sun's elevation; negative below the horizon (FAO-56 eq. 24, 31 to 33)."""
    day = day_of_year(at)
    declination = 0.409 * np.sin(2 * np.pi * day / 365 - 1.39)
    b = 2 * np.pi * (day - 81) / 364
    correction_h = 0.1645 * np.sin(2 * b) - 0.1255 * np.cos(b) - 0.025 * np.sin(b)
    solar_hour = (at % DAY_MS) / HOUR_MS + longitude_deg / 15 + correction_h
    angle = np.pi / 12 * (solar_hour - 12)
    phi = np.radians(latitude_deg)
    height = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(angle)
    return np.asarray(height, dtype=np.float64)


def clear_sky_irradiance(height: Floats) -> Floats:
    """Global horizontal irradiance without clouds [W/m2] (Haurwitz 1945)."""
    up = np.maximum(height, 1e-6)
    return np.where(height > 0, 1098.0 * up * np.exp(-0.057 / up), 0.0)


def cloud_transmission(cover: Floats) -> Floats:
    """Share of the clear-sky irradiance that passes a cloud cover of 0 to 1 (Kasten and Czeplak 1980)."""
    return 1.0 - 0.75 * cover**3.4


def saturation_pressure_kpa(celsius: Floats) -> Floats:
    """FAO-56 eq. 11."""
    return np.asarray(0.6108 * np.exp(17.27 * celsius / (celsius + 237.3)), dtype=np.float64)


def relative_humidity(celsius: Floats, dew_point: Floats) -> Floats:
    """Percent; at most 100."""
    return np.minimum(100.0, 100.0 * saturation_pressure_kpa(dew_point) / saturation_pressure_kpa(celsius))


def evapotranspiration(celsius: Floats, irradiance: Floats) -> Floats:
    """Of a short crop [mm/h], from radiation (Makkink 1957 with de Bruin's factor 0.65)."""
    slope = 4098.0 * saturation_pressure_kpa(celsius) / (celsius + 237.3) ** 2
    energy_mm_h = irradiance * 3600.0 / LATENT_HEAT
    return np.asarray(np.maximum(0.0, 0.65 * slope / (slope + PSYCHROMETRIC_KPA) * energy_mm_h), dtype=np.float64)


def pv_output(capacity_kw: Floats, irradiance: Floats, celsius: Floats) -> Floats:
    """Of modules that lose 0.4 % per degree above 25 and heat by 0.03 degrees per W/m2 (NOCT model) [kW]."""
    cell = celsius + 0.03 * irradiance
    return np.maximum(0.0, capacity_kw * irradiance / 1000.0 * (1.0 - 0.004 * (cell - 25.0)))


def pump_input_kw(flow_m3_h: Floats, head_m: Floats, efficiency: float = 0.55) -> Floats:
    """Electric power that lifts a flow over a head: rho g Q H / efficiency."""
    return np.asarray(flow_m3_h / 3600.0 * GRAVITY * head_m / efficiency, dtype=np.float64)


def gate_flow(opening_m: Floats, width_m: Floats, head_m: float = 1.2) -> Floats:
    """Free flow under a sluice gate [m3/s], discharge coefficient 0.6."""
    return np.asarray(0.6 * width_m * opening_m * np.sqrt(2 * GRAVITY * head_m), dtype=np.float64)


def canal_depth(flow_m3_s: Floats, width_m: Floats, slope: float = 2e-4, roughness: float = 0.025) -> Floats:
    """Normal depth of a wide rectangular canal [m] (Manning)."""
    return np.asarray((flow_m3_s * roughness / (width_m * np.sqrt(slope))) ** 0.6, dtype=np.float64)


def lagged(values: Floats, steps: int, time_constant: float) -> Floats:
    """What follows the last axis slowly: exponential memory cut after `steps`, for the values after the first `steps`.

    A cut memory makes the result a function of those values alone, not of where the computation began.
    """
    weights = np.exp(-np.arange(steps + 1) / time_constant)
    weights /= weights.sum()
    return np.stack([np.convolve(row, weights, mode="valid") for row in values])


def accumulated(rate_per_h: Floats, step_h: float, start: Floats) -> Floats:
    """What a meter shows: `start` plus the rate's integral along the last axis (trapezoids)."""
    steps = (rate_per_h[:, 1:] + rate_per_h[:, :-1]) * (step_h / 2)
    return np.concatenate([start[:, None], start[:, None] + np.cumsum(steps, axis=1)], axis=1)
