"""The faults of `make chaos` at a small scale, and the arithmetic that they and `make bench` are judged by."""

import datetime as dt
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from bench import report
from bench.budgets import Budget, Row
from bench.chaos.account import settled
from bench.chaos.faults import FAULTS, Scale
from bench.chaos.run import known, verdicts
from bench.chaos.sender import METRIC, device_of, value_of
from telemetry.errors import Unknown
from telemetry.model import LedgerLine, Quality, Reading

T0 = 1_795_420_800_000
DAY_MS = 86_400_000
TIMES = [T0 + number for number in range(6)]
SMALL = Scale(rate=300, seconds=0.3, times=1, calm_s=0.4)


def row(number: int, *, quality: int = 0, at: int | None = None) -> Reading:
    value = value_of(number)
    return Reading(device_of(number), METRIC, TIMES[number] if at is None else at, value, value, quality, T0 + 10)


def taken(numbers: Iterable[int]) -> dict[int, float]:
    """Acknowledged, all at one moment."""
    return dict.fromkeys(numbers, 0.0)


def line(stored: int) -> LedgerLine:
    return LedgerLine(dt.date(2026, 11, 23), "", stored, stored)


def test_what_is_sent_and_stored_once_is_clean() -> None:
    rows = [row(number) for number in range(6)]

    assert settled(TIMES, taken(range(6)), rows, 6, line(6)).clean


def test_each_way_to_go_wrong_is_told_apart() -> None:
    rows = [row(0), row(1), row(1), row(2), row(4, quality=int(Quality.CLOCK))]
    account = settled(TIMES, taken(range(4)), rows, 4, line(3))

    assert (4, 3, 1, 1) == (account.sent, account.stored, account.lost, account.doubled)
    assert (1, 1, -1) == (account.unasked, account.misflagged, account.ledger_off)
    assert not account.clean


def test_a_row_that_folds_count_twice_is_doubled() -> None:
    assert settled(TIMES, taken([0, 1]), [row(0), row(1)], 3, line(2)).doubled == 1


def test_another_value_is_not_what_was_sent() -> None:
    assert settled(TIMES, taken([0]), [replace_value(row(0))], 1, line(1)).lost == 1


def replace_value(reading: Reading) -> Reading:
    return Reading(reading.device, reading.metric, reading.at, -1.0, -1.0, 0, reading.received_at)


def test_a_clock_a_day_ahead_has_to_be_flagged() -> None:
    ahead = [*TIMES[:5], TIMES[5] + DAY_MS]
    rows = [row(5, at=ahead[5])]

    assert settled(ahead, taken([5]), rows, 1, line(1)).misflagged == 1


@pytest.mark.parametrize(
    ("budget", "measured", "verdict"),
    [
        (Budget("rate", 100, "1/s", at_least=True), 100, "met"),
        (Budget("rate", 100, "1/s", at_least=True), 80, "missed by 20%"),
        (Budget("delay", 100, "ms"), 80, "met"),
        (Budget("delay", 100, "ms"), 150, "missed by 50%"),
        (Budget("delay", 100, "ms"), None, "not measured"),
    ],
)
def test_a_budget_is_met_or_missed_by_so_much(budget: Budget, measured: float | None, verdict: str) -> None:
    assert Row(budget, measured).verdict == verdict


def test_the_reference_has_a_part_of_each_kind(tmp_path: Path) -> None:
    for kind in ("bench", "chaos"):
        report.written(kind, {"cores": 2}, {"seconds": 1}, reference=True, folder=tmp_path)
    kept = json.loads((tmp_path / report.REFERENCE).read_text("utf-8"))

    assert (["bench", "chaos"], {"cores": 2}) == (list(kept), kept["chaos"]["machine"])


def test_an_unknown_fault_is_told_which_there_are() -> None:
    with pytest.raises(Unknown, match="store_down"):
        known(["earthquake"])


@pytest.mark.parametrize("name", ["network_cut", "worker_killed"])
def test_a_fault_loses_and_doubles_nothing(name: str) -> None:
    told: list[str] = []
    (verdict,) = verdicts([name], lambda _: SMALL, told.append)
    account = verdict.played.account

    assert verdict.played.drained
    assert (0, 0, 0, 0) == (account.lost, account.doubled, account.unasked, account.in_flight)
    assert account.sent == account.stored > SMALL.rate * SMALL.seconds
    assert [f"{name}: {FAULTS[name].title}, {SMALL.rate} messages/s"] == told


def test_a_killed_broker_may_forget_only_what_it_acknowledged_just_before() -> None:
    account = settled(TIMES, {0: 1.0, 1: 9.0, 2: 11.0}, [], 0, line(0), kills=[10.0])

    assert (3, 1, False) == (account.lost, account.forgotten, account.clean)
