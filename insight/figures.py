"""Figures of tables: what was counted for the country, and what standards ask for. Each with its year and source.

Pure: no clock, no network, no store. A figure marked unverified has been read by nobody in its source: it is a
default that an operator confirms or replaces.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from insight.benchmarks import Figure, FigureKind
from insight.measures import Comparable, Normaliser, Weight
from telemetry.model import Better


@dataclass(frozen=True, slots=True)
class Statistic:
    """A quantity that no sensor measures: counties declare it, with year, source, and who entered it."""

    id: str
    unit: str
    better: Better
    weigh_by: Weight
    name_en: str
    name_zh: str
    source: str


_MARA: Final = "county informatisation evaluation 2021 (MARA)"
_CNNIC: Final = "CNNIC, 46th report"
_PERSONS: Final = Weight.PERSONS
_HOUSEHOLDS: Final = Weight.HOUSEHOLDS
_HIGHER: Final = Better.HIGHER

# fmt: off
_STATISTICS: Final = (
    Statistic("internet_users", "%", _HIGHER, _PERSONS, "people who use the internet", "互联网普及率", _CNNIC),
    Statistic("informatisation", "%", _HIGHER, _PERSONS, "overall informatisation of farming and country",
              "农业农村信息化发展总体水平", _MARA),
    Statistic("production_informatisation", "%", _HIGHER, _PERSONS, "informatisation of farm production",
              "农业生产信息化水平", _MARA),
    Statistic("traceability", "%", _HIGHER, _PERSONS, "farm products traceable in quality and safety",
              "农产品质量安全追溯信息化水平", _MARA),
    Statistic("online_sales_share", "%", _HIGHER, _PERSONS, "share of farm products sold online",
              "农产品网络零售额占比", _MARA),
    Statistic("affairs_disclosure", "%", _HIGHER, _HOUSEHOLDS, "village affairs disclosed online",
              "应用信息技术实现行政村三务综合公开水平", _MARA),
    Statistic("bright_eyes_coverage", "%", _HIGHER, _HOUSEHOLDS, "villages with the Bright Eyes safety system",
              "雪亮工程行政村覆盖率", _MARA),
    Statistic("online_service_rate", "%", _HIGHER, _HOUSEHOLDS, "government services handled online",
              "县域政务服务在线办事率", _MARA),
    Statistic("ecommerce_stations", "%", _HIGHER, _HOUSEHOLDS, "villages with an e-commerce station",
              "电子商务服务站行政村覆盖率", _MARA),
    Statistic("road_access", "%", _HIGHER, _PERSONS, "people within 2 km of an all-season road",
              "2公里内有四季通行道路的人口占比", "SDG 9.1.1 (SDG)"),
    Statistic("water_assurance", "%", _HIGHER, _HOUSEHOLDS, "days of the year with enough water",
              "供水保证率", "T/CHES 18-2018 (RURALWATER)"),
    Statistic("emergency_plan", "%", _HIGHER, _HOUSEHOLDS, "villages with a tried emergency plan",
              "应急预案演练行政村占比", "default, unverified"),
)

# Columns: id, measure or statistic, value, unit, year, source, whose.
_COUNTRY: Final = (
    Figure("cnnic-2020-urban", "internet_users", 76.4, "%", 2020, _CNNIC, "China, urban"),
    Figure("cnnic-2020-rural", "internet_users", 52.3, "%", 2020, _CNNIC, "China, rural"),
    Figure("cnnic-2021-rural", "internet_users", 57.6, "%", 2021, "CNNIC, 49th report", "China, rural"),
    Figure("mara-2019", "informatisation", 36.0, "%", 2019, _MARA, "China, counties"),
    Figure("mara-2020", "informatisation", 37.9, "%", 2020, _MARA, "China, counties"),
    Figure("mara-2020-east", "informatisation", 41.0, "%", 2020, _MARA, "China, counties of the east"),
    Figure("mara-2020-centre", "informatisation", 40.8, "%", 2020, _MARA, "China, counties of the centre"),
    Figure("mara-2020-west", "informatisation", 34.1, "%", 2020, _MARA, "China, counties of the west"),
    Figure("mara-2020-zhejiang", "informatisation", 66.7, "%", 2020, _MARA, "Zhejiang, counties"),
    Figure("mara-2020-production", "production_informatisation", 22.5, "%", 2020, _MARA, "China, counties"),
    Figure("mara-2020-traceability", "traceability", 22.1, "%", 2020, _MARA, "China, counties"),
    Figure("mara-2020-online-sales", "online_sales_share", 13.8, "%", 2020, _MARA, "China, counties"),
    Figure("mara-2020-affairs", "affairs_disclosure", 72.1, "%", 2020, _MARA, "China, counties"),
    Figure("mara-2020-bright-eyes", "bright_eyes_coverage", 77.0, "%", 2020, _MARA, "China, counties"),
    Figure("mara-2020-online-service", "online_service_rate", 66.4, "%", 2020, _MARA, "China, counties"),
    Figure("mara-2020-ecommerce", "ecommerce_stations", 78.9, "%", 2020, _MARA, "China, counties"),
)

_LIMITS: Final = (
    Figure("ches18-quantity", "drinking_water_per_person", 35.0, "L/{person}/d", 2018, "T/CHES 18-2018 (RURALWATER)",
           "quantity, water-rich areas", FigureKind.LIMIT),
    Figure("ches18-quantity-short", "drinking_water_per_person", 20.0, "L/{person}/d", 2018,
           "T/CHES 18-2018 (RURALWATER)", "quantity, water-short areas", FigureKind.LIMIT),
    Figure("ches18-assurance", "water_assured_days", 90.0, "%", 2018, "T/CHES 18-2018 (RURALWATER)",
           "assurance: 36 days a year without", FigureKind.LIMIT),
    Figure("ches18-assurance-days", "water_assurance", 90.0, "%", 2018, "T/CHES 18-2018 (RURALWATER)",
           "assurance: 36 days a year without", FigureKind.LIMIT),
    Figure("rs1-rural", "outage_minutes", 1051.2, "min/{household}/a", None, "RS-1 of 99.8 %, default, unverified",
           "rural supply", FigureKind.LIMIT),
)
# fmt: on

STATISTICS: Final[Mapping[str, Statistic]] = MappingProxyType({row.id: row for row in _STATISTICS})
"""By id."""

FIGURES: Final[Mapping[str, Figure]] = MappingProxyType({row.id: row for row in (*_COUNTRY, *_LIMITS)})
"""By id."""

DECLARED: Final[Mapping[str, Comparable]] = MappingProxyType(
    {
        row.id: Comparable(
            row.id,
            (),
            Normaliser.DECLARED,
            row.unit,
            row.better,
            row.weigh_by,
            row.name_en,
            row.name_zh,
            every="1y",
            source=row.source,
        )
        for row in _STATISTICS
    }
)
"""The statistics as measures: what is compared is the number itself, of the same year."""
