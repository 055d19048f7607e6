"""The source table: which device a topic names, and what is subscribed to."""

import pytest
from pydantic import ValidationError

from devices.codecs import CODECS
from devices.message import uplink
from ingest.sources import (
    FAMILIES,
    NATIVE,
    SOURCES,
    UPLINKS,
    bucket_of,
    family_of,
    filters,
    former,
    source_of,
    subscribed,
)
from rurban.settings import Settings
from telemetry.errors import Reason, Rejected

EUI = "a84041000181c061"


@pytest.mark.parametrize(
    ("topic", "device", "wrapper"),
    [
        (uplink("station-1"), "station-1", None),
        (f"application/7f5a/device/{EUI}/event/up", EUI, "chirpstack"),
        (f"application/7f5a/device/{EUI.upper()}/event/status", EUI, "chirpstack"),
        (f"v3/farm@tenant/devices/eui-{EUI}/up", EUI, "the_things_stack"),
        ("v3/farm@tenant/devices/soil-probe-7/up", "soil-probe-7", "the_things_stack"),
        ("tele/pump-house/SENSOR", "pump-house", None),
        ("plug-3/status/switch:0", "plug-3", None),
        ("homeassistant/sensor/barn/state", "barn", None),
        ("homeassistant/binary_sensor/barn/state", "barn", None),
        ("greenhouse/sensor/soil_temperature/state", "greenhouse", "named_value"),
        ("greenhouse/binary_sensor/pump/state", "greenhouse", "named_value"),
        ("dtu/hj212/010000A8900016F000169DC0", "010000A8900016F000169DC0", "hj212"),
        ("dtu/sl651/0011223344", "0011223344", "sl651"),
        ("dtu/szy206/5303810D00", "5303810D00", "szy206"),
        ("spBv1.0/370522101/NBIRTH/edge-1", "edge-1", "sparkplug_b"),
        ("spBv1.0/370522101/DDATA/edge-1/probe-7", "probe-7", "sparkplug_b"),
    ],
)
def test_a_topic_names_a_device_and_what_its_payload_is_wrapped_in(
    topic: str, device: str, wrapper: str | None
) -> None:
    assert (device, None if wrapper is None else CODECS[wrapper]) == source_of(topic)


@pytest.mark.parametrize(
    "topic",
    [
        "application/7f5a/device//event/up",
        f"application/7f5a/device/{EUI}/event/join",
        f"application/7f5a/device/{EUI}/command/down",
        f"application/device/{EUI}/event/up",
        f"v3/farm@tenant/devices/{EUI}/join",
        "tele/pump-house/STATE",
        "plug-3/status/switch:1",
        "homeassistant/sensor/barn/config",
        "greenhouse/switch/pump/state",
        "spBv1.0/370522101/NCMD/edge-1",
        "spBv1.0/370522101/DDATA/edge-1",
        "spBv1.0/STATE/host-1",
        "/sensor/soil_temperature/state",
        "v3/farm@tenant/devices/eui-/up",
        "dtu/hj212/",
        "dtu/modbus/0011223344",
        "dtu/hj212/0011223344/up",
        "rurban/v1//up",
        "rurban/v2/x/up",
        "up",
        "",
    ],
)
def test_other_topics_are_of_no_source(topic: str) -> None:
    with pytest.raises(Rejected) as refused:
        source_of(topic)

    assert Reason.UNKNOWN_TOPIC == refused.value.reason


def test_all_topics_of_a_device_fill_one_bucket() -> None:
    topics = [uplink(EUI), f"application/a/device/{EUI}/event/up", f"application/b/device/{EUI}/event/status"]

    assert {uplink(EUI)} == {bucket_of(topic) for topic in topics}
    assert "of/no/source" == bucket_of("of/no/source")


def covers(general: str, topic: str) -> bool:
    levels, parts = general.split("/"), topic.split("/")
    return len(levels) == len(parts) and all(level in ("+", part) for level, part in zip(levels, parts, strict=True))


def test_each_topic_is_subscribed_to_once() -> None:
    """With shared subscriptions a broker sends twice what two filters fit."""
    examples = [uplink("x"), *(source.filter.replace("+", "x") for source in SOURCES)]

    assert [1] * len(examples) == [sum(covers(one, topic) for one in filters(FAMILIES)) for topic in examples]


def test_only_the_families_that_are_wanted_are_subscribed_to() -> None:
    chirpstack = ["application/+/device/+/event/up", "application/+/device/+/event/status"]

    assert [UPLINKS] == filters([])
    assert [UPLINKS, *chirpstack] == filters(["chirpstack"])
    assert [UPLINKS, "homeassistant/sensor/+/state", "homeassistant/binary_sensor/+/state"] == filters(
        ["home_assistant"]
    )
    assert [UPLINKS, "+/sensor/+/state", "+/binary_sensor/+/state"] == filters(["home_assistant", "esphome"])


def test_births_and_deaths_are_heard_by_every_worker_of_a_group() -> None:
    wanted = {subscribed(topic, "$share/county/") for topic in filters(["sparkplug_b"])}

    assert {
        f"$share/county/{UPLINKS}",
        "$share/county/spBv1.0/+/NDATA/+",
        "$share/county/spBv1.0/+/DDATA/+/+",
        "spBv1.0/+/NBIRTH/+",
        "spBv1.0/+/NDEATH/+",
        "spBv1.0/+/DBIRTH/+/+",
        "spBv1.0/+/DDEATH/+/+",
    } == wanted


def test_what_was_subscribed_to_for_other_families_is_known() -> None:
    """The narrower filters too, that a broader one has taken the place of."""
    assert {source.filter for source in SOURCES} == set(former([]))
    assert ["homeassistant/sensor/+/state", "homeassistant/binary_sensor/+/state"] == former(FAMILIES)


@pytest.mark.parametrize(
    ("value", "families"), [("none", []), (" chirpstack ", ["chirpstack"]), (",".join(FAMILIES), list(FAMILIES))]
)
def test_families_are_a_setting(value: str, families: list[str]) -> None:
    assert families == Settings(mqtt_families=value).mqtt_sources


def test_all_families_are_listened_to_unless_said_otherwise() -> None:
    assert list(FAMILIES) == Settings().mqtt_sources


@pytest.mark.parametrize(
    ("topic", "family"),
    [
        (uplink("station-1"), NATIVE),
        (f"application/7f5a/device/{EUI}/event/up", "chirpstack"),
        ("greenhouse/sensor/soil_temperature/state", "esphome"),
        ("dtu/sl651/0011223344", "station"),
        ("dtu/modbus/7", NATIVE),
    ],
)
def test_a_topic_is_of_a_family(topic: str, family: str) -> None:
    assert family == family_of(topic)


def test_an_unknown_family_is_named_beside_those_there_are() -> None:
    with pytest.raises(ValidationError, match="zigbee is no family of topics; there are chirpstack"):
        Settings(mqtt_families="chirpstack,zigbee")
