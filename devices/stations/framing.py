"""Frames out of a stream of bytes: whole ones, however they are cut, glued together or strewn with noise. Pure."""

from collections.abc import Iterator

from devices.stations.dialects import Dialect


class Framer:
    """What has come over one connection and is no frame yet.

    It holds one frame that is not whole at the most, so no more than the longest that its protocol can announce, and
    what was fed at last.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._buffer = bytearray()
        self.noise = 0
        """Bytes since the last intact frame that belong to none, line ends aside."""

    @property
    def waits(self) -> bool:
        """A frame has begun and is not whole."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The intact frames that are whole with these bytes, in the order of the stream."""
        self._buffer += data
        yield from self._whole()

    def give_up(self) -> Iterator[bytes]:
        """Take what has begun for noise, for nothing more comes, and look for frames in what follows its first byte."""
        if self._buffer:
            self._pass_over(1)
        yield from self._whole()

    def _whole(self) -> Iterator[bytes]:
        dialect, buffer = self._dialect, self._buffer
        while self._reach_start():
            length = dialect.extent(buffer, 0)
            if length is None or len(buffer) < length:
                return
            frame = bytes(buffer[:length])
            if length and dialect.is_intact(frame):
                del buffer[:length]
                self.noise = 0
                yield frame
            else:
                # Perhaps no start at all: another may lie within what it seemed to hold.
                self._pass_over(1)

    def _reach_start(self) -> bool:
        """Pass over what stands before the next start; False = there is none, or only the beginning of one."""
        start, buffer = self._dialect.start, self._buffer
        found = buffer.find(start)
        if found < 0:
            kept = next((size for size in range(len(start) - 1, 0, -1) if buffer.endswith(start[:size])), 0)
            self._pass_over(len(buffer) - kept)
            return False
        self._pass_over(found)
        return True

    def _pass_over(self, size: int) -> None:
        self.noise += sum(byte not in b"\r\n" for byte in self._buffer[:size])
        del self._buffer[:size]
