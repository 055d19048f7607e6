"""Which readings are stored already: found once, before they are written, and remembered as a mark.

Pure but for the one question to the store.
"""

from collections import Counter

from msgspec.structs import replace

from ingest.pipeline import DeviceDay, Outcome
from ingest.records import Mark
from telemetry.model import Quality
from telemetry.store.ports import Identity, ReadingReader

_CORRECTED = int(Quality.DUPLICATE_TIME)


def looked_up(outcome: Outcome, reader: ReadingReader, mark: Mark) -> Mark:
    """The mark with the readings whose identity is stored already or stands earlier in this outcome.

    One that says the same is not written again: what stands there keeps the flags that it got when its past was
    known. One that says something else is a correction, and so is one whose place a wrong clock may have taken.
    Raises `StoreUnavailable`.
    """
    asked = range(len(outcome.readings)) if outcome.careful else outcome.repeats
    if not asked:
        return mark
    identities = [Identity(reading.device, reading.metric, reading.at) for reading in outcome.readings]
    values = dict(reader.existing({identities[position] for position in asked}))
    repeats, reclaimed = frozenset(asked), frozenset(outcome.reclaimed)
    dropped: list[int] = []
    corrected: list[int] = []
    for position, (identity, reading) in enumerate(zip(identities, outcome.readings, strict=True)):
        before = values.get(identity) if position in repeats else None
        if before is not None:
            same = before == reading.value and position not in reclaimed
            (dropped if same else corrected).append(position)
        values[identity] = reading.value
    return Mark(mark.first, mark.last, dropped, corrected, mark.since)


def set_apart(outcome: Outcome, mark: Mark) -> Counter[DeviceDay]:
    """Take out what the mark drops, flag what it corrects; how many readings were duplicates, by line of the ledger."""
    duplicates = Counter(outcome.line(position) for position in (*mark.dropped, *mark.corrected))
    for position in mark.corrected:
        reading = outcome.readings[position]
        outcome.readings[position] = replace(reading, quality=reading.quality | _CORRECTED)
    outcome.corrections += mark.corrected
    outcome.drop(frozenset(mark.dropped))
    return duplicates
