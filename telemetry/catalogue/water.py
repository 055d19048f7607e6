"""Hydrology, irrigation, dam safety, water quality and drinking water: rows 43 to 75 of the catalogue."""

from typing import Final

from telemetry.catalogue.columns import (
    COUNTER,
    DAY,
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
HYDROLOGY_AND_IRRIGATION: Final = (
    # Levels are heights above a datum of their own: their mean over places is no comparison.
    Metric("river_level", "m", -10, 9000, GAUGE, MEAN, MEAN, "hydrology", "river level", "河道水位",
           step=5, interval_s=5 * MINUTE),
    Metric("reservoir_level", "m", -10, 9000, GAUGE, MEAN, MEAN, "hydrology", "reservoir level", "水库水位",
           step=3, interval_s=5 * MINUTE),
    # A place's reservoirs hold their waters together: the storage of a county is the sum.
    Metric("reservoir_storage", "m3", 0, 4e10, GAUGE, MEAN, SUM, "hydrology", "reservoir storage", "水库蓄水量",
           interval_s=HOUR),
    # Sections of one river see the same water: discharge is averaged, not added.
    Metric("river_discharge", "m3/s", 0, 1.2e5, GAUGE, MEAN, MEAN, "hydrology", "river discharge", "河道流量",
           interval_s=5 * MINUTE),
    # Turns with the tide and behind gates.
    Metric("flow_velocity", "m/s", -10, 20, GAUGE, MEAN, MEAN, "hydrology", "flow velocity", "流速",
           interval_s=5 * MINUTE),
    Metric("canal_level", "m", 0, 20, GAUGE, MEAN, MEAN, "irrigation", "canal level", "渠道水位",
           step=3, interval_s=5 * MINUTE),
    Metric("canal_flow", "m3/s", 0, 1000, GAUGE, MEAN, MEAN, "irrigation", "canal flow", "渠道流量",
           interval_s=5 * MINUTE),
    # Added up as the water of separate intakes; two meters in series on one canal belong to different regions.
    Metric("canal_volume", "m3", 0, 1e12, COUNTER, INCREASE, SUM, "irrigation", "canal water volume", "渠道累计水量",
           interval_s=HOUR),
    # Moves by command and is reported when it moves: the last position holds.
    Metric("gate_opening", "m", 0, 30, GAUGE, LAST, MEAN, "irrigation", "gate opening", "闸门开度"),
    # A place pumps as long as one pump runs.
    Metric("pump_state", "1", 0, 1, STATE, LAST, MAX, "irrigation", "pump (1 = running)", "水泵状态(1为运行)"),
    Metric("pump_power", "kW", 0, 5000, GAUGE, MEAN, SUM, "irrigation", "pump power", "水泵功率",
           interval_s=MINUTE),
    Metric("pump_head", "m", 0, 500, GAUGE, MEAN, MEAN, "irrigation", "pump head", "水泵扬程",
           interval_s=MINUTE),
    # A pump that starts draws its own well down by tens of metres.
    Metric("groundwater_depth", "m", -5, 1000, GAUGE, MEAN, MEAN, "hydrology", "groundwater depth below ground",
           "地下水埋深", step=50, comparable=LOWER, interval_s=HOUR),
    # Beside the depth, because instruments and agencies publish either: level = ground - depth.
    Metric("groundwater_level", "m", -500, 9000, GAUGE, MEAN, MEAN, "hydrology", "groundwater level above datum",
           "地下水位", step=50, interval_s=HOUR),
    Metric("evaporation_pan", "mm", 0, 30, INTERVAL_SUM, SUM, MEAN, "hydrology", "pan evaporation", "蒸发皿蒸发量",
           comparable=NEITHER, interval_s=DAY),
)

DAM_SAFETY: Final = (
    # Weirs of one dam collect separate seepages. A sudden rise is the alarm itself: no step.
    Metric("dam_seepage_flow", "L/s", 0, 1000, GAUGE, MEAN, SUM, "dam safety", "dam seepage flow", "大坝渗流量",
           interval_s=HOUR),
    Metric("dam_pore_pressure", "kPa", -50, 3000, GAUGE, MEAN, MEAN, "dam safety", "dam pore pressure",
           "大坝渗透压力", interval_s=HOUR),
)

WATER_QUALITY: Final = (
    # Rests at 0 Cel under ice: never stuck.
    Metric("water_temperature", "Cel", -5, 45, GAUGE, MEAN, MEAN, "water quality", "water temperature", "水温",
           step=10, comparable=NEITHER, interval_s=15 * MINUTE),
    # The arithmetic mean of pH is customary in reports, though not that of the ion activity.
    Metric("water_ph", "[pH]", 0, 14, GAUGE, MEAN, MEAN, "water quality", "water pH", "水体酸碱度",
           step=4, comparable=NEITHER, interval_s=15 * MINUTE),
    Metric("dissolved_oxygen", "mg/L", 0, 25, GAUGE, MEAN, MEAN, "water quality", "dissolved oxygen", "溶解氧",
           step=12, stuck_after_s=72 * HOUR, comparable=HIGHER, interval_s=15 * MINUTE,
           source="direction GB3838; limits default, unverified"),
    # Tides turn fresh into salt water within the hour.
    Metric("conductivity", "uS/cm", 0, 100_000, GAUGE, MEAN, MEAN, "water quality",
           "electrical conductivity of water", "水体电导率",
           step=40_000, comparable=NEITHER, interval_s=15 * MINUTE),
    # The first flush of a storm multiplies it by hundreds.
    Metric("turbidity", "[NTU]", 0, 4000, GAUGE, MEAN, MEAN, "water quality", "turbidity", "浑浊度",
           comparable=LOWER, interval_s=15 * MINUTE, source="direction GB5749; limits default, unverified"),
    Metric("cod_mn", "mg/L", 0, 100, GAUGE, MEAN, MEAN, "water quality", "permanganate index", "高锰酸盐指数",
           step=60, comparable=LOWER, interval_s=4 * HOUR, source="direction GB3838; limits default, unverified"),
    Metric("ammonia_nitrogen", "mg/L", 0, 150, GAUGE, MEAN, MEAN, "water quality", "ammonia nitrogen", "氨氮",
           step=100, comparable=LOWER, interval_s=4 * HOUR, source="direction GB3838; limits default, unverified"),
    Metric("total_phosphorus", "mg/L", 0, 20, GAUGE, MEAN, MEAN, "water quality", "total phosphorus", "总磷",
           step=15, comparable=LOWER, interval_s=4 * HOUR, source="direction GB3838; limits default, unverified"),
    Metric("total_nitrogen", "mg/L", 0, 200, GAUGE, MEAN, MEAN, "water quality", "total nitrogen", "总氮",
           step=100, comparable=LOWER, interval_s=4 * HOUR, source="direction GB3838; limits default, unverified"),
    Metric("fluoride", "mg/L", 0, 20, GAUGE, MEAN, MEAN, "water quality", "fluoride", "氟化物",
           step=15, comparable=LOWER, interval_s=4 * HOUR, source="direction GB3838; limits default, unverified"),
    Metric("nitrate_nitrogen", "mg/L", 0, 200, GAUGE, MEAN, MEAN, "water quality", "nitrate nitrogen", "硝酸盐氮",
           step=100, comparable=LOWER, interval_s=4 * HOUR, source="direction GB5749; limits default, unverified"),
    Metric("cod", "mg/L", 0, 2000, GAUGE, MEAN, MEAN, "water quality", "chemical oxygen demand (dichromate)",
           "化学需氧量", step=1000, comparable=LOWER, interval_s=4 * HOUR),
    Metric("bod5", "mg/L", 0, 1000, GAUGE, MEAN, MEAN, "water quality", "five-day biochemical oxygen demand",
           "五日生化需氧量", step=500, comparable=LOWER, interval_s=4 * HOUR),
    Metric("suspended_solids", "mg/L", 0, 5000, GAUGE, MEAN, MEAN, "water quality", "suspended solids", "悬浮物",
           comparable=LOWER, interval_s=4 * HOUR),
    # Outlets of separate works: what they let out together is the sum.
    Metric("effluent_flow", "m3/h", 0, 10_000, GAUGE, MEAN, SUM, "water quality", "effluent flow", "污水排放流量",
           interval_s=10 * MINUTE),
    Metric("chlorophyll_a", "ug/L", 0, 1000, GAUGE, MEAN, MEAN, "water quality", "chlorophyll a", "叶绿素a",
           step=500, comparable=LOWER, interval_s=HOUR),
)

DRINKING_WATER: Final = (
    # Wanted within a band, so neither more nor less is better.
    Metric("free_chlorine", "mg/L", 0, 10, GAUGE, MEAN, MEAN, "drinking water", "free chlorine", "游离氯",
           step=5, comparable=NEITHER, interval_s=5 * MINUTE),
    # Bursts and pump starts are jumps: no step on pressure and flow.
    Metric("supply_pressure", "kPa", 0, 2000, GAUGE, MEAN, MEAN, "drinking water", "supply pressure", "供水压力",
           comparable=HIGHER, interval_s=MINUTE),
    Metric("supply_flow", "m3/h", 0, 10_000, GAUGE, MEAN, SUM, "drinking water", "supply flow", "供水流量",
           interval_s=MINUTE),
    Metric("supply_volume", "m3", 0, 1e9, COUNTER, INCREASE, SUM, "drinking water", "supplied water", "供水量",
           interval_s=15 * MINUTE),
    Metric("tank_level", "m", 0, 30, GAUGE, MEAN, MEAN, "drinking water", "tank level", "水池水位",
           step=10, interval_s=5 * MINUTE),
    # Night flows of separate zones add up to the leakage of a place.
    Metric("minimum_night_flow", "m3/h", 0, 10_000, GAUGE, MEAN, SUM, "drinking water", "minimum night flow",
           "夜间最小流量", interval_s=DAY, source="definition MNF; limits default, unverified"),
)
# fmt: on

ROWS: Final = (*HYDROLOGY_AND_IRRIGATION, *DAM_SAFETY, *WATER_QUALITY, *DRINKING_WATER)
