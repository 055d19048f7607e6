"""Which web pages may change something: the house's own.

A browser sends what any page asks it to, also to a house on its own machine or behind its own door; a page cannot
change the `Origin` that goes along. Programs send none.
"""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": "80", "https": "443"}


class OwnPages:
    """ASGI middleware: refuses what would change something and was asked for by the page of another host.

    The host is the one that the request names, and so also behind a proxy that hands `Host` on. The scheme is not
    compared: behind a proxy that ends TLS the house sees plain HTTP.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in _READING:
            headers = Headers(scope=scope)
            origin, host = headers.get("origin"), headers.get("host", "")
            if origin is not None and not is_own(origin, host):
                refusal = problems.answer(
                    HTTPStatus.FORBIDDEN,
                    f"Origin: {origin[:200]!r} is not the page of this house, which was asked as {host[:200]!r}",
                    parameter="Origin",
                    allowed=f"the page of {host[:200]} itself, or a program, which sends no Origin; "
                    "a proxy hands on the Host that it was asked for",
                )
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


def is_own(origin: str, host: str) -> bool:
    """Whether this page comes from this host and port; a port that is left out is that of the page's scheme."""
    scheme, _, page = origin.lower().partition("://")
    port = _PORTS.get(scheme)
    return port is not None and bool(page) and _full(page, port) == _full(host.lower(), port)


def _full(host: str, port: str) -> str:
    return host if host.rpartition(":")[2].isdecimal() else f"{host}:{port}"
