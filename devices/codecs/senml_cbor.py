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

__all__ = ["EXAMPLES", "READS_JSON", "decode", "encode"]

READS_JSON: Final = False

_NUMBERS: Final = {
    "bver": -1, "bn": -2, "bt": -3, "bu": -4, "bv": -5, "bs": -6,
    "n": 0, "u": 1, "v": 2, "vs": 3, "vb": 4, "s": 5, "t": 6, "ut": 7, "vd": 8,
}  # fmt: skip
_LABELS: Final = {number: label for label, number in _NUMBERS.items()}
_MAX_DEPTH: Final = 16
_MAX_BIG_BYTES: Final = 256
"""Far beyond a double; longer ones are infinite without being computed."""
_SILENT_TAGS: Final = (0, 1, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43_000)
"""The tags that the library would otherwise interpret."""


def decode(payload: bytes, context: Context) -> list[Sample]:
    """See Codec."""
    stream = io.BytesIO(payload)
    decoder = cbor2.CBORDecoder(
        stream, max_depth=_MAX_DEPTH, allow_duplicate_keys=False, tag_hook=_nothing, semantic_decoders=_TAGS
    )
    try:
        pack = decoder.decode()
    except (cbor2.CBORDecodeError, RecursionError) as error:
        raise Rejected(Reason.MALFORMED, str(error)) from error
    if stream.tell() != len(payload):
        raise Rejected(Reason.MALFORMED, f"{len(payload) - stream.tell()} bytes after the pack")
    if not isinstance(pack, list | tuple):
        raise Rejected(Reason.MALFORMED, f"{type(pack).__name__} where a pack was expected")
    return to_samples(resolve([_labelled(record) for record in pack], context.received_at))


def encode(samples: Sequence[Sample]) -> bytes:
    """See Codec. Floats as short as they stay exact. Raises `Invalid` for what SenML has no words for."""
    pack = [{_NUMBERS[label]: content for label, content in record.items()} for record in to_pack(samples)]
    return cbor2.dumps(pack, canonical=True)


def _labelled(record: object) -> dict[str, object]:
    """The record with the JSON labels as keys."""
    if not isinstance(record, dict):
        raise Rejected(Reason.MALFORMED, f"{type(record).__name__} where a record was expected")
    fields: dict[str, object] = {}
    for key, content in record.items():
        # type() and not isinstance(): True is an int to Python, but no label.
        if type(key) is int:
            label = _LABELS.get(key)
            if label is not None:
                fields[label] = content
        elif not isinstance(key, str) or key in _NUMBERS:
            raise Rejected(Reason.MALFORMED, "a label is neither text of an extension nor an integer of the table")
        else:
            fields[key] = content
    return fields


def _nothing(_content: object, _immutable: bool) -> None:  # noqa: FBT001  (the library calls it so)
    """What an unknown or silenced tag stands for."""


def _big(content: object, _immutable: bool) -> float | None:  # noqa: FBT001  (the library calls it so)
    """Tag 2 as a float, which is all that SenML asks for; an int that long can also be slow to hash and to write."""
    if not isinstance(content, bytes):
        return None
    if len(content) > _MAX_BIG_BYTES:
        return float("inf")
    try:
        return float(int.from_bytes(content))
    except OverflowError:
        return float("inf")


def _big_negative(content: object, immutable: bool) -> float | None:  # noqa: FBT001  (the library calls it so)
    """Tag 3: -1 - n."""
    number = _big(content, immutable)
    return None if number is None else -1.0 - number


def _decimal(content: object, _immutable: bool) -> float | None:  # noqa: FBT001  (the library calls it so)
    """Tag 4: [exponent, mantissa], correctly rounded."""
    match content:
        case [int(exponent), int(mantissa) | float(mantissa)] if mantissa == mantissa // 1:
            # From text it is exact and knows its limits; computing 10**exponent has none. A float is a big integer.
            digits = f"{mantissa:d}" if isinstance(mantissa, int) else f"{mantissa:.0f}"
            return float(f"{digits}e{exponent:d}")
        case _:
            return None


_TAGS: Final = {**dict.fromkeys(_SILENT_TAGS, _nothing), 2: _big, 3: _big_negative, 4: _decimal}

