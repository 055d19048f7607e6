"""The live page at `/`: built files from one folder, read once, sent as they were packed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from api.services import MapTiles

_INDEX: Final = "index.html"
_PACKED: Final = ".gz"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{tiles}; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing inline, and nothing from elsewhere but the map tiles of the house's own choice."""
_GUARDS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_MEDIA_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
"""By ending; what the machine calls them differs from one to the next."""
_FOR_A_YEAR: Final = "public, max-age=31536000, immutable"
_ABSENT: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Rurban</title>
<h1>The live page is not built</h1>
<p>In the project's folder, run <code>make page</code> and start again (<code>make demo</code> does both).</p>
<p>在项目目录中运行 <code>make page</code> 后重新启动</p>
<p>The API is here all the same: <a href="/docs">/docs</a>.</p></html>
"""


@dataclass(frozen=True, slots=True)
class _File:
    """One file of the page, plain and packed."""

    plain: bytes
    packed: bytes | None
    media_type: str
    tag: str

    def answer(self, request: Request, caching: str, guards: Mapping[str, str]) -> Response:
        headers = {**guards, "Cache-Control": caching, "ETag": self.tag, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == self.tag:
            return Response(status_code=304, headers=headers)
        if self.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self.packed, headers=headers | {"Content-Encoding": "gzip"}, media_type=self.media_type)
        return Response(self.plain, headers=headers, media_type=self.media_type)


def page_router(folder: Path | None, tiles: MapTiles | None = None, *, first: Sequence[str] = ()) -> APIRouter:
    """Serves the files of the folder; where there is no page, `/` says how to build it.

    The answers at the addresses `first` are fetched by the browser while it still reads the page that asks for them.
    """
    policy = _POLICY.format(tiles=f" {tiles.origin}" if tiles else "")
    guards = {**_GUARDS, "Content-Security-Policy": policy}
    coming = {"Link": ", ".join(f"<{path}>; rel=preload; as=fetch; crossorigin" for path in first)} if first else {}
    files = {} if folder is None or not (folder / _INDEX).is_file() else _read(folder)
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def index(request: Request) -> Response:
        if _INDEX not in files:
            return HTMLResponse(_ABSENT, 503, {"Cache-Control": "no-store"} | guards)
        return files[_INDEX].answer(request, "no-cache", guards | coming)

    @router.get("/assets/{name}")
    def asset(name: str, request: Request) -> Response:
        found = files.get(f"assets/{name}")
        if found is None:
            raise HTTPException(404)
        return found.answer(request, _FOR_A_YEAR, guards)

    return router


def _read(folder: Path) -> dict[str, _File]:
    """By path within the folder."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != _PACKED)
    return {path.relative_to(folder).as_posix(): _file(path) for path in paths}


def _file(path: Path) -> _File:
    plain = path.read_bytes()
    packed = path.with_name(path.name + _PACKED)
    return _File(
        plain,
        packed.read_bytes() if packed.is_file() else None,
        _MEDIA_TYPES.get(path.suffix, "application/octet-stream"),
        f'"{hashlib.sha256(plain).hexdigest()[:24]}"',
    )
