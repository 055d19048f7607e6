"""What routes ask for, by type: the parts of the API, found on the application that serves the request."""

import asyncio
from typing import Annotated, cast

from fastapi import BackgroundTasks, Depends, Request

from api.asked import Asking, Askings
from api.atlas import Atlas, CurrentAtlas
from api.judged import RecentAssessments
from api.services import Services
from api.statements import Remembering


def _services(request: Request) -> Services:
    return cast("Services", request.app.state.services)


def _atlas(request: Request) -> Atlas:
    return cast("CurrentAtlas", request.app.state.atlas).now()


def _importing(request: Request) -> asyncio.Lock:
    return cast("asyncio.Lock", request.app.state.importing)


def _asking(request: Request, background: BackgroundTasks) -> Asking:
    return Asking(cast("Askings", request.app.state.askings), _atlas(request), background)


def _remembering(request: Request, background: BackgroundTasks) -> Remembering:
    return Remembering(_services(request).registry, background)


def _recent(request: Request) -> RecentAssessments:
    return cast("RecentAssessments", request.app.state.recent)


Parts = Annotated[Services, Depends(_services)]
CurrentPicture = Annotated[Atlas, Depends(_atlas)]
Importing = Annotated[asyncio.Lock, Depends(_importing)]
"""Held by the one request that imports; the others wait without a thread."""
Recent = Annotated[RecentAssessments, Depends(_recent)]
Noted = Annotated[Asking, Depends(_asking)]
"""Where a question that names what it wants is noted."""
Remembered = Annotated[Remembering, Depends(_remembering)]
"""Where what is said of a period that is over is remembered."""
