"""Annotations: bursts of refused messages, and devices that were silent."""

from typing import Final

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery
from grafana_foundation_sdk.models.dashboard import AnnotationTarget

from dashboards.queries import IN_RANGE, RAW
from telemetry.store.influxql import measurements

WORKERS: Final = "rurban_worker"
"""The measurement in which a worker tells of itself."""
LEADING: Final = (
    "air_temperature",
    "rainfall_total",
    "soil_moisture_vwc_10cm",
    "canal_level",
    "reservoir_level",
    "groundwater_depth",
    "supply_pressure",
    "barn_temperature",
    "voltage_a",
    "pv_power",
    "cargo_temperature",
    "pm25",
    "traffic_count",
)
"""One metric speaks for its device: a station that falls silent is one event, not seven."""
SILENT_MINUTES: Final = 180


class _Target(AnnotationTarget):
    """What Grafana's InfluxDB data source keeps of an annotation; the SDK has no type of its own for it."""

    def __init__(self, statement: str, text: str, tags: str) -> None:
        super().__init__()
        self.statement = statement
        self.text = text
        self.tags_column = tags

    def to_json(self) -> dict[str, object]:
        """The columns that become the text and the tags of the event."""
        return {
            "refId": "Anno",
            "fromAnnotations": True,
            "rawQuery": True,
            "query": self.statement,
            "textColumn": self.text,
            "tagsColumn": self.tags_column,
        }


class Note(AnnotationQuery):
    """An annotation whose target is InfluxQL."""

    def __init__(self, name: str, statement: str, *, text: str, tags: str, colour: str) -> None:
        super().__init__()
        self.name(name).datasource(RAW).enable(True).icon_color(colour)
        self._internal.target = _Target(statement, text, tags)


def refused() -> Note:
    """Messages that went to quarantine, by the minute in which they did."""
    burst = (
        f'SELECT non_negative_difference(max("quarantined")) AS "refused" FROM "{WORKERS}" WHERE {IN_RANGE} '
        'GROUP BY time(1m), "worker" fill(none)'
    )
    statement = f'SELECT "refused" FROM ({burst}) WHERE "refused" > 0 AND {IN_RANGE} GROUP BY "worker"'
    return Note("Refused to quarantine 隔离", statement, text="refused", tags="worker", colour="orange")


def silent(where: str) -> Note:
    """Where a device spoke again after more than three hours; the number is how many minutes it was silent."""
    gap = (
        f'SELECT elapsed("value", 1m) AS "silent minutes" FROM {measurements(LEADING)} WHERE {where} AND {IN_RANGE} '
        'GROUP BY "device"'
    )
    long = f'"silent minutes" > {SILENT_MINUTES} AND {IN_RANGE}'
    statement = f'SELECT "silent minutes" FROM ({gap}) WHERE {long} GROUP BY "device"'
    return Note("Silent device 设备静默", statement, text="silent minutes", tags="device", colour="red")
