"""Profiles and devices in the registry, on SQLite and PostgreSQL."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from telemetry.errors import Invalid, Unknown
from telemetry.model import Device, Level, Measure, Profile, Region
from telemetry.registry import Registry, open_registry
from tests.postgres import DATABASES, registry_url

TOWN = Region("370522101000", Level.TOWN, "北宋镇")
NEXT_TOWN = Region("370522102000", Level.TOWN, "盐窝镇")
STATION = Profile(
    id="station-1",
    name="Weather station",
    codec="json",
    measures=(
        Measure("air_temperature", unit="Cel", interval_s=600.0, low=-40.0, high=60.0, step=5.0, stuck_after_s=7200.0),
        Measure("water_volume", gain=0.01, offset=-1.5, rollover_at=99999.0),
    ),
)
PROBE = Profile(id="probe", name="", codec="senml", measures=(), open=True)
GATEWAY = Device("gw-1", PROBE.id, TOWN.code)
DEVICE = Device(
    id="st-1",
    profile=STATION.id,
    region=TOWN.code,
    name="Roof",
    latitude=37.49,
    longitude=118.25,
    valid_from=1_700_000_000_000,
    valid_to=1_800_000_000_000,
    gateway=GATEWAY.id,
)
HOSTILE = ("'; DROP TABLE devices; --", '" OR ""="', "%_/\\", "$1 %s %(name)s :name ?", "村🌾é", "a\nb\tc", "")


@pytest.fixture(params=DATABASES)
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    """With two towns and two profiles."""
    with open_registry(registry_url(request.param, tmp_path)) as opened:
        opened.places.put([TOWN, NEXT_TOWN])
        opened.devices.put_profiles([STATION, PROBE])
        yield opened


@pytest.fixture(scope="module", params=DATABASES)
def standing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """With a gateway besides, for tests that change nothing."""
    with open_registry(registry_url(request.param, tmp_path_factory.mktemp("registry"))) as opened:
        opened.places.put([TOWN, NEXT_TOWN])
        opened.devices.put_profiles([STATION, PROBE])
        opened.devices.put([GATEWAY])
        yield opened


def test_profiles_come_back_as_they_were_put(registry: Registry) -> None:
    assert [PROBE, STATION] == registry.devices.profiles()
    assert STATION == registry.devices.profile(STATION.id)


def test_a_profile_put_again_is_replaced(registry: Registry) -> None:
    changed = replace(STATION, measures=(), open=True)

    registry.devices.put_profiles([changed])

    assert [PROBE, changed] == registry.devices.profiles()


@pytest.mark.parametrize("profile_id", ["other", "", "' OR 1=1", "a\x00b", "\ud800"])
def test_a_profile_that_does_not_exist_is_unknown(standing: Registry, profile_id: str) -> None:
    with pytest.raises(Unknown, match="unknown profile"):
        standing.devices.profile(profile_id)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"interval_s": 0.0}, "interval_s"),
        ({"interval_s": float("inf")}, "interval_s"),
        ({"step": -1.0}, "step"),
        ({"gain": 0.0}, "gain"),
        ({"offset": float("nan")}, "offset"),
        ({"low": 61.0}, "low"),
        ({"rollover_at": 0.0}, "rollover_at"),
        ({"unit": "\x00"}, "unit"),
    ],
)
def test_a_wrong_measure_is_refused_by_name(standing: Registry, wrong: dict[str, object], field: str) -> None:
    measure = replace(STATION.measures[0], **wrong)  # type: ignore[arg-type]  # the table holds one wrong field each

    with pytest.raises(Invalid, match=f"profile 'station-1', measure 'air_temperature', {field}"):
        standing.devices.put_profiles([replace(STATION, measures=(measure,))])


def test_a_profile_reports_each_metric_once(standing: Registry) -> None:
    with pytest.raises(Invalid, match="measure 'air_temperature': comes twice"):
        standing.devices.put_profiles([replace(STATION, measures=STATION.measures[:1] * 2)])


def test_devices_come_back_as_they_were_put_with_the_gateway_in_the_same_call(registry: Registry) -> None:
    registry.devices.put([DEVICE, GATEWAY])

    assert [GATEWAY, DEVICE] == registry.devices.all()
    assert DEVICE == registry.devices.one(DEVICE.id)


def test_a_device_put_again_is_replaced(registry: Registry) -> None:
    changed = Device(DEVICE.id, PROBE.id, DEVICE.region)
    registry.devices.put([GATEWAY, DEVICE])

    registry.devices.put([changed])

    assert [GATEWAY, changed] == registry.devices.all()


@pytest.mark.parametrize("device_id", ["other", "", "' OR 1=1", "a\x00b", "\ud800"])
def test_a_device_that_does_not_exist_is_unknown(standing: Registry, device_id: str) -> None:
    with pytest.raises(Unknown, match="unknown device"):
        standing.devices.one(device_id)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": "-x"}, "id"),
        ({"id": "a/b"}, "id"),
        ({"id": "a b"}, "id"),
        ({"id": "é"}, "id"),
        ({"id": "a\n"}, "id"),
        ({"id": "x" * 65}, "id"),
        ({"profile": "nothing"}, "profile"),
        ({"profile": "a\x00b"}, "profile"),
        ({"region": "370522199000"}, "region"),
        ({"gateway": "nobody"}, "gateway"),
        ({"name": "a\x00b"}, "name"),
        ({"latitude": -90.5}, "latitude"),
        ({"latitude": None}, "latitude"),
        ({"longitude": 180.5}, "longitude"),
        ({"longitude": float("inf")}, "longitude"),
        ({"valid_from": 2**63}, "valid_from"),
        ({"valid_to": DEVICE.valid_from}, "valid_to"),
    ],
)
def test_a_wrong_device_is_refused_by_name_and_field(standing: Registry, wrong: dict[str, object], field: str) -> None:
    device = replace(DEVICE, **wrong)  # type: ignore[arg-type]  # the table holds one wrong field each

    with pytest.raises(Invalid) as refused:
        standing.devices.put([GATEWAY, device])

    assert f"device {device.id!r}, {field}" == refused.value.where
    assert [GATEWAY] == standing.devices.all()


def test_ids_of_the_allowed_form_are_taken(registry: Registry) -> None:
    devices = [replace(GATEWAY, id=device_id) for device_id in ("0", "A.b_c:d-e", "x", "x" * 64)]

    registry.devices.put(devices)

    assert devices == registry.devices.all()


@pytest.mark.parametrize("first", ["well", "well:2"])
def test_two_devices_cannot_write_the_same_series(registry: Registry, first: str) -> None:
    """Channel 2 of the device `well` writes the series `well:2`."""
    well, second = replace(GATEWAY, id="well"), replace(GATEWAY, id="well:2")
    registry.devices.put(
        [replace(GATEWAY, id=first), replace(GATEWAY, id="urn:dev:ow:1"), replace(GATEWAY, id="urn:dev:ow:2")]
    )
    for refused in ([well, second], [second, well]):
        with pytest.raises(Invalid, match=r"'well', id: the series of its channels would be named like .*'well:2'"):
            registry.devices.put(refused)

    assert {first, "urn:dev:ow:1", "urn:dev:ow:2"} == {device.id for device in registry.devices.all()}


def test_a_device_given_twice_is_refused(standing: Registry) -> None:
    with pytest.raises(Invalid, match="device 'gw-1': comes twice"):
        standing.devices.put([GATEWAY, GATEWAY])


def test_any_text_comes_back_unharmed(registry: Registry) -> None:
    devices = [replace(GATEWAY, id=f"d-{number}", name=text) for number, text in enumerate(HOSTILE)]
    profiles = [Profile(f"p-{number}", text, text, (Measure(text, unit=text),)) for number, text in enumerate(HOSTILE)]

    registry.devices.put(devices)
    registry.devices.put_profiles(profiles)

    assert devices == registry.devices.all()
    assert [*profiles, PROBE, STATION] == registry.devices.profiles()


def test_pages_follow_one_another_in_byte_order_without_gap_or_repeat(registry: Registry) -> None:
    # Upper before lower case, and punctuation by its code: the order that no locale changes.
    ids = sorted("".join(parts) for parts in itertools.product("aBz", ".:_-0", "Ab"))
    registry.devices.put(replace(GATEWAY, id=device_id) for device_id in reversed(ids))

    pages = []
    after = None
    while page := registry.devices.find(limit=7, after=after):
        pages.append([device.id for device in page])
        after = page[-1].id

    assert ids == list(itertools.chain(*pages))
    assert [7, 7, 7, 7, 2] == [len(page) for page in pages]


def test_find_narrows_by_region_profile_and_text_together(registry: Registry) -> None:
    roof = replace(DEVICE, gateway=None)
    field = replace(roof, id="st-2", region=NEXT_TOWN.code, name="Field 100%")
    registry.devices.put([GATEWAY, roof, field])
    find = registry.devices.find

    assert [GATEWAY, roof, field] == find(limit=10)
    assert [GATEWAY, roof] == find(regions=[TOWN.code], limit=10)
    assert [] == find(regions=[], limit=10)
    assert [roof, field] == find(profile=STATION.id, limit=10)
    assert [field] == find(text="field", limit=10)
    assert [roof, field] == find(text="ST-", limit=10)
    assert [field] == find(text="%", limit=10)
    assert [] == find(text="_", limit=10)
    assert [roof] == find(regions=[TOWN.code, NEXT_TOWN.code], profile=STATION.id, text="roof", limit=10)


@pytest.mark.parametrize("text", [*HOSTILE[:-1], "a\x00b", "\ud800"])
def test_a_search_for_any_text_finds_only_what_holds_it(standing: Registry, text: str) -> None:
    assert [] == standing.devices.find(text=text, limit=10)
    assert [] == standing.devices.find(profile=text, limit=10)
    assert [] == standing.devices.find(regions=[text], limit=10)


@pytest.mark.parametrize("limit", [0, -1, 10**9])
def test_a_page_has_a_limit(standing: Registry, limit: int) -> None:
    with pytest.raises(Invalid, match="limit"):
        standing.devices.find(limit=limit)


def test_devices_are_counted_where_they_stand(registry: Registry) -> None:
    registry.devices.put([GATEWAY, DEVICE, replace(GATEWAY, id="gw-2", region=NEXT_TOWN.code)])

    assert {TOWN.code: 2, NEXT_TOWN.code: 1} == registry.devices.count_by_region()


def test_the_version_grows_with_every_change_and_with_nothing_else(registry: Registry) -> None:
    versions = [registry.devices.version()]
    registry.devices.put([GATEWAY])
    versions.append(registry.devices.version())
    registry.devices.put_profiles([PROBE])
    versions.append(registry.devices.version())
    registry.places.put([TOWN])
    versions.append(registry.devices.version())

    assert sorted(set(versions)) == versions
    registry.devices.put([])
    registry.devices.all()
    with pytest.raises(Invalid):
        registry.devices.put([replace(GATEWAY, profile="nothing")])

    assert versions[-1] == registry.devices.version()


def test_fifty_thousand_devices_are_put_in_one_call(registry: Registry) -> None:
    devices = [replace(GATEWAY, id=f"d-{number:05}", gateway="d-00000") for number in range(50_000)]

    registry.devices.put(devices)

    assert {TOWN.code: 50_000} == registry.devices.count_by_region()
    assert devices[-3:] == registry.devices.find(limit=10, after="d-49996")
