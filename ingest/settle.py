"""Making the fate of a batch durable: readings to the store, refusals to quarantine, counts to the ledger.

The order is the promise: store, registry, then the announcement. Whatever fails before the end, the batch may
be settled again.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol

from ingest.pipeline import Outcome
from telemetry import announcement
from telemetry.announcement import Announced
from telemetry.instant import day_of
from telemetry.model import LedgerLine, Quarantined
from telemetry.store.ports import Identity, ReadingReader, ReadingWriter

ANNOUNCED_AT_ONCE = 500
"""Readings per announcement: small enough for any broker's packet limit."""


class FateBook(Protocol):
    """Where fates and refused messages are kept: the registry."""

    def settle(self, ledger: Sequence[LedgerLine], quarantined: Sequence[Quarantined]) -> None:
        """Both in one transaction, or `RegistryUnavailable`."""
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

    def settle(self, outcome: Outcome, received_at: int) -> int:
        """Keep everything durably and return how many readings were duplicates.

        Raises `StoreUnavailable` or `RegistryUnavailable`; the same outcome may then be settled again.
        """
        duplicates = self.keep(outcome)
        lines = _lines(outcome, duplicates, received_at)
        if lines or outcome.quarantined:
            self._book.settle(lines, outcome.quarantined)
        self._tell(outcome)
        return sum(duplicates.values())

    def keep(self, outcome: Outcome) -> dict[str, int]:
        """Write the readings alone, without the books; duplicates by device."""
        duplicates = self._duplicates(outcome)
        if outcome.readings:
            self._writer.write(outcome.readings)
        return duplicates

    def _duplicates(self, outcome: Outcome) -> dict[str, int]:
        """By device, readings whose identity is stored already or stands earlier in this batch."""
        if not outcome.repeats:
            return {}
        identities = [Identity(reading.device, reading.metric, reading.at) for reading in outcome.readings]
        seen = self._reader.existing({identities[position] for position in outcome.repeats})
        repeats = set(outcome.repeats)
        found: dict[str, int] = defaultdict(int)
        for position, identity in enumerate(identities):
            if position in repeats and identity in seen:
                found[outcome.owners[position]] += 1
            else:
                seen.add(identity)
        return found

    def _tell(self, outcome: Outcome) -> None:
        announce = self._announce
        if announce is None:
            return
        counties: dict[str, list[Announced]] = defaultdict(list)
        for reading, region in zip(outcome.readings, outcome.regions, strict=True):
            counties[self._county_of(region)].append(
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


def _lines(outcome: Outcome, duplicates: dict[str, int], received_at: int) -> list[LedgerLine]:
    day = day_of(received_at)
    return [
        LedgerLine(
            day=day,
            device=device,
            received=tally.received,
            stored=tally.received - tally.quarantined - duplicates.get(device, 0),
            duplicate=duplicates.get(device, 0),
            quarantined=tally.quarantined,
        )
        for device, tally in outcome.tallies.items()
    ]
