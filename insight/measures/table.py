"""The rows of comparable measures; read them through `insight.measures`.

Every metric of the catalogue whose value points a way is a measure as it stands; what must be divided by something
first has a row here, and one that is replaced moves to `insight/superseded.py`. Sources name the standard or paper
(tag); all else is a default nobody has confirmed.
"""

from typing import Final

from insight.measures.comparable import EVERY_METRIC, Comparable, Limit, Normaliser, Weight, window_of
from telemetry.metrics import METRICS
from telemetry.model import Better, Fold

HIGHER: Final = Better.HIGHER
LOWER: Final = Better.LOWER
PERSONS: Final = Weight.PERSONS
HOUSEHOLDS: Final = Weight.HOUSEHOLDS
MU: Final = Weight.MU
FARMS: Final = Weight.FARMS

_WEIGHTS: Final = {"farm": MU, "remote sensing": MU, "livestock": FARMS, "grid": HOUSEHOLDS}
"""By domain of the catalogue; all others concern heads."""

# fmt: off
_DRINKING_WATER: Final = (
    # What a device that measures chlorine says: the same quantities of a river are no drinking water.
    Limit("free_chlorine", 0.05, 2.0, "GB 5749-2022 (end of network, finished water), unverified"),
    Limit("turbidity", None, 1.0, "GB 5749-2022, as printed in a government test report (GB5749T)"),
    Limit("water_ph", 6.5, 8.5, "GB 5749-2006 (GB5749)"),
    Limit("nitrate_nitrogen", None, 10.0, "GB 5749-2022, as printed in a government test report (GB5749T)"),
    Limit("fluoride", None, 1.0, "GB 5749-2022, as printed in a government test report (GB5749T)"),
)
_SMALL_SUPPLY: Final = (
    _DRINKING_WATER[0],
    Limit("turbidity", None, 3.0, "GB 5749-2022 table 1, note for small supplies, unverified"),
    _DRINKING_WATER[2],
    Limit("nitrate_nitrogen", None, 20.0, "GB 5749-2022 table 1, note for small supplies, unverified"),
    Limit("fluoride", None, 1.2, "GB 5749-2022 table 1, note for small supplies, unverified"),
)
_SURFACE_WATER: Final = (
    Limit("dissolved_oxygen", 5.0, None, "GB 3838-2002 class III (GB3838)"),
    Limit("cod_mn", None, 6.0, "GB 3838-2002 class III (GB3838)"),
    Limit("ammonia_nitrogen", None, 1.0, "GB 3838-2002 class III (GB3838)"),
    Limit("total_phosphorus", None, 0.2, "GB 3838-2002 class III, rivers (GB3838)"),
    Limit("water_ph", 6.0, 9.0, "GB 3838-2002 (GB3838)"),
)

# Columns: id, metrics, normaliser, unit, direction, weight, English, Chinese; then what else is known.
PEOPLE: Final = (
    Comparable("drinking_water_per_person", ("supply_volume",), Normaliser.PERSON, "L/{person}/d", HIGHER, PERSONS,
               "drinking water per person", "人均生活供水量", factor=1000,
               source="T/CHES 18-2018 (RURALWATER); direction default, unverified"),
    Comparable("electricity_per_household", ("energy_import",), Normaliser.HOUSEHOLD, "kW.h/{household}/d", HIGHER,
               HOUSEHOLDS, "electricity per household", "户均用电量"),
    Comparable("electricity_per_degree_day", ("energy_import",), Normaliser.DEGREE_DAY, "kW.h/{household}/K/d", LOWER,
               HOUSEHOLDS, "electricity per household and degree day", "户均度日用电量",
               limits=(Limit("air_temperature", 18.0, 26.0),), divided_by=("air_temperature",), every="1d"),
    Comparable("parcels_received_per_person", ("parcel_inbound",), Normaliser.PERSON, "{count}/{person}/d", HIGHER,
               PERSONS, "parcels delivered per person", "人均快递投递量", every="1d"),
    Comparable("parcels_sent_per_person", ("parcel_outbound",), Normaliser.PERSON, "{count}/{person}/d", HIGHER,
               PERSONS, "parcels sent per person", "人均快递揽收量", every="1d"),
)

