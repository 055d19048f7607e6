"""SenML in CBOR (RFC 8428 section 6, `application/senml+cbor`): the JSON form with integers for the labels.

    bver bn bt bu bv bs   n u v vs vb s t ut vd
     -1  -2 -3 -4 -5 -6   0 1 2  3  4 5 6  7  8

The table is conclusive: extensions have text labels. Numbers are integers, floats of any width or decimal fractions
(tag 4); big integers (tags 2 and 3) are taken, too. Every other tag stands for something that is no number, and is
neither interpreted nor allowed to do anything: no dates, patterns, references. What records mean is in `devices.senml`.
"""

import io
from collections.abc import Sequence
from typing import Final

import cbor2

from devices.codecs.port import Context, Example
from devices.senml import resolve, to_pack, to_samples
from telemetry.errors import Reason, Rejected
from telemetry.model import Sample

__all__ = ["EXAMPLES", "decode", "encode"]

_NUMBERS: Final = {
    "bver": -1, "bn": -2, "bt": -3, "bu": -4, "bv": -5, "bs": -6,
    "n": 0, "u": 1, "v": 2, "vs": 3, "vb": 4, "s": 5, "t": 6, "ut": 7, "vd": 8,
}  # fmt: skip
_LABELS: Final = {number: label for label, number in _NUMBERS.items()}
_MAX_DEPTH: Final = 16
_MAX_BIG_BYTES: Final = 256
"""Far beyond a double; longer ones are infinite without being computed."""
