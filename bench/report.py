"""What a run found, as JSON in `bench/results/`."""

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.console import Console

from bench import machine

RESULTS: Final = Path(__file__).parent / "results"
REFERENCE: Final = "reference.json"
"""The one that is committed."""


_WIDTH: Final = 150


def console() -> Console:
    """For tables; into a file or a pipe wide enough for all of them."""
    terminal = Console()
    return terminal if terminal.is_terminal else Console(width=_WIDTH)


def written(
    kind: str,
    described: Mapping[str, str | float],
    found: Mapping[str, object],
    *,
    reference: bool = False,
    folder: Path = RESULTS,
) -> Path:
    """The file of this run on the machine that was described before it.

    `reference` = the run is also the reference's part of this kind from now on.
    """
    now = dt.datetime.now(dt.UTC)
    document = {
        "at": now.isoformat(timespec="seconds"),
        "machine": described,
        "versions": machine.versions(),
        **found,
    }
    folder.mkdir(exist_ok=True)
    file = folder / f"{now:%Y%m%dT%H%M%SZ}-{kind}.json"
    _write(file, document)
    if reference:
        standing = folder / REFERENCE
        parts = json.loads(standing.read_text("utf-8")) if standing.exists() else {}
        _write(standing, parts | {kind: document})
    return file


def _write(file: Path, document: Mapping[str, object]) -> None:
    file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
