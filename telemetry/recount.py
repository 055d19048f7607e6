"""The ledger held against the store: for each device, `stored` over all days is how many readings are there.

The rule that keeps a busy house from false alarms: the ledger is read, the store is counted, and after a moment the
ledger is read once more. Whatever the ledger had before must be in the store, and whatever was in the store is by then
in the ledger, as stored or in flight. A device that breaks this twice, one count after the other, differs. Who was
written to meanwhile is counted again with few others, so that less happens meanwhile and smaller differences show.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import NamedTuple, Protocol

from telemetry.store.ports import ReadingCounter

SETTLED_AFTER_S = 2.0
"""So long after a count, what workers had in their hands has come to the ledger."""
ROUNDS = 4
AT_ONCE = 500
"""Devices that are counted again together."""
MOST_WITH_DAYS = 20
"""Differing devices whose days are looked at."""

MISSING = (
    "the store has lost readings that the ledger counts as stored: they were deleted, or the store was restored from "
    "an older backup, or the InfluxDB bucket keeps readings for fewer days than RURBAN_KEEP_DAYS says. Restore them "
    "from a backup; what a device sends again is stored again, and counted again"
)
EXTRA = (
    "the store has readings that the ledger does not count as stored: another program wrote them, or the registry was "
    "restored from an older backup or is not the one of this store, or a worker died between store and ledger. The "
    "readings are safe; see that RURBAN_REGISTRY_URL and the store's address are those of the house that wrote them"
)


class Balance(NamedTuple):
    """What the ledger says of one device over all days."""

    stored: int = 0
    in_flight: int = 0


class LedgerBook(Protocol):
    """What must be known of the ledger: the registry's."""

    def balances(self, devices: Collection[str] | None) -> Mapping[str, Balance]:
        """By device, where something is stored or in flight; None = all devices.

        What moves from in flight to stored meanwhile is counted as one of them at least, never as none.
        """
        ...

    def stored_by_day(self, device: str) -> Mapping[dt.date, int]:
        """By UTC day of receipt, where there is anything."""
        ...


