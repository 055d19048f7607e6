"""`/series`: readings over time, in calendar buckets or as stored."""

from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.atlas import Atlas
from api.buckets import MOST_POINTS, By, Fill, Question, drawn
from api.dependencies import CurrentPicture, Noted, Parts
from api.known_then import check_known
from api.parameters import (
    INSTANT,
    AsOf,
    DeviceIds,
    MetricIds,
    Parameters,
    RegionCodes,
    ZoneName,
    chosen,
    known_at,
    names,
    some_metrics,
    span,
    zone,
)
from api.problems import NOT_FOUND
from api.raw_pages import MOST_READINGS, page
from api.series_answer import SeriesAnswer, bucket_lines, bucket_table, reading_lines, reading_table
from api.services import Services
from api.tables import MEDIA_TYPES, Columns, Format, written
from api.words import iso_or_none
from telemetry.errors import Invalid
from telemetry.instant import iso
from telemetry.model import Fold, Level
from telemetry.window import ALLOWED, edges, parse

router = APIRouter(tags=["readings"])


class QualityChoice(StrEnum):
    """Which readings take part."""

    GOOD = "good"
    ALL = "all"


class SeriesQuery(Parameters):
    """What is asked for."""

    metric: Annotated[MetricIds, Field(min_length=1)]
    region: RegionCodes = ()
    device: DeviceIds = ()
    start: Annotated[str, Field(description=INSTANT, examples=["-24h", "2026-11-01"])] = "-24h"
    stop: Annotated[str, Field(description=INSTANT, examples=["now"])] = "now"
    every: Annotated[
        str | None, Field(description=f"length of a bucket: {ALLOWED}; none = readings as stored", examples=["1h"])
    ] = None
    tz: ZoneName = "UTC"
    as_of: AsOf = None
    by: Annotated[By, Field(description="buckets: what becomes one line")] = By.DEVICE
    level: Annotated[
        Level | None, Field(description="with by=region: a line per place of this level, instead of per region named")
    ] = None
    fold: Annotated[Fold | None, Field(description="buckets: over time, instead of the metric's own")] = None
    fill: Annotated[Fill, Field(description="buckets without a reading")] = Fill.NULL
    quality: Annotated[
        QualityChoice | None,
        Field(description="`good` leaves suspect readings out; default: good in buckets, all as stored"),
    ] = None
    limit: Annotated[int, Field(ge=1, le=MOST_READINGS, description="readings of a page, as stored")] = 10_000
    cursor: Annotated[str | None, Field(description="readings as stored: the `next` of the page before")] = None
    format: Annotated[Format, Field(description="parquet and csv for analysts, ndjson for programs")] = Format.JSON


