"""Tables and the map: what is known of each place or device beside what came from it.

InfluxQL cannot join, so Grafana does, by the tag that both answers carry: names, positions and readings due (told by
the worker), good and doubtful readings (from the hours), the newest reading.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from grafana_foundation_sdk.builders import geomap, table
from grafana_foundation_sdk.builders.common import FrameGeometrySource, MapLayerOptions, TableSortByFieldState
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models.common import FrameGeometrySourceMode
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    MatcherConfig,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.geomap import TooltipMode

from dashboards.panels import HALF, WHOLE, AnyPanel
from dashboards.queries import DEVICES, HOURLY, IN_RANGE, PLACES, RAW, Question
from dashboards.variables import DEVICES_NAMES, PLACES_NAMES
from telemetry.store.influxql import GOOD, quoted

GATE: Final = 0.7
"""Below this coverage places are not compared."""
_TALL: Final = 12
_ROLLED_AFTER: Final = "2h"
"""The panels' range ends so long ago: an hour is rolled up a quarter of an hour after its end."""
_EN_COVERAGE: Final = (
    "Coverage: good readings of the hours in the range / readings due in it by the devices' profiles; devices of which "
    "nothing is due are left out. A device that sends more than it should counts in full here; the API counts each for "
    "no more than it was due."
)
_ZH_COVERAGE: Final = (
    "完整率:时段内可信读数与按设备配置应报读数之比,不含无固定上报周期的设备;"
    "多报的读数在此全部计入,接口则以应报数为上限。"
)


def places_table() -> AnyPanel:
    """The villages, how fresh and how complete they are."""
    panel = table.Panel().title("Villages: freshness and coverage 各村数据时效与完整率")
    panel.description(f"{_EN_COVERAGE}\n\n{_ZH_COVERAGE}").height(_TALL).span(HALF).time_shift(_ROLLED_AFTER)
    for question in _of_places():
        panel.with_target(question)
    for step in _joined(
        "region", {"latitude", "longitude", "region"}, {"label": "Village 村", "population": "People 人口"}
    ):
        panel.with_transformation(step)
    return panel.override_by_name("Coverage 完整率", _share()).override_by_name("Newest 最新", _instant())


def places_map() -> AnyPanel:
    """A marker for each village, coloured by its coverage."""
    where = FrameGeometrySource().mode(FrameGeometrySourceMode.COORDS).latitude("latitude").longitude("longitude")
    config = {
        "showLegend": False,
        "style": {"color": {"field": "Coverage 完整率", "fixed": "gray"}, "size": {"fixed": 9}},
    }
    markers = MapLayerOptions().type("markers").name("Villages 村庄").location(where).config(config).tooltip(True)
    panel = (
        geomap.Panel()
        .title("Villages on the map 村庄地图")
        .description(f"Coloured by coverage. {_EN_COVERAGE}\n\n按完整率着色。{_ZH_COVERAGE}")
        .height(_TALL)
        .span(HALF)
        .time_shift(_ROLLED_AFTER)
        .view(geomap.MapViewConfig().id("fit").all_layers(True).zoom(10))
        .basemap(MapLayerOptions().type("default").name("Map 底图"))
        .tooltip(geomap.TooltipOptions().mode(TooltipMode.DETAILS))
        .layers([markers])
    )
    for question in _of_places():
        panel.with_target(question)
    for step in _joined("region", {"region"}, {"label": "Village 村", "population": "People 人口"}):
        panel.with_transformation(step)
    return panel.override_by_name("Coverage 完整率", _share()).override_by_name("Newest 最新", _instant())


def devices_table() -> AnyPanel:
    """The devices: when they were last heard, how complete they are, battery and signal."""
    panel = table.Panel().title("Devices: last seen, coverage, battery, signal 设备状态")
    panel.description(f"{_EN_COVERAGE}\n\n{_ZH_COVERAGE}").height(_TALL).span(WHOLE).time_shift(_ROLLED_AFTER)
    for question in (*_of_devices(), _newest("D", "battery_level", "battery"), _newest("E", "rssi", "signal")):
        panel.with_target(question)
    renamed = {
        "device": "Device 设备",
        "name": "Name 名称",
        "profile": "Model 型号",
        "battery (lastNotNull)": "Battery 电量",
        "signal (lastNotNull)": "Signal 信号",
    }
    extra = [grouped("D", "device", {"battery": "lastNotNull"}), grouped("E", "device", {"signal": "lastNotNull"})]
    for step in [*extra, *_joined("device", {"region"}, renamed)]:
        panel.with_transformation(step)
    panel.sort_by([TableSortByFieldState().display_name("Newest 最新").desc(False)])
    return (
        panel.override_by_name("Coverage 完整率", _share())
        .override_by_name("Newest 最新", _instant())
        .override_by_name("Battery 电量", [_set("unit", "percent")])
        .override_by_name("Signal 信号", [_set("unit", "dBm")])
    )


