"""`/measures`: by what places are compared, with formulas and sources, and the figures they may be held against."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.comparison_answer import FigureAnswer, MeasureAnswer, Measures, figure_answer, measure_answer
from api.parameters import Formula, Parameters
from api.problems import NOT_FOUND
from insight.figures import DECLARED, FIGURES
from insight.measures import COMPARABLES, comparable
from insight.superseded import MEASURES, of_version

router = APIRouter(tags=["comparison"])


class MeasuredFigure(FigureAnswer):
    """A figure, and what it is of."""

    measure: str = Field(description="a measure, or a statistic that is declared")


class Figures(BaseModel):
    """Numbers of tables and limits of standards."""

    figures: list[MeasuredFigure]


class MeasureQuery(Parameters):
    """Which version."""

    formula: Formula = None


@router.get("/measures")
def measures(_query: Annotated[Parameters, Query()]) -> Measures:
    """Every comparable measure: what is divided by what, unit, direction, formula with version, and source."""
    return Measures(measures=[measure_answer(row) for row in (*COMPARABLES.values(), *DECLARED.values())])


@router.get("/measures/figures")
def figures(_query: Annotated[Parameters, Query()]) -> Figures:
    """Figures that a place may be held against instead of its city, each with year and source."""
    found = [MeasuredFigure(measure=row.measure, **figure_answer(row).model_dump()) for row in FIGURES.values()]
    return Figures(figures=found)


@router.get("/measures/{measure_id}", responses=NOT_FOUND)
def measure(
    measure_id: Annotated[str, Path(description="id", examples=["voltage_in_band"])],
    query: Annotated[MeasureQuery, Query()],
) -> MeasureAnswer:
    """One measure, now or as it was defined before: unit, direction, formula with version, and source."""
    return measure_answer(of_version(DECLARED.get(measure_id) or comparable(measure_id), MEASURES, query.formula))
