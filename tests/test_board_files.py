"""The boards as files, and what stands around them: provisioning, compose, the README."""

import re
from pathlib import Path
from typing import Final

import pytest

from dashboards.__main__ import main
from dashboards.files import FOLDER, stale, write
from tests.grafana import all_boards, panels

BOARDS: Final = all_boards()


@pytest.mark.parametrize("uid", BOARDS)
def test_a_board_is_named_as_its_module_and_its_panels_have_numbers_of_their_own(uid: str) -> None:
    numbers = [panel["id"] for panel in panels(BOARDS[uid])]

    assert uid == BOARDS[uid]["uid"]
    assert sorted(set(numbers)) == sorted(numbers)


def test_the_readme_names_every_board_and_provisioning_both_data_sources() -> None:
    readme = (FOLDER.parents[1] / "README.md").read_text("utf-8")
    provisioned = (FOLDER.parent / "provisioning/datasources/rurban.yaml").read_text("utf-8")
    sources = {
        target["datasource"]["uid"]
        for board in BOARDS.values()
        for panel in panels(board)
        for target in panel["targets"]
    }

    assert [] == [uid for uid in BOARDS if f"| `{uid}` |" not in readme]
    assert sources == set(re.findall(r"uid: (\S+)", provisioned))


def test_compose_gives_grafana_what_provisioning_asks_for() -> None:
    root = FOLDER.parents[1]
    compose = (root / "docker-compose.yml").read_text("utf-8")
    sources = (FOLDER.parent / "provisioning/datasources/rurban.yaml").read_text("utf-8")
    providers = (FOLDER.parent / "provisioning/dashboards/rurban.yaml").read_text("utf-8")
    (path,) = re.findall(r"path: (\S+)", providers)

    assert [] == [name for name in re.findall(r"\$\{(\w+)\}", sources) if f"      {name}: " not in compose]
    assert f"./dashboards/json:{path}:ro" in compose


def test_the_written_boards_are_those_that_are_built() -> None:
    assert [] == list(stale(FOLDER))
    assert 0 == main(["--check"])


def test_a_stale_file_fails_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path)
    (tmp_path / "village.json").write_text("{}")
    (tmp_path / "gone.json").write_text("{}")

    assert 1 == main(["--check", "--folder", str(tmp_path)])
    assert ["village.json", "gone.json"] == re.findall(r"\w+\.json", capsys.readouterr().err)
