"""The administrative tree in the registry, on SQLite and PostgreSQL."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from telemetry.errors import Conflict, Invalid, Unknown
from telemetry.model import Level, Region, Setting
from telemetry.registry import Registry, open_registry
from tests.postgres import DATABASES, registry_url

PROVINCE = Region("370000000000", Level.PROVINCE, "山东省", "Shandong")
CITY = Region("370500000000", Level.CITY, "东营市", "Dongying", parent=PROVINCE.code)
LIJIN = Region("370522000000", Level.COUNTY, "利津县", "Lijin", parent=CITY.code, setting=Setting.RURAL)
DISTRICT = Region("370502000000", Level.COUNTY, "东营区", "Dongying District", parent=CITY.code, setting=Setting.URBAN)
BEISONG = Region("370522101000", Level.TOWN, "北宋镇", "Beisong Town", parent=LIJIN.code)
VILLAGE = Region(
    code="370522101201",
    level=Level.VILLAGE,
    name="样村",
    name_en="Sample",
    parent=BEISONG.code,
    setting=Setting.RURAL,
    urban_rural_class="220",
    latitude=37.49,
    longitude=118.25,
    population=812,
    households=240,
    sample=True,
)
TREE = (PROVINCE, CITY, LIJIN, DISTRICT, BEISONG, VILLAGE)
BY_CODE = sorted(TREE, key=lambda region: region.code)


@pytest.fixture(params=DATABASES)
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    with open_registry(registry_url(request.param, tmp_path)) as opened:
        yield opened


@pytest.fixture
def planted(registry: Registry) -> Registry:
    """With the tree put in from the leaves to the root."""
    registry.places.put(reversed(TREE))
    return registry


@pytest.fixture(scope="module", params=DATABASES)
def standing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """With the tree, for tests that change nothing."""
    with open_registry(registry_url(request.param, tmp_path_factory.mktemp("registry"))) as opened:
        opened.places.put(TREE)
        yield opened


def test_regions_come_back_as_they_were_put_whatever_their_order(planted: Registry) -> None:
    assert BY_CODE == planted.places.all()
    assert VILLAGE == planted.places.one(VILLAGE.code)


def test_a_region_put_again_is_replaced(planted: Registry) -> None:
    renamed = replace(VILLAGE, name="新名", population=None, urban_rural_class="122", setting=Setting.URBAN)

    planted.places.put([renamed])

    assert renamed == planted.places.one(VILLAGE.code)
    assert len(TREE) == len(planted.places.all())


def test_a_villages_setting_is_filled_in_from_its_class(planted: Registry) -> None:
    planted.places.put([replace(VILLAGE, setting=None, urban_rural_class="111")])

    assert Setting.URBAN == planted.places.one(VILLAGE.code).setting


def test_children_are_those_of_the_parent_column(planted: Registry) -> None:
    assert [PROVINCE] == planted.places.children(None)
    assert [DISTRICT, LIJIN] == planted.places.children(CITY.code)
    assert [] == planted.places.children(VILLAGE.code)


def test_beneath_is_the_region_with_all_that_lies_in_it_each_once(planted: Registry) -> None:
    assert BY_CODE == planted.places.beneath([PROVINCE.code])
    assert [LIJIN, BEISONG, VILLAGE] == planted.places.beneath([LIJIN.code, BEISONG.code, LIJIN.code])
    assert [] == planted.places.beneath([])


def test_ancestors_lead_from_the_top_down_to_the_parent(planted: Registry) -> None:
    assert [PROVINCE, CITY, LIJIN, BEISONG] == planted.places.ancestors(VILLAGE.code)
    assert [] == planted.places.ancestors(PROVINCE.code)


def test_the_table_tells_the_parent_where_digits_would_not(planted: Registry) -> None:
    # Towns of a city without counties, and a county that lies in its province directly.
    town = Region("370599101000", Level.TOWN, "直属镇", parent=CITY.code)
    county = Region("379001000000", Level.COUNTY, "直辖县", parent=PROVINCE.code)

    planted.places.put([town, county])

    assert town in planted.places.beneath([CITY.code])
    assert [PROVINCE, CITY] == planted.places.ancestors(town.code)
    assert county not in planted.places.beneath([CITY.code])
    assert county in planted.places.beneath([PROVINCE.code])


@pytest.mark.parametrize("code", ["999999999999", "370522", "", "' OR 1=1", "a\x00b", "\ud800"])
def test_a_region_that_does_not_exist_is_unknown(standing: Registry, code: str) -> None:
    places = standing.places
    for ask in (places.one, places.children, places.ancestors, lambda one: places.beneath([CITY.code, one])):
        with pytest.raises(Unknown) as unknown:
            ask(code)

        assert ("region", code) == (unknown.value.what, unknown.value.name)


def test_a_parent_must_exist(standing: Registry) -> None:
    orphan = replace(VILLAGE, code="370522199201", parent="370522199000")

    with pytest.raises(Invalid, match=r"region '370522199201', parent: unknown region '370522199000'"):
        standing.places.put([orphan])


@pytest.mark.parametrize(
    "region",
    [
        replace(LIJIN, parent=LIJIN.code),
        replace(CITY, parent=VILLAGE.code),
        replace(CITY, parent=DISTRICT.code),
    ],
)
def test_a_parent_must_be_of_a_higher_level_so_the_tree_has_no_circle(standing: Registry, region: Region) -> None:
    with pytest.raises(Invalid, match=f"region '{region.code}', parent"):
        standing.places.put([region])


def test_a_region_cannot_sink_below_what_lies_in_it(standing: Registry) -> None:
    with pytest.raises(Conflict, match=f"region '{BEISONG.code}', level: .*'{VILLAGE.code}' lies in it"):
        standing.places.put([replace(BEISONG, level=Level.VILLAGE)])


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"latitude": 90.1}, "latitude"),
        ({"latitude": float("nan")}, "latitude"),
        ({"longitude": -180.1}, "longitude"),
        ({"longitude": None}, "longitude"),
        ({"population": -1}, "population"),
        ({"households": 2**63}, "households"),
        ({"name": "a\x00b"}, "name"),
        ({"name_en": "\ud800"}, "name_en"),
    ],
)
def test_a_field_out_of_range_is_refused_by_name(standing: Registry, wrong: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid, match=f"region '{VILLAGE.code}', {field}"):
        standing.places.put([replace(VILLAGE, **wrong)])  # type: ignore[arg-type]  # the table holds one wrong field each


def test_a_region_given_twice_is_refused(standing: Registry) -> None:
    with pytest.raises(Invalid, match=f"region '{VILLAGE.code}': comes twice"):
        standing.places.put([VILLAGE, VILLAGE])


def test_a_refused_call_changes_nothing(standing: Registry) -> None:
    with pytest.raises(Invalid):
        standing.places.put([replace(CITY, name="changed"), replace(VILLAGE, parent="370522199000")])

    assert BY_CODE == standing.places.all()


def test_any_text_comes_back_unharmed(planted: Registry) -> None:
    texts = ("'; DROP TABLE regions; --", '" OR ""="', "%_/\\", "$1 %s %(name)s :name ?", "村🌾é", "a\nb\tc", "")
    named = [
        replace(BEISONG, code=f"370522{number}000", name=text, name_en=text)
        for number, text in enumerate(texts, start=102)
    ]

    planted.places.put(named)

    assert [BEISONG, *named] == planted.places.children(LIJIN.code)


def test_a_county_with_thousands_of_villages_is_found_by_their_codes(planted: Registry) -> None:
    towns = [replace(BEISONG, code=f"370522{number}000") for number in range(300, 310)]
    villages = [
        replace(VILLAGE, code=f"{town.code[:9]}{number}", parent=town.code)
        for town, number in itertools.product(towns, range(200, 1000))
    ]
    planted.places.put([*villages, *towns])

    found = planted.places.beneath([village.code for village in villages])

    assert villages == found