def _of_places() -> Sequence[Question]:
    known = (
        'SELECT last("latitude") AS "latitude", last("longitude") AS "longitude", last("population") AS "population", '
        f'last("due") * $__range_s / 3600 AS "due" FROM "{PLACES_NAMES}" '
        f'WHERE "level" = \'village\' AND {PLACES} GROUP BY "region", "label"'
    )
    return Question(known, table=True), *_heard("region", PLACES, f'{PLACES} AND "device" !~ /^$unscheduled(:.+)?$/')


def _of_devices() -> Sequence[Question]:
    known = (
        f'SELECT last("name") AS "name", last("due") * $__range_s / 3600 AS "due" FROM "{DEVICES_NAMES}" '
        f'WHERE {DEVICES} GROUP BY "device", "profile", "region"'
    )
    return Question(known, table=True), *_heard("device", DEVICES, DEVICES)


def _heard(key: str, where: str, due_where: str) -> Sequence[Question]:
    """Of every metric: good and doubtful readings, and the newest ever; what the worker tells has no such fields."""
    tag = quoted(key)
    counted = f'SELECT sum("n") AS "good", sum("excluded") AS "doubtful" FROM /.*/ WHERE {due_where} AND {IN_RANGE}'
    newest = f'SELECT last("value") AS "value" FROM /.*/ WHERE {where} GROUP BY {tag}'
    return (
        Question(f"{counted} GROUP BY {tag}", HOURLY, table=True, ref="B"),
        Question(newest, RAW, table=True, ref="C"),
    )


def _newest(ref: str, metric: str, name: str) -> Question:
    statement = f'SELECT last("value") AS "{name}" FROM {quoted(metric)} WHERE {DEVICES} AND {GOOD} GROUP BY "device"'
    return Question(statement, table=True, ref=ref)


def _joined(key: str, hidden: set[str], names: Mapping[str, str]) -> list[DataTransformerConfig]:
    """One row per key: sums over the metrics, the newest of them, and their share of what was due."""
    renamed = {
        **names,
        "Time (max)": "Newest 最新",
        "coverage": "Coverage 完整率",
        "good (sum)": "Good 可信",
        "doubtful (sum)": "Doubtful 存疑",
        "due": "Due 应报",
    }
    shown = {
        "excludeByName": dict.fromkeys(sorted({"Time", *hidden}), True),
        "indexByName": {},
        "renameByName": renamed,
    }
    ratio = {"left": "good (sum)", "operator": "/", "right": "due"}
    return [
        grouped("B", key, {"good": "sum", "doubtful": "sum"}),
        grouped("C", key, {"Time": "max"}),
        DataTransformerConfig("joinByField", options={"byField": key, "mode": "outer"}),
        DataTransformerConfig("calculateField", options={"alias": "coverage", "mode": "binary", "binary": ratio}),
        DataTransformerConfig("organize", options=shown),
    ]


def grouped(ref: str, key: str, folds: Mapping[str, str]) -> DataTransformerConfig:
    """One row per key of one answer: InfluxQL gives one per metric."""
    fields: dict[str, object] = {key: {"operation": "groupby", "aggregations": []}}
    fields |= {name: {"operation": "aggregate", "aggregations": [fold]} for name, fold in folds.items()}
    return DataTransformerConfig("groupBy", filter_val=MatcherConfig("byRefId", ref), options={"fields": fields})


def _share() -> list[DynamicConfigValue]:
    steps = [Threshold(None, "red"), Threshold(GATE, "orange"), Threshold(0.9, "green")]
    return [
        _set("unit", "percentunit"),
        _set("thresholds", ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps).build()),
        _set("color", FieldColor().mode(FieldColorModeId.THRESHOLDS).build()),
        _set("custom.cellOptions", {"type": "color-text"}),
    ]


def _instant() -> list[DynamicConfigValue]:
    return [_set("unit", "dateTimeFromNow")]


def _set(name: str, value: object) -> DynamicConfigValue:
    return DynamicConfigValue(name, value)
