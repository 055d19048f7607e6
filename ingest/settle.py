"""Making the fate of what was received durable: on the disk first, then readings to the store, the rest to the books.

The order is the promise: spool, look-up, mark, store, registry, then the announcement. Whatever fails in between, the
same outcomes are settled again, and counted once: the position in the spool moves on in the registry's transaction.
"""

import contextlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from ingest.announcing import announce
from ingest.apart import looked_up, set_apart
from ingest.backlog import SpoolLimits
from ingest.claims import contested, hashes
from ingest.pipeline import DAY_MS, DeviceDay, Outcome
from ingest.records import Entry, Mark
from ingest.replayed import Book as ReplayBook
from ingest.replayed import note_replay
from ingest.spool import Spool
from telemetry.errors import Reason
from telemetry.instant import day_of
from telemetry.model import LedgerLine, QuarantineCount, Quarantined
from telemetry.registry import Settling, Standing
from telemetry.store.ports import ReadingReader, ReadingWriter, Refused

SETTLED_AT_ONCE = 20_000
"""Readings that are settled together where many wait."""
GIVEN_UP = "given up: the store was away for longer than the spool has room for"
"""What a replay comes to that is among the oldest when there is no more room."""
_NOTHING_KNOWN = -1


class PositionBook(Protocol):
    """Where it stands how far a spool is settled, and who else settles: the registry's spools."""

    def enter(self, spool: str, name: str, at: int) -> Standing:
        """Begin to use a spool, or go on, or `RegistryUnavailable`."""
        ...

    def leave(self, spool: str) -> None:
        """It is empty and not used any more, or `RegistryUnavailable`."""
        ...

    def standing(self, spool: str, at: int) -> Standing:
        """As of now, or `RegistryUnavailable`."""
        ...

    def settling(self, spool: str, at: int) -> AbstractContextManager[Settling]:
        """One transaction, or `RegistryUnavailable`."""
        ...


class InFlightBook(Protocol):
    """Where is shown what a worker holds and cannot settle: the registry's ledger."""

    def hold(self, worker: str, lines: Iterable[LedgerLine]) -> None:
        """From now on this worker holds these, and only these."""
        ...


@dataclass(frozen=True, slots=True)
class Books:
    """The parts of the registry that a settlement writes to."""

    positions: PositionBook
    quarantine: ReplayBook
    ledger: InFlightBook


@dataclass(frozen=True, slots=True)
class Settled:
    """What has become durable."""

    last: int = 0
    """Position in the spool up to which everything is."""
    readings: int = 0
    """Written, corrections among them."""
    duplicates: int = 0
    quarantined: int = 0
    rate_limited: int = 0
    """Of the quarantined, those beyond their source's rate."""


