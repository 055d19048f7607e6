"""The simulated fleet: reproducible, seamless, and held together by physics."""

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from devices import county
from devices.fleet import Fleet
from devices.physics import clear_sky_irradiance, evapotranspiration, saturation_pressure_kpa, sun_height
from devices.world.days import PROCESSES
from telemetry.errors import Invalid, Unknown
from telemetry.metrics import METRICS
from telemetry.model import Device, Kind, Measure, Profile
from tests.fleets import (
    DAY,
    DEVICES,
    HOUR,
    PROFILES,
    SUMMER,
    Series,
    clean_day,
    clean_month,
    decoded,
    instruments,
    profile_of,
    simulated,
    village,
)

FEW = village("bs02")


def values(series: Series, device: str, metric: str) -> NDArray[np.float64]:
    return np.array([value for _, value in series[device, metric]])


def by_hour(series: Series, device: str, metric: str) -> list[float]:
    """Mean of each hour of the day, in the county's time."""
    found: dict[int, list[float]] = {hour: [] for hour in range(24)}
    for at, value in series[device, metric]:
        found[(at // HOUR + 8) % 24].append(value)
    return [float(np.mean(hour)) for hour in found.values()]


def by_day(series: Series, device: str, metric: str) -> NDArray[np.float64]:
    """The last value of each day."""
    last = {(at - SUMMER) // DAY: value for at, value in series[device, metric]}
    return np.array([last[day] for day in sorted(last)])


def test_the_same_seed_gives_the_same_bytes_and_another_does_not() -> None:
    first, again = (list(simulated(FEW).messages(SUMMER, SUMMER + DAY)) for _ in range(2))
    other = list(simulated(FEW, seed=8).messages(SUMMER, SUMMER + DAY))

    assert first == again
    assert {message.payload for message in first}.isdisjoint(message.payload for message in other)


@pytest.mark.parametrize("cut", [SUMMER + 1, SUMMER + 5 * HOUR + 12_345, SUMMER + DAY - 1, SUMMER + DAY])
def test_history_and_live_data_join_without_a_seam(cut: int) -> None:
    stop = SUMMER + DAY + 8 * HOUR
    whole = list(simulated(FEW).messages(SUMMER, stop))
    before, after = simulated(FEW).messages(SUMMER, cut), simulated(FEW).messages(cut, stop)

    assert whole == [*before, *after]


def test_messages_come_in_the_order_of_sending() -> None:
    sent = [message.at for message in clean_day()]

    assert sorted(sent) == sent
    assert SUMMER <= sent[0] <= sent[-1] < SUMMER + DAY


def test_every_device_says_what_its_profile_reports_as_often_as_it_promises() -> None:
    series = decoded(clean_day())
    counted = Counter({key: len(points) for key, points in series.items()})
    expected = {
        (device.id, measure.metric): DAY / 1000 / (measure.interval_s or 0)
        for device in DEVICES.values()
        for measure in PROFILES[device.profile].measures
        if device.profile in PROCESSES
    }

    assert expected.keys() == counted.keys()
    outages = {
        device: sum(state > 0 for _, state in points)
        for (device, metric), points in series.items()
        if metric == "outage_state"
    }
    # Without voltage there is no frequency to measure.
    missing = {key: expected[key] - count for key, count in counted.items() if abs(count - expected[key]) > 1}
    assert missing == {(device, "frequency"): outages[device] for device, _ in missing}


def test_the_expected_number_of_readings_is_told_beforehand() -> None:
    expected = simulated().readings_expected(SUMMER, SUMMER + DAY)

    assert pytest.approx(expected, rel=0.001) == sum(map(len, decoded(clean_day()).values()))
    assert simulated().readings_expected(SUMMER, SUMMER + 30 * DAY) >= 2_000_000


def test_without_faults_every_value_is_plausible() -> None:
    wild = []
    for (device, metric), points in decoded(clean_day()).items():
        measure = next(row for row in profile_of(device).measures if row.metric == metric)
        low = METRICS[metric].low if measure.low is None else measure.low
        high = METRICS[metric].high if measure.high is None else measure.high
        wild += [(device, metric, value) for _, value in points if not low <= value <= high]

    assert [] == wild


def test_counters_never_fall() -> None:
    counters = [key for key in decoded(clean_day()) if METRICS[key[1]].kind is Kind.COUNTER]
    series = decoded(clean_day())

    assert counters
    assert [] == [key for key in counters if (np.diff(values(series, *key)) < 0).any()]


def test_the_sun_drives_radiation_and_radiation_the_temperature() -> None:
    sun = by_hour(clean_month(), "bs01-weather-1", "solar_irradiance")
    warmth = by_hour(clean_month(), "bs01-weather-1", "air_temperature")

    assert [0.0] * 4 == sun[:4]
    assert int(np.argmax(sun)) in (11, 12)
    assert 12 <= int(np.argmax(warmth)) <= 15
    assert max(warmth) - min(warmth) > 5


def test_panels_follow_the_sun() -> None:
    sun = by_hour(clean_month(), "bs01-weather-1", "solar_irradiance")
    power = by_hour(clean_month(), "bs01-pv-1", "pv_power")

    assert np.corrcoef(sun, power)[0, 1] > 0.97


def test_barns_heat_with_the_day() -> None:
    barn = by_hour(clean_month(), instruments("bs01", "barn_node")[0], "barn_temperature")

    assert 14 <= int(np.argmax(barn)) <= 18
    assert barn[17] - barn[6] > 4


@pytest.mark.parametrize(
    ("device", "metric", "least"),
    [
        ("bs01-soil-1", "soil_moisture_vwc_10cm", 0.6),
        ("bs01-soil-2", "soil_moisture_vwc_10cm", 0.6),
        ("bs02-reservoir-1", "reservoir_storage", 0.7),
    ],
)
def test_rain_fills_soil_and_reservoir(device: str, metric: str, least: float) -> None:
    rain = np.diff(by_day(clean_month(), instruments("bs01", "rain_gauge")[0], "rainfall_total"))
    gain = np.diff(by_day(clean_month(), device, metric))

    assert rain.sum() > 20
    assert np.corrcoef(rain, gain)[0, 1] > least
    assert gain[rain > 15].mean() > 0 > gain[rain < 0.2].mean()


def test_an_open_gate_lets_the_canal_flow() -> None:
    flow = values(clean_month(), "bs01-canal-1", "canal_flow")

    assert np.corrcoef(flow, values(clean_month(), "bs01-canal-1", "gate_opening"))[0, 1] > 0.9
    assert np.corrcoef(flow, values(clean_month(), "bs01-canal-1", "canal_level"))[0, 1] > 0.9


@pytest.mark.parametrize("well", ["bs01-well-1", "bs01-well-2"])
def test_a_running_pump_draws_power_and_empties_its_well(well: str) -> None:
    runs = values(clean_month(), well, "pump_state") > 0
    power = values(clean_month(), well, "pump_power")
    depth = values(clean_month(), well, "groundwater_depth")
    pumped = np.diff(values(clean_month(), well, "irrigation_volume"))

    assert 0 < runs.mean() < 1
    assert power[runs].min() > 1 > power[~runs].max() == 0
    assert depth[runs].mean() > depth[~runs].mean() + 0.5
    assert pumped[runs[1:]].sum() > pumped[~runs[1:]].sum()


def test_the_height_of_the_sun_agrees_with_the_declination_of_the_solstice() -> None:
    """FAO-56 table 2.5: at latitude 37 in June the sun culminates at 90 - 37 + 23.4 degrees."""
    june = np.arange(1_781_971_200_000, 1_781_971_200_000 + DAY, 60_000)
    height = sun_height(june[None, :], np.array([[37.4]]), np.array([[118.3]]))

    assert pytest.approx(90 - 37.4 + 23.44, abs=0.3) == float(np.degrees(np.arcsin(height.max())))
    assert float((height > 0).mean() * 24) == pytest.approx(14.6, abs=0.2)


def test_the_laws_give_the_worked_values_of_their_sources() -> None:
    """FAO-56 table 2.3: e0(24.5) = 3.075 kPa; Haurwitz at zenith: 1098 exp(-0.057) = 1037 W/m2."""
    assert pytest.approx(3.075, abs=0.001) == float(saturation_pressure_kpa(np.array([24.5]))[0])
    assert pytest.approx(1037.2, abs=0.1) == float(clear_sky_irradiance(np.array([1.0]))[0])
    assert float(evapotranspiration(np.array([20.0]), np.array([0.0]))[0]) == 0.0


def test_a_device_of_an_unknown_profile_is_refused() -> None:
    with pytest.raises(Unknown, match="typewriter"):
        simulated([Device("x", "typewriter", FEW[0].region)])


def test_a_profile_whose_measures_do_not_come_together_is_refused() -> None:
    crooked = Profile("rain_gauge", "", "native_json", (Measure("rainfall_total", interval_s=7 * 3600),))
    with pytest.raises(Invalid, match="rain_gauge"):
        Fleet([Device("x", "rain_gauge", FEW[0].region)], [crooked], county.regions(), seed=1, epoch=SUMMER)
