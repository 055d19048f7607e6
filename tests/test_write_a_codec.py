"""The codec of docs/write-a-codec.md, put into a copy of the folders it is for, passes the tests of the house's own."""

import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from telemetry.model import Device
from tests.guarded import comes_in, given, guarded, taken
from tests.test_house import ROOT
from tests.village import VILLAGE
from tests.workplace import eventually

PAGE = (ROOT / "docs/write-a-codec.md").read_text("utf-8")
CODEC = "devices/codecs/drip_node.py"
TESTS = ["tests/test_codecs.py", "tests/test_formats.py", "tests/test_station_codecs.py"]
CHECKS = {
    "test_a_codec_shows_what_it_takes_refuses_and_writes",
    "test_an_example_means_what_it_says",
    "test_an_example_is_written_back",
    "test_any_bytes_are_read_or_refused",
    "test_mutated_examples_are_read_or_refused",
    "test_every_format_that_is_written_is_read_again",
    "test_what_is_written_is_read_again",
    "test_what_a_format_cannot_say_is_not_written",
    "test_frames_with_a_right_checksum_are_read_or_refused",
    "test_every_family_has_its_row_and_every_codec_its_name",
    "test_every_section_has_an_example",
    "test_an_example_becomes_the_readings_below_it",
    "test_a_message_of_an_unknown_device_is_kept_and_becomes_its_readings_later",
}


def shown() -> dict[str, list[str]]:
    """By file, the blocks of the page that are for it."""
    blocks = defaultdict(list)
    for _, file, content in re.findall(r"^(`{3,4})\w+ (\S+/\S+)\n(.*?)^\1$", PAGE, re.MULTILINE | re.DOTALL):
        blocks[file].append(content)
    return blocks


def put(file: Path, anchor: str, text: str) -> None:
    """Insert before what is in the file once."""
    before = file.read_text("utf-8")
    assert before.count(anchor) == 1, (file, anchor)
    file.write_text(before.replace(anchor, text + anchor), "utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders with everything done that the page says."""
    folder, blocks = tmp_path_factory.mktemp("copy"), shown()
    for name in ("devices", "ingest", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("records", "__pycache__"))
    (folder / "docs").mkdir()
    shutil.copy(ROOT / "docs/formats.md", folder / "docs")
    (folder / CODEC).write_text("\n\n".join(blocks[CODEC]), "utf-8")
    [source] = blocks["ingest/sources.py"]
    put(folder / "ingest/sources.py", ')\n"""Every foreign family', f"    {source.strip()},\n")
    row, section = blocks["docs/formats.md"]
    put(folder / "docs/formats.md", "| `station` |", row)
    put(folder / "docs/formats.md", "## SZY 206-2016\n", section + "\n")
    for name, table, function in (
        ("test_codecs.py", "SAMPLES: dict[", "drips"),
        ("test_station_codecs.py", "GARBAGE: dict[", "drip_garbage"),
    ):
        file = folder / "tests" / name
        [block] = blocks[f"tests/{name}"]
        put(file, table, block + "\n\n")
        row = f'    "drip_node": {function},'
        file.write_text(re.sub(rf"(?m)^({re.escape(table)}.+)$", rf"\1\n{row}", file.read_text("utf-8")), "utf-8")
    return folder


def test_its_devices_are_let_in_where_the_broker_asks_for_passwords(tmp_path: Path) -> None:
    speak, hear = shown()["rurban/mosquitto.acl"]
    topics = ["drip/bed-3/up", "drip/bed-4/up"]
    with guarded(tmp_path, "files") as house:
        put(house.folder / "acl", "pattern write dtu/+/%u\n", speak)
        put(house.folder / "acl", "topic read dtu/+/+\n", hear)
        house.settle([Device("bed-3", "drip-node", VILLAGE)])
        eventually(lambda: comes_in(house.broker, "bed-3", house.passwords["bed-3"]))
        allowed = taken(house.broker, "bed-3", house.passwords["bed-3"], topics)
        heard = given(house.broker, "_worker", house.passwords["_worker"], topics)

    assert (topics[:1], topics) == (allowed, heard)


def said(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=150, check=False)


def test_it_passes_what_every_codec_of_the_house_passes(copy: Path) -> None:
    wanted = "drip_node or Drip or every_format or every_family or every_section"
    options = ["-v", "-c", str(ROOT / "pyproject.toml"), "--rootdir", ".", "--noconftest", "-p", "no:cacheprovider"]
    done = said([sys.executable, "-m", "pytest", *options, "-k", wanted, *TESTS], copy)
    passed = set(re.findall(r"::(\w+)\S* (?:.*)PASSED", done.stdout))

    assert done.returncode == 0, done.stdout + done.stderr
    assert set() == CHECKS - passed, done.stdout


@pytest.mark.parametrize("words", [["check"], ["format", "--check", "--diff"]])
def test_it_is_written_as_the_house_writes(words: list[str], copy: Path) -> None:
    files = [CODEC, "tests/test_codecs.py", "tests/test_station_codecs.py"]
    ruff = str(Path(sys.executable).with_name("ruff"))
    done = said([ruff, *words, "--no-cache", "--config", str(ROOT / "pyproject.toml"), *files], copy)

    assert done.returncode == 0, done.stdout + done.stderr