_NOW: Final = 1_795_420_800_000
_OW: Final = "urn:dev:ow:10e2073a0108006"

EXAMPLES: Final = (
    Example(
        source="RFC 8428 section 6: the CBOR form of the example of 5.1.2 (core-wg/senml-spec ex3.gen.cbor)",
        payload=bytes.fromhex(
            "87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a22fb41d303a15b00106223614120050067766f6c"
            "7461676501615602fb405e066666666666a3006763757272656e74062402fb3ff3333333333333a3006763757272656e74062302"
            "fb3ff4cccccccccccda3006763757272656e74062202fb3ff6666666666666a3006763757272656e74062102f93e00a300676375"
            "7272656e74062002fb3ff999999999999aa3006763757272656e74060002fb3ffb333333333333"
        ),
        samples=(
            *(
                Sample("current", value, 1_276_020_071_001 + 1000 * n, "A", None, _OW)
                for n, value in enumerate((1.2, 1.3, 1.4, 1.5, 1.6))
            ),
            Sample("voltage", 120.1, 1_276_020_076_001, "V", None, _OW),
            Sample("current", 1.7, 1_276_020_076_001, "A", None, _OW),
        ),
    ),
    Example(
        source="encoding of this project: floats as short as they stay exact, labels in canonical order",
        payload=bytes.fromhex("81a40064727373690163") + b"dBm" + bytes.fromhex("02f9d610061a6b03f280"),
        samples=(Sample("rssi", -97.0, _NOW, "dBm"),),
        encodes=True,
    ),
    Example(
        source="RFC 8428 section 6: a decimal fraction (tag 4), 273.15 as in RFC 8949 section 3.4.4",
        payload=bytes.fromhex("81a2006161" + "02c48221196ab3"),
        samples=(Sample("a", 273.15),),
    ),
    Example(
        source="RFC 8949 section 3.4.3: a big integer, 2**64",
        payload=bytes.fromhex("81a2006161" + "02c249010000000000000000"),
        samples=(Sample("a", 18_446_744_073_709_551_616.0),),
    ),
    Example(
        source="true is 1; data (a byte string) and text are no numbers; an array of indefinite length",
        payload=bytes.fromhex("9fa200616104f5" + "a200616208420102" + "a2006163036178" + "ff"),
        samples=(Sample("a", 1.0),),
    ),
    Example("label must be understood", bytes.fromhex("81a300616102016278" + "5f02"), rejected=Reason.UNSUPPORTED),
    Example("version 11", bytes.fromhex("81a3200b0061610201"), rejected=Reason.UNSUPPORTED),
    Example("a text label of the table", bytes.fromhex("81a2006161" + "617601"), rejected=Reason.MALFORMED),
    Example("a label twice", bytes.fromhex("81a300616102010202"), rejected=Reason.MALFORMED),
    Example("a date is no number", bytes.fromhex("81a200616102c11a6b03f280"), rejected=Reason.MALFORMED),
    Example("bytes after the pack", bytes.fromhex("81a20061610201" + "00"), rejected=Reason.MALFORMED),
    Example("cut short", bytes.fromhex("81a200616102"), rejected=Reason.MALFORMED),
    Example("nothing", b"", rejected=Reason.MALFORMED),
    Example("no pack", bytes.fromhex("a20061610201"), rejected=Reason.MALFORMED),
    Example("no record", bytes.fromhex("8101"), rejected=Reason.MALFORMED),
    Example("nested without end", b"\x81" * 100_000, rejected=Reason.MALFORMED),
    Example("an array longer than memory", b"\x9b" + b"\xff" * 8, rejected=Reason.MALFORMED),
    Example("an empty pack", b"\x80", rejected=Reason.EMPTY),
    Example("not a number", bytes.fromhex("81a200616102f97e00"), rejected=Reason.NOT_FINITE),
    Example("infinite", bytes.fromhex("81a200616102f97c00"), rejected=Reason.NOT_FINITE),
    Example("a decimal beyond a double", bytes.fromhex("81a200616102c482190400" + "01"), rejected=Reason.NOT_FINITE),
    Example("time not a number", bytes.fromhex("81a3006161020106f97e00"), rejected=Reason.BAD_TIME),
)
"""Documentation and tests at once."""