class Settlement:
    """Settles what its spool holds, oldest first. Appending and settling may happen on two threads."""

    def __init__(  # noqa: PLR0913 - one composition root calls it, by keyword
        self,
        *,
        writer: ReadingWriter,
        reader: ReadingReader,
        books: Books,
        spool: Spool,
        standing: Standing,
        worker: str,
        clock: Callable[[], int],
        announce: Callable[[str, bytes], None] | None = None,
        county_of: Callable[[str], str] = lambda region: region[:6],
    ) -> None:
        """`standing` is the registry's word on the spool; `worker` names whose is what is in flight."""
        self.spool = spool
        self._writer = writer
        self._reader = reader
        self._books = books
        self._standing = standing
        self._visits = self._seen_visits = _NOTHING_KNOWN
        self._worker = worker
        self._clock = clock
        self._announce = announce
        self._county_of = county_of
        self._told: Counter[DeviceDay] = Counter()

    @property
    def careful(self) -> bool:
        """Any reading may be stored already, whatever the checks remember: they miss what others have stored."""
        return self.spool.inherits or not self._standing.alone or self._standing.visits != self._visits

    def look_around(self) -> bool:
        """See who else settles; True = nobody, so whoever now reads the newest of each series knows it: `caught_up`.

        To be called once a second or so; raises `RegistryUnavailable`.
        """
        standing = self._books.positions.standing(self.spool.id, self._clock())
        if standing.position >= self._standing.position:
            self._standing = standing
        self._seen_visits = standing.visits
        return self.careful and standing.alone and not self.spool.inherits

    def caught_up(self) -> None:
        """What others had stored by the last look around is known."""
        self._visits = self._seen_visits

    def keep(self, outcomes: Sequence[Outcome]) -> int:
        """Keep the outcomes durably, to be settled; returns the position of the last. Raises `SpoolUnavailable`."""
        standing = self._standing
        for outcome in outcomes:
            # Who is settling beside this one may have left before these are settled.
            outcome.careful |= not standing.alone
        first = self.spool.append(outcomes, standing.since if standing.alone else None)
        return first + len(outcomes) - 1

    def settle(self, outcome: Outcome) -> Settled:
        """Keep this outcome and settle all that waits; returns what became durable.

        Raises `SpoolUnavailable` when it is not kept; `StoreUnavailable` or `RegistryUnavailable` when it is kept and
        not settled yet: `settle_oldest` then goes on.
        """
        last = self.keep([outcome])
        done = Settled()
        while done.last < last:
            more = self.settle_oldest() or Settled(last)
            done = Settled(
                more.last,
                done.readings + more.readings,
                done.duplicates + more.duplicates,
                done.quarantined + more.quarantined,
                done.rate_limited + more.rate_limited,
            )
        return done

    def settle_oldest(self) -> Settled | None:
        """Settle the oldest outcomes that wait; None = nothing does.

        Raises `StoreUnavailable`, `RegistryUnavailable` or `SpoolUnavailable`; the same outcomes are then settled again
        by the next call.
        """
        entries, mark = self.spool.oldest(SETTLED_AT_ONCE)
        if not entries:
            return None
        outcome = Outcome(replays=entries[0].head.replays)
        for entry in entries:
            outcome.extend(entry.outcome)
        mark = mark or self._marked(entries, outcome)
        duplicates = set_apart(outcome, mark)
        refused = self._writer.write(outcome.readings) if outcome.readings else ()
        if refused:
            _set_aside(outcome, duplicates, refused)
        entered = self._enter(entries, outcome, duplicates, mark.since)
        self.spool.release(entered)
        if entered is not entries:
            # Whether what is shown in flight counts these is not known any more.
            self.show_in_flight()
        if len(entered) < len(entries):
            return Settled(entered[-1].position)
        if self._announce is not None:
            announce(outcome, self._announce, self._county_of)
        excess = sum(outcome.excess.values())
        quarantined = excess + sum(item.readings for item in outcome.quarantined)
        return Settled(entries[-1].position, len(outcome.readings), duplicates.total(), quarantined, excess)

    def give_up_oldest(self) -> None:
        """Count the oldest as quarantined, if the spool is beyond its limits and the operator has chosen so.

        Only while the store is away: what is given up is not in it.
        """
        if not self.spool.overdue:
            return
        entries, _ = self.spool.oldest(1)
        outcome = Outcome(replays=entries[0].head.replays)
        outcome.extend(entries[0].outcome)
        given_up = _give_up(outcome)
        entered = self._enter(entries[:1], outcome, Counter(), self._standing.since, given_up=given_up)
        self.spool.release(entered)

    def show_in_flight(self) -> None:
        """Say in the ledger what waits, as of now; raises `RegistryUnavailable`."""
        held = self.spool.backlog.held()
        lines = (
            LedgerLine(day_of(key.day * DAY_MS), key.device, received=count, in_flight=count)
            for key, count in held.items()
        )
        self._books.ledger.hold(self._worker, lines)
        self._told = held

    def _marked(self, entries: Sequence[Entry], outcome: Outcome) -> Mark:
        """How the readings are classified; durable unless it was decided when they were appended."""
        first, last = entries[0], entries[-1]
        if first.head.since is not None:
            since = min(entry.head.since or 0 for entry in entries)
            return Mark(first.position, last.position, [], [], since)
        standing = self._standing
        outcome.careful |= not standing.alone
        mark = looked_up(outcome, self._reader, Mark(first.position, last.position, [], [], standing.since))
        self.spool.mark(mark)
        return mark

    def _enter(
        self,
        entries: Sequence[Entry],
        outcome: Outcome,
        duplicates: Counter[DeviceDay],
        since: int,
        *,
        given_up: Sequence[QuarantineCount] = (),
    ) -> Sequence[Entry]:
        """Enter the fates in the books and move on, in one transaction; returns which of the entries stand there now.

        Fewer than all where an earlier try was entered though the registry's answer was lost, and more came since.
        """
        released = _counted(entries) & self._told
        with self._books.positions.settling(self.spool.id, self._clock()) as books:
            if books.position >= entries[0].position:
                return [entry for entry in entries if entry.position <= books.position]
            claim = self._claim(books, outcome, duplicates, since)
            if outcome.replays is None:
                counted = [*_excess(outcome), *given_up]
                books.settle(_lines(outcome, duplicates), outcome.quarantined, outcome.heard, counted)
            elif given_up:
                # Its message is in quarantine as before, and may be replayed again.
                books.replayed(outcome.replays, at=None, outcome=GIVEN_UP, readings=None, ledger=())
            else:
                note_replay(self._books.quarantine, outcome, duplicates, books, self._clock())
            books.release(
                self._worker,
                [LedgerLine(day_of(key.day * DAY_MS), key.device, n, in_flight=n) for key, n in released.items()],
            )
            standing = books.advance(entries[-1].position, claim, self.spool.backlog.oldest_since)
        self._standing = standing
        self._told -= released
        return entries

    def _claim(self, books: Settling, outcome: Outcome, duplicates: Counter[DeviceDay], since: int) -> bytes:
        """Count as duplicates what another process has counted as stored meanwhile; the hashes of the others."""
        claimed = books.claimed(since)
        if books.alone and not claimed:
            return b""
        corrections = frozenset(outcome.corrections)
        fresh = [position for position in range(len(outcome.readings)) if position not in corrections]
        own = hashes([outcome.readings[position] for position in fresh])
        doubled = contested(own, claimed)
        for place in doubled:
            duplicates[outcome.line(fresh[place])] += 1
            outcome.corrections.append(fresh[place])
        taken = frozenset(doubled)
        return own[[place for place in range(len(fresh)) if place not in taken]].tobytes()


