"""Running a house until it is told to stop: worker in a thread, API in the main one."""

import contextlib
import logging
import signal
import threading
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from ingest.worker import Worker
from rurban.settings import Settings

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def in_background(worker: Worker) -> Iterator[None]:
    """The worker at work; at the end it settles what it has, as far as the store can take it."""
    thread = threading.Thread(target=worker.run, name="rurban-ingest")
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join()


def until_stopped(worker: Worker) -> None:
    """Run the worker in this thread until SIGTERM or SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: worker.stop())
    worker.run()


class Server(uvicorn.Server):
    """Uvicorn on a given app; `ready` is set when it accepts connections."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.http_host,
                port=settings.http_port,
                log_level=settings.log_level.lower(),
                access_log=False,
                timeout_graceful_shutdown=3,
            )
        )
