"""Division codes and urban-rural classes: the vectors are real ones of the statistical code lists."""

import pytest

from telemetry import regions
from telemetry.errors import Invalid
from telemetry.model import Level, Region, Setting


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("37", "370000000000"),
        ("3705", "370500000000"),
        ("370522", "370522000000"),
        ("370522101", "370522101000"),  # 北宋镇, Beisong Town
        ("440983102202", "440983102202"),  # 飞马村
    ],
)
def test_a_short_code_stands_for_twelve_digits(code: str, expected: str) -> None:
    assert expected == regions.padded(code)


@pytest.mark.parametrize(
    "code", ["", "3", "0370522", "3705221010001", "37o522", "370522 ", "-3705", "\uff13\uff17", "370522\n", "37'; --"]
)
def test_anything_else_is_no_code(code: str) -> None:
    with pytest.raises(Invalid, match="2 to 12 digits"):
        regions.padded(code)


@pytest.mark.parametrize(
    ("code", "name", "urban_rural_class", "expected"),
    [
        ("440983102202", "飞马村", "220", Setting.RURAL),
        ("440983102209", "赤坎村委会", "111", Setting.URBAN),  # called a village, and urban
        ("220581102202", "大榆树村", "220", Setting.RURAL),
    ],
)
def test_the_class_tells_urban_from_rural_and_the_name_does_not(
    code: str, name: str, urban_rural_class: str, expected: Setting
) -> None:
    village = Region(code, Level.VILLAGE, name, urban_rural_class=urban_rural_class)

    assert expected == regions.checked(village).setting


@pytest.mark.parametrize("urban_rural_class", sorted(regions.CLASSES))
def test_the_first_digit_of_every_class_is_its_setting(urban_rural_class: str) -> None:
    expected = {"1": Setting.URBAN, "2": Setting.RURAL}[urban_rural_class[0]]

    assert expected == regions.setting_of(urban_rural_class)


@pytest.mark.parametrize("urban_rural_class", ["", "1", "113", "120", "211", "221", "300", "\uff12\uff12\uff10"])
def test_an_unknown_class_has_no_setting(urban_rural_class: str) -> None:
    with pytest.raises(Invalid, match="urban-rural class"):
        regions.setting_of(urban_rural_class)


def test_a_town_may_declare_its_setting() -> None:
    town = Region("370502001000", Level.TOWN, "文汇街道", setting=Setting.URBAN)

    assert town == regions.checked(town)


@pytest.mark.parametrize(
    ("region", "field"),
    [
        (Region("370522101", Level.TOWN, "short code"), "code"),
        (Region("070522101000", Level.TOWN, "starts with 0"), "code"),
        (Region("370522101000", Level.TOWN, "short parent", parent="370522"), "parent"),
        (Region("370522101201", Level.VILLAGE, "no such class", urban_rural_class="999"), "urban_rural_class"),
        (Region("370522101000", Level.TOWN, "class above village", urban_rural_class="121"), "urban_rural_class"),
        (
            Region(
                "370522101201", Level.VILLAGE, "other than its class", urban_rural_class="220", setting=Setting.URBAN
            ),
            "setting",
        ),
        (Region("370522101201", Level.VILLAGE, "declared without class", setting=Setting.RURAL), "setting"),
    ],
)
def test_a_region_against_the_rules_is_refused_with_its_code_and_the_field(region: Region, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        regions.checked(region)

    assert f"region {region.code!r}, {field}" == refused.value.where


@pytest.mark.parametrize(
    ("child", "parent", "expected"),
    [
        (Level.COUNTY, Level.CITY, True),
        (Level.COUNTY, Level.PROVINCE, True),  # counties under direct administration
        (Level.TOWN, Level.CITY, True),  # cities without counties
        (Level.CITY, Level.CITY, False),
        (Level.CITY, Level.TOWN, False),
    ],
)
def test_levels_may_be_skipped_but_not_turned_round(child: Level, parent: Level, expected: bool) -> None:
    assert expected == regions.below(child, parent)
