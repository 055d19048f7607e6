"""How long readings are kept, in every store; their rollups stay for ever. Pure but for the clock it is given."""

from collections.abc import Callable

from telemetry.instant import DAY_MS, HOUR_MS

FOR_EVER = -(2**62)


def for_ever() -> int:
    """Before every reading."""
    return FOR_EVER


def kept_since(keep_days: int, clock: Callable[[], int]) -> int:
    """The beginning of the hour from which on readings are kept; 0 days = for ever."""
    if keep_days == 0:
        return for_ever()
    return (clock() - keep_days * DAY_MS) // HOUR_MS * HOUR_MS


def too_old(at: int, since: int) -> str:
    """Why a reading of this instant cannot be kept any more; empty = it can.

    One at `since` itself may tell of the hour before, whose readings are gone: it would be rolled up alone.
    """
    if at > since:
        return ""
    return f"measured {(since - at) / DAY_MS:.1f} days before the oldest readings that are kept (RURBAN_KEEP_DAYS)"
