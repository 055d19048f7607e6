"""Making the fate of a batch durable: readings to the store, refusals to quarantine, counts to the ledger.

The order is the promise: store, registry, then the announcement. Whatever fails before the end, the batch may
be settled again.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace

from ingest.pipeline import DAY_MS, DeviceDay, Outcome
from telemetry import announcement
from telemetry.announcement import Announced
from telemetry.errors import Reason
from telemetry.instant import day_of
from telemetry.model import LedgerLine, Quality, Quarantined
from telemetry.store.ports import Identity, ReadingReader, ReadingWriter, Refused

_CORRECTED = int(Quality.DUPLICATE_TIME)
ANNOUNCED_AT_ONCE = 500
"""Readings per announcement: small enough for any broker's packet limit."""


class FateBook(Protocol):
    """Where fates and refused messages are kept: the registry."""

    def settle(self, ledger: Sequence[LedgerLine], quarantined: Sequence[Quarantined]) -> None:
        """Both in one transaction, or `RegistryUnavailable`."""
        ...


class InFlightBook(Protocol):
    """Where is shown what a worker holds and cannot settle: the registry's ledger."""

    def hold(self, worker: str, lines: Sequence[LedgerLine]) -> None:
        """From now on this worker holds these, and only these."""
        ...


class Settlement:
    """Writes outcomes of the pipeline for good."""

    def __init__(
        self,
        writer: ReadingWriter,
        reader: ReadingReader,
        book: FateBook,
        *,
        announce: Callable[[str, bytes], None] | None = None,
        county_of: Callable[[str], str] = lambda region: region[:6],
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._book = book
        self._announce = announce
        self._county_of = county_of

    def settle(self, outcome: Outcome) -> int:
        """Keep everything durably and return how many readings were duplicates.

        Raises `StoreUnavailable` or `RegistryUnavailable`; the same outcome may then be settled again.
        """
        duplicates = self.keep(outcome)
        lines = _lines(outcome, duplicates)
        if lines or outcome.quarantined:
            self._book.settle(lines, outcome.quarantined)
        self.tell(outcome)
        return sum(duplicates.values())

    def keep(self, outcome: Outcome) -> dict[DeviceDay, int]:
        """Write the readings alone, without the books; how many of them were duplicates."""
        if outcome.duplicates is None:
            # Looked for once: after a write that is settled again, all of it would be there.
            outcome.duplicates = self._set_apart(outcome)
        if outcome.readings:
            refused = self._writer.write(outcome.readings)
            if refused:
                _set_aside(outcome, outcome.duplicates, refused)
        return outcome.duplicates

    def _set_apart(self, outcome: Outcome) -> dict[DeviceDay, int]:
        """Readings whose identity is stored already or stands earlier in this batch, counted.

        One that says the same is not written again: what stands there keeps the flags that it got when its past was
        known. One that says something else is a correction, and marked as one.
        """
        found: dict[DeviceDay, int] = defaultdict(int)
        if not outcome.repeats:
            return found
        identities = [Identity(reading.device, reading.metric, reading.at) for reading in outcome.readings]
        values = self._reader.existing({identities[position] for position in outcome.repeats})
        repeats = set(outcome.repeats)
        dropped: set[int] = set()
        for position, (identity, reading) in enumerate(zip(identities, outcome.readings, strict=True)):
            before = values.get(identity) if position in repeats else None
            if before is not None:
                found[DeviceDay(outcome.owners[position], reading.received_at // DAY_MS)] += 1
                if before == reading.value:
                    dropped.add(position)
                    continue
                outcome.readings[position] = replace(reading, quality=reading.quality | _CORRECTED)
                outcome.corrections.append(position)
            values[identity] = reading.value
        outcome.drop(dropped)
        return found

    def tell(self, outcome: Outcome) -> None:
        """Announce what is stored."""
        announce = self._announce
        if announce is None:
            return
        counties: dict[str, list[Announced]] = defaultdict(list)
        of_region = {region: counties[self._county_of(region)] for region in set(outcome.regions)}
        for reading, region in zip(outcome.readings, outcome.regions, strict=True):
            of_region[region].append(
                Announced(
                    reading.device,
                    reading.metric,
                    reading.at,
                    reading.value,
                    reading.quality,
                    reading.received_at,
                    region,
                )
            )
        for county, readings in counties.items():
            for first in range(0, len(readings), ANNOUNCED_AT_ONCE):
                announce(announcement.topic(county), announcement.encode(readings[first : first + ANNOUNCED_AT_ONCE]))


def _set_aside(outcome: Outcome, duplicates: dict[DeviceDay, int], refused: Sequence[Refused]) -> None:
    """Move readings that the store can never keep to quarantine, each message whole, once per cause."""
    causes: dict[tuple[int, str, str], list[int]] = defaultdict(list)
    corrections = set(outcome.corrections)
    for item in refused:
        reading, owner = outcome.readings[item.position], outcome.owners[item.position]
        day = DeviceDay(owner, reading.received_at // DAY_MS)
        outcome.tally(owner, reading.received_at).quarantined += 1
        if item.position in corrections:
            duplicates[day] -= 1
        causes[id(outcome.messages[item.position]), owner, item.detail].append(item.position)
    for (_, owner, detail), positions in causes.items():
        message = outcome.messages[positions[0]]
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


def show_in_flight(book: InFlightBook, worker: str, outcome: Outcome | None) -> None:
    """Say in the ledger that this worker holds these readings and no others; None = it holds none."""
    tallies = {} if outcome is None else outcome.tallies
    book.hold(
        worker,
        [
            LedgerLine(day_of(key.day * DAY_MS), key.device, received=tally.received, in_flight=tally.received)
            for key, tally in tallies.items()
        ],
    )


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
