"""What was said of closed months and years, beside what is said now: a changed past is shown as changed.

What is remembered is the plain public answer of the present: as of an instant, by a former formula, for one reader or
beside peers of the reader's choice, an answer is another one, and no change of it.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import BackgroundTasks
from pydantic import BaseModel, Field

from api.answers import INSTANT
from api.evidence import Period
from insight.scorecard import Entry
from telemetry.errors import RegistryUnavailable
from telemetry.instant import iso
from telemetry.registry import Registry
from telemetry.statement import Statement, differs, is_over

logger = logging.getLogger(__name__)


class ChangedAnswer(BaseModel):
    """What was said before of the same month or year, and is no longer so."""

    said_at: str = Field(examples=[INSTANT])
    formula: int = Field(description="version by which it was said; another than now = the definition was replaced")
    value: float | None = Field(description="said then; null = there was no number")
    difference: float | None = Field(description="now minus then; null = one of them is no number")
    benchmark_value: float | None = Field(description="the benchmark's, said then")
    benchmark_difference: float | None = Field(description="now minus then")


@dataclass(frozen=True, slots=True)
class Saying:
    """Of whom, beside whom and of which period something is said."""

    region: str
    benchmark: str
    """Empty = beside nobody."""
    period: Period
    plain: bool
    """It is asked as everybody would: publicly, and with nothing chosen that changes the number."""

    @property
    def counts(self) -> bool:
        """Whether it is remembered: plain, of the present, beside at most one place, a month or year that is over."""
        asked = self.period
        return (
            self.plain
            and asked.as_of is None
            and "," not in self.benchmark
            and is_over(asked.start, asked.stop, asked.zone, asked.now)
        )

    def statement(self, subject: str, formula: int, value: float | None, benchmark: float | None) -> Statement:
        start, stop, now = self.period.start, self.period.stop, self.period.now
        return Statement(subject, self.region, self.benchmark, start, stop, formula, value, benchmark, now)

    def of_entry(self, one: Entry) -> Statement:
        """Of one measure of a scorecard."""
        place = one.city.place
        return self.statement(place.measure.id, place.measure.version, place.value, one.city.benchmark.value)


@dataclass(frozen=True, slots=True)
class Remembering:
    """Of one request: knows what was said before, and remembers what it says when it has been answered."""

    registry: Registry
    background: BackgroundTasks

    def changed(self, saying: Saying, told: Sequence[Statement]) -> Mapping[str, list[ChangedAnswer]]:
        """By subject, what was said before and is no longer so, in the order of time.

        Raises:
            RegistryUnavailable: it cannot answer now.
        """
        if not saying.counts:
            return {}
        asked = saying.period
        before = self.registry.statements.said(saying.region, saying.benchmark, asked.start, asked.stop)
        new = [one for one in told if one.subject not in before or differs(before[one.subject][-1], one)]
        if new:
            self.background.add_task(self._remember, new)
        return {
            one.subject: [_changed(was, one) for was in before.get(one.subject, ()) if differs(was, one)]
            for one in told
        }

    def _remember(self, told: Sequence[Statement]) -> None:
        """A registry that is away is no reason to refuse an answer: who asks next says it again."""
        try:
            self.registry.statements.remember(told)
        except RegistryUnavailable as error:
            logger.warning("what was said is not written down now: %s", error)


def _changed(was: Statement, now: Statement) -> ChangedAnswer:
    return ChangedAnswer(
        said_at=iso(was.said_at),
        formula=was.formula,
        value=was.value,
        difference=_difference(was.value, now.value),
        benchmark_value=was.benchmark_value,
        benchmark_difference=_difference(was.benchmark_value, now.benchmark_value),
    )


def _difference(was: float | None, now: float | None) -> float | None:
    return None if was is None or now is None else now - was
