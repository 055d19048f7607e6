"""The questions of the panels: InfluxQL from the words of the store, with Grafana's macros and variables in it.

A fold over time is not a fold over space: each series is folded by itself first, then the series of a place by the
metric's `across`. Two rain gauges in a village do not double its rain.
"""

from typing import Final

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from telemetry.model import Fold, Metric
from telemetry.store.influxql import FUNCTIONS, GOOD, HOURS_WITH_GOOD, called, every, of_hours, quoted

RAW: Final = DataSourceRef("influxdb", "rurban")
"""Every reading: the present, and fine curves."""
HOURLY: Final = DataSourceRef("influxdb", "rurban-hourly")
"""One point per series and hour: amounts, long windows and coverage."""

COUNTY: Final = '"county" =~ /^$county$/'
PLACES: Final = f'{COUNTY} AND "town" =~ /^$town$/ AND "region" =~ /^$village$/'
VILLAGE: Final = '"region" =~ /^$village$/'
DEVICES: Final = f'{PLACES} AND "device" =~ /^$device(:.+)?$/'
CITY: Final = '"city" =~ /^$city$/ AND "setting" = \'urban\''
"""The urban places of the village's own city."""
NO_PROBES: Final = '"device" !~ /^$probes(:.+)?$/'
"""A visitor's experiments are no village's weather: they stand in no fold over devices, as in the API."""

IN_RANGE: Final = "$timeFilter"
EAST_8_MS: Final = -8 * 3_600_000
"""Where windows begin: at midnight of UTC+8, as the API's in Asia/Shanghai."""
_FINE: Final = every("$__interval", 0)
_WINDOW: Final = every("$window", EAST_8_MS)


class Question(Dataquery, Builder[Dataquery]):
    """An InfluxQL statement for Grafana's InfluxDB data source, which has no builder of its own in the SDK."""

    def __init__(
        self, statement: str, source: DataSourceRef = RAW, *, alias: str = "", table: bool = False, ref: str = "A"
    ) -> None:
        self.statement = statement
        self.source = source
        self.alias = alias
        self.table = table
        self.ref = ref

    def build(self) -> Dataquery:
        """The statement is complete as it is."""
        return self

    def to_json(self) -> dict[str, object]:
        """As Grafana keeps a raw query."""
        return {
            "refId": self.ref,
            "datasource": self.source,
            "rawQuery": True,
            "query": self.statement,
            "resultFormat": "table" if self.table else "time_series",
            "alias": self.alias,
        }


def by_device(metric: Metric, where: str) -> Question:
    """A fine curve of each series: what the instruments say."""
    fold = Fold.LAST if metric.fold not in FUNCTIONS else metric.fold
    each = _each(metric, called(FUNCTIONS[fold], "value"), f"{where} AND {GOOD}", _FINE, '"device"')
    return Question(each, alias="$tag_device")


def by_place(metric: Metric, where: str) -> Question:
    """A fine curve of each place."""
    each = _each(
        metric,
        called(FUNCTIONS[metric.fold], "value"),
        f"{where} AND {NO_PROBES} AND {GOOD}",
        _FINE,
        '"device", "region"',
    )
    return Question(_across(metric, each, _FINE, '"region"'), alias="$tag_region")


def windows_by_place(metric: Metric, where: str) -> Question:
    """Each place in windows, from the hours: also amounts of counters."""
    return Question(_across(metric, _hours(metric, where), _WINDOW, '"region"'), HOURLY, alias="$tag_region")


def windows(metric: Metric, where: str, alias: str) -> Question:
    """All that the condition takes in as one line of windows."""
    return Question(_across(metric, _hours(metric, where), _WINDOW, ""), HOURLY, alias=alias)


def band(metric: Metric, where: str) -> Question:
    """The lowest, the highest and the mean place in each window: the spread between places, not between devices."""
    places = _across(metric, _hours(metric, where), _WINDOW, '"region"', name="place")
    spread = (
        f'{called("min", "place")} AS "low", {called("max", "place")} AS "high", {called("mean", "place")} AS "mean"'
    )
    return Question(
        f"SELECT {spread} FROM ({places}) WHERE {IN_RANGE} GROUP BY {_WINDOW} fill(none)",
        HOURLY,
        alias="$col",
        ref="B",
    )


def present(metric: Metric, where: str) -> Question:
    """One number: the newest good reading of each series in the range, folded over the series."""
    each = _once(metric, 'last("value") AS "each"', f"{where} AND {NO_PROBES} AND {GOOD}")
    return Question(f'SELECT {called(FUNCTIONS[metric.across], "each")} AS "now" FROM ({each})', table=True)


def in_all(metric: Metric, where: str) -> Question:
    """One number: the fold over the whole range, from the hours."""
    each = _once(metric, f'{of_hours(metric.fold)} AS "each"', f"{where} AND {NO_PROBES} AND {HOURS_WITH_GOOD}")
    return Question(f'SELECT {called(FUNCTIONS[metric.across], "each")} AS "in all" FROM ({each})', HOURLY, table=True)


def newest_by_device(metric: Metric, where: str) -> Question:
    """The newest good reading of each series, as a table."""
    return Question(_once(metric, 'last("value") AS "now"', f"{where} AND {GOOD}"), table=True)


def _once(metric: Metric, selected: str, where: str) -> str:
    """Every series by itself, one answer for the whole range."""
    return f'SELECT {selected} FROM {quoted(metric.id)} WHERE {where} AND {IN_RANGE} GROUP BY "device"'


def _hours(metric: Metric, where: str) -> str:
    accepted = f"{where} AND {NO_PROBES} AND {HOURS_WITH_GOOD}"
    return _each(metric, of_hours(metric.fold), accepted, _WINDOW, '"device", "region"')


def _each(metric: Metric, expression: str, where: str, step: str, tags: str) -> str:
    """Every series by itself, over time."""
    return (
        f'SELECT {expression} AS "each" FROM {quoted(metric.id)} WHERE {where} AND {IN_RANGE} '
        f"GROUP BY {step}, {tags} fill(none)"
    )


def _across(metric: Metric, each: str, step: str, tags: str, name: str = "value") -> str:
    """The series together, within each step."""
    groups = f"{step}, {tags}" if tags else step
    fold = called(FUNCTIONS[metric.across], "each")
    return f'SELECT {fold} AS "{name}" FROM ({each}) WHERE {IN_RANGE} GROUP BY {groups} fill(none)'
