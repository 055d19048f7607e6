"""Who asked for what, remembered by the day: `/standards` names the devices that nobody has looked at for long.

A question counts that names what it wants: metrics, devices, one village, one measure. Overviews, scorecards and
indices read everything, so they look at nothing in particular.
"""

import datetime as dt
import logging
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from fastapi import BackgroundTasks

from api.atlas import Atlas
from telemetry.errors import RegistryUnavailable
from telemetry.instant import day_of
from telemetry.model import Device
from telemetry.registry import Registry

logger = logging.getLogger(__name__)


class Askings:
    """Writes a device and metric to the registry when somebody asks for it the first time on a UTC day. Thread-safe."""

    def __init__(self, registry: Registry, clock: Callable[[], int]) -> None:
        self._registry = registry
        self._clock = clock
        self._lock = threading.Lock()
        self._day = dt.date.min
        self._known: dict[str, set[str]] = {}
        """By metric, the devices that were asked for on this day and are written down."""

    def note(self, atlas: Atlas, devices: Iterable[Device], metrics: Collection[str] | None) -> None:
        """Somebody asked for these metrics of these devices, None = all that each reports; written when it returns.

        A registry that is away is no reason to refuse an answer: the next question of the day writes it down.
        """
        day = day_of(self._clock())
        with self._lock:
            if day != self._day:
                self._day, self._known = day, {}
            new: dict[str, set[str]] = {}
            for device in devices:
                reports = atlas.measures[device.profile]
                for metric in reports if metrics is None else reports.keys() & metrics:
                    if device.id not in self._known.get(metric, ()):
                        new.setdefault(metric, set()).add(device.id)
        if not new:
            return
        try:
            self._registry.asked.note(new, day)
        except RegistryUnavailable as error:
            logger.warning("what was asked for is not written down now: %s", error)
            return
        with self._lock:
            if day == self._day:
                for metric, named in new.items():
                    self._known.setdefault(metric, set()).update(named)


@dataclass(frozen=True, slots=True)
class Asking:
    """Of one request: notes what it asks for when it has been answered."""

    askings: Askings
    atlas: Atlas
    background: BackgroundTasks

    def note(self, devices: Iterable[Device], metrics: Collection[str] | None = None) -> None:
        """See `Askings.note`; nobody waits for it."""
        self.background.add_task(self.askings.note, self.atlas, devices, metrics)
