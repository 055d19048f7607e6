"""Numbers in packed decimal digits."""

from typing import Final

from telemetry.errors import Reason, Rejected

_MISSING: Final = (0xFF, 0xAA)
"""A number all of whose bytes are one of these has not been measured."""
_NEGATIVE: Final = 0xFF


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


def written(digits: str) -> bytes:
    """An even number of digits, packed."""
    return bytes.fromhex(digits)