class DayCounts(NamedTuple):
    """A day on which ledger and store differ."""

    day: dt.date
    """UTC day of receipt."""
    ledger: int
    store: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A device of which the store holds more or fewer readings than the ledger says."""

    device: str
    ledger: int
    store: int
    difference: int
    """store - ledger; at least so many where the device was written to meanwhile."""
    days: tuple[DayCounts, ...] = ()
    """Where they differ, newest first; a corrected reading stands in the store on the day of its correction."""

    @property
    def advice(self) -> str:
        """What it means and what to do about it."""
        return MISSING if self.difference < 0 else EXTRA


@dataclass(frozen=True, slots=True)
class Recount:
    """What a recount came to."""

    at: int
    """When it began, milliseconds UTC."""
    took_ms: int
    devices: int
    """Devices with readings in the ledger or in the store."""
    readings: int
    """Found in the store."""
    differing: int
    """Devices that differ."""
    off_by: int
    """Readings by which they differ, missing and surplus ones added up."""
    differences: tuple[Difference, ...] = ()
    """Of the devices that differ the most; all of them, unless there are very many."""

    def __str__(self) -> str:
        counted = f"{self.devices} devices, {self.readings} readings"
        if not self.differing:
            return f"the ledger agrees with the store: {counted}"
        return f"{self.differing} devices differ from the ledger, by {self.off_by} readings ({counted})"


@dataclass(frozen=True, slots=True)
class _Seen:
    """One count of a device between two looks at the ledger."""

    before: int
    store: int
    after: Balance

    @property
    def difference(self) -> int:
        """The least by which the store must be off; 0 = the numbers can be right."""
        missing = self.store - self.before
        surplus = self.store - self.after.stored - self.after.in_flight
        return min(missing, 0) or max(surplus, 0)

    @property
    def exact(self) -> bool:
        """Nothing happened meanwhile."""
        return self.before == self.after.stored and not self.after.in_flight


class Recounter:
    """Counts a house; not thread-safe."""

    def __init__(  # noqa: PLR0913 (what is counted, and how one waits and tells of it)
        self,
        book: LedgerBook,
        counter: ReadingCounter,
        known: Collection[str],
        *,
        pause: Callable[[float], object],
        tell: Callable[[str], object] = lambda _: None,
        settled_after_s: float = SETTLED_AFTER_S,
    ) -> None:
        """`known` are the ids of the registry; `pause` waits so many seconds; `tell` hears what is being done."""
        self._book = book
        self._counter = counter
        self._known = frozenset(known)
        self._pause = partial(pause, settled_after_s)
        self._tell = tell

    def recount(
        self, clock: Callable[[], int], *, devices: Collection[str] | None = None, days_since: dt.date | None = None
    ) -> Recount:
        """Hold these devices against the ledger; None = all.

        Days before `days_since` are not compared one by one: their readings are forgotten.

        Raises:
            StoreUnavailable: it cannot be counted now.
            RegistryUnavailable: likewise the ledger.
        """
        began = clock()
        self._tell("counting the store")
        seen = self._counted(devices)
        readings = sum(one.store for one in seen.values())
        breaches = Counter(device for device, one in seen.items() if one.difference)
        for _ in range(ROUNDS - 1):
            doubtful = sorted(device for device, one in seen.items() if not _is_settled(one, breaches[device]))
            for number, some in enumerate(_batches(doubtful, AT_ONCE)):
                self._tell(f"counting again, {number * AT_ONCE} of {len(doubtful)} devices done")
                again = self._counted(some)
                seen.update(again)
                for device, one in again.items():
                    breaches[device] = breaches[device] + 1 if one.difference else 0
        differing = [_difference(device, seen[device]) for device, count in breaches.items() if count > 1]
        differing.sort(key=lambda one: (-abs(one.difference), one.device))
        return Recount(
            at=began,
            took_ms=clock() - began,
            devices=len(seen),
            readings=readings,
            differing=len(differing),
            off_by=sum(abs(one.difference) for one in differing),
            differences=tuple(self._with_days(differing, days_since)),
        )

    def _counted(self, devices: Collection[str] | None) -> dict[str, _Seen]:
        before = self._book.balances(devices)
        store = self._by_device(self._counter.counted(devices), before.keys())
        self._pause()
        after = self._book.balances(devices)
        nothing = Balance()
        return {
            device: _Seen(before.get(device, nothing).stored, store.get(device, 0), after.get(device, nothing))
            for device in {*before, *store, *after}
        }

    def _by_device(self, series: Mapping[str, int], booked: Collection[str]) -> Mapping[str, int]:
        """A channel counts for its device."""
        found: dict[str, int] = defaultdict(int)
        for name, count in series.items():
            is_device = name in self._known or name in booked
            found[name if is_device else name.rpartition(":")[0] or name] += count
        return found

    def _with_days(self, differing: Sequence[Difference], since: dt.date | None) -> Iterator[Difference]:
        for place, one in enumerate(differing):
            if place >= MOST_WITH_DAYS:
                yield one
                continue
            self._tell(f"looking for the day at {one.device}")
            store, ledger = self._counter.by_day(one.device), self._book.stored_by_day(one.device)
            days = (
                DayCounts(day, ledger.get(day, 0), store.get(day, 0))
                for day in sorted({*store, *ledger}, reverse=True)
                if since is None or day >= since
            )
            yield replace(one, days=tuple(day for day in days if day.ledger != day.store))


def _is_settled(one: _Seen, breaches: int) -> bool:
    return one.exact and breaches != 1


def _difference(device: str, one: _Seen) -> Difference:
    ledger = one.before if one.difference < 0 else one.after.stored + one.after.in_flight
    return Difference(device, ledger, one.store, one.difference)


def _batches(items: Iterable[str], size: int) -> Iterator[list[str]]:
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some
