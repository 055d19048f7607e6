"""What text and numbers the databases can hold, and what becomes of the rest.

What people and programs register is refused when it cannot be held unharmed. What arrived from devices is never
refused: it is written down in a form that can be held. Pure.
"""

import hashlib
import math
import re

from telemetry.errors import Invalid

MOST_ROWS = 1_000_000
_WIDEST = 2**63
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_CHANNEL = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_KEY_BYTES = 512  # an index entry of PostgreSQL takes at most 2 700 bytes
_KEY_HEAD = 400


def is_id(text: str) -> bool:
    """Whether the text can be the id of a device or profile."""
    return _ID.fullmatch(text) is not None


def require_id(where: str, text: str) -> None:
    if not is_id(text):
        raise Invalid(where, f"{text!r} is not an id", "1 to 64 of A-Z a-z 0-9 . _ : -, the first a letter or digit")


def require_channel(where: str, name: str | None) -> None:
    """None, or what every codec takes for the name of a channel."""
    if name is not None and _CHANNEL.fullmatch(name) is None:
        raise Invalid(where, f"{name!r} is no channel", "1 to 64 of A-Z a-z 0-9 _ . -")


def is_storable(text: str) -> bool:
    """Whether every database can hold the text: no NUL, no half of a surrogate pair."""
    return _UNSTORABLE.search(text) is None


def require_storable(where: str, text: str) -> None:
    if not is_storable(text):
        raise Invalid(
            where, "holds a character that cannot be stored", "Unicode text without U+0000 and lone surrogates"
        )


def storable(text: str) -> str:
    r"""The text itself, or with what cannot be stored written as `\x00`, `\udc80`."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", r"\x00")


def key(text: str) -> str:
    """The storable text where it is short enough for an index; else its beginning and its digest."""
    kept = storable(text)
    encoded = kept.encode()
    if len(encoded) <= _KEY_BYTES:
        return kept
    return f"{encoded[:_KEY_HEAD].decode(errors='ignore')}...{hashlib.sha256(encoded).hexdigest()}"


def require_whole(where: str, number: int | None, *, least: int = -_WIDEST) -> None:
    """None, or a whole number of 64 bits that is not below the least."""
    if number is not None and not least <= number < _WIDEST:
        raise Invalid(where, f"{number} is out of range", f"{least} to {_WIDEST - 1}")


def within_64_bits(number: int) -> int:
    """The nearest number that a database can compare with."""
    return max(-_WIDEST, min(number, _WIDEST - 1))


def require_finite(where: str, number: float | None, *, low: float = -math.inf, high: float = math.inf) -> None:
    if number is not None and not (math.isfinite(number) and low <= number <= high):
        raise Invalid(where, f"{number} is out of range", f"finite, {low} to {high}")


def require_position(where: str, latitude: float | None, longitude: float | None) -> None:
    """Both or neither, WGS84 degrees."""
    require_finite(f"{where}, latitude", latitude, low=-90.0, high=90.0)
    require_finite(f"{where}, longitude", longitude, low=-180.0, high=180.0)
    if (latitude is None) != (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        raise Invalid(f"{where}, {missing}", "missing", "both latitude and longitude, or neither")


def require_limit(limit: int) -> None:
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid("limit", f"{limit} is out of range", f"1 to {MOST_ROWS}")
