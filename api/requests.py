"""The API's own metrics for Prometheus: requests by route and status, and who listens."""

import time
from http import HTTPStatus

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.live import LiveHub

PREFIX = "/api/v1"
"""Under which all that needs the token stands."""


class CountedRequests:
    """ASGI middleware: counts and times every request under the route that served it."""

    def __init__(self, app: ASGIApp, collectors: CollectorRegistry) -> None:
        self._app = app
        self._count = Counter(
            "rurban_http_requests", "HTTP requests", ("method", "route", "status"), registry=collectors
        )
        self._seconds = Histogram(
            "rurban_http_request_seconds", "Time to the start of the answer", ("method", "route"), registry=collectors
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        started = False

        def count(status: int) -> None:
            route = _route(scope)
            self._count.labels(scope["method"], route, str(int(status))).inc()
            self._seconds.labels(scope["method"], route).observe(time.perf_counter() - began)

        async def counted(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                count(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, counted)
        except Exception:
            # What nobody foresaw is answered outside of every middleware: that answer does not pass here.
            if not started:
                count(HTTPStatus.INTERNAL_SERVER_ERROR)
            raise


def _route(scope: Scope) -> str:
    """The pattern of the route that served the request, not its path: a bounded set."""
    pattern = getattr(scope.get("route"), "path", None)
    if pattern is None:
        return "none"
    return f"{PREFIX}{pattern}" if scope["path"].startswith(PREFIX) and not pattern.startswith(PREFIX) else str(pattern)


def watch_listeners(live: LiveHub, collectors: CollectorRegistry) -> None:
    """Show how many listen to the live stream, and how many were cut off."""
    Gauge("rurban_live_listeners", "Open live streams", registry=collectors).set_function(lambda: live.listeners)
    Gauge("rurban_live_events", "Events offered since the start", registry=collectors).set_function(lambda: live.events)
    Gauge("rurban_live_cut_off", "Listeners that did not keep up", registry=collectors).set_function(
        lambda: live.cut_off
    )
