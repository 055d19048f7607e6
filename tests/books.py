"""Fates written as a worker writes them: ledger and quarantine in one transaction."""

from collections.abc import Sequence

from telemetry.model import LedgerLine, Quarantined
from telemetry.registry import Registry


def settle(registry: Registry, ledger: Sequence[LedgerLine], quarantined: Sequence[Quarantined]) -> None:
    with registry.spools.settling("test", 0) as books:
        books.settle(ledger, quarantined)
