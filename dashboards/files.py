"""The boards as files: what is written is what is built, and the check says where it is not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.boards import boards

FOLDER: Final = Path(__file__).parent / "json"


def text(board: Dashboard) -> str:
    """The board as it stands in its file."""
    return json.dumps(board, cls=JSONEncoder, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def stale(folder: Path) -> Iterator[str]:
    """The files that are missing, that are not what they would be, or that no board has."""
    wanted = {f"{uid}.json": text(board) for uid, board in boards().items()}
    for name, content in wanted.items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != content:
            yield name
    yield from sorted({path.name for path in folder.glob("*.json")} - wanted.keys())


def write(folder: Path) -> None:
    """All boards, and nothing else that ends in .json."""
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.json"):
        path.unlink()
    for uid, board in boards().items():
        (folder / f"{uid}.json").write_text(text(board), "utf-8")
