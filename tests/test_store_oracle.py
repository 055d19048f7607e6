"""Random writes, corrections and merges, random questions: every answer equals the slow and obvious computation."""

import itertools
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telemetry.model import Fold, Metric, Quality, Reading
from telemetry.store.ports import FoldQuery, Member
from telemetry.window import Unit, Window, edges
from tests import store_oracle
from tests.store_contract import AIR, BERLIN, DAY, HOUR, METER, MINUTE, RAIN, SHANGHAI, WIND, Subject, subject

__all__ = ["subject"]

SPRING = 1_774_566_000_000
"""2026-03-27T00:00+01:00, two days before the clocks go forward in Berlin."""
SPAN = 4 * DAY
SERIES = ("a", "b", "b:low")
GROUPS = {"a": "west", "b": "east", "b:low": "east"}
INTERVALS = {"a": 20.0 * MINUTE, "b": None, "b:low": 1.0 * DAY}
FOLDS = {
    "air": (Fold.MEAN, Fold.SUM, Fold.MIN, Fold.MAX, Fold.FIRST, Fold.LAST),
    "rain": (Fold.SUM, Fold.MAX, Fold.LAST),
    "meter": (Fold.INCREASE, Fold.LAST, Fold.FIRST),
    "wind": (Fold.DIRECTION, Fold.MEAN),
}
ACROSS = (Fold.MEAN, Fold.SUM, Fold.MIN, Fold.MAX)
WINDOWS = (
    Window(1, Unit.HOUR, BERLIN),
    Window(6, Unit.HOUR, SHANGHAI),
    Window(1, Unit.DAY, BERLIN),
    Window(1, Unit.DAY, SHANGHAI),
    Window(1, Unit.WEEK, SHANGHAI),
    Window(1, Unit.HYDROLOGICAL_DAY, SHANGHAI),
    Window(20, Unit.MINUTE, BERLIN),
)

# Few instants and many on edges, so that readings meet, replace each other and lie where buckets end.
instants = st.one_of(
    st.integers(0, SPAN // HOUR).map(lambda hour: SPRING + hour * HOUR),
    st.integers(0, SPAN // (10 * MINUTE)).map(lambda step: SPRING + step * 10 * MINUTE),
    st.integers(0, SPAN).map(lambda at: SPRING + at),
)
values = st.one_of(st.integers(0, 1000).map(float), st.sampled_from([0.0, 0.1, 49.9, 50.0, 990.0, 999.5, 1001.0]))
doubts = st.sampled_from([0, 0, 0, 0, int(Quality.RANGE), int(Quality.LATE), int(Quality.STEP | Quality.DEVICE)])
batches = st.lists(
    st.lists(st.tuples(st.sampled_from(SERIES), instants, values, doubts), min_size=1, max_size=40),
    min_size=1,
    max_size=4,
)
questions = st.lists(
    st.tuples(
        st.sampled_from(WINDOWS),
        st.integers(0, 5),
        st.sampled_from(ACROSS),
        st.integers(-HOUR, SPAN // 2),
        st.integers(1, SPAN),
        st.booleans(),
        st.sampled_from([None, 1000.0]),
        st.sampled_from([None, None, SPRING + DAY, SPRING + 2 * DAY, SPRING + 3 * DAY]),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("of", [AIR, RAIN, METER, WIND], ids=lambda of: of.id)
def test_a_fold_equals_the_obvious_computation(subject: Subject, of: Metric) -> None:
    """One store for all examples, each with series of its own: what others have left unmerged must not matter."""
    example = itertools.count()

    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(batches, st.lists(st.booleans(), min_size=4, max_size=4), questions)
    def check(written: list[list[Any]], settles: list[bool], asked: list[Any]) -> None:
        prefix = f"{next(example)}-"
        history = [
            # Batches come a day apart, whatever time they tell of.
            [
                Reading(prefix + name, of.id, at, value, value, doubt, SPRING + day * DAY)
                for name, at, value, doubt in batch
            ]
            for day, batch in enumerate(written)
        ]
        for batch, settle in zip(history, settles, strict=False):
            subject.store.write(batch)
            if settle:
                subject.settle()
        truth = store_oracle.stored(history)
        for question in asked:
            _compare(subject, truth, _query(of, prefix, question))

    check()


def _query(of: Metric, prefix: str, question: list[Any]) -> FoldQuery:
    window, fold, across, first, length, suspect, rollover, as_of = question
    folds = FOLDS[of.id]
    members = tuple(Member(prefix + name, GROUPS[name], rollover, INTERVALS[name]) for name in SERIES)
    cut = edges(window, SPRING + first, SPRING + first + length)
    over_devices = Fold.DIRECTION if of is WIND else across
    return FoldQuery(of, members, cut, folds[fold % len(folds)], over_devices, suspect, as_of)


def _compare(subject: Subject, truth: list[Reading], query: FoldQuery) -> None:
    expected = [asdict(line) for line in store_oracle.folded(truth, query)]
    (answer,) = subject.store.folded([query])
    actual = [asdict(line) for line in answer]
    for right, found in zip(expected, actual, strict=True):
        assert right.pop("group") == found["group"]
        for name, column in right.items():
            if query.fold is Fold.DIRECTION and name == "value":
                assert [_round(value) for value in column] == [_round(value) for value in found[name]]
            else:
                close = [None if value is None else pytest.approx(value, rel=1e-9, abs=1e-9) for value in column]
                assert close == found[name], (name, query)


def _round(angle: float | None) -> float | None:
    return None if angle is None else round(angle, 6) % 360
