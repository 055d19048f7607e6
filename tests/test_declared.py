"""Numbers that somebody declared: with year, source and who entered them, or not at all."""

import math

import pytest

from insight.declared import Declared, declared_table
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
        (HEADER + "370522101201,persons,-1,2025,office\n", "declared number: -1.0 of office"),
        (HEADER + "370522101201,persons,1,2025,office\n" * 2, "line 3: 'persons' of 370522101201 stands there twice"),
        (HEADER + '370522101201,persons,1,2025,"office" of\n', "line 2"),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_the_line(text: str, wrong: str) -> None:
    with pytest.raises(Invalid, match=wrong):
        declared_table(text, "Wang")
