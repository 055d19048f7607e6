"""How long readings are kept, in every store; their rollups stay for ever. Pure but for the clock it is given."""

from collections.abc import Callable, Iterable, Sequence

from telemetry.errors import Invalid
from telemetry.instant import DAY_MS, HOUR_MS, iso
from telemetry.model import Reading
from telemetry.store.ports import FoldQuery, Refused

FOR_EVER = -(2**62)


def for_ever() -> int:
    """Before every reading."""
    return FOR_EVER


def kept_since(keep_days: int, clock: Callable[[], int]) -> int:
    """The beginning of the hour from which on readings are kept; 0 days = for ever."""
    if keep_days == 0:
        return for_ever()
    return (clock() - keep_days * DAY_MS) // HOUR_MS * HOUR_MS


def too_old(batch: Sequence[Reading], since: int) -> list[Refused]:
    """Those that cannot be kept any more.

    One at `since` itself may tell of the hour before, whose readings are gone: it would be rolled up alone.
    """
    if since == FOR_EVER:
        return []
    words = "measured {:.1f} days before the oldest readings that are kept (RURBAN_KEEP_DAYS)"
    return [
        Refused(position, words.format((since - reading.at) / DAY_MS))
        for position, reading in enumerate(batch)
        if reading.at <= since
    ]


def require_kept(queries: Iterable[FoldQuery], since: int) -> None:
    """Raise `Invalid` where one as of an instant asks for readings of which only the rollups are left."""
    if any(query.as_of is not None and query.edges and query.edges[0] < since for query in queries):
        raise Invalid(
            "as_of",
            f"readings before {iso(since)} are forgotten, and their rollups do not tell when they were received",
            f"a start from {iso(since)} on, or no as_of",
        )


def without(batch: Sequence[Reading], refused: Sequence[Refused]) -> Sequence[Reading]:
    """What is left of a batch."""
    if not refused:
        return batch
    gone = {item.position for item in refused}
    return [reading for position, reading in enumerate(batch) if position not in gone]
