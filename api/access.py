"""Who may ask: everybody, or whoever shows the house's token."""

import secrets
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

_bearer = HTTPBearer(auto_error=False, description="RURBAN_API_TOKEN; not needed where none is set")


def require_token(request: Request, shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
    """Refuse who does not show the token; where none is set, nobody is refused."""
    token: str | None = request.app.state.services.token
    if token is None:
        return
    if shown is None or not secrets.compare_digest(shown.credentials.encode(), token.encode()):
        raise HTTPException(
            401, "this house asks for its token: Authorization: Bearer <token>", {"WWW-Authenticate": "Bearer"}
        )
