"""`rurban history import`: files of recorded history into this house, with a bar, a report by row and a summary."""

import contextlib
import csv
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from rurban import house as composition
from rurban.historian import history_import
from rurban.house import House
from rurban.settings import Settings
from telemetry.errors import Invalid, StoreUnavailable
from telemetry.history import BadRow, Imported, Wanted

_SHOWN = 20
_COLUMNS = ("row", "column", "wrong", "allowed", "reason", "device", "text")


def run(settings: Settings, file: Path, wanted: Wanted, errors: Path | None, console: Console) -> bool:
    """Import the file, or look through it; False where rows cannot become readings.

    Args:
        settings: Of the house; its store may not be open in another process.
        file: CSV, CSV.gz, Parquet or JSON lines.
        wanted: How.
        errors: CSV that gets every bad row; None = the first ones are shown and that is all.
        console: Where the summary goes.
    """
    began = time.monotonic()
    with _opened(settings, file) as house, _read(file) as source, _Watch(console, errors) as watch:
        found = history_import(house)(source, file.name, wanted, watch)
    _summary(console, found, watch, time.monotonic() - began, errors)
    return found.refused == 0


@contextlib.contextmanager
def _opened(settings: Settings, file: Path) -> Iterator[House]:
    with contextlib.ExitStack() as stack:
        try:
            house = stack.enter_context(composition.opened(settings))
        except StoreUnavailable as error:
            address = f"http://{settings.http_host}:{settings.http_port}/api/v1/readings"
            raise StoreUnavailable(
                f"{error}; a house that runs takes the file by curl -H 'Content-Type: application/octet-stream' "
                f"--data-binary @{file} {address}"
            ) from error
        yield house


@contextlib.contextmanager
def _read(file: Path) -> Iterator[Any]:
    try:
        source = file.open("rb")
    except OSError as error:
        raise Invalid(str(file), f"cannot be read: {error.strerror}", "a file of history") from error
    with source:
        yield source


class _Watch:
    """Listens to an import: moves the bar, keeps the first bad rows, writes all of them to a file if there is one."""

    def __init__(self, console: Console, errors: Path | None) -> None:
        self.first: list[BadRow] = []
        self._errors = errors
        self._open = contextlib.ExitStack()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            TextColumn("{task.fields[rows]:,} rows"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._bar.add_task("History", total=1.0, rows=0)

    def __enter__(self) -> Self:
        self._open.enter_context(self._bar)
        if self._errors is not None:
            try:
                file = self._open.enter_context(self._errors.open("w", newline="", encoding="utf-8"))
            except OSError as error:
                self._open.close()
                raise Invalid(str(self._errors), f"cannot be written: {error.strerror}", "a new file") from error
            self._rows = csv.writer(file)
            self._rows.writerow(_COLUMNS)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def bad(self, row: BadRow) -> None:
        if len(self.first) < _SHOWN:
            self.first.append(row)
        if self._errors is not None:
            self._rows.writerow([getattr(row, name) for name in _COLUMNS])

    def reached(self, rows: int, share: float) -> None:
        self._bar.update(self._task, completed=share, rows=rows)


def _summary(console: Console, found: Imported, watch: _Watch, took_s: float, errors: Path | None) -> None:
    if watch.first:
        table = Table("row", "column", "wrong", "what would be right")
        for row in watch.first:
            table.add_row(*map(Text, (str(row.row), row.column, row.wrong, row.allowed)))
        console.print(table)
    lines = []
    if found.refused > len(watch.first) or errors is not None:
        lines.append(f"{found.refused:,} bad rows in all" + (f", in {errors}" if errors else "; --errors FILE has all"))
    if found.ignored:
        lines.append(f"Columns that say nothing of a reading: {', '.join(found.ignored)}")
    flagged = ", ".join(f"{count:,} {flag}" for flag, count in found.flagged.items()) or "none"
    lines.append(
        f"{found.rows:,} rows ({found.form}), {found.readings:,} readings: {found.stored:,} stored, "
        f"{found.duplicates:,} there already; refused {found.refused:,}; flagged: {flagged}"
    )
    if not found.written:
        lines.append("Nothing was written.")
    lines.append(f"{took_s:.1f} s, {found.readings / max(took_s, 1e-9):,.0f} readings/s")
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
