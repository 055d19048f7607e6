"""Times as stations write them: digits of Beijing time, which knows no summer."""

import datetime as dt
import re
from typing import Final

from devices.bounds import instant
from telemetry.errors import Reason, Rejected

_ZONE: Final = dt.timezone(dt.timedelta(hours=8))
_DIGITS: Final = re.compile(r"[0-9]+", re.ASCII)
_LAST_CENTURY: Final = 70
"""Years of two digits from here on are of the last century: what a clock without battery shows."""
_SHORT: Final = (8, 10, 12)
_LONG: Final = (14, 17)


def read(digits: str) -> int:
    """Milliseconds UTC of `yyMMddHH[mm[ss]]` or `yyyyMMddHHmmss[zzz]`; `Rejected(BAD_TIME)` for anything else."""
    if _DIGITS.fullmatch(digits) is None or len(digits) not in _SHORT + _LONG:
        raise Rejected(Reason.BAD_TIME, f"{digits[:32]!r} is not yyMMddHHmmss or yyyyMMddHHmmss of Beijing time")
    text = digits
    if len(text) in _SHORT:
        text = ("19" if int(text[:2]) >= _LAST_CENTURY else "20") + text.ljust(12, "0")
    parts = [int(text[:4]), *(int(text[start : start + 2]) for start in range(4, 14, 2))]
    try:
        moment = dt.datetime(*parts[:6], tzinfo=_ZONE)  # type: ignore[arg-type,misc] # six integers
    except ValueError as error:
        raise Rejected(Reason.BAD_TIME, f"{digits} is no time: {error}") from error
    return instant(int(moment.timestamp()) * 1000 + int(text[14:] or 0))


def nearest(digits: str, now: int) -> int:
    """Milliseconds UTC of `ddHHmmss` in the month that brings it nearest to `now`; `Rejected(BAD_TIME)`."""
    there = _moment(now)
    first = there.replace(day=1)
    months = (there, first - dt.timedelta(days=1), first + dt.timedelta(days=31))
    refused: Rejected | None = None
    found = []
    for month in months:
        try:
            found.append(read(month.strftime("%Y%m") + digits))
        except Rejected as rejected:
            refused = refused or rejected
    if refused is not None and not found:
        raise refused
    return min(found, key=lambda at: abs(at - now))


def short(at: int) -> str:
    """`yyMMddHHmmss` of an instant in milliseconds UTC."""
    return _moment(at).strftime("%y%m%d%H%M%S")


def long(at: int) -> str:
    """`yyyyMMddHHmmsszzz`."""
    return _moment(at).strftime("%Y%m%d%H%M%S") + f"{at % 1000:03d}"


def _moment(at: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(at // 1000, _ZONE)
