"""What docstrings call equation (n), `docs/comparison.md` explains as (n), and the other way round."""

import re

from insight.gate import Gate
from insight.measures.comparable import FORMULAS
from tests.test_house import ROOT

PAGE = (ROOT / "docs" / "comparison.md").read_text("utf-8")


def numbers() -> set[str]:
    """Of the equations in the code."""
    texts = [path.read_text("utf-8") for path in (ROOT / "insight").rglob("*.py")]
    lines = [line for text in texts for line in re.findall(r"[Ee]quations? \([^.]*", text)]
    return {number for line in lines for number in re.findall(r"\((\d+)\)", line)}


def test_every_equation_of_the_code_is_explained() -> None:
    assert [] == sorted(number for number in numbers() if f"({number}) **" not in PAGE)


def test_every_equation_of_the_page_is_in_the_code() -> None:
    assert [] == sorted(set(re.findall(r"\((\d+)\) \*\*", PAGE)) - numbers())


def test_every_way_to_normalise_has_its_row() -> None:
    rows = re.findall(r"^\| (1\.\d+) \|", PAGE, re.MULTILINE)

    assert rows == [formula.partition(")")[0].lstrip("(") for formula in FORMULAS.values()]


def test_the_limits_of_the_gate_are_those_of_the_page() -> None:
    gate = Gate()

    assert f"| {gate.coverage:.0%}".replace("%", " %") in PAGE
    assert f"| {gate.devices}; {gate.readings} (*default*) |" in PAGE
    assert f"| {gate.small_cell}; unknown counts as fewer |" in PAGE
