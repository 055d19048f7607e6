"""Places, devices, profiles and the catalogue."""

from dataclasses import replace

import pytest

from rurban.settings import Settings
from rurban.shelf import shelved
from telemetry.metrics import METRICS
from telemetry.model import Device, Level, Profile, Quality, Reading, Region
from telemetry.registry import Registry
from telemetry.store.embedded import EmbeddedStore
from tests.api_fixture import NOW, Served, house, served
from tests.village import REGIONS, STREET, VILLAGE

__all__ = ["house"]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("", {region.code for region in REGIONS}),
        ("?parent=370522", {"370522101000"}),
        ("?level=county", {"370522000000", "370502000000"}),
        ("?setting=urban", {STREET}),
        ("?setting=rural&level=village", {VILLAGE}),
    ],
)
def test_places_can_be_narrowed(query: str, codes: set[str], house: Served) -> None:
    assert codes == {region["code"] for region in house.get(f"/regions{query}")["regions"]}


def test_a_place_counts_the_devices_in_and_under_it(house: Served) -> None:
    devices = {region["code"]: region["devices"] for region in house.get("/regions")["regions"]}

    assert (9, 7, 2, 7) == tuple(devices[code] for code in ("370500000000", "370522000000", "370502000000", VILLAGE))


def test_a_place_stands_between_those_above_and_beneath_and_tells_what_it_measures(house: Served) -> None:
    place = house.get("/regions/370522101")

    assert ["370000000000", "370500000000", "370522000000"] == [region["code"] for region in place["above"]]
    assert [VILLAGE] == [region["code"] for region in place["children"]]
    assert [
        {"metric": "air_temperature", "unit": "Cel", "value": 21.19, "devices": 1, "oldest": "2026-11-23T07:59:00Z"}
    ] == place["headlines"]


def test_a_headline_is_folded_across_devices(house: Served) -> None:
    (headline,) = house.get("/regions/3705")["headlines"]

    assert (pytest.approx((21.19 + 10.0) / 2), 2) == (headline["value"], headline["devices"])


def test_a_change_of_the_registry_shows_at_once(house: Served) -> None:
    house.registry.places.put([Region("370522102000", REGIONS[3].level, "盐窝镇", "Yanwo", "370522000000")])
    house.registry.devices.put([Device("new-1", "probe", "370522102000")])

    assert ("370522102000", ["new-1"]) == (
        house.get("/regions/370522102")["code"],
        [device["id"] for device in house.get("/devices?region=370522102")["devices"]],
    )


def test_devices_come_page_by_page(house: Served) -> None:
    seen: list[str] = []
    after = ""
    while True:
        page = house.get(f"/devices?limit=3{after}")
        seen += [device["id"] for device in page["devices"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"

    assert sorted(device.id for device in house.registry.devices.all()) == seen


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("profile=probe", ["probe-1"]),
        ("text=POND", ["station-1"]),
        ("text=station", ["station-1", "station-2"]),
        ("region=370502&profile=station", ["silent-1", "station-2"]),
    ],
)
def test_devices_can_be_narrowed(query: str, ids: list[str], house: Served) -> None:
    assert ids == [device["id"] for device in house.get(f"/devices?{query}")["devices"]]


def test_a_device_tells_its_topic_its_model_and_its_newest_readings(house: Served) -> None:
    device = house.get("/devices/station-1")

    assert ("rurban/v1/station-1/up", VILLAGE, "station") == (device["topic"], device["region"], device["profile"])
    assert ["air_temperature", "air_relative_humidity", "rainfall_total"] == [
        measure["metric"] for measure in device["reports"]["measures"]
    ]
    assert ["air_temperature", "rainfall_total"] == [reading["metric"] for reading in device["latest"]]


def test_profiles_tell_what_a_model_reports_in_which_unit(house: Served) -> None:
    by_id = {profile["id"]: profile for profile in house.get("/profiles")["profiles"]}

    assert {"gauge", "probe", "senml", "station"} == by_id.keys()
    house.registry.devices.put_profiles([Profile("spare", "On the shelf", "native_json", (), open=True)])
    used = {profile["id"] for profile in house.get("/profiles?used=true")["profiles"]}
    assert (by_id.keys(), by_id.keys() | {"spare"}) == (
        used,
        {profile["id"] for profile in house.get("/profiles")["profiles"]},
    )
    assert by_id["senml"] == house.get("/profiles/senml")
    assert [("soil_temperature", "Cel", 600.0)] == [
        (measure["metric"], measure["unit"], measure["interval_s"]) for measure in by_id["senml"]["measures"]
    ]


def test_a_profile_tells_where_its_values_stand_and_how_far_it_is_known(
    registry: Registry, store: EmbeddedStore
) -> None:
    files = shelved(Settings(), registry)
    changed = replace(files["milesight_ws301"].profile, name="Ours")
    registry.devices.put_profiles([changed])
    with served(registry, store, profile_files=files).client as client:
        soil, radar, own = (
            client.get(f"/api/v1/profiles/{name}").json()
            for name in ("dragino_lse01", "radar_level", "milesight_ws301")
        )

    assert {"path": "$.water_SOIL", "channel": None, "at": None} == soil["measures"][0]["origins"][0]
    assert (files["dragino_lse01"].source, True, "") == (soil["source"], soil["checked"], soil["reason"])
    assert (False, files["radar_level"].reason) == (radar["checked"], radar["reason"])
    assert ("", False, "it stands in the registry and in no file") == (own["source"], own["checked"], own["reason"])


def test_the_catalogue_is_complete_and_in_both_languages(house: Served) -> None:
    rows = house.get("/metrics")["metrics"]

    assert list(METRICS) == [row["id"] for row in rows]
    assert all(row["name_en"] and row["name_zh"] and row["unit"] for row in rows)
    assert [row for row in rows if row["domain"] == "weather"] == house.get("/metrics?domain=weather")["metrics"]
    assert house.get("/metrics/vehicle_position")["across"] is None


def test_every_place_with_devices_is_told_as_it_is_now_in_one_answer(house: Served) -> None:
    answer = house.get("/places?region=3705")
    places = {place["code"]: place for place in answer["places"]}

    assert [STREET, VILLAGE] == list(places)
    assert "2026-11-23T08:00:00Z" == answer["at"]
    for code, place in places.items():
        alone = house.get(f"/regions/{code}")
        assert {name: alone[name] for name in place if name in alone} == {
            name: place[name] for name in place if name in alone
        }


def test_a_place_tells_what_came_last_and_how_many_newest_readings_are_in_doubt(house: Served) -> None:
    spike = Reading("station-1", "air_relative_humidity", NOW, 130.0, 130.0, int(Quality.RANGE), NOW + 5)
    house.store.write([spike])
    (street, village) = house.get("/places")["places"]

    assert (0, 1) == (street["suspect"], village["suspect"])
    assert ("station-1", 130.0, "%", "2026-11-23T08:00:00.005Z", True) == tuple(
        village["newest"][name] for name in ("device", "value", "unit", "received_at", "suspect")
    )


def test_places_of_a_region_without_devices_are_none(house: Served) -> None:
    house.registry.places.put([Region("370600000000", Level.CITY, "烟台市", "Yantai", "370000000000")])

    assert [] == house.get("/places?region=3706")["places"]


def test_the_catalogue_tells_where_a_value_calls_for_attention(house: Served) -> None:
    marks = {metric["id"]: metric["marks"] for metric in house.get("/metrics")["metrics"]}

    assert (15, 20) == (marks["barn_ammonia"]["watch_from"], marks["barn_ammonia"]["act_from"])
    assert marks["wind_direction"] is None
