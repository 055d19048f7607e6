"""Fates written as a worker writes them: ledger, quarantine and who was heard in one transaction."""

from collections.abc import Mapping, Sequence

from telemetry.hearing import Note
from telemetry.model import LedgerLine, QuarantineCount, Quarantined
from telemetry.registry import Registry


def settle(
    registry: Registry,
    ledger: Sequence[LedgerLine],
    quarantined: Sequence[Quarantined],
    heard: Mapping[str, Sequence[Note]] | None = None,
    counted: Sequence[QuarantineCount] = (),
) -> None:
    with registry.spools.settling("test", 0) as books:
        books.settle(ledger, quarantined, heard or {}, counted)
