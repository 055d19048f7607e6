"""Series as they go out: lines of points in JSON, columns in the table formats, and how both look in OpenAPI."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from pydantic import BaseModel, Field

from api.answers import INSTANT
from api.atlas import Atlas
from api.buckets import Drawn, Fill, filled
from api.tables import Columns
from api.words import flag_words, instants, rounded
from telemetry.metrics import metric
from telemetry.model import Reading

_POINT = ("at", "value", "count", "coverage", "excluded", "low", "high", "devices")
_RAW_POINT = ("at", "value", "raw", "quality", "received_at")


class Point(BaseModel):
    """One bucket, stamped with its start; or, when raw, one reading."""

    at: str = Field(examples=[INSTANT])
    value: float | None = Field(description="null = no reading took part", examples=[21.5])
    count: int | None = Field(None, description="buckets: readings that took part", examples=[60])
    coverage: float | None = Field(None, description="buckets: readings used / expected; null = nothing was expected")
    excluded: int | None = Field(None, description="buckets: suspect readings that did not take part")
    low: float | None = Field(None, description="buckets: smallest reading that took part")
    high: float | None = Field(None, description="buckets: largest reading that took part")
    devices: int | None = Field(None, description="buckets: series that contributed")
    filled: bool | None = Field(None, description="buckets: the value is made up from its neighbours")
    raw: float | None = Field(None, description="readings: as sent, before unit and calibration")
    quality: list[str] | None = Field(None, description="readings: the raised flags; none = good")
    received_at: str | None = Field(None, description="readings: when it arrived", examples=[INSTANT])


class SeriesLine(BaseModel):
    """One line."""

    metric: str = Field(examples=["air_temperature"])
    unit: str = Field(description="of value, low, high", examples=["Cel"])
    group: str = Field(description="series, division code or setting", examples=["demo-probe"])
    name: str = Field(description="of the device or place")
    fold: str | None = Field(None, description="over time", examples=["mean"])
    across: str | None = Field(None, description="across devices", examples=["mean"])
    region: str | None = Field(None, description="readings: where the device stands")
    points: list[Point]


class SeriesAnswer(BaseModel):
    """Many series in one answer."""

    start: str = Field(description="of the first bucket or of the range", examples=[INSTANT])
    stop: str = Field(description="end of the last bucket or of the range", examples=[INSTANT])
    every: str | None = Field(description="length of a bucket; null = readings as stored", examples=["1h"])
    tz: str = Field(examples=["Asia/Shanghai"])
    as_of: str | None = Field(description="only what had been received by then; null = everything", examples=[INSTANT])
    quality: str = Field(description="which readings took part", examples=["good"])
    by: str = Field(examples=["device"])
    series: list[SeriesLine]
    next: str | None = Field(description="`cursor` of the next page; null = this is the last one")


class _Bucket(msgspec.Struct, gc=False):
    """A point on its way out, in the order of `_bucket_columns`: a dictionary takes three times as long to make."""

    at: str
    value: float | None
    count: int
    coverage: float | None
    excluded: int
    low: float | None
    high: float | None
    devices: int


class _FilledBucket(_Bucket, gc=False):
    filled: bool


def bucket_lines(lines: Iterable[Drawn], fill: Fill) -> list[dict[str, Any]]:
    """The lines with their points, for JSON."""
    found = []
    for drawn in lines:
        columns = _bucket_columns(drawn, fill)
        columns["at"] = instants(columns["at"])
        point = _FilledBucket if "filled" in columns else _Bucket
        found.append(_head(drawn) | {"points": list(map(point, *columns.values()))})
    return found


def bucket_table(lines: Iterable[Drawn], fill: Fill) -> Columns:
    """The lines one under the other."""
    head = ("group", "name", "metric", "unit", "fold", "across")
    table: dict[str, list[Any]] = {name: [] for name in ("at", *head, *_POINT[1:])}
    if fill in (Fill.PREVIOUS, Fill.LINEAR):
        table["filled"] = []
    for drawn in lines:
        columns = _bucket_columns(drawn, fill)
        words = _head(drawn)
        for name in head:
            columns[name] = [words[name]] * len(columns["at"])
        for name, column in table.items():
            column.extend(columns[name])
    return table


def reading_lines(atlas: Atlas, readings: Sequence[Reading]) -> list[dict[str, Any]]:
    """The readings of a page, each with its series, in the order in which the series first appear."""
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    columns = _reading_columns(readings)
    columns["at"], columns["received_at"] = instants(columns["at"]), instants(columns["received_at"])
    for reading, *row in zip(readings, *(columns[name] for name in _RAW_POINT), strict=True):
        line = lines.get((reading.metric, reading.device))
        if line is None:
            line = _reading_head(atlas, reading) | {"points": []}
            lines[reading.metric, reading.device] = line
        line["points"].append(dict(zip(_RAW_POINT, row, strict=True)))
    return list(lines.values())


def reading_table(atlas: Atlas, readings: Sequence[Reading]) -> Columns:
    """The readings one under the other; flags are words separated by spaces."""
    columns = _reading_columns(readings)
    heads = {(reading.metric, reading.device): reading for reading in readings}
    words = {key: _reading_head(atlas, reading) for key, reading in heads.items()}
    own = [words[reading.metric, reading.device] for reading in readings]
    return {
        "at": columns["at"],
        "device": [head["group"] for head in own],
        "name": [head["name"] for head in own],
        "region": [head["region"] for head in own],
        "metric": [head["metric"] for head in own],
        "unit": [head["unit"] for head in own],
        "value": columns["value"],
        "raw": columns["raw"],
        "quality": [" ".join(flags) for flags in columns["quality"]],
        "received_at": columns["received_at"],
    }


def _head(drawn: Drawn) -> dict[str, Any]:
    return {
        "metric": drawn.metric.id,
        "unit": drawn.metric.unit,
        "group": drawn.group,
        "name": drawn.name,
        "fold": drawn.fold,
        "across": drawn.across,
    }


def _bucket_columns(drawn: Drawn, fill: Fill) -> dict[str, Any]:
    buckets = drawn.line.buckets
    columns: dict[str, Any] = {
        "at": list(drawn.edges[:-1]),
        "value": rounded(filled(buckets.value, fill), significant=12),
        "count": buckets.count,
        "coverage": rounded(drawn.line.coverage, decimals=4),
        "excluded": buckets.excluded,
        "low": buckets.low,
        "high": buckets.high,
        "devices": buckets.devices,
    }
    if fill in (Fill.PREVIOUS, Fill.LINEAR):
        made_up = zip(buckets.value, columns["value"], strict=True)
        columns["filled"] = [before is None and after is not None for before, after in made_up]
    if fill is Fill.NONE:
        kept = [index for index, value in enumerate(buckets.value) if value is not None]
        columns = {name: [column[index] for index in kept] for name, column in columns.items()}
    return columns


def _reading_head(atlas: Atlas, reading: Reading) -> dict[str, Any]:
    device = atlas.device_of(reading.device)
    return {
        "metric": reading.metric,
        "unit": metric(reading.metric).unit,
        "group": reading.device,
        "name": "" if device is None else device.name,
        "region": None if device is None else device.region,
    }


def _reading_columns(readings: Sequence[Reading]) -> dict[str, Any]:
    return {
        "at": [reading.at for reading in readings],
        "value": [reading.value for reading in readings],
        "raw": [reading.raw for reading in readings],
        "quality": [flag_words(reading.quality) for reading in readings],
        "received_at": [reading.received_at for reading in readings],
    }
