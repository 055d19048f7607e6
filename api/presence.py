"""Who is there, whose clock is right, how much has arrived: what the registry has heard, judged by `insight`."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from api.answers import CompletenessAnswer, DayAnswer, PresenceAnswer, SilenceAnswer
from api.atlas import Atlas
from insight.clock import clock_state
from insight.completeness import Completeness, completeness, together
from insight.silence import Cause, Presence, Silence, presence, silences
from telemetry.instant import DAY_MS, day_of, iso
from telemetry.model import Device, Heard, HeardDay
from telemetry.registry import Registry

WEEK_DAYS = 7
SHOWN_DAYS = 28
MOST_NAMED = 100
"""Devices that a silence names."""

_ADVICE = {
    Cause.HOUSE: "nearly all places at once: look at the broker, its network, the worker and its store",
    Cause.GATEWAY: "nearly all behind one gateway: look at the gateway, its power and its link",
    Cause.PLACE: "most of one place while others are heard: look at its power and its link",
    Cause.DEVICE: "this device alone",
}


@dataclass(frozen=True, slots=True)
class Roll:
    """The devices asked about, and what was heard of them."""

    atlas: Atlas
    registry: Registry
    now: int
    clock_limit_s: float
    """How far a clock may be off."""
    heard: Mapping[str, Heard]

    def presence(self, device: Device) -> Presence:
        found = self.heard.get(device.id)
        profile = self.atlas.profiles[device.profile]
        if found is None:
            return presence(device, profile, None, self.now)
        return presence(device, profile, found.at or None, self.now, gone_at=found.gone_at)

    def completeness(self, devices: Collection[Device], days: int) -> dict[str, Completeness]:
        """By device, of so many UTC days, of which today is the last and counts as far as it has come."""
        today = day_of(self.now)
        first = today - dt.timedelta(days=days - 1)
        ids = {device.id for device in devices}
        counted = self.registry.heard.total(devices=ids, start=first, stop=today + dt.timedelta(days=1))
        start = _begin(first)
        return {device.id: self._judged(device, counted.get(device.id), start, self.now) for device in devices}

    def by_day(self, device: Device) -> list[DayAnswer]:
        """The last days, newest first."""
        today = day_of(self.now)
        first = today - dt.timedelta(days=SHOWN_DAYS - 1)
        found = self.registry.heard.days(devices=[device.id], start=first, stop=today + dt.timedelta(days=1))
        shown = []
        for back in range(SHOWN_DAYS):
            day = today - dt.timedelta(days=back)
            start = _begin(day)
            judged = self._judged(device, found.get((day, device.id)), start, min(start + DAY_MS, self.now))
            shown.append(DayAnswer(day=day, **completeness_answer(judged).model_dump()))
        return shown

    def _judged(self, device: Device, counted: HeardDay | None, start: int, stop: int) -> Completeness:
        due = self.atlas.readings_due(device, start, stop)
        heard = self.heard.get(device.id)
        return completeness(due, counted, numbered=heard is not None and heard.numbered)

    def answers(self, devices: Collection[Device]) -> dict[str, PresenceAnswer]:
        """By device."""
        today, week = self.completeness(devices, 1), self.completeness(devices, WEEK_DAYS)
        return {device.id: self._answer(device, today[device.id], week[device.id]) for device in devices}

    def _answer(self, device: Device, today: Completeness, week: Completeness) -> PresenceAnswer:
        there, heard = self.presence(device), self.heard.get(device.id)
        skew_ms = None if heard is None else heard.skew_ms
        told = heard is not None and skew_ms is not None
        return PresenceAnswer(
            last_heard_at=_iso(there.heard_at),
            offline=there.offline,
            offline_since=_iso(there.since),
            clock=clock_state(skew_ms, self.clock_limit_s, 0 if heard is None else heard.skew_samples),
            clock_skew_s=None if skew_ms is None else skew_ms / 1000,
            clock_spread_s=heard.skew_spread_ms / 1000 if heard is not None and told else None,
            clock_samples=0 if heard is None else heard.skew_samples,
            clock_told_at=_iso(heard.skew_at) if heard is not None and told else None,
            today=completeness_answer(today),
            last_7_days=completeness_answer(week),
        )


def roll(
    atlas: Atlas, registry: Registry, devices: Iterable[Device] | None, now: int, *, clock_limit_s: float = 300.0
) -> Roll:
    """What was heard of these devices; None = of all."""
    ids = None if devices is None else {device.id for device in devices}
    return Roll(atlas, registry, now, clock_limit_s, registry.heard.find(ids))


def silences_of(whole: Roll) -> list[Silence]:
    """Of the whole house, by a roll of all its devices."""
    present = [whole.presence(device) for device in whole.atlas.devices.values()]
    return silences(present, lambda code: [region.code for region in whole.atlas.above(code)])


def silence_answers(found: Sequence[Silence], devices: Collection[str]) -> list[SilenceAnswer]:
    """Those that touch these devices."""
    answers = []
    for silence in found:
        touched = [device for device in silence.devices if device in devices]
        if touched:
            answers.append(
                SilenceAnswer(
                    cause=silence.cause,
                    where=silence.where,
                    since=iso(silence.since),
                    silent=len(silence.devices),
                    of=silence.of,
                    devices=touched[:MOST_NAMED],
                    detail=_ADVICE[silence.cause],
                )
            )
    return answers


def away(whole: Roll) -> str:
    """In one line, how many devices of a whole house are offline, and why: `3 of 9 offline: ...`."""
    devices = whole.atlas.devices.values()
    missing = [there for there in map(whole.presence, devices) if there.offline]
    if not missing:
        return f"{len(devices)}, none offline"
    found = silences_of(whole)
    events = [
        f"{len(silence.devices)} of {silence.of} by {silence.cause}{f' {silence.where}' if silence.where else ''} "
        f"after {iso(silence.since)}"
        for silence in found
        if silence.cause is not Cause.DEVICE
    ]
    single = sum(silence.cause is Cause.DEVICE for silence in found)
    never = sum(there.heard_at is None for there in missing)
    words = [*events, *([f"{single} alone"] if single else []), *([f"{never} never heard"] if never else [])]
    return f"{len(devices)}, {len(missing)} offline: {', '.join(words)}"


def place_completeness(whole: Roll, devices: Collection[Device]) -> CompletenessAnswer:
    """Of all these devices today; no device counts for more than it was due."""
    return completeness_answer(together(whole.completeness(devices, 1).values()))


def completeness_answer(found: Completeness) -> CompletenessAnswer:
    share = found.share
    return CompletenessAnswer(
        expected=found.expected,
        received=found.received,
        completeness=None if share is None else round(share, 4),
        lost_by_sequence=found.lost,
    )


def _begin(day: dt.date) -> int:
    """Of a UTC day, milliseconds."""
    return (day - dt.date(1970, 1, 1)).days * DAY_MS


def _iso(at: int | None) -> str | None:
    return None if at is None else iso(at)
