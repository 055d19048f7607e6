"""A simulated fleet: the messages its devices send, over simulated time, the same for the same seed.

The messages of a window do not depend on how it is cut: history up to now and live data from now on join without a
seam. Time is what the caller says; nothing here looks at a clock.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from devices.faults import CLEAN, Faults, spoil
from devices.message import Message
from devices.physics import DAY_MS
from devices.sensing import Batch, interval_ms, measured
from devices.voices import Told, Voice, voice
from devices.world.cohort import cohort, placed
from devices.world.days import PROCESSES, World
from devices.world.noise import Instants
from telemetry.errors import Invalid, Unknown
from telemetry.model import Device, Profile, Region

_REPEATED_AFTER_MS = 7_000


@dataclass(frozen=True, slots=True)
class _Outbox:
    """One day of one cohort as plain Python values: reading arrays one by one is slow."""

    voice: Voice
    devices: list[str]
    metrics: list[str]
    first: int
    """The number of the first column's messages."""
    at: list[list[int]]
    skew: list[list[int]]
    sent: list[list[int]]
    values: list[list[list[float]]]

    def message(self, row: int, column: int, sent: int) -> Message | None:
        """None if no sensor of the device shows anything."""
        values = [
            (metric, value)
            for metric, value in zip(self.metrics, self.values[row][column], strict=True)
            if value == value  # noqa: PLR0124 - not NaN, without the price of a call
        ]
        if not values:
            return None
        told = Told(
            self.devices[row],
            values,
            self.at[row][column],
            self.first + column,
            self.sent[row][column],
            self.skew[row][column],
        )
        topic, payload = self.voice(told)
        return Message(topic, payload, sent)


class _Turn(NamedTuple):
    """One message to be sent; sorts by time, and no two are equal before `outbox`."""

    sent: int
    device: str
    day: int
    column: int
    row: int
    outbox: _Outbox


class Fleet:
    """Simulated devices from `epoch` on. Not thread-safe: it remembers the days it has computed.

    Devices whose profile is not simulated (probes, stations with real records) send nothing here.
    """

    def __init__(  # noqa: PLR0913 - the six things that make two fleets equal
        self,
        devices: Sequence[Device],
        profiles: Sequence[Profile],
        regions: Sequence[Region],
        *,
        seed: int,
        epoch: int,
        faults: Faults = CLEAN,
    ) -> None:
        """A fleet whose first message is measured at `epoch` [ms UTC] or later.

        Raises:
            Unknown: A device's profile is not among the profiles.
            Invalid: A simulated device stands nowhere, or its measures do not come together at one interval that
                divides the day.
        """
        self._epoch = epoch
        self._faults = faults
        groups = _by_profile(devices, profiles)
        simulated = [device for _, members in groups for device in members]
        places = placed(seed, simulated, regions)
        self._cohorts = [cohort(seed, profile, members, places) for profile, members in groups]
        self._first_day = epoch // DAY_MS
        self._world = World(seed, self._first_day, places, self._cohorts)

    def messages(self, start: int, stop: int) -> Iterator[Message]:
        """What is sent in start <= t < stop, in order of sending, each encoded by its device's codec.

        Computed a day at a time while it is read, so `stop` may be far away. `Message.at` is when it is sent; the
        readings carry the devices' own times, which a fault may have put elsewhere.
        """
        waiting: list[_Turn] = []
        # A message may be sent late, but never later than the day after it was measured.
        for day in count(max(self._first_day, start // DAY_MS - 1)):
            dusk = (day + 1) * DAY_MS
            if dusk - DAY_MS >= stop:
                return
            turns = sorted([*waiting, *self._turns(day, start)])
            for turn in turns:
                if turn.sent >= min(stop, dusk):
                    break
                message = turn.outbox.message(turn.row, turn.column, turn.sent)
                if message is not None:
                    yield message
            waiting = [turn for turn in turns if turn.sent >= dusk]

    def readings_expected(self, start: int, stop: int) -> int:
        """How many readings a fleet without faults sends between two instants, but for rounding at the ends."""
        duration = max(0, stop - max(start, self._epoch))
        per_ms = sum(group.count * len(group.profile.measures) / interval_ms(group) for group in self._cohorts)
        return round(duration * per_ms)

    def _turns(self, day: int, start: int) -> list[_Turn]:
        signals = self._world.day(day)
        turns: list[_Turn] = []
        for group in self._cohorts:
            batch = measured(group, day, signals[group.profile.id])
            spoil(batch, self._faults)
            turns += _collected(batch, max(start, self._epoch), self._epoch)
        return turns


def _by_profile(devices: Sequence[Device], profiles: Sequence[Profile]) -> list[tuple[Profile, list[Device]]]:
    known = {profile.id: profile for profile in profiles}
    groups: dict[str, list[Device]] = {}
    for device in devices:
        if device.profile not in known:
            raise Unknown("profile", device.profile)
        if device.profile in PROCESSES:
            groups.setdefault(device.profile, []).append(device)
    for profile in groups:
        _check_interval(known[profile])
    return [(known[profile], members) for profile, members in groups.items()]


def _check_interval(profile: Profile) -> None:
    intervals = {measure.interval_s for measure in profile.measures}
    interval = intervals.pop() if len(intervals) == 1 else None
    if not interval or interval % 1 or DAY_MS / 1000 % interval:
        raise Invalid(f"intervals of profile {profile.id}", "differ or do not divide the day", "one of whole seconds")


def _collected(batch: Batch, start: int, epoch: int) -> list[_Turn]:
    """The messages that are sent from `start` on."""
    outbox = _outbox(batch)
    wanted = batch.kept & (batch.due >= epoch)
    again = batch.sent + _REPEATED_AFTER_MS
    return [
        *_turns(batch, outbox, batch.sent, wanted & (batch.sent >= start)),
        *_turns(batch, outbox, again, wanted & batch.repeated & (again >= start)),
    ]


def _turns(batch: Batch, outbox: _Outbox, sent: Instants, chosen: NDArray[np.bool_]) -> list[_Turn]:
    rows, columns = np.nonzero(chosen)
    instants = sent[rows, columns].tolist()
    return [
        _Turn(instant, outbox.devices[row], batch.day, column, row, outbox)
        for instant, row, column in zip(instants, rows.tolist(), columns.tolist(), strict=True)
    ]


def _outbox(batch: Batch) -> _Outbox:
    group = batch.cohort
    return _Outbox(
        voice=voice(group.profile, group.devices),
        devices=[device.id for device in group.devices],
        metrics=list(batch.values),
        first=batch.day * batch.due.shape[1],
        at=batch.at.tolist(),
        skew=(batch.at - batch.due).tolist(),
        sent=batch.sent.tolist(),
        values=np.stack(list(batch.values.values()), axis=2).tolist(),
    )