LAND: Final = (
    Comparable("irrigation_per_mu", ("irrigation_volume",), Normaliser.MU, "m3/{mu}/d", LOWER, MU,
               "irrigation water per mu", "亩均灌溉水量"),
    Comparable("irrigation_per_rain", ("irrigation_volume",), Normaliser.RAIN, "mm/mm", LOWER, MU,
               "irrigation per mm of rain", "单位降水灌溉深",
               divided_by=("rainfall_total", "rainfall_interval"), factor=1.5, every="1d"),
    Comparable("fertilizer_per_mu", ("fertilizer_applied",), Normaliser.MU, "kg/{mu}/d", LOWER, MU,
               "fertilizer per mu", "亩均施肥量", every="1d"),
    Comparable("barn_ammonia_hours", ("barn_ammonia",), Normaliser.OUT_OF_BAND, "%", LOWER, FARMS,
               "hours with too much ammonia in barns", "畜禽舍氨气超标时数占比",
               limits=(Limit("barn_ammonia", None, 20.0, "2007/43/EC annex II (BARN)"),), source="2007/43/EC (BARN)"),
)

SERVICE: Final = (
    Comparable("voltage_in_band", ("voltage_a",), Normaliser.IN_BAND, "%", HIGHER, HOUSEHOLDS,
               "voltage qualification rate", "电压合格率",
               limits=(Limit("voltage_a", 198.0, 235.4, "GB/T 12325-2008, 220 V +7 % -10 % (VOLT)"),),
               source="time inside the band / time monitored (VOLT)"),
    # The mean of the states is the share of the hour without power, where a meter tells its state at fixed times.
    Comparable("outage_minutes", ("outage_state",), Normaliser.OUTAGE, "min/{household}/a", LOWER, HOUSEHOLDS,
               "outage minutes per household (SAIDI, AIHC)", "户均停电时间", fold=Fold.MEAN,
               source="IEEE 1366-2012 (IEEE1366), equation (25)"),
    Comparable("water_assured_days", ("supply_pressure",), Normaliser.DAYS_IN_BAND, "%", HIGHER, HOUSEHOLDS,
               "days with water at the tap", "供水保证天数占比", longest_h=8,
               limits=(Limit("supply_pressure", 50.0, None, "0.05 MPa counts as supply; default, unverified"),),
               source="T/CHES 18-2018, assurance (RURALWATER)"),
    Comparable("water_samples_met", tuple(limit.metric for limit in _DRINKING_WATER), Normaliser.SAMPLES, "%", HIGHER,
               PERSONS, "drinking water within GB 5749", "生活饮用水水质达标率", limits=_DRINKING_WATER,
               source="GB 5749-2022 (GB5749)"),
    Comparable("water_samples_met_small_supply", tuple(limit.metric for limit in _SMALL_SUPPLY), Normaliser.SAMPLES,
               "%", HIGHER, PERSONS, "drinking water within GB 5749, limits for small supplies",
               "生活饮用水水质达标率(小型供水限值)", limits=_SMALL_SUPPLY, source="GB 5749-2022 (GB5749)"),
    Comparable("data_completeness", EVERY_METRIC, Normaliser.COMPLETENESS, "%", HIGHER, HOUSEHOLDS,
               "completeness of data", "数据完整率", source="definition"),
    Comparable("silent_minutes", EVERY_METRIC, Normaliser.SILENCE, "min/d", LOWER, HOUSEHOLDS,
               "minutes a day without network", "日均断网时间", source="definition"),
)

ENVIRONMENT: Final = (
    Comparable("polluted_air_hours", ("pm25",), Normaliser.OUT_OF_BAND, "%", LOWER, PERSONS,
               "hours with PM2.5 above the limit", "PM2.5超标时数占比",
               limits=(Limit("pm25", None, 75.0, "GB 3095 (day mean, class 2), unverified"),), source="definition"),
    Comparable("surface_water_met", tuple(limit.metric for limit in _SURFACE_WATER), Normaliser.SAMPLES, "%", HIGHER,
               PERSONS, "surface water within class III", "地表水三类达标率", limits=_SURFACE_WATER,
               source="GB 3838-2002 (GB3838)", version=2),
)
# fmt: on

AS_MEASURED: Final = tuple(
    Comparable(
        row.id,
        (row.id,),
        Normaliser.AS_MEASURED,
        row.unit,
        row.comparable,
        _WEIGHTS.get(row.domain, PERSONS),
        row.name_en,
        row.name_zh,
        every=window_of("1h", row.interval_s),
        source=row.source,
    )
    for row in METRICS.values()
    if row.comparable in {Better.HIGHER, Better.LOWER}
)

ROWS: Final = (*PEOPLE, *LAND, *SERVICE, *ENVIRONMENT, *AS_MEASURED)
