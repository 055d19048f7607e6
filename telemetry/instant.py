"""Instants at the edge: milliseconds UTC inside, dates and ISO 8601 text outside. Pure: no clock."""

import datetime as dt

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def day_of(at: int) -> dt.date:
    """The UTC day of an instant."""
    return dt.datetime.fromtimestamp(at / 1000, dt.UTC).date()


def iso(at: int) -> str:
    """`2026-11-23T08:00:00.000Z`; without the fraction where it is zero."""
    moment = dt.datetime.fromtimestamp(at // 1000, dt.UTC)
    fraction = f".{at % 1000:03d}" if at % 1000 else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"
