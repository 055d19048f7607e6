"""Append-only files that survive a kill, a torn last record and a full disk: what the spool is made of.

    <folder>/<position of the first record, 20 digits>.spool

    +----------------+   +--------+--------+----------+----------------+
    | RURBSPL1       |   | CRC-32 | length | position | payload        |   and so on, one record after another
    | 8 bytes, once  |   | u32 LE | u32 LE | u64 LE   | `length` bytes |
    +----------------+   +--------+--------+----------+----------------+

Positions count from 1 on, without gaps; the checksum is over all that follows it, so a record in the wrong place is
none, and the next whole one after a damaged part is found by its position. A file is deleted when all of its records
are released; one with a damaged record is kept under the name `.damaged`. Knows nothing of what a payload means. Not
thread-safe.
"""

import contextlib
import fcntl
import os
import re
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from telemetry.errors import Conflict, SpoolUnavailable

MAGIC = b"RURBSPL1"
_HEAD = struct.Struct("<IIQ")
_CHECKED = struct.Struct("<IQ")
_LOW_BYTES = 3
"""Of a position, those in which the records of a damaged file may differ; the others are looked for."""
SEGMENT_BYTES = 32 << 20


class Record(NamedTuple):
    position: int
    payload: bytes


class _Segment(NamedTuple):
    first: int
    path: Path


