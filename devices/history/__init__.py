"""Files of recorded history: what they hold, observation by observation (docs/history.md).

No registry, no checks: whose observations these are, and whether they can be right, is asked by whoever reads them.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO
from zoneinfo import ZoneInfo

from devices.history.blocks import Block, Name, block
from devices.history.layout import layout
from devices.history.records import records
from telemetry.errors import Invalid
from telemetry.history import Form

__all__ = ["Block", "History", "Name", "opened"]


class History:
    """One file; it can be gone through again and again. The caller closes it."""

    def __init__(self, file: BinaryIO, name: str, form: Form | None, tz: str | None) -> None:
        """See `opened`."""
        self.name = name
        self._file = file
        self._tz = _zone(tz)
        self._records = records(file)
        self.layout = layout(self._records.header(), form)
        self._size = max(1, file.seek(0, os.SEEK_END))

    def blocks(self) -> Iterator[Block]:
        """All observations, some ten thousand at a time. Raise `Invalid` where the file breaks off."""
        for piece in self._records.slices(self.layout):
            yield block(piece, self.layout, self._tz)

    @property
    def share(self) -> float:
        """How much of the file is read, 0 to 1."""
        return self._file.tell() / self._size


def opened(file: BinaryIO, name: str, *, form: Form | None = None, tz: str | None = None) -> History:
    """The history in a seekable file.

    Args:
        file: CSV (also gzip'd), Parquet, or JSON objects line by line or as a list.
        name: What to call it in quarantine.
        form: None = as its header says.
        tz: IANA zone of times without an offset; None = such times are errors.

    Raises:
        Invalid: Not a file of history; says what was found and what would be right.
    """
    return History(file, name, form, tz)


def _zone(tz: str | None) -> str | None:
    if tz is not None:
        try:
            ZoneInfo(tz)
        except (KeyError, ValueError, OSError) as error:
            raise Invalid("tz", f"{tz[:64]!r} is no time zone", "an IANA name such as Asia/Shanghai or UTC") from error
    return tz
