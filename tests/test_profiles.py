"""Every device model's file: its examples, its place in the registry, and what is said of a wrong one."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.codecs import CODECS
from devices.message import Message
from devices.profiles import PACKAGED, Example, ProfileFile, profile_file, profile_files
from ingest.checks import Checks, ClockLimits
from ingest.directory import CurrentDirectory, Directory
from ingest.pipeline import Outcome, Pipeline
from ingest.sources import device_of
from rurban.settings import Settings
from rurban.shelf import completed, shelved
from telemetry.errors import Invalid
from telemetry.metrics import METRICS
from telemetry.model import Device, Profile
from telemetry.registry import Registry
from tests.processes import rurban
from tests.test_house import ROOT
from tests.village import VILLAGE
from tests.workplace import eventually

NOW = 1_795_420_800_000
AT = "2026-11-23T08:00:00Z"
EUI = "a84041000181c061"
FILES = profile_files(PACKAGED, CODECS)
REAL = {name: file for name, file in FILES.items() if file.path.parent.name != "sample_county"}
EXAMPLES = [(file, example) for file in FILES.values() for example in file.examples]
(SHOWN,) = re.findall(
    r"^```toml\n(.*?)^```", (ROOT / "docs" / "profiles.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class OneDevice:
    """A directory source of one device and its profile."""

    profile: Profile
    device: str

    def version(self) -> int:
        return 1

    def directory(self) -> Directory:
        device = Device(self.device, self.profile.id, VILLAGE)
        return Directory([device], [self.profile], codecs=CODECS, metrics=METRICS)


def messages(example: Example) -> Iterator[Message]:
    """As each source sends it that can."""
    if not example.decoded:
        yield Message(example.topic.format(device=EUI), example.payload, NOW)
        return
    content = json.loads(example.payload)
    chirpstack = {"time": AT, "deviceInfo": {"devEui": EUI}, "fCnt": 1, "object": content}
    yield Message(f"application/a/device/{EUI}/event/up", json.dumps(chirpstack).encode(), NOW)
    uplink = {"received_at": AT, "f_cnt": 1, "decoded_payload": content}
    things = {"end_device_ids": {"device_id": f"eui-{EUI}", "dev_eui": EUI.upper()}, "uplink_message": uplink}
    yield Message(f"v3/a/devices/eui-{EUI}/up", json.dumps(things).encode(), NOW)


def check(file: ProfileFile, example: Example) -> None:
    for message in messages(example):
        device = device_of(message.topic)  # the address of a station stands in its frames
        pipeline = Pipeline(CurrentDirectory(OneDevice(file.profile, device)), Checks(ClockLimits()))
        outcome = Outcome()
        pipeline.process(message, outcome)
        expected = [
            (device if row.channel is None else f"{device}:{row.channel}", row.metric, pytest.approx(row.value))
            for row in example.readings
        ]

        assert [] == [refused.detail for refused in outcome.quarantined]
        assert expected == [(reading.device, reading.metric, reading.value) for reading in outcome.readings]


@pytest.mark.parametrize(
    ("file", "example"), EXAMPLES, ids=[f"{file.profile.id}-{file.examples.index(one)}" for file, one in EXAMPLES]
)
def test_an_example_becomes_its_readings(file: ProfileFile, example: Example) -> None:
    check(file, example)


def test_the_file_that_is_shown_works(tmp_path: Path) -> None:
    path = tmp_path / "canal.toml"
    path.write_text(SHOWN)
    file = profile_file(path, CODECS)

    check(file, *file.examples)


def test_every_real_model_has_an_example_and_says_how_far_it_is_known() -> None:
    assert len(REAL) >= 25
    assert [] == [name for name, file in REAL.items() if not file.examples]
    assert [] == [name for name, file in FILES.items() if file.checked == bool(file.reason)]
    assert [] == [name for name, file in REAL.items() if file.checked and not file.source.startswith("https://")]


def test_the_registry_takes_them_once_and_leaves_the_others(registry: Registry) -> None:
    own = Profile("by-hand", "By hand", "native_json", (), open=True)
    registry.devices.put_profiles([own])
    files = shelved(Settings(), registry)
    version = registry.devices.version()
    shelved(Settings(), registry)
    kept = {profile.id: profile for profile in registry.devices.profiles()}

    assert FILES == files
    assert version == registry.devices.version()
    assert own == kept["by-hand"]
    assert {name: file.profile for name, file in FILES.items()}.items() <= kept.items()


def test_an_own_file_stands_before_one_of_the_house(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "east").mkdir()
    (tmp_path / "east" / "canal.toml").write_text(SHOWN)
    (tmp_path / "soil.toml").write_text(SHOWN.replace("canal_level_east", "dragino_lse01"))
    files = shelved(Settings(profiles=tmp_path), registry)

    assert files["canal_level_east"].profile == registry.devices.profile("canal_level_east")
    assert ["canal_level", "battery_level", "rssi"] == [
        measure.metric for measure in registry.devices.profile("dragino_lse01").measures
    ]


def test_a_command_without_the_operators_folder_changes_no_model_and_a_worker_says_that_it_does(
    registry: Registry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "soil.toml").write_text(SHOWN.replace("canal_level_east", "dragino_lse01"))
    own = shelved(Settings(profiles=tmp_path), registry)["dragino_lse01"].profile
    caplog.clear()
    version = registry.devices.version()
    completed(Settings(), registry)
    kept = registry.devices.profile("dragino_lse01")

    assert (own, version, []) == (kept, registry.devices.version(), caplog.messages)
    shelved(Settings(), registry)
    assert FILES["dragino_lse01"].profile == registry.devices.profile("dragino_lse01")
    assert ["device model dragino_lse01 is now as it is packaged; it was registered otherwise"] == caplog.messages


def test_a_command_puts_the_models_that_are_missing(registry: Registry) -> None:
    completed(Settings(), registry)

    assert FILES.keys() <= {profile.id for profile in registry.devices.profiles()}


WRONG = {
    'codec = "json_paths"': [
        ("", "codec: is missing"),
        ('codec = "jason"', "codec: 'jason' is no payload format; allowed: cayenne_lpp, chirpstack"),
        ("codec = 7", "codec: 7; allowed: Input should be a valid string"),
        ("codec =", "cannot be read: Invalid value"),
    ],
    "interval_s = 600": [
        ("interval_s = 0", "interval_s: 0; allowed: Input should be greater than 0"),
        ('interval_s = "600"', "interval_s: '600'; allowed: Input should be a valid number"),
        ("interval = 600", "interval: is no key of this table; allowed: id, name, codec"),
    ],
    'id = "canal_level_east"': [('id = "east canal"', "id: 'east canal'; allowed: String should match pattern")],
    "checked = false": [("checked = true", "has to have a reason where checked = false, and none where it is true")],
    "[measures.canal_level]": [
        ("[measures.canal_levle]", r"measures.canal_levle: unknown metric: canal_levle \(did you mean canal_level"),
        ("[measure.canal_level]", "measure: is no key of this table"),
    ],
    'unit = "mm"': [
        ('unit = "feet"', "measures.canal_level.unit: unit 'feet' cannot become 'm'; allowed: m, km"),
        ('units = "mm"', "measures.canal_level.units: is no key of this table; allowed: unit, interval_s"),
    ],
    "gain = -1": [
        ("gain = 0", "measures.canal_level: gain 0 would make every reading alike"),
        ("gain = nan", "measures.canal_level.gain: nan; allowed: Input should be a finite number"),
    ],
    "high = 2.2": [("high = 2\nlow = 3", "measures.canal_level: low 3 is above high 2")],
    '{ path = "$.distance" }': [
        ('{ path = "$.[" }', r"measure 'canal_level', origin 1, path: '\$\.\[' is no JSONPath"),
        ('{ path = "$.a", chanel = "1" }', "origins.0.chanel: is no key of this table; allowed: path, channel, at"),
        ('{ path = "$.a", channel = "a:b" }', "origins.0.channel: 'a:b'; allowed: String should match pattern"),
    ],
    "object =": [
        ("bytes =", "examples.0.bytes: is no key of this table; allowed: source, payload, hex"),
        ('hex = "00"\nobject =', "examples.0: has to have one of payload, hex and object, and only one"),
        ("hex =", "examples.0.hex: non-hexadecimal number found"),
    ],
    'metric = "canal_level"': [
        ('metric = "river_level"', "examples.0.readings.0.metric: 'river_level' is no measure of this file; allowed: ")
    ],
}


@pytest.mark.parametrize(
    ("right", "wrong", "words"), [(right, *case) for right, cases in WRONG.items() for case in cases]
)
def test_what_is_wrong_is_named_with_its_file_and_key(right: str, wrong: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "canal.toml"
    text = SHOWN.replace(right, wrong, 1)
    assert text != SHOWN
    path.write_text(text)

    with pytest.raises(Invalid, match=words) as told:
        profile_file(path, CODECS)
    assert str(path) in str(told.value)


def test_an_id_in_two_files_is_refused_with_both_names(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(SHOWN)

    with pytest.raises(Invalid, match=r"b\.toml, id: 'canal_level_east' is that of .*a\.toml, too"):
        profile_files(tmp_path, CODECS)


def test_a_start_with_a_folder_that_is_not_there_ends_in_one_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with rurban("ingest", data_dir=tmp_path / "data", log=log, profiles=tmp_path / "nowhere") as process:
        eventually(lambda: process.poll() is not None)

    assert 1 == process.returncode
    assert f"rurban: RURBAN_PROFILES, {tmp_path}/nowhere: is no folder that can be read; allowed: a folder" in (
        log.read_text()
    )
