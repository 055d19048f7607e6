"""Bodies that are taken piece by piece: of the types that are known, and no longer than is allowed."""

from collections.abc import AsyncIterator, Collection
from http import HTTPStatus

from fastapi import HTTPException, Request


def require_type(request: Request, allowed: Collection[str]) -> None:
    """Refuse (415) what says that it is of another type, or of none."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in allowed:
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Content-Type: {kind[:64] or 'none'!r}; allowed: {', '.join(allowed)}"
        )


async def pieces(request: Request, most: int, right: str) -> AsyncIterator[bytes]:
    """The body; refused (413) with what would be right as soon as it is longer than so many bytes."""
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is longer than {most} bytes{right}")
        yield piece
