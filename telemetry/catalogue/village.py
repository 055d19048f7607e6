"""Grid, logistics, transport, environment, the devices themselves, benchmark and assistance: rows 76 to 102; scores."""

from typing import Final

from telemetry.catalogue.columns import (
    COUNTER,
    DAY,
    GAUGE,
    HIGHER,
    HOUR,
    INCREASE,
    LAST,
    LOWER,
    MAX,
    MEAN,
    MIN,
    MINUTE,
    NEITHER,
    STATE,
    SUM,
)
from telemetry.model import Metric

# A table: id, unit, low, high, kind, fold, across, domain, English, Chinese; then what else is known.
# fmt: off
GRID: Final = (
    # Outages and switched loads are jumps: no step on voltage, current and power.
    Metric("voltage_a", "V", 0, 500, GAUGE, MEAN, MEAN, "grid", "voltage, phase A", "A相电压",
           stuck_after_s=24 * HOUR, comparable=NEITHER, interval_s=MINUTE),
    Metric("current_a", "A", 0, 10_000, GAUGE, MEAN, MEAN, "grid", "current, phase A", "A相电流",
           interval_s=MINUTE),
    Metric("voltage_b", "V", 0, 500, GAUGE, MEAN, MEAN, "grid", "voltage, phase B", "B相电压",
           stuck_after_s=24 * HOUR, comparable=NEITHER, interval_s=MINUTE),
    Metric("voltage_c", "V", 0, 500, GAUGE, MEAN, MEAN, "grid", "voltage, phase C", "C相电压",
           stuck_after_s=24 * HOUR, comparable=NEITHER, interval_s=MINUTE),
    Metric("current_b", "A", 0, 10_000, GAUGE, MEAN, MEAN, "grid", "current, phase B", "B相电流",
           interval_s=MINUTE),
    Metric("current_c", "A", 0, 10_000, GAUGE, MEAN, MEAN, "grid", "current, phase C", "C相电流",
           interval_s=MINUTE),
    Metric("active_power", "kW", -1e5, 1e5, GAUGE, MEAN, SUM, "grid", "active power", "有功功率",
           interval_s=MINUTE),
    # UCUM has no var.
    Metric("reactive_power", "kV.A{reactive}", -1e5, 1e5, GAUGE, MEAN, SUM, "grid", "reactive power", "无功功率",
           interval_s=MINUTE),
    Metric("power_factor", "1", -1, 1, GAUGE, MEAN, MEAN, "grid", "power factor", "功率因数",
           comparable=HIGHER, interval_s=MINUTE),
    Metric("energy_import", "kW.h", 0, 1e9, COUNTER, INCREASE, SUM, "grid", "energy import", "正向有功电能",
           interval_s=15 * MINUTE),
    Metric("energy_export", "kW.h", 0, 1e9, COUNTER, INCREASE, SUM, "grid", "energy export", "反向有功电能",
           interval_s=15 * MINUTE),
    Metric("pv_power", "kW", 0, 1e5, GAUGE, MEAN, SUM, "grid", "photovoltaic power", "光伏发电功率",
           interval_s=MINUTE),
    Metric("frequency", "Hz", 45, 55, GAUGE, MEAN, MEAN, "grid", "grid frequency", "电网频率",
           step=2, stuck_after_s=24 * HOUR, comparable=NEITHER, interval_s=MINUTE),
    # An outage inside a bucket counts though it is over at its end (MAX); across supply points the mean is the share
    # that was without power.
    Metric("outage_state", "1", 0, 1, STATE, MAX, MEAN, "grid", "power outage (1 = no supply)", "停电状态(1为停电)",
           comparable=LOWER),
)

LOGISTICS_AND_TRANSPORT: Final = (
    # An opened door or a probe moved to the dock jumps by the difference to the outside.
    Metric("cargo_temperature", "Cel", -60, 50, GAUGE, MEAN, MEAN, "logistics", "cargo temperature", "货物温度",
           step=40, stuck_after_s=24 * HOUR, comparable=NEITHER, interval_s=5 * MINUTE),
    Metric("cargo_humidity", "%", 0, 100, GAUGE, MEAN, MEAN, "logistics", "cargo humidity", "货物湿度",
           step=80, comparable=NEITHER, interval_s=5 * MINUTE),
    # A door that was open inside a bucket was open, though shut at its end.
    Metric("door_open", "1", 0, 1, STATE, MAX, MAX, "logistics", "door (1 = open)", "车门状态(1为开)"),
    # Channels `lat` and `lon`, so the range is that of a longitude. A step is 50 km: a tunnel and a late fix, not a
    # jump across the province.
    Metric("vehicle_position", "deg", -180, 180, GAUGE, LAST, MEAN, "logistics", "vehicle position", "车辆位置",
           step=0.5, interval_s=MINUTE, per_device=True),
    Metric("vehicle_speed", "km/h", 0, 200, GAUGE, MEAN, MEAN, "transport", "vehicle speed", "车速",
           step=150, comparable=NEITHER, interval_s=MINUTE),
    Metric("traffic_count", "{count}", 0, 1e7, COUNTER, INCREASE, SUM, "transport", "traffic count", "交通流量",
           interval_s=5 * MINUTE),
    # Codes ascend from dry to the worst: the worst stretch speaks for the place.
    Metric("road_surface_state", "1", 0, 5, STATE, LAST, MAX, "transport", "road surface state (code)",
           "路面状况(代码)", interval_s=10 * MINUTE),
    Metric("parcel_inbound", "{count}", 0, 1e7, COUNTER, INCREASE, SUM, "logistics", "parcels delivered",
           "快递投递量", interval_s=DAY),
    Metric("parcel_outbound", "{count}", 0, 1e7, COUNTER, INCREASE, SUM, "logistics", "parcels sent", "快递揽收量",
           interval_s=DAY),
)

