"""Every command of docs/first-sensor.md, family by family, and what each shows afterwards."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rurban.demo import settle_county
from rurban.house import House
from tests.documented import Documented, blocks, commands, files
from tests.houses import house_on
from tests.mosquitto import Mosquitto, free_port, listens, mosquitto
from tests.processes import rurban
from tests.test_house import ROOT
from tests.workplace import eventually

PAGE = (ROOT / "docs/first-sensor.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
ROWS = re.compile(r"^\| series \| metric \| value \| unit \|\n\|[-|]+\|\n((?:\|[^\n]+\n)+)", re.MULTILINE)
FAMILIES = [title for title, text in SECTIONS.items() if ROWS.search(text)]


def prepare(house: House) -> None:
    settle_county(house.registry)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """What takes the place of The Things Stack's server."""
    with mosquitto(tmp_path_factory.mktemp("stack")) as running:
        yield running


def bridge(stack: Mosquitto) -> str:
    """The page's, to that server, which has no certificate."""
    [conf] = blocks(SECTIONS["The Things Stack v3"], "text bridge.conf")
    conf, addresses = re.subn(r"^address .+$", f"address {stack.host}:{stack.port}", conf, flags=re.MULTILINE)
    conf, folders = re.subn(r"^bridge_capath .+\n", "", conf, flags=re.MULTILINE)
    assert (1, 1) == (addresses, folders)
    return conf


@pytest.fixture(scope="module")
def page(stack: Mosquitto, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Documented]:
    """A house and a gateway at work, the page's files where it wants them, and its models registered."""
    folder = tmp_path_factory.mktemp("page")
    for name, content in files(PAGE).items():
        (folder / name).write_text(content, "utf-8")
    ports = {"sl651": free_port(), "hj212": free_port(), "szy206": free_port()}
    settings = {f"gateway_{name}_port": port for name, port in ports.items()}
    with (
        mosquitto(folder, extra_conf=bridge(stack)) as broker,
        house_on(broker, folder / "data", prepare) as running,
        rurban("gateway", data_dir=folder, log=None, mqtt_port=broker.port, **settings),
    ):
        instead = dict(zip((5651, 5212, 5206), ports.values(), strict=True))
        documented = Documented(running, broker.port, folder, instead)
        documented.say(blocks(SECTIONS["The models"], "sh")[0])
        eventually(lambda: all(map(listens, ports.values())))
        yield documented


def latest(page: Documented, device: str) -> list[tuple[str, str, str, str]]:
    readings = page.running.json(f"/api/v1/latest?device={device}")["readings"]
    return [(one["device"], one["metric"], f"{one['value']:.10g}", one["unit"]) for one in readings]


@pytest.mark.parametrize("title", FAMILIES)
def test_a_sensor_of_this_family_is_connected_as_the_page_says(title: str, page: Documented) -> None:
    text = SECTIONS[title]
    [rows] = ROWS.findall(text)
    expected = [tuple(cell.strip(" `") for cell in row.strip("|").split("|")) for row in rows.splitlines()]
    [block] = blocks(text, "sh")
    said = page.say(block)

    for answer in blocks(text, "text answer"):
        pattern = re.escape(answer.strip()).replace(r"\.\.", "..")
        assert re.search(pattern, said), said
    device = expected[0][0].partition(":")[0]
    eventually(lambda: len(latest(page, device)) == len(expected), within_s=20)
    assert expected == latest(page, device)


def test_the_bridge_brings_what_the_stack_publishes(page: Documented, stack: Mosquitto, tmp_path: Path) -> None:
    [_, publish, _] = commands(blocks(SECTIONS["The Things Stack v3"], "sh")[0])
    other = re.sub("70b3d57ed0051a2b", "70b3d57ed0051a2c", publish, flags=re.IGNORECASE)
    page.say("rurban devices add 70b3d57ed0051a2c --profile first-lora --region 370522101201")
    there = Documented(page.running, stack.port, tmp_path)

    def is_heard() -> bool:
        there.say(other)  # again: the bridge brings what is published once it is there
        return [] != latest(page, "70b3d57ed0051a2c")

    eventually(is_heard, within_s=20)


def test_what_is_in_no_section_of_a_family_works_too(page: Documented) -> None:
    [quarantine] = blocks(PAGE.partition("\n## ")[0], "sh")

    assert '"messages"' in page.say(quarantine)
    assert ["rurban gateway\n"] == blocks(SECTIONS["Stations"], "sh")


def test_every_command_is_in_a_section_that_is_run() -> None:
    run = {"The models", "Stations", *FAMILIES}

    assert [] == [title for title, text in SECTIONS.items() if blocks(text, "sh") and title not in run]
    assert "make demo" in PAGE
