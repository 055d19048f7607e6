"""Numbers that somebody declared: with year, source and who entered them, or not at all."""

import math

import pytest

from insight.declared import Declared, declared_table
from telemetry.declared_words import word
from telemetry.errors import Invalid

HEADER = "region,id,value,year,source\n"


@pytest.mark.parametrize("number", [-1.0, math.inf, math.nan])
def test_nobody_can_have_counted_such_a_number(number: float) -> None:
    with pytest.raises(Invalid, match="declared number"):
        Declared(number)


def test_a_table_of_declared_numbers() -> None:
    text = "\ufeff" + HEADER + '370522101201,persons,1180,2025,"Statistics office, Lijin"\n'

    assert {("370522101201", "persons"): Declared(1180, 2025, "Statistics office, Lijin", "Wang")} == declared_table(
        text, "Wang"
    )


def test_columns_may_stand_in_any_order_beside_others() -> None:
    text = "source,note,year,value,id,region\nCNNIC,,2020,52.3,internet_users,370522101201\n"

    assert [Declared(52.3, 2020, "CNNIC", "Li")] == list(declared_table(text, "Li").values())


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("region,id,value\n", "line 1: columns region, id, value"),
        ("", "line 1"),
        (HEADER + "370522,persons,1,2025,office\n", "line 2, region: '370522'"),
        (HEADER + "370522101201,persons,many,2025,office\n", "line 2, value or year: .*many"),
        (HEADER + "370522101201,persons,1,last year,office\n", "line 2, value or year"),
        (HEADER + "370522101201,persons,1,2025,\n", "line 2: no id or no source"),
        (HEADER + "370522101201,persons,1\n", "line 2: no id or no source"),
        (
            HEADER + "370522101201,persons,-1,2025,office\n",
            "line 2, value of persons in 370522101201: -1; allowed:",
        ),
        (HEADER + "370522101201,persons,1,2025,office\n" * 2, "line 3: 'persons' of 370522101201 stands there twice"),
        (HEADER + '370522101201,persons,1,2025,"office" of\n', "line 2"),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_the_line(text: str, wrong: str) -> None:
    with pytest.raises(Invalid, match=wrong):
        declared_table(text, "Wang")


def test_what_is_declared_by_a_word_is_kept_as_a_number_and_told_as_the_word() -> None:
    text = "region,id,value,year,source\n370522101201,terrain,hill,2025,map\n370522101201,main_crop,rice,2025,ledger\n"
    found = {name: one.value for (_, name), one in declared_table(text, "Li").items()}

    assert {"terrain": "hill", "main_crop": "rice"} == {name: word(name, value) for name, value in found.items()}


@pytest.mark.parametrize("value", ["swamp", "2", ""])
def test_another_word_is_refused_with_those_that_there_are(value: str) -> None:
    with pytest.raises(Invalid, match=r"line 2, value: '.*' is no terrain; allowed: plain, hill"):
        declared_table(f"region,id,value,year,source\n370522101201,terrain,{value},2025,map\n", "Li")


def test_a_number_is_no_word() -> None:
    assert (None, None, None) == (word("persons", 2.0), word("terrain", None), word("terrain", 99.0))
