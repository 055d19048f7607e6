"""What waits for the store, on the disk: outcomes of the pipeline in order, until their fate is durable elsewhere.

Every outcome is appended and on the disk before it is settled, also while all is well, so what a kill interrupts is
found again. Beside outcomes stand marks: how outcomes were classified before they were written to the store.
"""

import os
import threading
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from ingest import records
from ingest.backlog import Backlog, Room, SpoolLimits, Waiting
from ingest.pipeline import Outcome
from ingest.records import Entry, Mark
from ingest.segments import SEGMENT_BYTES, Segments, sync_folder
from telemetry.errors import SpoolUnavailable

_IN_MEMORY: Final = 4
"""So many outcomes are kept unpacked for whoever settles them next."""
_FILES: Final = 16
"""A spool that is full has so many files at least."""


class Spool:
    """Outcomes on the disk, in the order in which they came. Thread-safe."""

    def __init__(
        self,
        folder: Path,
        *,
        settled_until: Callable[[str], int],
        clock: Callable[[], int],
        limits: SpoolLimits | None = None,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        """The spool of this folder with all that waits in it.

        Args:
            folder: Is made if it is missing; one process at a time.
            settled_until: Asked with the spool's id for the last position whose fate is durable.
            clock: Milliseconds UTC.
            limits: How much may wait.
            segment_bytes: Size of a file at which the next one begins.

        Raises:
            Conflict: another process has it open.
            SpoolUnavailable: the disk does not give it.
        """
        self._room = Room(limits or SpoolLimits())
        # Files are removed as a whole: what is settled in the oldest one must not pass for what waits.
        most = self._room.limits.most_bytes // _FILES
        self._segments = Segments(folder, segment_bytes=min(segment_bytes, most))
        self._clock = clock
        self._lock = threading.Lock()
        self._unpacked: dict[int, Entry] = {}
        self._marks: dict[int, Mark] = {}
        self.backlog = Backlog()
        """What waits."""
        try:
            self.id = _identity(folder)
            self._take_over(settled_until(self.id))
        except BaseException:
            self._segments.close()
            raise

    def _take_over(self, settled: int) -> None:
        """Count what an earlier process has left."""
        for record in self._segments.scan():
            if not records.is_outcome(record.payload):
                mark = records.mark(record.payload)
                self._marks[mark.first] = mark
            elif record.position > settled:
                self.backlog.add(records.head(record.payload))
        self._segments.next = max(self._segments.next, settled + 1)
        self._marks = {first: mark for first, mark in self._marks.items() if mark.last > settled}
        # A registry older than the disk, from a backup, asks for what is gone: that was settled.
        self._head = max(settled + 1, self._segments.first)
        self._segments.damaged = {position for position in self._segments.damaged if position > settled}
        self._segments.release(settled)
        self._inherited_until = self._segments.next - 1

    def append(self, outcomes: Sequence[Outcome], since: int | None) -> int:
        """Keep the outcomes durably, behind all others; returns the position of the first.

        `since` None = whoever settles them must look up what is stored already. Raises `SpoolUnavailable` when the
        disk does not take them or the limits are reached; then none of them is kept.
        """
        heads = [records.head_of(outcome, since, self._clock()) for outcome in outcomes]
        payloads = [records.packed(head, outcome) for head, outcome in zip(heads, outcomes, strict=True)]
        with self._lock:
            reached = None if self._room.limits.drop_oldest else self._reached()
            if reached is not None:
                raise SpoolUnavailable(f"{reached}; the broker keeps what comes until the store answers again")
            first = self._segments.append(payloads)
            for position, (head, outcome) in enumerate(zip(heads, outcomes, strict=True), first):
                self.backlog.add(head)
                if len(self._unpacked) < _IN_MEMORY:
                    self._unpacked[position] = Entry(position, head, outcome)
        return first

    def mark(self, mark: Mark) -> None:
        """Keep the mark durably: what is written to the store afterwards is told from what was there before."""
        with self._lock:
            self._segments.append([records.packed_mark(mark)])
            self._marks[mark.first] = mark

    def oldest(self, most_readings: int) -> tuple[list[Entry], Mark | None]:
        """The outcomes that are to be settled next, together, and their mark where they have one already.

        Several only where one decision holds for all of them; at most so many readings, but one outcome at least.
        Empty = nothing waits.
        """
        end = self._segments.next
        entry = self._next(self._head)
        if entry is None:
            with self._lock:
                if self._segments.next == end:
                    # What is left cannot be read: it waits no more, and `damaged` says how much that was.
                    self.backlog.clear()
            return [], None
        found, mark = [entry], self._marks.get(entry.position)
        readings = len(entry.outcome.readings)
        while entry.head.replays is None and (entry := self._next(found[-1].position + 1)) is not None:
            readings += len(entry.outcome.readings)
            alike = entry.position not in self._marks and _alike(found[0], entry)
            if entry.position > mark.last if mark else not (alike and readings <= most_readings):
                break
            found.append(entry)
        if mark is not None and not self._segments.damaged.isdisjoint(range(mark.first, mark.last + 1)):
            # It speaks of readings that are not there any more.
            return found, None
        return found, mark

    def _next(self, position: int) -> Entry | None:
        """The first outcome from this position on; marks and damaged records are passed over."""
        with self._lock:
            while position < self._segments.next:
                if position in self._unpacked:
                    return self._unpacked[position]
                payload = self._segments.read(position)
                if payload is not None and records.is_outcome(payload):
                    found = self._unpacked[position] = records.entry(position, payload)
                    return found
                position += 1
        return None

    def release(self, entries: Sequence[Entry]) -> None:
        """These are settled, and all before them."""
        last = entries[-1].position
        with self._lock:
            for entry in entries:
                self.backlog.take(entry.head)
                self._marks.pop(entry.position, None)
            self._unpacked = {position: entry for position, entry in self._unpacked.items() if position > last}
            self._head = last + 1
            self._segments.release(last)
        waiting = self._next(last + 1)
        with self._lock:
            self.backlog.oldest_at = None if waiting is None else waiting.head.at
            self._head = self._head if waiting is None else waiting.position

    @property
    def inherits(self) -> bool:
        """Some of what waits was appended by an earlier process."""
        return self.backlog.outcomes > 0 and self._head <= self._inherited_until

    @property
    def overdue(self) -> bool:
        """The oldest is to be given up: the limits are reached, and they say so."""
        return self._room.limits.drop_oldest and self.backlog.outcomes > 0 and self._reached() is not None

    def waiting(self) -> Waiting:
        """What waits, as of now."""
        with self._lock:
            size = self._segments.size if self.backlog.outcomes else 0
            return Waiting(
                outcomes=self.backlog.outcomes,
                bytes=size,
                most_bytes=self._room.limits.most_bytes,
                oldest_at=self.backlog.oldest_at,
                hours_left=self._room.hours_left(size, self._clock()),
                damaged=len(self._segments.damaged),
            )

    def close(self) -> None:
        """Let go of the folder; what waits stays in it. Files of which nothing waits are removed."""
        with self._lock:
            try:
                if not self.backlog.outcomes:
                    self._segments.clear()
            finally:
                self._segments.close()

    def _reached(self) -> str | None:
        """Which limit is reached, in words."""
        size = self._segments.size if self.backlog.outcomes else 0
        return self._room.reached(size, self.backlog.oldest_at, self._clock())


def _alike(first: Entry, later: Entry) -> bool:
    """One decision holds for both."""
    return later.head.replays is None and (later.head.since is None) == (first.head.since is None)


def _identity(folder: Path) -> str:
    """The spool's own name, which goes where its files go: the registry knows positions by it."""
    path = folder / "id"
    try:
        if not path.exists():
            draft = path.with_suffix(".new")
            with draft.open("w", encoding="ascii") as file:
                file.write(uuid.uuid4().hex)
                file.flush()
                # A name is on the disk before a record is: without it, all would be settled anew after a power failure.
                os.fsync(file.fileno())
            draft.replace(path)
            sync_folder(folder)
            sync_folder(folder.parent)
        found = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SpoolUnavailable(f"{path} cannot be used: {error}") from error
    if not found:
        raise SpoolUnavailable(f"{path} is empty: restore it, or move {folder} away if nothing in it is to be settled")
    return found