ENVIRONMENT: Final = (
    Metric("pm25", "ug/m3", 0, 1000, GAUGE, MEAN, MEAN, "environment", "fine particles PM2.5", "细颗粒物(PM2.5)",
           step=600, stuck_after_s=72 * HOUR, comparable=LOWER, interval_s=HOUR),
    Metric("pm10", "ug/m3", 0, 2000, GAUGE, MEAN, MEAN, "environment", "particles PM10", "可吸入颗粒物(PM10)",
           step=1500, stuck_after_s=72 * HOUR, comparable=LOWER, interval_s=HOUR),
    # The mean of decibels is that of the levels, not the energy-equivalent level.
    Metric("noise_level", "dB", 20, 140, GAUGE, MEAN, MEAN, "environment", "noise level", "噪声级",
           stuck_after_s=24 * HOUR, comparable=LOWER, interval_s=MINUTE),
)

DEVICE: Final = (
    # The weakest battery decides when somebody must drive out.
    Metric("battery_level", "%", 0, 100, GAUGE, MEAN, MIN, "device", "battery level", "电池电量",
           interval_s=HOUR),
    Metric("station_voltage", "V", 0, 60, GAUGE, MEAN, MIN, "device", "supply voltage of a station", "测站电源电压",
           interval_s=HOUR),
    Metric("rssi", "dBm", -150, 0, GAUGE, MEAN, MEAN, "device", "received signal strength", "接收信号强度",
           interval_s=HOUR),
    Metric("snr", "dB", -50, 100, GAUGE, MEAN, MEAN, "device", "signal-to-noise ratio", "信噪比",
           interval_s=HOUR),
    Metric("uplink_delay", "s", 0, 604_800, GAUGE, MEAN, MEAN, "device", "uplink delay", "上行时延"),
    Metric("packet_loss", "%", 0, 100, GAUGE, MEAN, MEAN, "device", "packet loss", "丢包率",
           interval_s=HOUR),
)

BENCHMARK_AND_ASSISTANCE: Final = (
    Metric("broadband_coverage", "%", 0, 100, GAUGE, LAST, MEAN, "benchmark", "households with broadband",
           "宽带入户率", comparable=HIGHER, interval_s=365 * DAY),
    Metric("monitored_households", "{count}", 0, 1e6, GAUGE, LAST, SUM, "assistance", "monitored households",
           "监测户数", interval_s=DAY),
)

# What the house says of a place, once a night; a channel for each measure (insight/scores.py).
SCORES: Final = (
    Metric("parity", "1", 0, 1e4, GAUGE, LAST, MEAN, "benchmark", "parity with the city (1 = as good)",
           "与城市之比(1为持平)"),
    Metric("peer_parity", "1", 0, 1e4, GAUGE, LAST, MEAN, "benchmark", "parity with similar villages (1 = as good)",
           "与同类村之比(1为持平)"),
    Metric("gap_change", "%/mo", -1e6, 1e6, GAUGE, LAST, MEAN, "benchmark",
           "change of the gap to the city, of the city's value (below 0 = it closes)", "与城市差距月变化(负为缩小)"),
    Metric("standing", "1", -1, 1, STATE, LAST, MEAN, "benchmark",
           "standing beside the city (-1 = behind, 0 = no certain difference, 1 = ahead)",
           "与城市相比(-1落后,0无确定差异,1领先)"),
    Metric("refusal", "1", 0, 99, STATE, LAST, MAX, "benchmark", "why there is no comparison (code, 0 = there is)",
           "不予对比的原因(代码,0为可比)"),
    Metric("score_coverage", "%", 0, 100, GAUGE, LAST, MEAN, "benchmark", "coverage behind a comparison",
           "对比数据完整率"),
    Metric("village_index", "1", 0, 1, GAUGE, LAST, MEAN, "benchmark", "digital village index", "数字乡村指数"),
)
# fmt: on

ROWS: Final = (*GRID, *LOGISTICS_AND_TRANSPORT, *ENVIRONMENT, *DEVICE, *BENCHMARK_AND_ASSISTANCE, *SCORES)
