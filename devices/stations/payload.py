"""A payload of one or several frames, one behind the other, as a gateway publishes a message."""

from collections.abc import Callable, Iterator

from telemetry.errors import Reason, Rejected


def frames(
    payload: bytes,
    start: bytes,
    extent: Callable[[bytes | bytearray, int], int | None],
    is_intact: Callable[[bytes], bool],
    *,
    between: bytes = b"",
) -> Iterator[bytes]:
    """The frames, which may have `between` behind them; `Rejected(MALFORMED)` where something else stands there."""
    position = 0
    while position < len(payload):
        length = extent(payload, position) if payload.startswith(start, position) else 0
        frame = payload[position : position + (length or 0)]
        if not length or len(frame) < length:
            raise Rejected(Reason.MALFORMED, f"no whole frame of a station begins at byte {position} of {len(payload)}")
        if not is_intact(frame):
            raise Rejected(Reason.MALFORMED, f"the frame at byte {position} is damaged: its checksum or end is wrong")
        yield frame
        position += length
        if between and payload.startswith(between, position):
            position += len(between)
