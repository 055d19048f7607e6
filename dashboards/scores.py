"""What the house says of a village beside its city: the scorecard with refusals in words, and how it has changed.

Each night the house writes what it says as readings of derived metrics, a channel a measure (`insight/scores.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from grafana_foundation_sdk.builders import table, timeseries
from grafana_foundation_sdk.builders.common import TableSortByFieldState
from grafana_foundation_sdk.models.dashboard import (
    DashboardRegexMapOptions,
    DataTransformerConfig,
    DynamicConfigValue,
    RegexMap,
    ValueMap,
    ValueMappingResult,
)

from dashboards.panels import HALF, WHOLE, AnyPanel, curves
from dashboards.queries import VILLAGE, Question
from dashboards.tables import grouped
from insight.figures import DECLARED
from insight.gate import WORDS
from insight.measures import COMPARABLES
from insight.scorecard import Standing
from insight.scores import CODES, INDEX, SAID, STANDINGS
from telemetry.store.influxql import quoted

SCORES: Final = f'{VILLAGE} AND "device" =~ /^scores-/'
_TALL: Final = 16
_DAY_MS: Final = 86_400_000
_COLUMNS: Final[Mapping[str, tuple[str, str]]] = {
    "standing": ("A", "Beside the city 与城市相比"),
    "parity": ("B", "Parity 与城市之比"),
    "peer_parity": ("C", "Beside similar villages 与同类村之比"),
    "gap_change": ("D", "Gap in a month 差距月变化"),
    "score_coverage": ("E", "Coverage 完整率"),
    "refusal": ("F", "Why there is no comparison 不予对比的原因"),
}
"""By metric: the letter of its question, and its heading."""
_MEASURE: Final = "Measure 指标"
_STANDINGS: Final = {
    Standing.BEHIND: ("behind 落后", "red"),
    Standing.LEVEL: ("no certain difference 无确定差异", "blue"),
    Standing.AHEAD: ("ahead 领先", "green"),
}
_EN: Final = (
    "As of last night, for the 30 days before. Parity: 1 = as good as the city, below 1 = worse, whichever way the "
    "measure points. Where there is no number stands why. The same as /api/v1/scorecard."
)
_ZH: Final = "截至昨夜的前30天。与城市之比:1为持平,小于1为落后;无数据者注明原因。与接口 /api/v1/scorecard 一致。"


def scorecard_table() -> AnyPanel:
    """Every measure of the village: where it stands, by how much, and where nobody can say, why."""
    panel = table.Panel().title("Scorecard 对标一览").description(f"{_EN}\n\n{_ZH}").height(_TALL).span(WHOLE)
    for metric, (ref, _) in _COLUMNS.items():
        panel.with_target(_newest(metric, ref))
    for step in _joined():
        panel.with_transformation(step)
    panel.sort_by([TableSortByFieldState().display_name(_COLUMNS["standing"][1]).desc(False)])
    for metric, settings in _dress().items():
        panel.override_by_name(metric, settings)
    return panel


def parity_history() -> AnyPanel:
    """Night by night how near the village comes to its city, a line for each measure."""
    return _nightly("parity")


def gap_history() -> AnyPanel:
    """Night by night whether the gaps close."""
    return _nightly("gap_change")


def index_history() -> AnyPanel:
    """The index and its dimensions, of the nights on which there was one."""
    return _nightly("village_index")


def refusal_history() -> AnyPanel:
    """Night by night what could not be said, and why."""
    return _nightly("refusal").mappings([_reasons()])


def _nightly(metric: str) -> timeseries.Panel:
    # Without the device before it, the measure; and the index itself by its own name.
    renamed = DataTransformerConfig("renameByRegex", options={"regex": r"^scores-\d+:?(.*)$", "renamePattern": "$1"})
    return curves(metric, SCORES, HALF).span_nulls(2 * _DAY_MS).with_transformation(renamed)


def _newest(metric: str, ref: str) -> Question:
    statement = f'SELECT last("value") AS "{metric}" FROM {quoted(metric)} WHERE {SCORES} GROUP BY "device"'
    return Question(statement, table=True, ref=ref)


def _joined() -> Iterator[DataTransformerConfig]:
    for metric, (ref, _) in _COLUMNS.items():
        yield grouped(ref, "device", {metric: "lastNotNull"})
    yield DataTransformerConfig("joinByField", options={"byField": "device", "mode": "outer"})
    names = {f"{metric} (lastNotNull)": heading for metric, (_, heading) in _COLUMNS.items()}
    yield DataTransformerConfig(
        "organize",
        options={"excludeByName": {"Time": True}, "indexByName": {}, "renameByName": {"device": _MEASURE, **names}},
    )


def _dress() -> Mapping[str, list[DynamicConfigValue]]:
    standings = {
        f"{STANDINGS[one]:g}": ValueMappingResult(text=text, color=colour, index=place)
        for place, (one, (text, colour)) in enumerate(_STANDINGS.items())
    }
    heading = {metric: heading for metric, (_, heading) in _COLUMNS.items()}
    return {
        _MEASURE: [_set("mappings", _names()), _set("custom.width", 380)],
        heading["standing"]: [
            _set("mappings", [ValueMap(standings)]),
            _set("custom.cellOptions", {"type": "color-text"}),
        ],
        heading["parity"]: [_set("decimals", 2)],
        heading["peer_parity"]: [_set("decimals", 2)],
        heading["gap_change"]: [_set("unit", "percent"), _set("decimals", 1)],
        heading["score_coverage"]: [_set("unit", "percent"), _set("decimals", 0)],
        heading["refusal"]: [_set("mappings", [_reasons()]), _set("custom.width", 420)],
    }


def _names() -> Sequence[RegexMap]:
    """What the channel of each measure is called."""
    told = {one.id: f"{one.name_en} {one.name_zh}" for one in (*COMPARABLES.values(), *DECLARED.values())}
    told[INDEX] = "digital village index 数字乡村指数"
    return [
        RegexMap(DashboardRegexMapOptions(rf"^scores-\d+:{name}$", ValueMappingResult(text=text, index=place)))
        for place, (name, text) in enumerate(told.items())
    ]


def _reasons() -> ValueMap:
    """The codes of refusals in words, in both languages."""
    words = {str(CODES[lack]): f"{en} {zh}" for lack, (en, zh) in WORDS.items()}
    return ValueMap(
        {
            code: ValueMappingResult(text=text, index=place)
            for place, (code, text) in enumerate({f"{SAID:g}": "—", **words}.items())
        }
    )


def _set(name: str, value: object) -> DynamicConfigValue:
    return DynamicConfigValue(name, value)