@contextlib.contextmanager
def opened(  # noqa: PLR0913 - what a settlement is made of, and where its spool is
    folder: Path,
    name: str,
    *,
    writer: ReadingWriter,
    reader: ReadingReader,
    books: Books,
    clock: Callable[[], int],
    limits: SpoolLimits | None = None,
    announce: Callable[[str, bytes], None] | None = None,
) -> Iterator[Settlement]:
    """What settles under this name, with its spool in `<folder>/spool/<name>`; what waits at the end stays there.

    Raises:
        Conflict: another process settles under this name in this folder.
        SpoolUnavailable: the disk does not give what waits.
        RegistryUnavailable: the registry cannot say how far it was settled.
    """
    standings: dict[str, Standing] = {}

    def settled_until(spool_id: str) -> int:
        standings[spool_id] = books.positions.enter(spool_id, name, clock())
        return standings[spool_id].position

    spool = Spool(folder / "spool" / quote(name, safe=""), settled_until=settled_until, clock=clock, limits=limits)
    try:
        yield Settlement(
            writer=writer,
            reader=reader,
            books=books,
            spool=spool,
            standing=standings[spool.id],
            worker=name,
            clock=clock,
            announce=announce,
        )
    finally:
        spool.close()
        if not spool.backlog.outcomes:
            books.positions.leave(spool.id)


def _counted(entries: Sequence[Entry]) -> Counter[DeviceDay]:
    """Readings of the entries, by line of the ledger."""
    counted: Counter[DeviceDay] = Counter()
    for entry in entries:
        for device, day, received in entry.head.tallies:
            counted[DeviceDay(device, day)] += received
    return counted


def _set_aside(outcome: Outcome, duplicates: Counter[DeviceDay], refused: Sequence[Refused]) -> None:
    """Move readings that the store can never keep to quarantine, each message whole, once per cause."""
    causes: dict[tuple[int, str, str], list[int]] = defaultdict(list)
    corrections = set(outcome.corrections)
    for item in refused:
        line = outcome.line(item.position)
        outcome.tally(line.device, outcome.readings[item.position].received_at).quarantined += 1
        if item.position in corrections:
            duplicates[line] -= 1
        causes[outcome.sources[item.position], line.device, item.detail].append(item.position)
    for (source, owner, detail), positions in causes.items():
        message = outcome.messages[source]
        outcome.quarantined.append(
            Quarantined(
                topic=message.topic,
                payload=message.payload,
                reason=Reason.STORE_REFUSED,
                detail=detail,
                received_at=message.at,
                device=owner,
                readings=len(positions),
            )
        )
    outcome.drop({item.position for item in refused})


def _give_up(outcome: Outcome) -> list[QuarantineCount]:
    """Count every reading as quarantined and drop it: the operator has chosen to lose the oldest."""
    messages: dict[DeviceDay, set[int]] = defaultdict(set)
    for position, source in enumerate(outcome.sources):
        messages[outcome.line(position)].add(source)
    counts = []
    for key, tally in outcome.tallies.items():
        lost = tally.received - tally.quarantined
        tally.quarantined = tally.received
        if lost:
            day = day_of(key.day * DAY_MS)
            counts.append(QuarantineCount(day, key.device, Reason.SPOOL_FULL, len(messages[key]), lost))
    outcome.drop(range(len(outcome.readings)))
    return counts


def _excess(outcome: Outcome) -> list[QuarantineCount]:
    """Each message counts as one reading: nobody has looked how many it holds."""
    return [
        QuarantineCount(day_of(key.day * DAY_MS), key.device, Reason.RATE_LIMITED, messages=count, readings=count)
        for key, count in outcome.excess.items()
    ]


def _lines(outcome: Outcome, duplicates: Mapping[DeviceDay, int]) -> list[LedgerLine]:
    return [
        LedgerLine(
            day=day_of(key.day * DAY_MS),
            device=key.device,
            received=tally.received,
            stored=tally.received - tally.quarantined - duplicates.get(key, 0),
            duplicate=duplicates.get(key, 0),
            quarantined=tally.quarantined,
        )
        for key, tally in outcome.tallies.items()
    ]
