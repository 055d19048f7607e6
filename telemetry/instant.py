"""Instants at the edge: milliseconds UTC inside, dates and ISO 8601 text outside. Pure: no clock."""

import datetime as dt

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_FIRST_YEAR, _LAST_YEAR = 1970, 2200


def day_of(at: int) -> dt.date:
    """The UTC day of an instant."""
    return dt.datetime.fromtimestamp(at / 1000, dt.UTC).date()


def instant_of(text: str) -> int:
    """ISO 8601; UTC where there is no offset. Raise `ValueError` for others, and beyond the years 1970 to 2200."""
    moment = dt.datetime.fromisoformat(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    if not _FIRST_YEAR <= aware.year <= _LAST_YEAR:
        raise ValueError(f"the year {aware.year}")
    return (aware - dt.datetime(_FIRST_YEAR, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(milliseconds=1)


def iso(at: int) -> str:
    """`2026-11-23T08:00:00.000Z`; without the fraction where it is zero."""
    moment = dt.datetime.fromtimestamp(at // 1000, dt.UTC)
    fraction = f".{at % 1000:03d}" if at % 1000 else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"
