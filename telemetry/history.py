"""What an import of recorded history says of itself: the rows it cannot take, and what it came to.

Pure: no clock, no network, no store.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO, Protocol

from telemetry.errors import Reason


class Form(StrEnum):
    """How a file lays out its readings."""

    LONG = "long"
    """A row per reading."""
    WIDE = "wide"
    """A row per instant, a column per series."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row, or one cell of a wide one, that cannot become a reading."""

    row: int
    """As a text editor counts lines, the header being the first; in Parquet and JSON as the records are counted."""
    column: str
    """Heading of the column that is wrong; empty = the row as a whole."""
    wrong: str
    allowed: str
    """What would be right."""
    reason: Reason
    device: str = ""
    """The device that the row names; empty = it names none."""
    text: str = ""
    """What stood there, as a line of the long form: `LINE` is its header."""


LINE = "device,metric,at,value,unit"
"""Header of `BadRow.text`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a file is to be imported."""

    form: Form | None = None
    """None = as its header says."""
    tz: str | None = None
    """IANA zone of times without an offset; None = such a time is an error."""
    dry_run: bool = False
    """Look through the file and write nothing."""
    skip_bad: bool = False
    """Import the good rows and quarantine the others; else one bad row is enough to import none."""


@dataclass(slots=True)
class Imported:
    """What an import came to."""

    form: Form
    ignored: tuple[str, ...] = ()
    """Headings of columns that say nothing of a reading."""
    rows: int = 0
    readings: int = 0
    """Cells that hold an observation and can be readings."""
    stored: int = 0
    duplicates: int = 0
    """Readings that were stored already; also those that put another value in the place of one."""
    refused: int = 0
    """Rows or cells that cannot become readings."""
    written: bool = False
    """False = nothing was changed: a dry run, or refused as a whole."""
    flagged: dict[str, int] = field(default_factory=dict)
    """Readings by quality flag."""


class Listener(Protocol):
    """Who wants to know how an import goes."""

    def bad(self, row: BadRow) -> None:
        """This row cannot become a reading; each is told once, or once more when the file is gone through again."""
        ...

    def reached(self, rows: int, share: float) -> None:
        """So many rows are done, and such a share of all that is to be done, 0 to 1."""
        ...


class HistoryImport(Protocol):
    """Imports files of history. Not thread-safe: one at a time."""

    def __call__(self, file: BinaryIO, name: str, wanted: Wanted, listener: Listener) -> Imported:
        """What the import of this seekable file came to.

        Raises:
            Invalid: Not a file of history, or it breaks off; what came before is imported.
            StoreUnavailable: Or `RegistryUnavailable`: try again, what is imported already changes nothing.
        """
        ...
