"""What every codec holds its payloads to: times, channel names and the number of readings.

Pure: no clock, no network, no store.
"""

import datetime as dt
import re
from typing import Final

from telemetry.errors import Reason, Rejected

EARLIEST: Final = 0
"""1970-01-01T00:00Z in milliseconds."""
LATEST: Final = 7_289_654_400_000
"""2201-01-01T00:00Z in milliseconds; the first instant that is too late."""
MAX_READINGS: Final = 10_000
"""How many readings one payload may hold."""

_ROUNDED_TO_LATEST: Final = LATEST - 0.5
_SHOWN: Final = 10**18
_CHANNEL: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)


def instant(milliseconds: float) -> int:
    """Whole milliseconds since 1970; `Rejected(BAD_TIME)` outside the years 1970 to 2200 or for NaN."""
    if not EARLIEST <= milliseconds < _ROUNDED_TO_LATEST:
        raise Rejected(Reason.BAD_TIME, f"{_shown(milliseconds)} ms is outside the years 1970 to 2200")
    return milliseconds if isinstance(milliseconds, int) else int(milliseconds + 0.5)


def parsed(text: str) -> int:
    """The instant that ISO 8601 names; `Rejected(BAD_TIME)` for anything else, and where the offset is missing."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise Rejected(Reason.BAD_TIME, f"{text[:64]!r} is not ISO 8601") from error
    # Python reads up to the character U+0000 and takes no notice of what follows.
    if "\x00" in text:
        raise Rejected(Reason.BAD_TIME, f"{text[:64]!r} is not ISO 8601")
    if moment.tzinfo is None:
        raise Rejected(Reason.BAD_TIME, f"{text[:64]!r} has no offset; write Z or +08:00 at its end")
    return instant(moment.timestamp() * 1000)


def channel(name: str) -> str:
    """The name of a channel, which becomes part of a series' name.

    Raises:
        Rejected: MALFORMED; not 1 to 64 letters, digits, `_`, `-` and `.` of ASCII.
    """
    if _CHANNEL.fullmatch(name) is None:
        raise Rejected(
            Reason.MALFORMED, f"channel {name[:64]!r} is not 1 to 64 letters, digits, '_', '-' and '.' of ASCII"
        )
    return name


def check_count(readings: int) -> None:
    """`Rejected(TOO_LARGE)` above `MAX_READINGS`."""
    if readings > MAX_READINGS:
        raise Rejected(Reason.TOO_LARGE, f"{readings} readings in one payload; at most {MAX_READINGS} are accepted")


def _shown(number: float) -> str:
    # A huge integer has no short text, and Python refuses to write it out.
    return f"a number beyond {_SHOWN}" if abs(number) >= _SHOWN else f"{number}"
