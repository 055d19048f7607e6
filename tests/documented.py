"""Pages of docs/ are done as they are written: the files that they show, and every command, against a running house."""

import contextlib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from typer.testing import CliRunner

from rurban.cli import app
from tests.houses import Running


def blocks(text: str, kind: str) -> list[str]:
    """The contents of the fenced blocks of this kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def files(text: str) -> dict[str, str]:
    """By name, the files that a page shows: their blocks are named behind their language."""
    return dict(re.findall(r"^```\w+ (\w+\.\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


def commands(block: str) -> Iterator[str]:
    """One by one; what is quoted may go on over several lines."""
    pending = ""
    for line in block.replace("\\\n", "").splitlines():
        pending += line
        try:
            shlex.split(pending)
        except ValueError:  # a quotation is open
            pending += "\n"
            continue
        yield pending
        pending = ""
    assert not pending, pending


class Documented:
    """Runs what a page says in a folder: the house's own commands in this process, others by a shell."""

    def __init__(self, running: Running, mqtt_port: int, folder: Path, ports: Mapping[int, int] | None = None) -> None:
        """`ports`: those of the page, and what takes their place."""
        self.running = running
        self._folder = folder
        self._instead = {
            "127.0.0.1:8080": running.address,
            "-p 1883": f"-p {mqtt_port}",
            "curl ": "curl -sS --fail-with-body ",
            "python ": f"{sys.executable} ",
            **{f" {port} ": f" {other} " for port, other in (ports or {}).items()},
        }

    def say(self, block: str) -> str:
        """What all commands of the block said; each has to succeed."""
        return "".join(map(self._said, commands(block)))

    def _said(self, command: str) -> str:
        if command.startswith("rurban "):
            settings = {"RURBAN_DATA_DIR": str(self.running.house.settings.data_dir)}
            with contextlib.chdir(self._folder):
                done = CliRunner().invoke(app, shlex.split(command)[1:], env=settings)
            assert done.exit_code == 0, command + done.output
            return done.stdout
        for text, other in self._instead.items():
            command = command.replace(text, other)
        words = ["sh", "-ec", command]
        ended = subprocess.run(words, cwd=self._folder, capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode == 0, command + ended.stdout + ended.stderr
        return ended.stdout
