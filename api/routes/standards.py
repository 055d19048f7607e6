"""`/standards`: standard sets, and what a region has and lacks of one."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.atlas import Atlas
from api.dependencies import CurrentPicture
from api.parameters import Parameters
from api.problems import NOT_FOUND
from insight.standards import Conformity, Deployed, StandardSet, Status, Verdict, conformity, standard, standard_sets
from insight.standards.conformity import ClauseResult, Flaw
from insight.standards.sets import Need, Proof
from telemetry.model import Device, Level

router = APIRouter(tags=["comparison"])

_SET = Path(description="id of a set", examples=["digital-village-2022"])


class NeedAnswer(BaseModel):
    """A function that devices must have."""

    function: str = Field(examples=["rainfall"])
    name_zh: str
    any_of: list[str] = Field(description="metrics of the catalogue that show it")
    devices: int = Field(description="how many are needed in the region")


class StandardAnswer(BaseModel):
    """A standard set."""

    id: str
    name_en: str
    name_zh: str
    status: Status = Field(description="unverified = nobody has read the standard")
    year: int | None
    region: str | None = Field(description="where it is in force; null = everywhere")
    source: str
    based_on: str | None
    clauses: int


class Standards(BaseModel):
    """The sets that there are."""

    standards: list[StandardAnswer]


class CoveredAnswer(NeedAnswer):
    """A function, and who has it here."""

    found: list[str] = Field(description="devices that report one of the metrics")
    enough: bool


class ClauseAnswer(BaseModel):
    """A clause, and how it stands."""

    id: str
    name_en: str
    name_zh: str
    evidence: Proof
    verdict: Verdict
    functions: list[CoveredAnswer]
    missing: list[str] = Field(description="functions that have too few devices")


class FindingAnswer(BaseModel):
    """What the planning register should look at."""

    flaw: Flaw
    subject: str
    devices: list[str]
    detail: str


class ConformityAnswer(BaseModel):
    """A region held against a standard."""

    standard: StandardAnswer
    region: str
    name: str
    met: int
    of: int = Field(description="clauses that devices can show")
    clauses: list[ClauseAnswer]
    findings: list[FindingAnswer]


@router.get("/standards")
def standards(_query: Annotated[Parameters, Query()]) -> Standards:
    """The standard sets; one that nobody has read is a draft and says so."""
    return Standards(standards=[_standard(one) for one in standard_sets().values()])


@router.get("/standards/{set_id}/{region}", responses=NOT_FOUND)
def conformity_of(
    set_id: Annotated[str, _SET],
    region: Annotated[str, Path(description="division code", examples=["370522101"])],
    _query: Annotated[Parameters, Query()],
    atlas: CurrentPicture,
) -> ConformityAnswer:
    """What the devices of a region show of a standard, clause by clause: what is there, and what is missing."""
    one, place = standard(set_id), atlas.region(region)
    deployed = [_deployed(atlas, device) for device in atlas.standing_beneath(place.code)]
    found = conformity(one, place.code, [each for each in deployed if each.metrics])
    return _conformity(found, one, place.name)


def _deployed(atlas: Atlas, device: Device) -> Deployed:
    town = atlas.at_level(device.region, Level.TOWN)
    # A visitor's probe could report anything, so it shows nothing.
    metrics = () if atlas.profiles[device.profile].open else tuple(atlas.measures[device.profile])
    return Deployed(device.id, town.code if town else device.region, metrics)


def _conformity(found: Conformity, one: StandardSet, name: str) -> ConformityAnswer:
    met, of = found.met
    return ConformityAnswer(
        standard=_standard(one),
        region=found.region,
        name=name,
        met=met,
        of=of,
        clauses=[_clause(result) for result in found.clauses],
        findings=[
            FindingAnswer(flaw=each.flaw, subject=each.subject, devices=list(each.devices), detail=each.detail)
            for each in found.findings
        ],
    )


def _clause(result: ClauseResult) -> ClauseAnswer:
    clause = result.clause
    return ClauseAnswer(
        id=clause.id,
        name_en=clause.name_en,
        name_zh=clause.name_zh,
        evidence=clause.evidence,
        verdict=result.verdict,
        functions=[
            CoveredAnswer(**_need(one.need).model_dump(), found=list(one.devices), enough=one.enough)
            for one in result.covered
        ],
        missing=[need.function for need in result.missing],
    )


def _need(need: Need) -> NeedAnswer:
    return NeedAnswer(function=need.function, name_zh=need.name_zh, any_of=list(need.any_of), devices=need.devices)


def _standard(one: StandardSet) -> StandardAnswer:
    return StandardAnswer(
        id=one.id,
        name_en=one.name_en,
        name_zh=one.name_zh,
        status=one.status,
        year=one.year,
        region=one.region,
        source=one.source,
        based_on=one.based_on,
        clauses=len(one.clauses),
    )
