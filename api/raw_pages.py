"""Raw readings, page by page: as stored, in the order of their time, behind an opaque cursor."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from telemetry.errors import Invalid
from telemetry.model import Device, Metric, Reading
from telemetry.series import series_names
from telemetry.store.ports import Cursor, RawQuery, ReadingReader

MOST_READINGS = 100_000


@dataclass(frozen=True, slots=True)
class Page:
    """Readings and where the next page begins; None = this is the last one."""

    readings: list[Reading]
    cursor: str | None


def page(  # noqa: PLR0913 (each bound of the page)
    reader: ReadingReader,
    metrics: Sequence[Metric],
    chosen: Sequence[tuple[Device, str | None]],
    *,
    start: int,
    stop: int,
    limit: int,
    cursor: str | None,
    suspect: bool,
    as_of: int | None = None,
) -> Page:
    """At most `limit` readings of these metrics and devices. Raise `Invalid` for a cursor that no page has given."""
    after = None if cursor is None else _read(cursor)
    ids = tuple(metric.id for metric in metrics)
    names = series_names(reader, ids, {series or device.id for device, series in chosen})
    if not names:
        return Page([], None)
    # One more than asked for tells whether there is a next page.
    query = RawQuery(ids, names, start, stop, limit + 1, after, suspect, as_of)
    found = reader.raw(query)
    if len(found) <= limit:
        return Page(found, None)
    last = found[limit - 1]
    return Page(found[:limit], _written(Cursor(last.at, last.metric, last.device)))


def _written(cursor: Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def _read(text: str) -> Cursor:
    try:
        padded = text + "=" * (-len(text) % 4)
        found = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=tuple[int, str, str])
    except (binascii.Error, msgspec.MsgspecError, ValueError) as error:
        raise Invalid("cursor", "is none that a page has given", "the `next` of the page before") from error
    return Cursor(*found)
