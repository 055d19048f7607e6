"""Devices as a standard looks at them: what they report, who put them there, whether they speak and anybody asks."""

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pydantic import BaseModel, Field

from api.atlas import Atlas
from insight.standards import Deployed, Flaw
from insight.standards.conformity import UNWATCHED_DAYS
from telemetry.instant import DAY_MS, day_of
from telemetry.model import Device, Level
from telemetry.registry import Registry

USE_DAYS = 30
"""Whole UTC days by which use is judged."""


class KnownAnswer(BaseModel):
    """What a kind of finding rests on; where nothing is known, that there is no finding means nothing."""

    flaw: Flaw
    known: int = Field(description="devices of which it is known")
    of: int = Field(description="devices that were looked at")
    words: str = Field(examples=["questions to this house are recorded since 2026-08-01; 90 days are needed"])


@dataclass(frozen=True, slots=True)
class Usage:
    """What the registry tells of some devices' use."""

    atlas: Atlas
    today: dt.date
    heard: frozenset[str]
    """Devices that were ever heard."""
    days: dict[str, dict[dt.date, int]]
    """By device, the readings that came on each day."""
    asked: dict[str, dict[str, dt.date]]
    asked_since: dt.date | None

    def deployed(self, device: Device) -> Deployed:
        town = self.atlas.at_level(device.region, Level.TOWN)
        return Deployed(
            device.id,
            town.code if town else device.region,
            tuple(self.atlas.measures[device.profile]),
            device.project,
            self._use(device),
            self._unwatched_days(device),
        )

    def _use(self, device: Device) -> float | None:
        """Share of what was due; from its first message on where nobody has said since when it stands there."""
        if device.id not in self.heard:
            return None
        first = self.today - dt.timedelta(days=USE_DAYS)
        mine = self.days.get(device.id, {})
        if device.valid_from is None and mine:
            first = min(mine)
        start, stop = _begin(first), _begin(self.today)
        due = self.atlas.readings_due(device, start, stop)
        if not due:
            return None
        return min(1.0, sum(mine.values()) / due)

    def _unwatched_days(self, device: Device) -> float | None:
        """Nobody can have asked for it before it stood there, nor be remembered from before the record."""
        if self.asked_since is None:
            return None
        begun = day_of(device.valid_from) if device.valid_from is not None else self.asked_since
        last = max(self.asked.get(device.id, {}).values(), default=max(begun, self.asked_since))
        return max(0, (self.today - last).days)

    def known(self, deployed: Collection[Deployed]) -> Iterator[KnownAnswer]:
        """What can be said of these, and what not."""
        of = len(deployed)
        named = sum(one.project is not None for one in deployed)
        spoken = sum(one.use is not None for one in deployed)
        yield KnownAnswer(flaw=Flaw.DOUBLE, known=named, of=of, words="devices whose project is registered")
        words = f"readings due and received on the last {USE_DAYS} whole UTC days, of devices that report at intervals"
        yield KnownAnswer(flaw=Flaw.LOW_USE, known=spoken, of=of, words=words)
        yield self._known_of_asking(of)
        words = "this house keeps no planning register: nothing is known of templates"
        yield KnownAnswer(flaw=Flaw.CITY_TEMPLATE, known=0, of=of, words=words)

    def _known_of_asking(self, of: int) -> KnownAnswer:
        since = self.asked_since
        if since is None:
            return KnownAnswer(
                flaw=Flaw.UNWATCHED, known=0, of=of, words="nobody has asked this house for anything yet"
            )
        days = (self.today - since).days
        words = (
            f"questions to this house for named metrics, devices, villages and measures, recorded since {since}; "
            "boards that ask InfluxDB themselves, and overviews, are not counted"
        )
        if days < UNWATCHED_DAYS:
            words += f"; {UNWATCHED_DAYS} days are needed, {days} are there"
        return KnownAnswer(flaw=Flaw.UNWATCHED, known=of if days >= UNWATCHED_DAYS else 0, of=of, words=words)


def usage(atlas: Atlas, registry: Registry, devices: Collection[Device], now: int) -> Usage:
    """Of these devices. Raise `RegistryUnavailable`."""
    today, ids = day_of(now), {device.id for device in devices}
    days: dict[str, dict[dt.date, int]] = {}
    told = registry.heard.days(devices=ids, start=today - dt.timedelta(days=USE_DAYS), stop=today)
    for (day, device), one in told.items():
        days.setdefault(device, {})[day] = one.readings
    heard = frozenset(registry.heard.find(ids))
    return Usage(atlas, today, heard, days, registry.asked.last(ids), registry.asked.since())


def _begin(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days * DAY_MS
