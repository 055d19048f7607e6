"""Weather, farm, remote sensing and livestock: rows 1 to 42 of the catalogue."""

from typing import Final

from telemetry.catalogue.columns import (
    COUNTER,
    DAY,
    DIRECTION,
    GAUGE,
    HIGHER,
    HOUR,
    INCREASE,
    INTERVAL_SUM,
    LAST,
    LOWER,
    MAX,
    MEAN,
    MINUTE,
    NEITHER,
    STATE,
    SUM,
)
from telemetry.model import Metric

# A table: id, unit, low, high, kind, fold, across, domain, English, Chinese; then what else is known.
# fmt: off
WEATHER: Final = (
    Metric("air_temperature", "Cel", -50, 60, GAUGE, MEAN, MEAN, "weather", "air temperature", "气温",
           step=10, stuck_after_s=6 * HOUR, comparable=NEITHER, interval_s=10 * MINUTE),
    # Saturates at 100 % for whole nights: never stuck. Fronts and foehn move it by tens of percent in minutes.
    Metric("air_relative_humidity", "%", 0, 100, GAUGE, MEAN, MEAN, "weather", "relative humidity", "相对湿度",
           step=60, comparable=NEITHER, interval_s=10 * MINUTE),
    Metric("air_pressure", "hPa", 500, 1100, GAUGE, MEAN, MEAN, "weather", "air pressure", "气压",
           step=10, stuck_after_s=24 * HOUR, comparable=NEITHER, interval_s=10 * MINUTE),
    Metric("wind_speed", "m/s", 0, 75, GAUGE, MEAN, MEAN, "weather", "wind speed", "风速",
           step=30, comparable=NEITHER, interval_s=10 * MINUTE),
    # A vane may swing through the whole circle in a calm: no step.
    Metric("wind_direction", "deg", 0, 360, GAUGE, DIRECTION, DIRECTION, "weather", "wind direction (from)", "风向",
           comparable=NEITHER, interval_s=10 * MINUTE),
    # Rain adds up over time and is averaged across gauges: two gauges in one village do not double the rain.
    Metric("rainfall_total", "mm", 0, 99_999, COUNTER, INCREASE, MEAN, "weather", "rainfall (accumulated)",
           "累计降水量", comparable=NEITHER, interval_s=5 * MINUTE),
    Metric("rainfall_interval", "mm", 0, 100, INTERVAL_SUM, SUM, MEAN, "weather", "rainfall (interval)", "时段降水量",
           comparable=NEITHER, interval_s=5 * MINUTE),
    # A cloud's edge switches the direct beam on and off within seconds.
    Metric("solar_irradiance", "W/m2", 0, 1500, GAUGE, MEAN, MEAN, "weather", "solar irradiance", "太阳辐照度",
           step=1500, comparable=NEITHER, interval_s=10 * MINUTE),
)

