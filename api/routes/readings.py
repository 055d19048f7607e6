"""`POST /readings`: recorded history, in the formats of docs/history.md."""

import tempfile
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, BinaryIO, cast

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.dependencies import Importing, Parts
from api.parameters import Parameters
from api.problems import MEDIA_TYPE, Problem, responses
from api.uploads import pieces, require_type
from telemetry.errors import Reason
from telemetry.history import BadRow, Form, Imported, Wanted

router = APIRouter(tags=["readings"])

MOST_ERRORS = 100
"""Bad rows of an answer; all of them are counted."""
_IN_MEMORY = 8 << 20
_RIGHT = " (RURBAN_MAX_IMPORT_MB): send it in parts, gzip'd, or as Parquet"
_CSV = "text/csv"
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_LONG = "device,metric,at,value,unit\ndemo-probe,air_temperature,2026-11-23T08:00:00Z,70.7,degF\n"
_WIDE = "at,demo-probe/air_temperature [Cel],demo-probe/soil_temperature:10cm [Cel]\n2026-11-23T08:00:00Z,21.5,9.5\n"
_LINE = {"device": "demo-probe", "metric": "air_temperature", "at": "2026-11-23T08:00:00Z", "value": 21.5}
_BODIES = {
    _CSV: {"schema": {"type": "string"}, "examples": {"long": {"value": _LONG}, "wide": {"value": _WIDE}}},
    "application/json": {"schema": {"type": "array", "items": {"type": "object"}}, "example": [_LINE]},
    "application/x-ndjson": {"schema": {"type": "string"}},
    "application/vnd.apache.parquet": _BINARY,
    "application/gzip": _BINARY,
    "application/octet-stream": _BINARY,
}


class ImportQuery(Parameters):
    """How a file is imported."""

    dry_run: Annotated[bool, Field(description="look through it and write nothing")] = False
    skip_bad: Annotated[
        bool, Field(description="import the good rows and quarantine the others; else one bad row refuses the whole")
    ] = False
    form: Annotated[Form | None, Field(description="long or wide; without it as the header says")] = None
    tz: Annotated[str | None, Field(description="IANA zone of times without an offset", examples=["Asia/Shanghai"])] = (
        None
    )
    name: Annotated[
        str, Field(description="what the file is called in quarantine", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    ] = "upload"


class BadRowAnswer(BaseModel):
    """A row, or one cell of a wide one, that cannot become a reading."""

    row: int = Field(description="line of the file, its header being line 1; of Parquet and JSON the record's number")
    column: str = Field(description="heading; empty = the row as a whole", examples=["device"])
    wrong: str = Field(examples=["'wel-1' is not in the registry"])
    allowed: str = Field(description="what would be right", examples=["an id of the registry"])
    reason: Reason


class ImportAnswer(BaseModel):
    """What an import came to."""

    written: bool = Field(description="false = nothing was changed")
    form: Form
    rows: int
    readings: int = Field(description="cells that hold an observation and can be readings")
    stored: int = Field(description="readings that were not there before")
    duplicates: int = Field(description="readings that were there already")
    refused: int = Field(description="rows or cells that cannot become readings")
    flagged: dict[str, int] = Field(description="readings by quality flag")
    ignored: list[str] = Field(description="columns that say nothing of a reading")
    errors: list[BadRowAnswer] = Field(description=f"the first {MOST_ERRORS} that were refused")


@dataclass(slots=True)
class _FirstErrors:
    """Keeps as many as an answer shows."""

    rows: list[BadRow] = field(default_factory=list)

    def bad(self, row: BadRow) -> None:
        if len(self.rows) < MOST_ERRORS:
            self.rows.append(row)

    def reached(self, rows: int, share: float) -> None:
        """Nobody watches."""


@router.post(
    "/readings",
    response_model=ImportAnswer,
    responses=responses(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    openapi_extra={"requestBody": {"required": True, "content": _BODIES}},
)
async def import_readings(
    query: Annotated[ImportQuery, Query()], request: Request, services: Parts, importing: Importing
) -> ImportAnswer | JSONResponse:
    """Import recorded history: CSV (also gzip'd), Parquet, or JSON; the same file twice changes nothing.

    A row that cannot become a reading is told with what would be right. One is enough to import none (422, with the
    report), unless `skip_bad`. Checks, duplicates and ledger are those of readings that arrive over MQTT. Imports wait
    for each other.
    """
    require_type(request, _BODIES)
    wanted = Wanted(query.form, query.tz, query.dry_run, query.skip_bad)
    errors = _FirstErrors()
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        async for piece in pieces(request, services.largest_import, _RIGHT):
            file.write(piece)
        async with importing:
            found = await run_in_threadpool(services.history, cast("BinaryIO", file), query.name, wanted, errors)
    answer = _answer(found, errors.rows)
    if found.written or query.dry_run:
        return answer
    return _refused(answer)


def _answer(found: Imported, errors: list[BadRow]) -> ImportAnswer:
    return ImportAnswer(
        written=found.written,
        form=found.form,
        rows=found.rows,
        readings=found.readings,
        stored=found.stored,
        duplicates=found.duplicates,
        refused=found.refused,
        flagged=found.flagged,
        ignored=list(found.ignored),
        errors=[
            BadRowAnswer(row=row.row, column=row.column, wrong=row.wrong, allowed=row.allowed, reason=row.reason)
            for row in errors
        ],
    )


def _refused(answer: ImportAnswer) -> JSONResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    first = answer.errors[0]
    where = f"row {first.row}" + (f", column {first.column}" if first.column else "")
    detail = (
        f"nothing was imported: {answer.refused} of {answer.rows} rows cannot become readings; {where}: {first.wrong}"
    )
    told = {"title": status.phrase, "status": int(status), "detail": detail, "allowed": first.allowed}
    body = Problem.model_validate(told).model_dump(exclude_none=True) | {"report": answer.model_dump(mode="json")}
    return JSONResponse(body, int(status), media_type=MEDIA_TYPE)
