"""`/standards`: standard sets, and what a region has and lacks of one."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.atlas import Atlas
from api.dependencies import CurrentPicture, Parts
from api.parameters import Parameters
from api.problems import NOT_FOUND
from api.usage import KnownAnswer, usage
from insight.scores import PROFILE as OF_THE_HOUSE
from insight.standards import Conformity, StandardSet, Status, Verdict, conformity, standard, standard_sets
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
    known: list[KnownAnswer] = Field(description="what the findings rest on, and what is not known")


@router.get("/standards")
def standards(_query: Annotated[Parameters, Query()]) -> Standards:
    """The standard sets; one that nobody has read is a draft and says so."""
    return Standards(standards=[_standard(one) for one in standard_sets().values()])


@router.get("/standards/{set_id}/{region}", responses=NOT_FOUND)
def conformity_of(
    set_id: Annotated[str, _SET],
    region: Annotated[str, Path(description="division code", examples=["370522101"])],
    _query: Annotated[Parameters, Query()],
    services: Parts,
    atlas: CurrentPicture,
) -> ConformityAnswer:
    """What the devices of a region show of a standard: what is there, missing, double and hardly used.

    `known` says what each kind of finding rests on. Double is what two projects measure in one town, wherever in it.
    """
    one, place = standard(set_id), atlas.region(region)
    town = atlas.at_level(place.code, Level.TOWN) or place
    told = usage(atlas, services.registry, _shown(atlas, town.code), services.clock())
    here = [told.deployed(device) for device in _shown(atlas, place.code)]
    inside = {each.device for each in here}
    around = [told.deployed(device) for device in _shown(atlas, town.code) if device.id not in inside]
    found = conformity(one, place.code, here, around=around)
    return _conformity(found, one, place.name, list(told.known(here)))


def _shown(atlas: Atlas, code: str) -> list[Device]:
    """A visitor's probe could report anything, so it shows nothing; nor does what the house itself says."""
    return [
        device
        for device in atlas.standing_beneath(code)
        if atlas.measures[device.profile] and not atlas.profiles[device.profile].open and device.profile != OF_THE_HOUSE
    ]


def _conformity(found: Conformity, one: StandardSet, name: str, known: list[KnownAnswer]) -> ConformityAnswer:
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
        known=known,
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
