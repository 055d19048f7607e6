"""A board from its rows: what all boards have in common stands here once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import (
    AnnotationQuery,
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    Panel,
    RowPanel,
    VariableModel,
)

from dashboards.panels import AnyPanel
from dashboards.queries import Question

TAG: Final = "rurban"
MIXED: Final = DataSourceRef("datasource", "-- Mixed --")
"""Grafana's own: each question goes to its own source."""
ZONE: Final = "Asia/Shanghai"
"""In which the axes are labelled; windows begin at its midnight."""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading, from left to right and on."""

    title: str
    panels: Sequence[AnyPanel]
    closed: bool = False
    """Asks nothing until somebody opens it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One board; its uid is the name of the module that makes it."""

    title: str
    description: str
    rows: Sequence[Row]
    variables: Sequence[Builder[VariableModel]] = ()
    annotations: Sequence[Builder[AnnotationQuery]] = ()
    since: str = "now-24h"
    tags: Sequence[str] = field(default=(TAG,))


def board(uid: str, sheet: Sheet) -> Dashboard:
    """The board as Grafana knows it, every panel with a number of its own."""
    builder = (
        builders.Dashboard(sheet.title)
        .uid(uid)
        .description(sheet.description)
        .tags(list(sheet.tags))
        .timezone(ZONE)
        .time(sheet.since, "now")
        .refresh("1m")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
        .link(_other_boards())
    )
    for variable in sheet.variables:
        builder.with_variable(variable)
    for annotation in sheet.annotations:
        builder.annotation(annotation)
    for row in sheet.rows:
        _add(builder, row)
    made = builder.build()
    _finish(made)
    return made


def _other_boards() -> builders.DashboardLink:
    """The way to the other boards, which keep the place and the time."""
    link = builders.DashboardLink("Rurban").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.as_dropdown(True).include_vars(True).keep_time(True)


def _add(builder: builders.Dashboard, row: Row) -> None:
    heading = builders.Row(row.title).collapsed(row.closed)
    if row.closed:
        for panel in row.panels:
            heading.with_panel(panel)
    builder.with_row(heading)
    if not row.closed:
        for panel in row.panels:
            builder.with_panel(panel)


def _finish(made: Dashboard) -> None:
    """Give every panel a number, and the source of its questions: Grafana asks all of them of the panel's source."""
    count = 0
    for panel in made.panels or []:
        for one in [panel, *(panel.panels if isinstance(panel, RowPanel) else [])]:
            count += 1
            one.id_val = count
            if isinstance(one, Panel):
                asked = [target.source for target in one.targets or [] if isinstance(target, Question)]
                one.datasource = asked[0] if len({source.uid for source in asked}) == 1 else MIXED
