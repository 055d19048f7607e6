"""Running a worker until it is told to stop, or until it has done what waits."""

import contextlib
import gc
import logging
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator

from ingest.mqtt import Bus
from ingest.sources import LAST_CALL
from ingest.worker import Worker
from telemetry.errors import BrokerUnavailable, StoreUnavailable

logger = logging.getLogger(__name__)

_PATIENCE_S = 30.0
_LOOK_S = 0.1
_LOOK_AT_START_S = 0.005


@contextlib.contextmanager
def calm_collector() -> Iterator[None]:
    """Let the garbage collector look less often, and not at what was made before.

    A batch holds thousands of readings that live until it is settled; at Python's defaults the collector walks over
    them again and again, which was 40 % of the time to decode and check a message.
    """
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


@contextlib.contextmanager
def in_background(worker: Worker, *, patience_s: float = _PATIENCE_S) -> Iterator[None]:
    """The worker at work, subscribed; at the end it settles what it has, as far as the store can take it.

    Raises:
        BrokerUnavailable: it did not come to its subscription within `patience_s`.
    """
    thread = threading.Thread(target=worker.run, name="rurban-ingest")
    with calm_collector():
        thread.start()
        try:
            _wait_until_subscribed(worker, thread, patience_s)
            yield
        finally:
            worker.stop()
            thread.join()


def _wait_until_subscribed(worker: Worker, thread: threading.Thread, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while not worker.progress.connected:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise BrokerUnavailable(f"the worker has not subscribed within {patience_s:g} s; the log says why")
        time.sleep(_LOOK_AT_START_S)


def until_emptied(worker: Worker, bus: Bus, *, patience_s: float = _PATIENCE_S) -> None:
    """Wait until a worker in the background has received all that its broker has acknowledged so far.

    For a broker that ends now and forgets. Gives up, and says so, when nothing more is received for `patience_s`.
    """
    call = uuid.uuid4().hex.encode()
    try:
        bus.publish(LAST_CALL, call)
    except BrokerUnavailable as error:
        logger.warning("what the embedded broker has not handed on is lost: %s", error)
        return
    progress = worker.progress
    seen, since = -1, time.monotonic()
    while progress.connected and progress.last_call != call:
        if progress.messages != seen:
            seen, since = progress.messages, time.monotonic()
        if time.monotonic() - since > patience_s:
            why = progress.refusing or progress.failure or "the worker receives nothing"
            logger.warning("what the embedded broker has not handed on is lost: %s", why)
            return
        time.sleep(_LOOK_AT_START_S)


def until_settled(worker: Worker, messages: int, show: Callable[[int], None]) -> None:
    """Wait until a worker in the background has settled so many messages in all; `show` is told of its progress.

    Raises:
        StoreUnavailable: it made no progress for half a minute.
    """
    seen, since = -1, time.monotonic()
    progress = worker.progress
    while progress.messages < messages or progress.pending or progress.waiting.outcomes:
        if worker.progress.messages != seen:
            seen, since = worker.progress.messages, time.monotonic()
        elif time.monotonic() - since > _PATIENCE_S:
            raise StoreUnavailable(
                f"the worker stands still at {seen} of {messages} messages: {worker.progress.failure}"
            )
        show(seen)
        time.sleep(_LOOK_S)
    show(messages)


def until_stopped(worker: Worker) -> None:
    """Run the worker in this thread until SIGTERM or SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: worker.stop())
    with calm_collector():
        worker.run()
