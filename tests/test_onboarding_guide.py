"""Every command of docs/onboarding.md, in its order, against a house that runs on the sample county."""

import contextlib
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rurban.cli import app
from rurban.demo import settle_county
from rurban.house import House
from tests.houses import Running, house_on
from tests.mosquitto import mosquitto
from tests.test_house import ROOT
from tests.workplace import eventually

GUIDE = (ROOT / "docs/onboarding.md").read_text("utf-8")


def prepare(house: House) -> None:
    settle_county(house.registry)


class Guide:
    """Runs the blocks of the guide one after the other: the house's own commands in this process, others by a shell."""

    def __init__(self, running: Running, port: int, folder: Path) -> None:
        self.running = running
        self._folder = folder
        self._port = str(port)
        (folder / "devices.csv").write_text(block("csv")[0], "utf-8")
        (folder / "accounts").mkdir()

    def say(self, commands: str) -> str:
        """What all of them said; each has to succeed."""
        return "".join(map(self._said, commands.replace("\\\n", "").splitlines()))

    def _said(self, line: str) -> str:
        name, *words = shlex.split(line)
        if name == "rurban":
            settings = {"RURBAN_DATA_DIR": str(self.running.house.settings.data_dir)}
            with contextlib.chdir(self._folder):
                done = CliRunner().invoke(app, words, env=settings)
            assert done.exit_code == 0, line + done.output
            return done.stdout
        line = line.replace("127.0.0.1:8080", self.running.address).replace("-p 1883", f"-p {self._port}")
        words = ["sh", "-ec", line.replace("curl ", "curl -sS --fail-with-body ")]
        ended = subprocess.run(words, cwd=self._folder, capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode == 0, line + ended.stdout + ended.stderr
        return ended.stdout


def block(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guide]:
    folder = tmp_path_factory.mktemp("guide")
    with mosquitto(folder) as broker, house_on(broker, folder / "data", prepare) as running:
        yield Guide(running, broker.port, folder)


def latest(guide: Guide, device: str) -> list[float]:
    return [reading["value"] for reading in guide.running.json(f"/api/v1/latest?device={device}")["readings"]]


def test_every_command_of_the_guide_does_what_it_says(guide: Guide) -> None:
    heard, discovered, adopted, typed, through_api, imported, slips, moved = block("sh")
    devices = guide.running.house.registry.devices
    guide.say(heard)
    eventually(lambda: bool(json.loads(guide.say(discovered))["devices"]))
    guide.say(adopted)
    eventually(lambda: latest(guide, "well-7") == [4.2])
    listed = guide.say(typed)
    eventually(lambda: latest(guide, "well-8") == [5.1])
    guide.say(through_api)
    exported = guide.say(imported)
    guide.say(slips)
    changed = guide.say(moved)

    assert "At the pond" in listed
    assert "At the old mill" == devices.one("well-9").name
    assert "2 rows: 2 new, 0 changed, 0 as they were, 0 wrong" in exported
    assert "well-11,西门井,probe,370522101202" in exported
    assert "well-8 stands in 370522101202" in changed
    assert ("370522101203", True, True) == (
        devices.one("well-9").region,
        devices.one("well-9").valid_to is not None,
        devices.one("well-10").valid_to is not None,
    )
