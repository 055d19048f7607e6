"""Whether a device's clock is right, in words. Pure."""

from typing import Final

_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


SURE_AFTER: Final = 3
"""Fewer samples do not tell a clock that is behind from one delivery of what was kept."""


def clock_state(skew_ms: int | None, limit_s: float, samples: int = SURE_AFTER) -> str | None:
    """`right`, `ahead by 3 h` or `behind by 5 min`; None = its messages do not tell.

    `skew_ms` is how far the clock is ahead, `limit_s` how far it may be off in either direction, `samples` how many
    deliveries that was seen in. A clock that is behind cannot be told from messages that are always that long on
    their way.
    """
    if skew_ms is None or (skew_ms < -limit_s * 1000 and samples < SURE_AFTER):
        return None
    off_s = abs(skew_ms) / 1000
    if off_s <= limit_s:
        return "right"
    return f"{'ahead' if skew_ms > 0 else 'behind'} by {_duration(off_s)}"


def _duration(seconds: float) -> str:
    """In its two largest units: `3 h`, `1 h 5 min`."""
    left = round(seconds)
    parts = []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"
