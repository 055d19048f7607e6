"""`/devices/{device_id}/slip`: what an installer takes along, to be printed."""

import re
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import Field

from api.dependencies import CurrentPicture
from api.parameters import Parameters
from api.problems import NOT_FOUND
from devices.slip import Broker, Lang, Paper, Slip, page
from telemetry.errors import Invalid

router = APIRouter(tags=["places and devices"])

_HOST = re.compile(r"[A-Za-z0-9.:_-]{1,253}", re.ASCII)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


class SlipQuery(Parameters):
    """How the slip is to be."""

    lang: Annotated[Lang, Field(description="language")] = Lang.EN
    paper: Annotated[Paper, Field(description="paper")] = Paper.A6
    host: Annotated[str | None, Field(description="where devices find the broker; none = where this API was asked")] = (
        None
    )
    port: Annotated[int, Field(ge=1, le=65535, description="of the broker")] = 1883
    tls: Annotated[bool, Field(description="devices reach the broker by TLS")] = False


@router.get("/devices/{device_id}/slip", response_class=HTMLResponse, responses=NOT_FOUND)
def slip_of_device(
    device_id: Annotated[str, Path(description="id", examples=["demo-probe"])],
    query: Annotated[SlipQuery, Query()],
    request: Request,
    atlas: CurrentPicture,
) -> HTMLResponse:
    """A page to print for whoever sets the device up: place, broker, topic, account, QR code and a test.

    The password is not on it: the broker keeps its hash only. `rurban devices slip --accounts` prints what it makes.
    """
    if query.host is not None and _HOST.fullmatch(query.host) is None:
        raise Invalid("host", f"{query.host[:64]!r} is none", "a host name or address, such as mqtt.example.org")
    device = atlas.device(device_id)
    places = [region.name for region in (*atlas.above(device.region), atlas.regions[device.region])]
    broker = Broker(query.host or request.url.hostname or "localhost", query.port, query.tls)
    slip = Slip(device, atlas.profiles[device.profile], tuple(places), broker)
    return HTMLResponse(page(slip, query.lang, query.paper), headers={"Content-Security-Policy": _POLICY})