FARM: Final = (
    Metric("par", "umol/m2/s", 0, 2700, GAUGE, MEAN, MEAN, "farm", "photosynthetically active radiation",
           "光合有效辐射", step=2700, comparable=NEITHER, interval_s=10 * MINUTE),
    # Rests at 0 Cel under melting snow: never stuck.
    Metric("ground_surface_temperature", "Cel", -50, 80, GAUGE, MEAN, MEAN, "weather", "ground surface temperature",
           "地表温度", step=25, comparable=NEITHER, interval_s=10 * MINUTE),
    Metric("reference_evapotranspiration", "mm/d", 0, 15, GAUGE, MEAN, MEAN, "farm", "reference evapotranspiration",
           "参考作物蒸散量",
           step=10, comparable=NEITHER, interval_s=DAY, source="definition FAO56; limits default, unverified"),
    # SOILQC calls a 24 h change of at most 0.1 % stuck. An exactly unchanged value is a weaker sign: low-resolution
    # probes repeat themselves for days in deep or frozen soil, so the limit is 72 h.
    Metric("soil_moisture_vwc_10cm", "m3/m3", 0, 0.7, GAUGE, MEAN, MEAN, "farm", "soil moisture at 10 cm",
           "10厘米土壤体积含水量", step=0.4, stuck_after_s=72 * HOUR, comparable=NEITHER, interval_s=HOUR,
           source="stuck rule SOILQC, relaxed; limits default, unverified"),
    Metric("soil_moisture_vwc_20cm", "m3/m3", 0, 0.7, GAUGE, MEAN, MEAN, "farm", "soil moisture at 20 cm",
           "20厘米土壤体积含水量", step=0.4, stuck_after_s=72 * HOUR, comparable=NEITHER, interval_s=HOUR,
           source="stuck rule SOILQC, relaxed; limits default, unverified"),
    Metric("soil_moisture_vwc_40cm", "m3/m3", 0, 0.7, GAUGE, MEAN, MEAN, "farm", "soil moisture at 40 cm",
           "40厘米土壤体积含水量", step=0.3, stuck_after_s=72 * HOUR, comparable=NEITHER, interval_s=HOUR,
           source="stuck rule SOILQC, relaxed; limits default, unverified"),
    Metric("soil_relative_moisture", "%", 0, 190, GAUGE, MEAN, MEAN, "farm", "relative soil moisture", "土壤相对湿度",
           step=120, stuck_after_s=72 * HOUR, comparable=NEITHER, interval_s=HOUR,
           source="SOILQC (upper limit, stuck rule relaxed)"),
    Metric("soil_temperature", "Cel", -30, 60, GAUGE, MEAN, MEAN, "farm", "soil temperature", "土壤温度",
           step=10, stuck_after_s=72 * HOUR, comparable=NEITHER, interval_s=HOUR),
    Metric("soil_ec", "mS/cm", 0, 20, GAUGE, MEAN, MEAN, "farm", "soil electrical conductivity", "土壤电导率",
           step=10, comparable=NEITHER, interval_s=HOUR),
    Metric("soil_ph", "[pH]", 3, 11, GAUGE, MEAN, MEAN, "farm", "soil pH", "土壤酸碱度",
           step=3, comparable=NEITHER, interval_s=DAY),
    Metric("leaf_wetness", "%", 0, 100, GAUGE, MEAN, MEAN, "farm", "leaf wetness", "叶面湿度",
           comparable=NEITHER, interval_s=30 * MINUTE),
    Metric("greenhouse_co2", "[ppm]", 200, 5000, GAUGE, MEAN, MEAN, "farm", "greenhouse carbon dioxide",
           "温室二氧化碳浓度", step=2500, stuck_after_s=24 * HOUR, comparable=NEITHER, interval_s=5 * MINUTE),
    # Stays at zero through a foggy night: never stuck.
    Metric("greenhouse_vpd", "kPa", 0, 8, GAUGE, MEAN, MEAN, "farm", "greenhouse vapour pressure deficit",
           "温室饱和水汽压差",
           step=4, comparable=NEITHER, interval_s=5 * MINUTE, source="definition FAO56; limits default, unverified"),
    Metric("irrigation_volume", "m3", 0, 1e9, COUNTER, INCREASE, SUM, "farm", "irrigation water", "灌溉水量",
           interval_s=15 * MINUTE),
    # A place irrigates as long as one valve is open.
    Metric("irrigation_valve", "1", 0, 1, STATE, LAST, MAX, "farm", "irrigation valve (1 = open)",
           "灌溉阀门状态(1为开)"),
    Metric("fertilizer_applied", "kg", 0, 1e6, COUNTER, INCREASE, SUM, "farm", "fertilizer applied", "施肥量"),
    # A catch per trap and day: the mean per trap is the index that plant protection compares, not the sum.
    Metric("pest_trap_count", "{count}", 0, 10_000, GAUGE, MEAN, MEAN, "farm", "pests caught per trap",
           "单台诱虫数量", comparable=LOWER, interval_s=DAY),
)