_TABLES = {
    MEDIA_TYPES[form].partition(";")[0]: {"schema": {"type": "string"}} for form in Format if form != Format.JSON
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question with its range, and the parts that answer it."""

    query: SeriesQuery
    services: Services
    atlas: Atlas
    tz: ZoneInfo
    start: int
    stop: int
    as_of: int | None

    @property
    def suspect(self) -> bool:
        """Suspect readings take part: unless said otherwise in what is given as stored, and not in buckets."""
        default = QualityChoice.ALL if self.query.every is None else QualityChoice.GOOD
        return (self.query.quality or default) is QualityChoice.ALL


@router.get(
    "/series",
    response_model=SeriesAnswer,
    responses={200: {"description": "Series, or a table of them", "content": _TABLES}, **NOT_FOUND},
)
def series(
    query: Annotated[SeriesQuery, Query()], request: Request, services: Parts, atlas: CurrentPicture, asking: Noted
) -> Response:
    """Readings of any number of metrics and devices, in one answer.

    With `every`, calendar buckets in the time zone `tz`, each with value, count and coverage; `start` and `stop` are
    rounded out to whole buckets. Without, readings as stored, in the order of their time, page by page: the next page
    is at `next`, and in the header `Link`.
    """
    tz = zone(query.tz)
    _check_together(query)
    now = services.clock()
    as_of = known_at(query.as_of, now, tz)
    asked = _Asked(query, services, atlas, tz, *span(query.start, query.stop, now, tz, as_of), as_of)
    _check_known(asked)
    answer = _as_stored(asked, request) if query.every is None else _in_buckets(asked, query.every)
    wanted = chosen(atlas, names(query.region), names(query.device))
    asking.note((device for device, _ in wanted), names(query.metric))
    return answer


def _check_known(asked: _Asked) -> None:
    query, start, stop = asked.query, asked.start, asked.stop
    if asked.as_of is not None:
        if query.every is not None:
            cut = edges(parse(query.every, asked.tz), start, stop, max_buckets=MOST_POINTS)
            start, stop = cut[0], cut[-1]
        devices = {device.id for device, _ in chosen(asked.atlas, names(query.region), names(query.device), ever=True)}
        check_known(asked.atlas, names(query.metric), devices, start, stop, asked.as_of)


def _check_together(query: SeriesQuery) -> None:
    """Parameters that mean nothing beside each other."""
    if query.every is None:
        needing = {"by": By.DEVICE, "fold": None, "level": None, "fill": Fill.NULL}
        for name, default in needing.items():
            if getattr(query, name) != default:
                raise Invalid(name, "needs buckets", "set every, such as every=1h")
    elif query.cursor is not None:
        raise Invalid("cursor", "belongs to readings as stored", "leave out every or cursor")
    if query.level is not None and query.by is not By.REGION:
        raise Invalid("level", "needs by=region", "by=region")


def _in_buckets(asked: _Asked, every: str) -> Response:
    query = asked.query
    regions = list(dict.fromkeys(asked.atlas.region(code).code for code in names(query.region)))
    question = Question(
        metrics=some_metrics(query.metric),
        chosen=chosen(asked.atlas, regions, names(query.device), ever=bool(regions) or query.by is not By.DEVICE),
        regions=regions,
        by=query.by,
        level=query.level,
        window=parse(every, asked.tz),
        start=asked.start,
        stop=asked.stop,
        fold=query.fold,
        fill=query.fill,
        suspect=asked.suspect,
        as_of=asked.as_of,
        named=frozenset(device.id for device, _ in chosen(asked.atlas, (), names(query.device)))
        if query.device
        else frozenset(),
    )
    lines = list(drawn(asked.services.reader, asked.atlas, question, asked.services.clock()))
    if query.format is not Format.JSON:
        return _table(bucket_table(lines, query.fill), query.format)
    whole = lines[0].edges if lines else edges(question.window, asked.start, asked.stop, max_buckets=MOST_POINTS)
    return _json(replace(asked, start=whole[0], stop=whole[-1]), bucket_lines(lines, query.fill), None)


def _as_stored(asked: _Asked, request: Request) -> Response:
    query = asked.query
    found = page(
        asked.services.reader,
        some_metrics(query.metric),
        chosen(asked.atlas, names(query.region), names(query.device)),
        start=asked.start,
        stop=asked.stop,
        limit=query.limit,
        cursor=query.cursor,
        suspect=asked.suspect,
        as_of=asked.as_of,
    )
    if query.format is not Format.JSON:
        answer = _table(reading_table(asked.atlas, found.readings), query.format)
    else:
        answer = _json(asked, reading_lines(asked.atlas, found.readings), found.cursor)
    if found.cursor is not None:
        # Relative instants move on between two pages: the link carries the ones of this page.
        fixed = {"start": iso(asked.start), "stop": iso(asked.stop), "cursor": found.cursor}
        fixed |= {} if asked.as_of is None else {"as_of": iso(asked.as_of)}
        following = request.url.include_query_params(**fixed)
        answer.headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return answer


def _json(asked: _Asked, lines: list[dict[str, Any]], cursor: str | None) -> Response:
    answer = {
        "start": iso(asked.start),
        "stop": iso(asked.stop),
        "every": asked.query.every,
        "tz": asked.query.tz,
        "as_of": iso_or_none(asked.as_of),
        "quality": QualityChoice.ALL if asked.suspect else QualityChoice.GOOD,
        "by": asked.query.by,
        "series": lines,
        "next": cursor,
    }
    return Response(msgspec.json.encode(answer), HTTPStatus.OK, media_type=MEDIA_TYPES[Format.JSON])


def _table(columns: Columns, form: Format) -> Response:
    headers = {}
    if form in (Format.CSV, Format.PARQUET):
        headers["Content-Disposition"] = f'attachment; filename="series.{form}"'
    return Response(written(columns, form), HTTPStatus.OK, headers, MEDIA_TYPES[form])
