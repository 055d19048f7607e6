"""What stands in the records of a spool, and how it is packed.

    1 | length of the head, u32 LE | head, MessagePack | size of the outcome, u32 LE | outcome, MessagePack in zstd
    2 | 0, u32 LE                  | mark, MessagePack

The head says what is counted in flight, so that a start need not unpack everything. Pure.
"""

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec
import zstandard

from ingest.pipeline import Outcome

_OUTCOME: Final = 1
_MARK: Final = 2
_START: Final = struct.Struct("<BI")
_LEVEL: Final = 1
_SIZE: Final = struct.Struct("<I")
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Outcome)


class Mark(msgspec.Struct, array_like=True, frozen=True):
    """How the readings of some outcomes were classified, decided once: after the write, all would look stored."""

    first: int
    last: int
    """Positions of the outcomes, settled together."""
    dropped: list[int]
    """Positions among their readings: stored already with the same value."""
    corrected: list[int]
    """Stored already with another value, which these replace."""
    since: int
    """The newest claim of another process that was in the store for certain when it was looked."""


class Head(msgspec.Struct, array_like=True, frozen=True):
    """What must be known of an outcome without unpacking it."""

    at: int
    """When the first of it was received, milliseconds UTC."""
    tallies: list[tuple[str, int, int]]
    """Device, day, readings received; none of a replay, which stands in the ledger already, as quarantined."""
    since: int | None
    """As in a mark: all of its readings are new, decided when it was appended; None = to be looked up."""
    replays: int | None = None
    """It is the replay of this quarantined message."""


class Entry(NamedTuple):
    """An outcome that waits, and where."""

    position: int
    head: Head
    outcome: Outcome


def head_of(outcome: Outcome, since: int | None, now: int) -> Head:
    """`since` counts only where none of its readings need be looked up."""
    if outcome.replays is not None:
        # It waits since it was asked for, however old its messages are.
        return Head(at=now, tallies=[], since=None, replays=outcome.replays)
    received = (item.at for item in outcome.messages)
    refused = (item.received_at for item in outcome.quarantined)
    return Head(
        at=min(_first(received), _first(refused), now),
        tallies=[(line.device, line.day, tally.received) for line, tally in outcome.tallies.items()],
        since=None if outcome.careful or outcome.repeats else since,
    )


def packed(head: Head, outcome: Outcome) -> bytes:
    short = _ENCODER.encode(head)
    whole = _ENCODER.encode(outcome)
    body = zstandard.compress(whole, _LEVEL)
    return b"".join((_START.pack(_OUTCOME, len(short)), short, _SIZE.pack(len(whole)), body))


def packed_mark(mark: Mark) -> bytes:
    return _START.pack(_MARK, 0) + _ENCODER.encode(mark)


def is_outcome(payload: bytes) -> bool:
    return payload[0] == _OUTCOME


def mark(payload: bytes) -> Mark:
    return msgspec.msgpack.decode(payload[_START.size :], type=Mark)


def head(payload: bytes) -> Head:
    _, length = _START.unpack_from(payload)
    return msgspec.msgpack.decode(payload[_START.size : _START.size + length], type=Head)


def entry(position: int, payload: bytes) -> Entry:
    _, length = _START.unpack_from(payload)
    start = _START.size + length
    (size,) = _SIZE.unpack_from(payload, start)
    whole = zstandard.decompress(payload[start + _SIZE.size :], size)
    return Entry(position, head(payload), _DECODER.decode(whole))


def _first(instants: Iterable[int]) -> int:
    """The first of what came in order."""
    return next(iter(instants), 2**62)