class Segments:
    """The records of one folder, which no other process may have open meanwhile."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Take the folder, or make it; call `scan` before anything else.

        Raises:
            Conflict: another process has it.
            SpoolUnavailable: the folder cannot be used.
        """
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._segments: list[_Segment] = []
        self._tail: _Tail | None = None
        self._cursor = _Cursor()
        self._landmarks: dict[int, int] = {}
        """Where the first whole records after damaged ones begin in their files."""
        self.next = 1
        """The position of the next record."""
        self.first = 1
        """The position of the oldest record that `scan` has found."""
        self.damaged: set[int] = set()
        """Positions whose record does not match its checksum any more."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = (folder / "lock").open("wb")
        except OSError as error:
            raise SpoolUnavailable(f"{folder} cannot be used: {error}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise Conflict(f"{folder} is in use by another process") from error

    def scan(self) -> Iterator[Record]:
        """Every record on the disk, from the first on; a torn one at the end is cut off.

        Raises:
            SpoolUnavailable: the disk does not give them.
        """
        try:
            found = sorted(self._folder.glob("*.spool"))
            self._segments = [_Segment(int(path.stem), path) for path in found]
            self.first = self._segments[0].first if self._segments else 1
            for number, segment in enumerate(self._segments):
                last = number == len(self._segments) - 1
                stop = None if last else self._segments[number + 1].first
                yield from self._scanned(segment, stop)
        except OSError as error:
            raise SpoolUnavailable(f"{self._folder} cannot be read: {error}") from error

    def _scanned(self, segment: _Segment, stop: int | None) -> Iterator[Record]:
        """`stop` = where the next file begins; None = this is the last one, and may end in the middle of a record."""
        content = segment.path.read_bytes()
        offset, position = len(MAGIC), segment.first
        while stop is None or position < stop:
            payload = _record(content, offset, position)
            if payload is not None:
                yield Record(position, payload)
                offset, position = offset + _HEAD.size + len(payload), position + 1
                continue
            following = _following(content, offset, position, stop)
            if following is None:
                break
            self.damaged.update(range(position, following[0]))
            position, offset = following
            self._landmarks[position] = offset
        self.next = position if stop is None else stop
        if stop is None:
            _cut(segment.path, offset if position > segment.first or content.startswith(MAGIC) else 0)
        else:
            self.damaged.update(range(position, stop))

    def append(self, payloads: Sequence[bytes]) -> int:
        """Add the records and return when they are on the disk; the position of the first.

        Raises:
            SpoolUnavailable: the disk does not take them; none of them is there.
        """
        first = self.next
        records = bytearray()
        for position, payload in enumerate(payloads, first):
            records += _HEAD.pack(_checksum(position, payload), len(payload), position)
            records += payload
        try:
            self._growing().write(records)
        except OSError as error:
            self._leave_tail()
            raise SpoolUnavailable(f"{self._folder} does not take {len(records)} bytes: {error.strerror}") from error
        self.next = first + len(payloads)
        return first

    def read(self, position: int) -> bytes | None:
        """The payload of a record that is not released; None = it is damaged. Cheap for one after another.

        Raises:
            SpoolUnavailable: the disk does not give it.
        """
        if position in self.damaged:
            return None
        place = bisect_right(self._segments, position, key=lambda one: one.first)
        segment = self._segments[place - 1]
        stop = self._segments[place].first if place < len(self._segments) else self.next
        try:
            payload = self._cursor.record(segment, position, self._landmarks)
            if payload is None:
                following = _following(segment.path.read_bytes(), 0, position, stop) or (stop, 0)
                self.damaged.update(range(position, following[0]))
                self._landmarks.update((following,) if following[1] else ())
        except OSError as error:
            raise SpoolUnavailable(f"{self._folder} cannot be read: {error.strerror}") from error
        return payload

    def release(self, position: int) -> None:
        """Records up to this one are not needed any more; raises `SpoolUnavailable`."""
        with _removing(self._folder):
            while len(self._segments) > 1 and self._segments[1].first <= position + 1:
                self._drop(self._segments.pop(0))
        if position + 1 == self.next and self._tail is not None and self._tail.size >= self._segment_bytes:
            self.clear()

    def clear(self) -> None:
        """Every record is released, and stays so when the power fails now; raises `SpoolUnavailable`."""
        self._leave_tail()
        if not self._segments:
            return
        with _removing(self._folder):
            while self._segments:
                self._drop(self._segments.pop(0))
            sync_folder(self._folder)

    @property
    def size(self) -> int:
        """Bytes that the files take on the disk."""
        return sum(segment.path.stat().st_size for segment in self._segments)

    def close(self) -> None:
        """Let go of the folder."""
        self._leave_tail()
        self._cursor.close()
        self._lock.close()

    def _growing(self) -> "_Tail":
        """The file that grows: a new one where the last is large, or was left after an error."""
        if self._tail is not None and self._tail.size < self._segment_bytes:
            return self._tail
        self._leave_tail()
        segment = _Segment(self.next, self._folder / f"{self.next:020}.spool")
        self._tail = _Tail(segment.path)
        if segment not in self._segments[-1:]:
            self._segments.append(segment)
        return self._tail

    def _leave_tail(self) -> None:
        """End the growing file at its last whole record."""
        tail, self._tail = self._tail, None
        if tail is not None:
            tail.leave()

    def _drop(self, segment: _Segment) -> None:
        self._cursor.leave(segment)
        stop = self._segments[0].first if self._segments else self.next
        if any(segment.first <= position < stop for position in self.damaged):
            segment.path.rename(segment.path.with_suffix(".damaged"))
        else:
            segment.path.unlink(missing_ok=True)


class _Tail:
    """The file that grows."""

    def __init__(self, path: Path) -> None:
        # Whatever an append that failed has left under this name was never promised to anybody.
        self._file = path.open("wb", buffering=0)
        self.size = 0
        """Bytes up to the end of the last whole record."""
        self.write(MAGIC)
        sync_folder(path.parent)

    def write(self, content: bytes | bytearray) -> None:
        """On the disk on return; raises `OSError`."""
        view = memoryview(content)
        while view:
            # An unbuffered file may take a part only; the next part then says why.
            view = view[self._file.write(view) :]
        os.fdatasync(self._file.fileno())
        self.size += len(content)

    def leave(self) -> None:
        # Where cutting fails, the next file says at which record this one ends.
        with self._file, contextlib.suppress(OSError):
            os.ftruncate(self._file.fileno(), self.size)


class _Cursor:
    """Where reading has got to."""

    def __init__(self) -> None:
        self._file: BinaryIO | None = None
        self._segment: _Segment | None = None
        self._next = 0

    def record(self, segment: _Segment, position: int, landmarks: Mapping[int, int]) -> bytes | None:
        """The payload, None = it is damaged; raises `OSError`."""
        if self._file is None or segment != self._segment or position < self._next:
            self.close()
            self._file = segment.path.open("rb")
            self._file.seek(len(MAGIC))
            self._segment, self._next = segment, segment.first
        file = self._file
        if known := [one for one in landmarks if self._next <= one <= position]:
            self._next = max(known)
            file.seek(landmarks[self._next])
        while True:
            head = file.read(_HEAD.size)
            checksum, length, _ = _HEAD.unpack(head) if len(head) == _HEAD.size else (0, 0, 0)
            if self._next == position:
                break
            file.seek(length, os.SEEK_CUR)
            self._next += 1
        self._next += 1
        payload = file.read(length)
        return payload if len(payload) == length and checksum == _checksum(position, payload) else None

    def leave(self, segment: _Segment) -> None:
        """This file goes away."""
        if segment == self._segment:
            self.close()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = self._segment = None


def _checksum(position: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(_CHECKED.pack(len(payload), position)))


def _record(content: bytes, offset: int, position: int) -> bytes | None:
    """The payload of this record if it begins here and is whole."""
    start = offset + _HEAD.size
    if offset < 0 or start > len(content):
        return None
    checksum, length, found = _HEAD.unpack_from(content, offset)
    if found != position or start + length > len(content):
        return None
    payload = content[start : start + length]
    return payload if checksum == _checksum(position, payload) else None


def _following(content: bytes, offset: int, position: int, stop: int | None) -> tuple[int, int] | None:
    """The first whole record from this offset on between this position and `stop`, and where it begins."""
    high = position.to_bytes(8, "little")[_LOW_BYTES:]
    # A page of zeros must not look like a position at each of its bytes.
    position_like = re.compile(rb"(?s)(?!\0\0\0)(?=(...)" + re.escape(high) + rb")")
    for match in position_like.finditer(content, offset + _HEAD.size - len(high) - _LOW_BYTES):
        begins = match.start() - _HEAD.size + len(high) + _LOW_BYTES
        found = int.from_bytes(match[1] + high, "little")
        if position < found < (stop or found + 1) and _record(content, begins, found) is not None:
            return found, begins
    return None


def _cut(path: Path, size: int) -> None:
    """Keep so much of the file; nothing of it where not even its beginning is whole."""
    if path.stat().st_size > size:
        os.truncate(path, size)


@contextlib.contextmanager
def _removing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SpoolUnavailable(f"{folder} keeps what is to be removed: {error.strerror}") from error


def sync_folder(folder: Path) -> None:
    """A new file's name is on the disk only when its folder is."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
