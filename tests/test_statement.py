"""Which periods are over, and when two statements are not the same."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from telemetry.statement import Statement, differs, is_over
from tests.test_store_fold import instant

SHANGHAI = ZoneInfo("Asia/Shanghai")
SAID = Statement("pm25", "370522101201", "urban:370500000000", 0, 1, 1, 0.1 + 0.2, None, 5)


@pytest.mark.parametrize(
    ("start", "stop", "over"),
    [
        ("2026-10-01T00:00+08:00", "2026-11-01T00:00+08:00", True),
        ("2025-01-01T00:00+08:00", "2026-01-01T00:00+08:00", True),
        ("2024-02-01T00:00+08:00", "2024-03-01T00:00+08:00", True),
        ("2026-10-01T00:00Z", "2026-11-01T00:00Z", False),
        ("2026-10-01T00:00+08:00", "2026-10-31T00:00+08:00", False),
        ("2026-09-01T00:00+08:00", "2026-11-01T00:00+08:00", False),
        ("2026-11-01T00:00+08:00", "2026-12-01T00:00+08:00", False),
        ("2026-01-01T00:00+08:00", "2027-01-01T00:00+08:00", False),
    ],
)
def test_a_period_is_over_when_it_was_one_month_or_year_of_the_zone(start: str, stop: str, over: bool) -> None:
    now = instant("2026-11-23T16:00+08:00")

    assert over == is_over(instant(start), instant(stop), SHANGHAI, now)


@pytest.mark.parametrize(
    ("changed", "differing"),
    [
        ({"said_at": 9}, False),
        ({"value": 0.3}, False),
        ({"value": 0.30001}, True),
        ({"value": None}, True),
        ({"benchmark_value": 0.0}, True),
        ({"formula": 2}, True),
    ],
)
def test_statements_differ_in_their_numbers_or_their_formula(changed: dict[str, float], differing: bool) -> None:
    assert differing == differs(SAID, replace(SAID, **changed))  # type: ignore[arg-type]  # one field of each kind
