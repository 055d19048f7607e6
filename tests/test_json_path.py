"""Paths into documents, and what a profile makes of what stands there."""

import logging
from pathlib import Path

import pytest

from devices.codecs import CODECS
from devices.origins import located, mapped
from ingest.directory import Directory
from telemetry.errors import Invalid, Reason, Rejected
from telemetry.json_path import compiled
from telemetry.metrics import METRICS
from telemetry.model import Device, Measure, Origin, Profile, Sample
from telemetry.registry import open_registry
from tests.postgres import DATABASES, registry_url
from tests.village import VILLAGE

DOCUMENT = {"a": {"b": [1, 2, {"c d": 3}]}, "list": [{"id": 1, "v": 5}, {"id": 2, "v": 6}], "a.b": 7}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("$.a.b[0]", [1]),
        ("$.a.b[-1]['c d']", [3]),
        ('$["a.b"]', [7]),
        ("$.a.b[3]", []),
        ("$.a.b[-4]", []),
        ("$.a.b.c", []),
        ("$.a[0]", []),
        ("$.nowhere.at.all", []),
        ("$.list[*].v", [5, 6]),
        ("$.list[?@.id == 2].v", [6]),
        ("$..v", [5, 6]),
    ],
)
def test_a_path_finds_what_stands_there(path: str, values: list[object]) -> None:
    assert values == compiled("here", path).values(DOCUMENT)


@pytest.mark.parametrize("document", ["text", "[1]", 7, None, True])
def test_a_document_may_be_a_single_value(document: object) -> None:
    assert ([document], []) == (compiled("here", "$").values(document), compiled("here", "$[*]").values(document))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "at its end"),
        ("temperature", "at character 1"),
        ("$.a[", "at its end"),
        ("$.a | $.b", "at character 5"),
        ("$.a[?@.b ==]", "at character"),
        ("$..a..b", "descends more than once"),
        ("$[?match(@.a, '(a+)+')]", "at character"),
        ("$.x" + "x" * 300, "303 characters"),
    ],
)
def test_what_is_no_path_is_named_with_its_place(path: str, words: str) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        compiled("profile 'x', measure 'y', origin 1, path", path)

    assert "profile 'x', measure 'y', origin 1, path" == refused.value.where


def test_a_document_without_end_is_refused() -> None:
    deep: object = 1
    for _ in range(300):
        deep = [deep]
    with pytest.raises(Rejected) as refused:
        compiled("here", "$..v").values(deep)

    assert Reason.MALFORMED == refused.value.reason


def test_a_path_that_finds_too_much_is_refused() -> None:
    with pytest.raises(Rejected) as refused:
        compiled("here", "$[*]").values([0] * 10_001)

    assert Reason.TOO_LARGE == refused.value.reason


def profile_of(*origins: Origin) -> Profile:
    return Profile("odd", "Odd device", "cayenne_lpp", (Measure("air_temperature", origins=origins),))


def read(document: object, *origins: Origin) -> list[Sample]:
    return mapped(document, located(profile_of(*origins)))


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (21.5, 21.5),
        (21, 21.0),
        ("21.5", 21.5),
        (" -4 ", -4.0),
        ("1e2", 100.0),
        (True, 1.0),
        ("OFF", 0.0),
        ("open", 1.0),
    ],
)
def test_numbers_come_in_many_clothes(content: object, value: float) -> None:
    [sample] = read({"t": content}, Origin("$.t"))

    assert value == sample.value


@pytest.mark.parametrize("content", [None, "", "NaN", "unavailable", "unknown", "null"])
def test_silence_is_no_observation(content: object) -> None:
    assert [] == read({"t": content}, Origin("$.t"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("warm", Reason.MALFORMED),
        ("1_000", Reason.MALFORMED),
        ("inf", Reason.MALFORMED),
        ({}, Reason.MALFORMED),
        ([1], Reason.MALFORMED),
        ("1e999", Reason.NOT_FINITE),
        (10**400, Reason.NOT_FINITE),
    ],
)
def test_what_is_no_number_is_refused(content: object, reason: Reason) -> None:
    with pytest.raises(Rejected) as refused:
        read({"t": content}, Origin("$.t"))

    assert reason == refused.value.reason


