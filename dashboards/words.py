"""What the catalogue says of a metric, in the words of a panel: title, description, unit and colours."""

from typing import Final

from grafana_foundation_sdk.models.dashboard import Threshold

from telemetry.catalogue.marks import MARKS
from telemetry.model import Fold, Kind, Metric

_UNITS: Final = {
    "Cel": "celsius",
    "%": "percent",
    "hPa": "pressurehpa",
    "kPa": "pressurekpa",
    "m/s": "velocityms",
    "km/h": "velocitykmh",
    "deg": "degree",
    "mm": "lengthmm",
    "m": "lengthm",
    "m3": "m3",
    "L": "litre",
    "kg": "masskg",
    "m3/s": "flowcms",
    "W/m2": "Wm2",
    "V": "volt",
    "A": "amp",
    "kW": "kwatt",
    "kW.h": "kwatth",
    "Hz": "hertz",
    "[ppm]": "ppm",
    "[pH]": "pH",
    "ug/m3": "conμgm3",
    "dB": "dB",
    "dBm": "dBm",
    "s": "s",
    "1": "none",
    "{count}": "none",
}
"""Grafana's id of a UCUM unit."""
_KINDS: Final = {
    Kind.GAUGE: ("gauge", "瞬时量"),
    Kind.COUNTER: ("counter", "累计量"),
    Kind.STATE: ("state", "状态量"),
    Kind.INTERVAL_SUM: ("interval sum", "时段量"),
}
_FOLDS: Final = {
    Fold.MEAN: ("mean", "平均"),
    Fold.SUM: ("sum", "合计"),
    Fold.MIN: ("minimum", "最小"),
    Fold.MAX: ("maximum", "最大"),
    Fold.FIRST: ("first", "首值"),
    Fold.LAST: ("last", "末值"),
    Fold.INCREASE: ("increase", "增量"),
    Fold.DIRECTION: ("direction", "方向平均"),
}
_GREEN: Final = "green"
_WATCH: Final = "orange"
_ACT: Final = "red"


def title(metric: Metric) -> str:
    """In both languages: `Air temperature 气温`."""
    return f"{metric.name_en[0].upper()}{metric.name_en[1:]} {metric.name_zh}"


def unit(metric: Metric) -> str:
    """Grafana's id of the unit; one that it does not know stands behind the number as it is."""
    return _UNITS.get(metric.unit, f"suffix: {metric.unit}")


def description(metric: Metric) -> str:
    """What the numbers mean and how they are folded, in both languages."""
    kind_en, kind_zh = _KINDS[metric.kind]
    fold_en, fold_zh = _FOLDS[metric.fold]
    across_en, across_zh = _FOLDS[metric.across]
    marks = MARKS.get(metric.id)
    colours_en = "" if marks is None else f" Colours: {marks.source}."
    return (
        f"{metric.name_en} ({metric.id}), {kind_en}, unit {metric.unit}. Over time: {fold_en}; over devices: "
        f"{across_en}. Good readings only; plausible from {metric.low:g} to {metric.high:g}.{colours_en}\n\n"
        f"{metric.name_zh},{kind_zh},单位 {metric.unit}。时间聚合:{fold_zh};设备聚合:{across_zh}。"
        f"仅计可信读数;合理范围 {metric.low:g} 至 {metric.high:g}。"
    )


def of_hours(metric: Metric) -> str:
    """What must be known beside the description where a panel asks the rollups."""
    counted_en, counted_zh = "", ""
    if metric.kind is Kind.COUNTER:
        counted_en, counted_zh = " The step of a rollover is not in it.", "不含表计翻转的一步。"
    return (
        f"{description(metric)}\n\nFrom hours: each is complete 15 minutes after its end.{counted_en} "
        f"按小时汇总,整点后15分钟补齐。{counted_zh}"
    )


def thresholds(metric: Metric) -> list[Threshold]:
    """The catalogue's marks as Grafana's steps; the first one has no lower end."""
    marks = MARKS.get(metric.id)
    if marks is None:
        return [Threshold(None, _GREEN)]
    below = [(marks.act_below, _ACT), (marks.watch_below, _WATCH)]
    above = [(marks.watch_from, _WATCH), (marks.act_from, _ACT)]
    known = [(value, colour) for value, colour in below if value is not None]
    starts = [None, *(value for value, _ in known)]
    colours = [*(colour for _, colour in known), _GREEN]
    steps = [Threshold(value, colour) for value, colour in zip(starts, colours, strict=True)]
    return [*steps, *(Threshold(value, colour) for value, colour in above if value is not None)]
