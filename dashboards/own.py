"""Panels of the platform itself: what the worker tells of its own work, and how much was stored or doubted."""

from typing import Final

from grafana_foundation_sdk.builders import stat, statetimeline, timeseries
from grafana_foundation_sdk.builders.common import ReduceDataOptions
from grafana_foundation_sdk.models.common import GraphDrawStyle
from grafana_foundation_sdk.models.dashboard import ValueMap, ValueMappingResult

from dashboards.notes import WORKERS
from dashboards.panels import HEIGHT, THIRD, AnyPanel
from dashboards.queries import EAST_8_MS, HOURLY, IN_RANGE, Question
from dashboards.variables import DEVICES_NAMES, PLACES_NAMES
from telemetry.store.influxql import called, every, quoted

_STEP: Final = every("$__interval", 0)
_SMALL: Final = 4


def rate(field: str, title: str) -> AnyPanel:
    """How many per second of what the worker counts; a restart counts from zero and is no negative rate."""
    each = f'non_negative_derivative({called("max", field)}, 1s) AS "{field}"'
    return _timeseries(title, "cps").with_target(_worker(each))


def increase(field: str, title: str) -> AnyPanel:
    """How many more in each step of what should stay rare."""
    each = f'non_negative_difference({called("max", field)}) AS "{field}"'
    return _timeseries(title, "none").draw_style(GraphDrawStyle.BARS).fill_opacity(60).with_target(_worker(each))


def height(field: str, title: str) -> AnyPanel:
    """The most in each step."""
    return _timeseries(title, "none").with_target(_worker(f'{called("max", field)} AS "{field}"'))


def state(field: str, title: str, names: tuple[str, str], colours: tuple[str, str]) -> AnyPanel:
    """When it was so and when not."""
    shown = {str(value): ValueMappingResult(text=names[value], color=colours[value], index=value) for value in range(2)}
    panel = statetimeline.Panel().title(title).mappings([ValueMap(shown)]).height(HEIGHT).span(THIRD)
    return panel.with_target(_worker(f'{called("max", field)} AS "{field}"'))


def known(measurement: str, title: str, where: str = "") -> AnyPanel:
    """How many places or devices the registry has."""
    tag = {PLACES_NAMES: "region", DEVICES_NAMES: "device"}[measurement]
    condition = f" WHERE {where}" if where else ""
    each = f'SELECT last("due") AS "due" FROM {quoted(measurement)}{condition} GROUP BY {quoted(tag)}'
    panel = stat.Panel().title(title).unit("none").height(_SMALL).span(_SMALL)
    panel.reduce_options(ReduceDataOptions().calcs(["lastNotNull"]).values(False))
    return panel.with_target(Question(f'SELECT count("due") AS "known" FROM ({each})', table=True))


def stored(where: str, span: int = THIRD) -> AnyPanel:
    """Good readings in each window, by metric."""
    return _counted("n", "Good readings 可信读数", where, span)


def doubted(where: str, span: int = THIRD) -> AnyPanel:
    """Readings in each window that no fold takes, by metric."""
    return _counted("excluded", "Doubtful readings 存疑读数", where, span)


def _counted(field: str, title: str, where: str, span: int) -> AnyPanel:
    condition = f"{where} AND {IN_RANGE}" if where else IN_RANGE
    window = every("$window", EAST_8_MS)
    statement = f"SELECT {called('sum', field)} FROM /.*/ WHERE {condition} GROUP BY {window} fill(none)"
    panel = _timeseries(title, "none").span(span).draw_style(GraphDrawStyle.BARS).fill_opacity(60).interval("1h")
    return panel.with_target(Question(statement, HOURLY, alias="$m"))


def _worker(selected: str) -> Question:
    statement = f'SELECT {selected} FROM "{WORKERS}" WHERE {IN_RANGE} GROUP BY {_STEP}, "worker" fill(none)'
    return Question(statement, alias="$tag_worker")


def _timeseries(title: str, unit: str) -> timeseries.Panel:
    # The worker tells every ten seconds.
    return timeseries.Panel().title(title).unit(unit).interval("10s").height(HEIGHT).span(THIRD)
