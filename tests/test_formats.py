"""Every example of docs/formats.md is decoded, and becomes the readings that stand below it."""

import re
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from devices.codecs import CODECS
from devices.message import Message
from ingest.checks import Checks, ClockLimits
from ingest.directory import CurrentDirectory, Directory
from ingest.pipeline import Outcome, Pipeline
from ingest.sources import FAMILIES, SOURCES
from telemetry.errors import Reason
from telemetry.instant import iso
from telemetry.metrics import METRICS
from telemetry.model import Device, Profile
from tests.village import VILLAGE

NOW = 1_795_420_800_000
TEXT = (Path(__file__).parent.parent / "docs" / "formats.md").read_text("utf-8")
EXAMPLE = re.compile(
    r"^Topic: `(?P<topic>[^`]+)`.*?"
    r"```json profile\n(?P<profile>.*?)```\s+"
    r"```(?P<form>\w+) payload\n(?P<payload>.*?)```\s+"
    r"\| series [^\n]+\n\|[-|]+\|\n(?P<rows>(?:\|[^\n]+\n)+)",
    re.DOTALL | re.MULTILINE,
)
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE))
EXAMPLES = [(title, example) for title, body in SECTIONS.items() for example in EXAMPLE.finditer(body)]


@dataclass(frozen=True)
class OneDevice:
    """A directory source of one device and its profile."""

    device: Device
    profile: Profile

    def version(self) -> int:
        return 1

    def directory(self) -> Directory:
        return Directory([self.device], [self.profile], codecs=CODECS, metrics=METRICS)


def cells(row: str) -> tuple[str, ...]:
    return tuple(cell.strip().strip("`") for cell in row.strip().strip("|").split("|"))


def test_every_family_has_its_row_and_every_codec_its_name() -> None:
    families = [family for family in FAMILIES if f"| `{family}` |" not in TEXT]
    elsewhere = {"native_json", "senml_cbor", "senml_json"}
    read = {msgspec.json.decode(example["profile"], type=Profile).codec for _, example in EXAMPLES}
    wrappers = {source.wrapper for source in SOURCES}

    assert ([], set()) == (families, CODECS.keys() - elsewhere - read - wrappers)


def test_every_section_has_an_example() -> None:
    assert [] == [title for title in SECTIONS if title not in dict(EXAMPLES)]


@pytest.mark.parametrize(("title", "example"), EXAMPLES, ids=[title for title, _ in EXAMPLES])
def test_an_example_becomes_the_readings_below_it(title: str, example: re.Match[str]) -> None:
    rows = [cells(row) for row in example["rows"].splitlines()]
    text = example["payload"].rstrip("\n")
    payload = bytes.fromhex(text) if example["form"] == "hex" else text.encode()
    profile = msgspec.json.decode(example["profile"], type=Profile)
    device = Device(rows[0][0].partition(":")[0], profile.id, VILLAGE)
    pipeline = Pipeline(CurrentDirectory(OneDevice(device, profile)), Checks(ClockLimits()))
    outcome = Outcome()
    pipeline.process(Message(example["topic"], payload, NOW), outcome)

    assert [] == outcome.quarantined, title
    assert rows == [
        (
            reading.device,
            reading.metric,
            f"{reading.value:.10g}",
            METRICS[reading.metric].unit,
            "receipt" if reading.at == NOW else iso(reading.at),
        )
        for reading in outcome.readings
    ]


@pytest.mark.parametrize(("title", "example"), EXAMPLES, ids=[title for title, _ in EXAMPLES])
def test_a_message_of_an_unknown_device_is_kept_and_becomes_its_readings_later(
    title: str, example: re.Match[str]
) -> None:
    text = example["payload"].rstrip("\n")
    payload = bytes.fromhex(text) if example["form"] == "hex" else text.encode()
    profile = msgspec.json.decode(example["profile"], type=Profile)
    elsewhere = OneDevice(Device("elsewhere", profile.id, VILLAGE), profile)
    refused = Outcome()
    Pipeline(CurrentDirectory(elsewhere), Checks(ClockLimits())).process(
        Message(example["topic"], payload, NOW), refused
    )
    [kept] = refused.quarantined
    registered = OneDevice(Device(kept.device or "", profile.id, VILLAGE), profile)
    outcome = Outcome()
    Pipeline(CurrentDirectory(registered), Checks(ClockLimits())).process(
        Message(kept.topic, kept.payload, kept.received_at), outcome
    )

    assert (Reason.UNKNOWN_DEVICE, []) == (kept.reason, outcome.quarantined), title
    assert len(example["rows"].splitlines()) == len(outcome.readings)
