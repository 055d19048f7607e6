"""Numbers in packed decimal digits."""

from math import isfinite
from typing import Final

from telemetry.errors import Invalid, Reason, Rejected

_MISSING: Final = (0xFF, 0xAA)
"""A number all of whose bytes are one of these has not been measured."""
_NEGATIVE: Final = 0xFF
_BARE_MINUS: Final = 0xF


def is_missing(data: bytes) -> bool:
    """Whether these bytes stand for no value."""
    return not data or any(data == bytes((byte,)) * len(data) for byte in _MISSING)


def digits(data: bytes, what: str) -> str:
    """The decimal digits; `Rejected(MALFORMED)` naming what they should be."""
    text = data.hex()
    if not text.isdecimal():
        raise Rejected(Reason.MALFORMED, f"{what} is {text[:40].upper()}, which are no decimal digits")
    return text


def number(data: bytes, decimals: int, what: str) -> float | None:
    """Highest byte first, below zero behind a byte FF; None = not measured. `Rejected(MALFORMED)`."""
    if is_missing(data):
        return None
    if data[0] == _NEGATIVE:
        return float(-int(digits(data[1:], what)) / 10**decimals)
    return float(int(digits(data, what)) / 10**decimals)


def signed(value: float, size: int, decimals: int, what: str) -> bytes:
    """What `number` reads; `Invalid` for what has no room in so many bytes."""
    scaled = round(value * 10**decimals) if isfinite(value) else None
    room = 2 * size if scaled is not None and scaled >= 0 else 2 * size - 2
    if scaled is None or abs(scaled) >= 10**room:
        raise Invalid(what, f"{value} cannot be written", f"{size} bytes with {decimals} decimals")
    return bytes.fromhex(("FF" if scaled < 0 else "") + f"{abs(scaled):0{room}d}")


def written(digits: str) -> bytes:
    """An even number of digits, packed."""
    return bytes.fromhex(digits)


def from_low(data: bytes, decimals: int, what: str) -> float | None:
    """Lowest byte first, the upper half of the last one a digit up to 7, with 8 added below zero; F is a bare minus.

    None = not measured. `Rejected(MALFORMED)`.
    """
    if is_missing(data):
        return None
    text = data[::-1].hex()
    first = int(text[0], 16)
    head = "0" if first == _BARE_MINUS else str(first & 7)
    if not text[1:].isdecimal():
        raise Rejected(Reason.MALFORMED, f"{what} is {text[:40].upper()}, which are no decimal digits")
    value = int(head + text[1:]) / 10**decimals
    return float(-value if first & 8 else value)
