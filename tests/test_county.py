"""The sample county: real divisions above, invented places below, and instruments of every domain."""

from dataclasses import replace
from pathlib import Path

from api.atlas import CurrentAtlas
from api.declarations import Declarations
from api.judging import peers_of
from devices import county
from devices.codecs import CODECS
from devices.world.days import PROCESSES
from rurban.demo import settle_county
from telemetry.metrics import METRICS
from telemetry.model import Level, Setting
from telemetry.regions import checked
from telemetry.registry import open_registry
from tests.fleets import DEVICES, PROFILES
from tests.village import VILLAGE

REGIONS = {region.code: region for region in county.regions()}


def test_the_registry_takes_the_county_as_it_is(tmp_path: Path) -> None:
    with open_registry(f"sqlite:///{tmp_path / 'registry.sqlite'}") as registry:
        registry.places.put(county.regions())
        registry.devices.put_profiles(county.profiles())
        registry.devices.put(county.devices())

        assert (len(REGIONS), len(DEVICES)) == (len(registry.places.all()), len(registry.devices.all()))


def test_every_code_class_and_parent_holds_to_the_rules() -> None:
    assert [checked(region) for region in REGIONS.values()] == list(REGIONS.values())
    assert set() == {region.parent for region in REGIONS.values() if region.parent} - REGIONS.keys()


def test_the_county_has_its_villages_and_the_city_its_streets() -> None:
    villages = [
        region for region in REGIONS.values() if region.level is Level.VILLAGE and region.code.startswith("370522")
    ]
    towns = {region.code for region in REGIONS.values() if region.level is Level.TOWN}

    assert len([region for region in villages if region.setting is Setting.RURAL]) >= 12
    assert {f"37050200{number}000" for number in range(1, 7)} <= towns
    assert all(region.sample for region in villages)
    assert {county.ABROAD} == {region.code for region in REGIONS.values() if region.sample} - {
        region.code for region in REGIONS.values() if region.level is Level.VILLAGE
    }


def test_the_benchmark_is_urban_by_class_not_by_name() -> None:
    committees = [
        region for region in REGIONS.values() if region.code.startswith("370502") and region.urban_rural_class
    ]

    assert {Setting.URBAN} == {region.setting for region in committees}
    assert all((region.urban_rural_class or "").startswith("1") for region in committees)


def test_there_are_three_hundred_devices_of_every_domain() -> None:
    domains = {
        METRICS[measure.metric].domain for device in DEVICES.values() for measure in PROFILES[device.profile].measures
    }

    assert len(DEVICES) >= 300
    assert {
        "weather",
        "farm",
        "irrigation",
        "hydrology",
        "drinking water",
        "livestock",
        "grid",
        "logistics",
    } | {"transport", "environment"} <= domains
    assert {"traffic_counter", "air_quality_station", "groundwater_well", "reservoir_station", "canal_gauge"} <= {
        device.profile for device in DEVICES.values()
    }


def test_every_profile_speaks_a_codec_and_reports_catalogued_metrics() -> None:
    assert set() == {profile.codec for profile in PROFILES.values()} - CODECS.keys()
    assert set() == {measure.metric for profile in PROFILES.values() for measure in profile.measures} - METRICS.keys()
    assert {"native_json", "senml_json", "senml_cbor", "cayenne_lpp", "sl651", "hj212", "sparkplug_b"} == {
        PROFILES[device.profile].codec for device in DEVICES.values()
    }


def test_every_device_is_simulated_replayed_a_probe_or_speaks_for_others() -> None:
    rest = {device.profile for device in DEVICES.values()} - PROCESSES.keys()

    assert {"surfrad_station", "knmi_rain_gauge", "monitoring_well", "probe", "edge_node"} == rest


def test_visitors_have_a_probe_that_takes_every_metric() -> None:
    assert county.PROBE == "demo-probe"
    assert (VILLAGE, True) == (DEVICES["demo-probe"].region, PROFILES[DEVICES["demo-probe"].profile].open)


def test_the_stations_of_the_real_records_take_no_part_in_comparisons() -> None:
    abroad = [DEVICES[name].region for name in ("alamosa-surfrad", "vlissingen-rain", "nb5-well")]

    assert [None, None, None] == [REGIONS[code].setting for code in abroad]


def test_every_village_has_similar_ones_by_what_is_declared_of_it(tmp_path: Path) -> None:
    with open_registry(f"sqlite:///{tmp_path / 'registry.sqlite'}") as registry:
        settle_county(registry)
        atlas = CurrentAtlas(registry).now()
        rural = [region for region in REGIONS.values() if region.setting is Setting.RURAL]
        found = {region.code: peers_of(atlas, Declarations(registry, atlas), region, (), 5) for region in rural}

        assert {5} == {len(peers.found) if peers else 0 for peers in found.values()}
        assert {"terrain", "crop"} <= set(found[VILLAGE].found[0].parts)  # type: ignore[union-attr] # there are five
        assert {"sample, invented"} == {one.source for one in registry.statistics.find()}


def test_a_second_start_leaves_what_somebody_has_declared_since(tmp_path: Path) -> None:
    with open_registry(f"sqlite:///{tmp_path / 'registry.sqlite'}") as registry:
        settle_county(registry)
        (first, *_) = registry.statistics.find()
        counted = replace(first, value=1.0, source="gauge", entered_by="Li")
        registry.statistics.put([counted])

        settle_county(registry)

        assert counted == registry.statistics.find()[0]


def test_a_second_start_leaves_where_a_device_was_moved_and_what_it_is_called(tmp_path: Path) -> None:
    with open_registry(f"sqlite:///{tmp_path / 'registry.sqlite'}") as registry:
        settle_county(registry)
        at = 1_795_420_800_000
        moved = registry.stays.move("demo-probe", "370522101000", None, None, at=at)
        renamed = replace(moved, name="Renamed")
        registry.devices.put([renamed])

        settle_county(registry)

        assert renamed == registry.devices.one("demo-probe")
        assert VILLAGE != moved.region
