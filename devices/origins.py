"""What a profile makes of a document that does not name our metrics: which value becomes which reading.

Values are numbers, numbers as text, and the words of switches (`ON`, `false`, `open`). `null`, empty text, `NaN` and
what home automation says of a silent sensor (`unknown`, `unavailable`) are no observation. Pure.
"""

import re
from collections.abc import Mapping
from math import isfinite
from types import MappingProxyType
from typing import Final, NamedTuple

from devices.bounds import check_count, instant, parsed
from telemetry.errors import Reason, Rejected
from telemetry.json_path import JsonPath, compiled
from telemetry.model import Profile, Sample

SECONDS_BELOW: Final = 100_000_000_000
"""A time as a number below this is seconds since 1970 (until the year 5138), any other milliseconds (from 1973 on)."""

_NUMBER: Final = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?\s*", re.ASCII)
_WORDS: Final = MappingProxyType(
    {"on": 1.0, "off": 0.0, "true": 1.0, "false": 0.0, "open": 1.0, "closed": 0.0, "close": 0.0}
)
_SILENT: Final = frozenset({"", "nan", "null", "none", "unknown", "unavailable"})
_NO_UNITS: Final[Mapping[tuple[str | int, ...], str]] = MappingProxyType({})
_SHOWN: Final = 40


class Located(NamedTuple):
    """One series of a profile, and where its values stand."""

    metric: str
    channel: str | None
    path: JsonPath
    at: JsonPath | None


def located(profile: Profile) -> tuple[Located, ...]:
    """All series of a profile, its paths read once. Raise `Invalid` naming profile, measure, origin and character."""
    rows = []
    for measure in profile.measures:
        for number, origin in enumerate(measure.origins, 1):
            where = f"profile {profile.id!r}, measure {measure.metric!r}, origin {number}"
            path = compiled(f"{where}, path", origin.path)
            at = None if origin.at is None else compiled(f"{where}, at", origin.at)
            rows.append(Located(measure.metric, origin.channel, path, at))
    return tuple(rows)


def mapped(
    document: object,
    rows: tuple[Located, ...],
    *,
    at: int | None = None,
    seq: int | None = None,
    units: Mapping[tuple[str | int, ...], str] = _NO_UNITS,
) -> list[Sample]:
    """The readings that these rows find; `at` is the time of those whose row names none.

    `units` are those that the format itself gives, by the keys of the place. No row finds anything = no samples.

    Raises:
        Rejected: MALFORMED for a value that is no number, NOT_FINITE, BAD_TIME, TOO_LARGE.
    """
    samples: list[Sample] = []
    for row in rows:
        values = row.path.values(document)
        if not values:
            continue
        times = [] if row.at is None else row.at.values(document)
        if len(times) > 1 and len(times) != len(values):
            raise Rejected(Reason.BAD_TIME, f"{len(times)} times for {len(values)} values of {row.path.text}")
        unit = units.get(row.path.keys) if units and row.path.keys else None
        for position, content in enumerate(values):
            value = number(content, row.path.text)
            if value is not None:
                when = _instant(times[position % len(times)]) if times else at
                samples.append(Sample(row.metric, value, when, unit, row.channel, seq=seq))
    check_count(len(samples))
    return samples


def nothing(rows: tuple[Located, ...], found: str) -> Rejected:
    """Why there is no reading in what was found."""
    if not rows:
        return Rejected(Reason.UNKNOWN_METRIC, f"the profile says of no measure where it stands; there is: {found}")
    wanted = ", ".join(row.path.text for row in rows)
    return Rejected(Reason.EMPTY, f"nothing stands at {wanted[:200]}; there is: {found[:200]}")


def number(content: object, where: str) -> float | None:
    """What stands there as a number; None = no observation. Raise `Rejected`: MALFORMED, NOT_FINITE."""
    # bool before int: to Python True is a number.
    if isinstance(content, bool):
        return 1.0 if content else 0.0
    if content is None:
        return None
    if isinstance(content, str):
        word = content.strip().lower()
        if word in _SILENT:
            return None
        if word in _WORDS:
            return _WORDS[word]
        if _NUMBER.fullmatch(content) is None:
            raise Rejected(Reason.MALFORMED, f"{content[:_SHOWN]!r} at {where} is no number")
    elif not isinstance(content, int | float):
        kind = "an object" if isinstance(content, Mapping) else "a list"
        raise Rejected(Reason.MALFORMED, f"{kind} at {where}, where a number should be")
    try:
        value = float(content)
    except OverflowError as error:
        raise Rejected(Reason.NOT_FINITE, f"the number at {where} is beyond a double") from error
    if not isfinite(value):
        raise Rejected(Reason.NOT_FINITE, f"the number at {where} is NaN, infinite or beyond a double")
    return value


def _instant(content: object) -> int | None:
    if isinstance(content, str):
        return parsed(content)
    if content is None:
        return None
    if isinstance(content, bool) or not isinstance(content, int | float):
        raise Rejected(Reason.BAD_TIME, f"a time is {type(content).__name__}, not text or a number")
    return instant(content * 1000 if -SECONDS_BELOW < content < SECONDS_BELOW else content)
