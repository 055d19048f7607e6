"""The few kinds of panels that the boards are made of, each dressed by the catalogue."""

from typing import Final, TypeAlias, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, stat, statetimeline, timeseries
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.common import (
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Panel,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

from dashboards import queries, words
from telemetry.catalogue.marks import MARKS
from telemetry.metrics import metric as known
from telemetry.model import Fold, Metric

AnyPanel: TypeAlias = Builder[Panel]

_Dressed = TypeVar("_Dressed", timeseries.Panel, stat.Panel, statetimeline.Panel, bargauge.Panel)
HEIGHT: Final = 8
THIRD: Final = 8
QUARTER: Final = 6
HALF: Final = 12
WHOLE: Final = 24
_SMALL: Final = 4


def curves(metric_id: str, where: str, span: int = THIRD) -> timeseries.Panel:
    """What each instrument says, finely."""
    metric = known(metric_id)
    return _lines(metric, span).with_target(queries.by_device(metric, where))


def places(metric_id: str, where: str, span: int = THIRD) -> AnyPanel:
    """Each place's own curve, finely."""
    metric = known(metric_id)
    return _lines(metric, span).with_target(queries.by_place(metric, where))


def amounts(metric_id: str, where: str, span: int = THIRD) -> AnyPanel:
    """What each place used, counted or got in each window, as bars."""
    metric = known(metric_id)
    panel = _dressed(timeseries.Panel(), metric, span).draw_style(GraphDrawStyle.BARS).fill_opacity(60).line_width(0)
    panel.description(words.of_hours(metric)).interval("1h")
    return _legend(panel).with_target(queries.windows_by_place(metric, where))


def states(metric_id: str, where: str, names: tuple[str, str], *, span: int = HALF) -> AnyPanel:
    """When each instrument saw which of two states."""
    metric = known(metric_id)
    panel = _dressed(statetimeline.Panel(), metric, span).mappings(
        [
            ValueMap(
                {
                    "0": ValueMappingResult(text=names[0], color="blue", index=0),
                    "1": ValueMappingResult(text=names[1], color="red" if metric_id in MARKS else "green", index=1),
                }
            )
        ]
    )
    return panel.with_target(queries.by_device(metric, where))


def present(metric_id: str, where: str, span: int = _SMALL) -> AnyPanel:
    """The newest values, folded into one number."""
    metric = known(metric_id)
    return _number(metric, span).with_target(queries.present(metric, where))


def in_all(metric_id: str, where: str, span: int = _SMALL) -> AnyPanel:
    """The whole range, folded into one number."""
    metric = known(metric_id)
    panel = _number(metric, span).description(words.of_hours(metric))
    return panel.with_target(queries.in_all(metric, where))


def levels(metric_id: str, where: str, span: int = HALF) -> AnyPanel:
    """The newest value of each instrument as a bar, the lowest first."""
    metric = known(metric_id)
    panel = (
        _dressed(bargauge.Panel(), metric, span)
        .orientation(VizOrientation.HORIZONTAL)
        .reduce_options(_newest(rows=True))
    )
    lowest_first = DataTransformerConfig("sortBy", options={"fields": {}, "sort": [{"field": "now", "desc": False}]})
    return panel.with_target(queries.newest_by_device(metric, where)).with_transformation(lowest_first)


def beside_city(metric_id: str, span: int = HALF) -> AnyPanel:
    """The village's line before the band of the city's places."""
    metric = known(metric_id)
    if metric.fold is Fold.DIRECTION:
        # The lowest and the highest of directions say nothing: each instrument's newest direction instead.
        panel = _lines(metric, span).draw_style(GraphDrawStyle.POINTS)
        city = queries.by_device(metric, queries.CITY)
        city.ref, city.alias = "B", "city $tag_device"
        return panel.with_target(queries.by_device(metric, queries.VILLAGE)).with_target(city)
    return (
        _lines(metric, span)
        .description(words.of_hours(metric))
        .interval("1h")
        .with_target(queries.windows(metric, queries.VILLAGE, "${village:text}"))
        .with_target(queries.band(metric, queries.CITY))
        .override_by_name("low", _quiet())
        .override_by_name("high", [*_quiet(), _set("custom.fillBelowTo", "low"), _set("custom.fillOpacity", 20)])
        .override_by_name("mean", [_set("color", {"mode": "fixed", "fixedColor": "gray"})])
    )


def _quiet() -> list[DynamicConfigValue]:
    """An edge of the band: no line, no colour of its own, not in the legend."""
    return [
        _set("custom.lineWidth", 0),
        _set("color", {"mode": "fixed", "fixedColor": "gray"}),
        _set("custom.hideFrom", {"legend": True, "tooltip": False, "viz": False}),
    ]


def _set(name: str, value: object) -> DynamicConfigValue:
    return DynamicConfigValue(name, value)


def _lines(metric: Metric, span: int) -> timeseries.Panel:
    panel = _legend(_dressed(timeseries.Panel(), metric, span))
    panel.show_points(VisibilityMode.AUTO).span_nulls(7_200_000)
    if metric.id in MARKS:
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    return panel


def _legend(panel: timeseries.Panel) -> timeseries.Panel:
    panel.color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
    return panel.legend(common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).show_legend(True))


def _number(metric: Metric, span: int) -> stat.Panel:
    return _dressed(stat.Panel(), metric, span).height(_SMALL).reduce_options(_newest())


def _newest(*, rows: bool = False) -> common.ReduceDataOptions:
    """The last value of a field, or every row of it."""
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(rows)


def _dressed(panel: _Dressed, metric: Metric, span: int) -> _Dressed:
    """What every panel of a metric has from the catalogue."""
    steps = ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(words.thresholds(metric))
    return (
        panel.title(words.title(metric))
        .description(words.description(metric))
        .unit(words.unit(metric))
        .thresholds(steps)
        .color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .height(HEIGHT)
        .span(span)
    )
