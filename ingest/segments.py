"""Append-only files that survive a kill, a torn last record and a full disk: what the spool is made of.

    <folder>/<position of the first record, 20 digits>.spool

    +----------------+   +--------+--------+----------------+
    | RURBSPL1       |   | length | CRC-32 | payload        |   and so on, one record after another
    | 8 bytes, once  |   | u32 LE | u32 LE | `length` bytes |
    +----------------+   +--------+--------+----------------+

Records are numbered from 1 on, without gaps; the checksum is over the number (u64 LE) and the payload, so a record in
the wrong place is none. A file is deleted when all of its records are released; one with a damaged record is kept
under the name `.damaged`. Knows nothing of what a payload means. Not thread-safe.
"""

import contextlib
import fcntl
import os
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from telemetry.errors import Conflict, SpoolUnavailable

MAGIC = b"RURBSPL1"
_HEAD = struct.Struct("<II")
_NUMBER = struct.Struct("<Q")
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
        self.next = 1
        """The position of the next record."""
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
        """Every record on the disk, from the first on; a torn one at the end is cut off."""
        found = sorted(self._folder.glob("*.spool"))
        self._segments = [_Segment(int(path.stem), path) for path in found]
        for number, segment in enumerate(self._segments):
            last = number == len(self._segments) - 1
            stop = None if last else self._segments[number + 1].first
            yield from self._scanned(segment, stop)

    def _scanned(self, segment: _Segment, stop: int | None) -> Iterator[Record]:
        """`stop` = where the next file begins; None = this is the last one, and may end in the middle of a record."""
        content = segment.path.read_bytes()
        offset, position = len(MAGIC), segment.first
        while stop is None or position < stop:
            payload, end = _record(content, offset, position)
            if payload is not None:
                yield Record(position, payload)
            elif end is not None and _record(content, end, position + 1)[0] is not None:
                self.damaged.add(position)
            else:
                break
            offset, position = end or offset, position + 1
        self.next = position if stop is None else stop
        if stop is None:
            _cut(segment.path, offset if content.startswith(MAGIC) else 0)
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
            records += _HEAD.pack(len(payload), _checksum(position, payload))
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
        segment = self._segments[bisect_right(self._segments, position, key=lambda one: one.first) - 1]
        try:
            checksum, payload = self._cursor.record(segment, position)
        except OSError as error:
            raise SpoolUnavailable(f"{self._folder} cannot be read: {error.strerror}") from error
        if checksum != _checksum(position, payload):
            self.damaged.add(position)
            return None
        return payload

    def release(self, position: int) -> None:
        """Records up to this one are not needed any more."""
        while len(self._segments) > 1 and self._segments[1].first <= position + 1:
            self._drop(self._segments.pop(0))
        if position + 1 == self.next and self._tail is not None and self._tail.size >= self._segment_bytes:
            self.clear()

    def clear(self) -> None:
        """Every record is released."""
        self._leave_tail()
        while self._segments:
            self._drop(self._segments.pop(0))

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
        _sync_folder(path.parent)

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

    def record(self, segment: _Segment, position: int) -> tuple[int, bytes]:
        """Checksum and payload; raises `OSError`."""
        if self._file is None or segment != self._segment or position < self._next:
            self.close()
            self._file = segment.path.open("rb")
            self._file.seek(len(MAGIC))
            self._segment, self._next = segment, segment.first
        file = self._file
        for _ in range(self._next, position):
            length, _crc = _HEAD.unpack(file.read(_HEAD.size))
            file.seek(length, os.SEEK_CUR)
        length, checksum = _HEAD.unpack(file.read(_HEAD.size))
        self._next = position + 1
        return checksum, file.read(length)

    def leave(self, segment: _Segment) -> None:
        """This file goes away."""
        if segment == self._segment:
            self.close()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = self._segment = None


def _checksum(position: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(_NUMBER.pack(position)))


def _record(content: bytes, offset: int, position: int) -> tuple[bytes | None, int | None]:
    """The payload that begins here, None where it does not match; and where the next begins, None past the end."""
    start = offset + _HEAD.size
    if not content.startswith(MAGIC) or start > len(content):
        return None, None
    length, checksum = _HEAD.unpack_from(content, offset)
    end = start + length
    if end > len(content):
        return None, None
    payload = content[start:end]
    return (payload if checksum == _checksum(position, payload) else None), end


def _cut(path: Path, size: int) -> None:
    """Keep so much of the file; nothing of it where not even its beginning is whole."""
    if path.stat().st_size > size:
        os.truncate(path, size)


def _sync_folder(folder: Path) -> None:
    """A new file's name is on the disk only when its folder is."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
