"""`/devices.csv` and `/devices/import`: devices as a table."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from api.atlas import Atlas
from api.dependencies import CurrentPicture, Parts
from api.parameters import Parameters, RegionCodes, chosen, names
from api.problems import MEDIA_TYPE, NOT_FOUND, Problem, responses
from api.services import Services
from api.tables import MEDIA_TYPES, Format
from api.uploads import pieces, require_type
from insight.scores import PROFILE as OF_THE_HOUSE
from telemetry import roster
from telemetry.roster import Roster

router = APIRouter(tags=["places and devices"])

MOST_BYTES = 20_000_000
MOST_ERRORS = 1000
_TABLE = "text/csv"
_CSV = MEDIA_TYPES[Format.CSV]
_HEADER = ",".join(roster.COLUMNS)
_EXAMPLE = f"{_HEADER}\nwell-7,Behind the school,groundwater_well,370522101201,37.62,118.26,,,,\n"
_BODY = {
    "description": f"with the header `{_HEADER}`, of which only `id` is always needed",
    "required": True,
    "content": {_TABLE: {"schema": {"type": "string"}, "examples": {"well": {"value": _EXAMPLE}}}},
}


class ExportQuery(Parameters):
    """Which devices; nothing named = all."""

    region: RegionCodes = ()


class ImportQuery(Parameters):
    """How a table is imported."""

    dry_run: Annotated[bool, Field(description="look through it and write nothing")] = False


class WrongCellAnswer(BaseModel):
    """What a row says wrongly."""

    row: int = Field(description="line of the table, its header being line 1")
    column: str = Field(description="heading; empty = the row as a whole", examples=["profile"])
    value: str = Field(description="what stands there", examples=["groundwater-well"])
    wrong: str = Field(examples=["is no profile"])
    allowed: str = Field(description="what would be right")


class RosterAnswer(BaseModel):
    """What a table came to."""

    written: bool = Field(description="false = nothing was changed")
    rows: int
    new: int = Field(description="devices that were not registered")
    changed: int = Field(description="devices of which something is different")
    same: int = Field(description="devices that are registered just so")
    wrong: int = Field(description="cells that are wrong")
    errors: list[WrongCellAnswer] = Field(description=f"the first {MOST_ERRORS} of them")


@router.get("/devices.csv", response_class=Response, responses={200: {"content": {_CSV: {}}}, **NOT_FOUND})
def export_devices(query: Annotated[ExportQuery, Query()], atlas: CurrentPicture) -> Response:
    """The registered devices as a table, with the columns of `/devices/import`; imported again it changes nothing.

    Those of the house itself, which bear its scores, are not among them.
    """
    chosen_ = (device for device, _ in chosen(atlas, names(query.region), ()))
    found = (device for device in chosen_ if device.profile != OF_THE_HOUSE)
    return Response(roster.written(found), media_type=_CSV)


@router.post(
    "/devices/import",
    response_model=RosterAnswer,
    responses=responses(HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    openapi_extra={"requestBody": _BODY},
)
async def import_devices(
    query: Annotated[ImportQuery, Query()], request: Request, services: Parts, atlas: CurrentPicture
) -> RosterAnswer | JSONResponse:
    """Register or change the devices of a CSV table: all of them, or none (422) and what is wrong by row.

    A device that is registered already is changed where the row says something else; where it stands is changed by a
    move.
    """
    require_type(request, (_TABLE,))
    table = b"".join([piece async for piece in pieces(request, MOST_BYTES, ": send it in parts")])
    return await run_in_threadpool(_taken_in, table, services, atlas, dry_run=query.dry_run)


def _taken_in(table: bytes, services: Services, atlas: Atlas, *, dry_run: bool) -> RosterAnswer | JSONResponse:
    found = roster.read(roster.text_of(table), atlas, services.clock())
    writes = not (dry_run or found.wrong)
    if writes:
        services.registry.devices.put(found.devices)
    answer = _answer(found, written=writes)
    return _refused(answer) if found.wrong else answer


def _answer(found: Roster, *, written: bool) -> RosterAnswer:
    errors = [
        WrongCellAnswer(row=cell.row, column=cell.column, value=cell.value, wrong=cell.wrong, allowed=cell.allowed)
        for cell in found.wrong[:MOST_ERRORS]
    ]
    return RosterAnswer(
        written=written,
        rows=found.rows,
        new=len(found.new),
        changed=len(found.changed),
        same=found.same,
        wrong=len(found.wrong),
        errors=errors,
    )


def _refused(answer: RosterAnswer) -> JSONResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    first = answer.errors[0]
    where = f"row {first.row}" + (f", column {first.column}" if first.column else "")
    detail = f"nothing was imported: {answer.wrong} cells are wrong; {where}: {first.value[:80]!r} {first.wrong}"
    told = {"title": status.phrase, "status": int(status), "detail": detail, "allowed": first.allowed}
    body = Problem.model_validate(told).model_dump(exclude_none=True) | {"report": answer.model_dump(mode="json")}
    return JSONResponse(body, int(status), media_type=MEDIA_TYPE)
