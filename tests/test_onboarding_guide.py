"""Every command of docs/onboarding.md, in its order, against a house that runs on the sample county."""

import json
from collections.abc import Iterator

import pytest

from rurban.demo import settle_county
from rurban.house import House
from tests.documented import Documented, blocks
from tests.houses import house_on
from tests.mosquitto import mosquitto
from tests.test_house import ROOT
from tests.workplace import eventually

GUIDE = (ROOT / "docs/onboarding.md").read_text("utf-8")


def prepare(house: House) -> None:
    settle_county(house.registry)


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Documented]:
    folder = tmp_path_factory.mktemp("guide")
    (folder / "devices.csv").write_text(blocks(GUIDE, "csv")[0], "utf-8")
    (folder / "accounts").mkdir()
    with mosquitto(folder) as broker, house_on(broker, folder / "data", prepare) as running:
        yield Documented(running, broker.port, folder)


def latest(guide: Documented, device: str) -> list[float]:
    return [reading["value"] for reading in guide.running.json(f"/api/v1/latest?device={device}")["readings"]]


def test_every_command_of_the_guide_does_what_it_says(guide: Documented) -> None:
    heard, discovered, adopted, typed, through_api, imported, slips, moved = blocks(GUIDE, "sh")
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