@pytest.mark.parametrize(
    ("content", "at"),
    [
        ("2026-11-23T08:00:00Z", 1_795_420_800_000),
        (1_795_420_800, 1_795_420_800_000),
        (1_795_420_800.5, 1_795_420_800_500),
        (1_795_420_800_000, 1_795_420_800_000),
        (None, None),
    ],
)
def test_times_are_text_seconds_or_milliseconds(content: object, at: int | None) -> None:
    [sample] = read({"t": 1, "when": content}, Origin("$.t", at="$.when"))

    assert at == sample.at


def test_several_values_take_their_own_times_and_channels() -> None:
    document = {"log": [{"t": 20, "when": 1_795_420_800}, {"t": 21, "when": 1_795_420_860}], "other": "22"}
    samples = read(document, Origin("$.log[*].t", at="$.log[*].when"), Origin("$.other", "roof"))

    assert [
        Sample("air_temperature", 20.0, 1_795_420_800_000),
        Sample("air_temperature", 21.0, 1_795_420_860_000),
        Sample("air_temperature", 22.0, None, None, "roof"),
    ] == samples


@pytest.mark.parametrize(
    "document",
    [
        {"log": [{"t": 1, "when": 1_795_420_800}, {"t": 2}, {"t": 3, "when": 1_795_420_860}]},
        {"log": [{"t": 1, "when": True}]},
        {"log": [{"t": 1, "when": []}]},
        {"log": [{"t": 1, "when": "noon"}]},
    ],
)
def test_times_that_do_not_fit_are_bad(document: object) -> None:
    with pytest.raises(Rejected) as refused:
        read(document, Origin("$.log[*].t", at="$.log[*].when"))

    assert Reason.BAD_TIME == refused.value.reason


@pytest.mark.parametrize("url", DATABASES)
def test_a_profile_keeps_its_origins(url: str, tmp_path: Path) -> None:
    profile = profile_of(Origin("$.a"), Origin("$.b[0]", "10cm", "$.when"))
    with open_registry(registry_url(url, tmp_path)) as registry:
        registry.devices.put_profiles([profile])
        kept = registry.devices.profile("odd")

    assert profile == kept


@pytest.mark.parametrize(
    ("origin", "where"),
    [
        (Origin("a"), "profile 'odd', measure 'air_temperature', origin 2, path"),
        (Origin("$.a", at="$["), "profile 'odd', measure 'air_temperature', origin 2, at"),
        (Origin("$.a", "10 cm"), "profile 'odd', measure 'air_temperature', origin 2, channel"),
    ],
)
def test_the_registry_takes_no_profile_that_cannot_be_read(origin: Origin, where: str, tmp_path: Path) -> None:
    with (
        open_registry(f"sqlite:///{tmp_path / 'registry.sqlite'}") as registry,
        pytest.raises(Invalid) as refused,
    ):
        registry.devices.put_profiles([profile_of(Origin("$"), origin)])

    assert where == refused.value.where


def test_a_profile_that_cannot_be_read_spoils_no_other(caplog: pytest.LogCaptureFixture) -> None:
    good = Profile("good", "Good", "native_json", ())
    devices = [Device("odd-1", "odd", VILLAGE), Device("good-1", "good", VILLAGE)]
    with caplog.at_level(logging.WARNING):
        directory = Directory(devices, [profile_of(Origin("a")), good], codecs=CODECS, metrics=METRICS)

    assert (None, "good-1") == (directory.entry("odd-1"), getattr(directory.entry("good-1"), "device", devices[0]).id)
    assert "profile 'odd', measure 'air_temperature', origin 1, path: 'a' is no JSONPath" in caplog.text