REMOTE_SENSING: Final = (
    Metric("ndvi_mean", "1", -1, 1, GAUGE, MEAN, MEAN, "remote sensing", "vegetation index NDVI", "归一化植被指数",
           comparable=HIGHER, interval_s=10 * DAY),
    Metric("vci", "%", 0, 100, GAUGE, MEAN, MEAN, "remote sensing", "vegetation condition index", "植被状态指数",
           comparable=HIGHER, interval_s=10 * DAY, source="VCI (definition)"),
    Metric("lst", "Cel", -50, 80, GAUGE, MEAN, MEAN, "remote sensing", "land surface temperature", "遥感地表温度",
           step=50, comparable=NEITHER, interval_s=DAY),
)

LIVESTOCK: Final = (
    Metric("barn_temperature", "Cel", -30, 50, GAUGE, MEAN, MEAN, "livestock", "barn temperature", "畜禽舍温度",
           step=10, stuck_after_s=24 * HOUR, comparable=NEITHER, interval_s=5 * MINUTE),
    Metric("barn_humidity", "%", 0, 100, GAUGE, MEAN, MEAN, "livestock", "barn humidity", "畜禽舍湿度",
           step=60, comparable=NEITHER, interval_s=5 * MINUTE),
    Metric("barn_thi", "1", 20, 100, GAUGE, MEAN, MEAN, "livestock", "temperature-humidity index", "温湿指数",
           step=15, comparable=LOWER, interval_s=5 * MINUTE, source="definition THI1; limits default, unverified"),
    Metric("barn_ammonia", "[ppm]", 0, 200, GAUGE, MEAN, MEAN, "livestock", "barn ammonia", "畜禽舍氨气浓度",
           step=100, comparable=LOWER, interval_s=5 * MINUTE),
    # Stirring slurry raises it within seconds to where it kills: no step may doubt that.
    Metric("barn_hydrogen_sulfide", "[ppm]", 0, 100, GAUGE, MEAN, MEAN, "livestock", "barn hydrogen sulfide",
           "畜禽舍硫化氢浓度", comparable=LOWER, interval_s=5 * MINUTE),
    Metric("barn_co2", "[ppm]", 300, 10_000, GAUGE, MEAN, MEAN, "livestock", "barn carbon dioxide",
           "畜禽舍二氧化碳浓度", step=5000, stuck_after_s=24 * HOUR, comparable=LOWER, interval_s=5 * MINUTE),
    Metric("animal_body_temperature", "Cel", 30, 45, GAUGE, MEAN, MEAN, "livestock", "animal body temperature",
           "动物体温", step=4, stuck_after_s=24 * HOUR, comparable=NEITHER, interval_s=30 * MINUTE),
    Metric("animal_activity", "1", 0, 1e4, GAUGE, MEAN, MEAN, "livestock", "animal activity index", "动物活动量",
           interval_s=30 * MINUTE),
    Metric("herd_size", "{count}", 0, 1e6, GAUGE, LAST, SUM, "livestock", "herd size", "存栏量",
           interval_s=DAY),
    Metric("animal_deaths", "{count}", 0, 1e5, COUNTER, INCREASE, SUM, "livestock", "animal deaths", "畜禽死亡数",
           interval_s=DAY),
    Metric("feed_intake", "kg", 0, 1e6, COUNTER, INCREASE, SUM, "livestock", "feed intake", "采食量",
           interval_s=DAY),
    Metric("drinking_water_intake", "L", 0, 1e6, COUNTER, INCREASE, SUM, "livestock", "animals' drinking water",
           "畜禽饮水量", interval_s=HOUR),
    Metric("egg_production", "{count}", 0, 1e6, COUNTER, INCREASE, SUM, "livestock", "egg production", "产蛋量",
           interval_s=DAY),
    Metric("vaccination_coverage", "%", 0, 100, GAUGE, LAST, MEAN, "livestock", "vaccination coverage", "免疫覆盖率",
           comparable=HIGHER, interval_s=DAY),
)
# fmt: on

ROWS: Final = (*WEATHER, *FARM, *REMOTE_SENSING, *LIVESTOCK)
