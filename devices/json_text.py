"""JSON as devices write it: what msgspec says about a payload that is none, in the words of the house."""

import re
from typing import Final, TypeVar

import msgspec

from telemetry.errors import Reason, Rejected

Content = TypeVar("Content")

_PLACE: Final = re.compile(r"\(byte (\d+)\)$")
_NO_NUMBER: Final = re.compile(rb"-?(?:nan|inf)", re.IGNORECASE)
"""How other writers of JSON, Python's among them, spell what JSON has no words for."""


def decoded(decoder: msgspec.json.Decoder[Content], payload: bytes) -> Content:
    """What the payload says.

    Raises:
        Rejected: MALFORMED, or NOT_FINITE for NaN, an infinity or a number beyond a double.
    """
    try:
        return decoder.decode(payload)
    except RecursionError as error:
        raise Rejected(Reason.MALFORMED, "nested too deeply") from error
    except ValueError as error:  # msgspec.DecodeError and UnicodeDecodeError are both ValueErrors
        words = str(error)
        place = _PLACE.search(words)
        if place is not None:
            # Of `-Infinity` the byte after the sign is named.
            at = int(place[1])
            number = _NO_NUMBER.match(payload, at) or _NO_NUMBER.match(payload, max(0, at - 1))
            if number is not None:
                raise Rejected(Reason.NOT_FINITE, f"{number[0].decode()} at byte {number.start()}") from error
        raise Rejected(Reason.NOT_FINITE if "out of range" in words else Reason.MALFORMED, words) from error
