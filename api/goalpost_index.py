"""The index on fixed goalposts: from readings where a sensor measures, else from declared numbers."""

from collections.abc import Sequence

from api.declarations import Declarations
from api.judging import Group, Judge
from insight.index.composite import Index, indexed
from insight.index.framework import Framework
from insight.index.values import IndicatorValue, indicator_values
from insight.measures import COMPARABLES


def goalpost_index(
    framework: Framework, judge: Judge, declared: Declarations, group: Group
) -> tuple[Sequence[IndicatorValue], Index]:
    """What each indicator rests on, and what comes of them.

    Raises:
        StoreUnavailable: the store cannot answer now.
    """
    wanted = [one.id for one in framework.indicators]
    measures = [COMPARABLES[name] for name in wanted if name in COMPARABLES]
    judge.prepare(measures, [group])
    numbers = declared.numbers([group.id], wanted).get(group.id, {})
    assessments = [judge.assessment(measure, group) for measure in measures]
    values = indicator_values(framework, assessments, numbers)
    return values, indexed({one.indicator: one.value for one in values}, framework)
