"""Calendar windows: how a time range is cut into buckets, in a time zone and across its clock changes.

Pure: no clock, no store. Instants are integer milliseconds UTC. The same bucket has the same start whatever range asks
for it: days, weeks, months and years are counted from fixed dates, minutes and hours from each local midnight.
"""

import datetime as dt
import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from telemetry.errors import Invalid

MAX_BUCKETS = 100_000
"""What one query may ask for unless its caller says otherwise: eleven years of hours."""


class Unit(StrEnum):
    """What a window is counted in; the value is how it is written after the number."""

    MINUTE = "m"
    HOUR = "h"
    DAY = "d"
    WEEK = "w"
    """Begins on Monday."""
    MONTH = "mo"
    YEAR = "y"
    HYDROLOGICAL_DAY = "hd"
    """Begins at 08:00 local time (SL 651 E.1.1.3)."""


ALLOWED = "a whole number from 1 and a unit: m (minute), h, d, w, mo (month), y, hd (hydrological day, from 08:00)"
_TEXT = re.compile(r"([1-9][0-9]{0,4})(m|h|d|w|mo|y|hd)", re.ASCII)
_ELAPSED = {Unit.MINUTE: 60_000, Unit.HOUR: 3_600_000}
_DAY_MS = 86_400_000
_MONDAY = dt.date(1970, 1, 5).toordinal()
_EPOCH = dt.date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Window:
    """`count` units long; its buckets begin where the calendar of `zone` says."""

    count: int
    unit: Unit
    zone: ZoneInfo

    def __post_init__(self) -> None:
        """Raise `Invalid` for a window that no bucket can have."""
        if self.count < 1:
            raise Invalid("every", f"{self.count} is not a length", ALLOWED)
        if self.unit in _ELAPSED and self.count * _ELAPSED[self.unit] > _DAY_MS:
            raise Invalid(
                "every", f"{self} is longer than a day", "at most 1440m or 24h; days, weeks and months beyond"
            )

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"


def parse(text: str, zone: ZoneInfo) -> Window:
    """`5m`, `1h`, `1d`, `2w`, `1mo`, `1y` or `1hd`, in this time zone.

    Raises:
        Invalid: for any other text; names what is allowed.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise Invalid("every", f"{text!r} is not a window", ALLOWED)
    return Window(int(match[1]), Unit(match[2]), zone)


def edges(window: Window, start: int, stop: int, *, max_buckets: int = MAX_BUCKETS) -> tuple[int, ...]:
    """The boundaries of the whole buckets that cover start <= at < stop, ascending; one more than there are buckets.

    A calendar unit is as long as the calendar makes it: a day has 23 or 25 hours where the clock changes. Minutes and
    hours are elapsed time, counted from local midnight; the last bucket of a day is cut at the next midnight.

    Raises:
        Invalid: for an empty range, one beyond the calendar, or more than `max_buckets` buckets.
    """
    if start >= stop:
        raise Invalid("start", "start is not before stop")
    try:
        if window.unit in _ELAPSED:
            return _elapsed(window, start, stop, max_buckets)
        first, last = _bucket(window, start), _bucket(window, stop - 1)
        _bound(last + 1 - first, max_buckets)
        return tuple(_start(window, bucket) for bucket in range(first, last + 2))
    except (OverflowError, ValueError) as error:
        raise Invalid("start", "start or stop is beyond the calendar", "years 1 to 9998") from error


def _elapsed(window: Window, start: int, stop: int, max_buckets: int) -> tuple[int, ...]:
    step = window.count * _ELAPSED[window.unit]
    _bound((stop - start) // step, max_buckets)
    days = Window(1, Unit.DAY, window.zone)
    midnights = [_start(days, day) for day in range(_bucket(days, start), _bucket(days, stop - 1) + 2)]
    cut: list[int] = []
    for midnight, following in pairwise(midnights):
        cut.extend(range(midnight, following, step))
    cut.append(midnights[-1])
    whole = cut[bisect_right(cut, start) - 1 : bisect_left(cut, stop) + 1]
    _bound(len(whole) - 1, max_buckets)
    return tuple(whole)


def _bound(buckets: int, max_buckets: int) -> None:
    if buckets > max_buckets:
        raise Invalid(
            "every", f"{buckets} buckets in this range", f"at most {max_buckets}: a longer window or a shorter range"
        )


def _bucket(window: Window, at: int) -> int:
    """The number of the bucket that holds this instant."""
    local = dt.datetime.fromtimestamp(at // 1000, window.zone).replace(tzinfo=None)
    if window.unit is Unit.HYDROLOGICAL_DAY:
        local -= dt.timedelta(hours=8)
    match window.unit:
        case Unit.MONTH:
            bucket = (local.year * 12 + local.month - 1) // window.count
        case Unit.YEAR:
            bucket = local.year // window.count
        case Unit.WEEK:
            bucket = (local.toordinal() - _MONDAY) // (7 * window.count)
        case _:
            bucket = (local.toordinal() - _EPOCH) // window.count
    # A clock set back over midnight shows yesterday's date again after today has begun (St. John's until 2011).
    return bucket + 1 if _start(window, bucket + 1) <= at else bucket


def _start(window: Window, bucket: int) -> int:
    """The first instant of a bucket; where the clock skips local midnight, the instant of the change."""
    index = bucket * window.count
    hour = 0
    match window.unit:
        case Unit.MONTH:
            date = dt.date(index // 12, index % 12 + 1, 1)
        case Unit.YEAR:
            date = dt.date(index, 1, 1)
        case Unit.WEEK:
            date = dt.date.fromordinal(_MONDAY + 7 * index)
        case Unit.HYDROLOGICAL_DAY:
            date, hour = dt.date.fromordinal(_EPOCH + index), 8
        case _:
            date = dt.date.fromordinal(_EPOCH + index)
    return int(dt.datetime(date.year, date.month, date.day, hour, tzinfo=window.zone).timestamp()) * 1000
