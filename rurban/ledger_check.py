"""`rurban ledger check`: counts the store now, and shows where the ledger says something else."""

import time
from collections.abc import Callable, Collection

from rich.console import Console
from rich.table import Table

from rurban import house as composition
from rurban.settings import Settings
from telemetry.errors import StoreUnavailable, Unknown
from telemetry.recount import Recount
from telemetry.registry import Registry
from telemetry.store import EmbeddedFile

MOST_SHOWN = 100
"""Devices, and days of each."""


def check(
    settings: Settings, devices: Collection[str], console: Console, *, pause: Callable[[float], object] = time.sleep
) -> int:
    """0 = the ledger agrees with the store, 1 = it does not.

    Raises:
        Unknown: a device that neither the registry nor the ledger knows.
        StoreUnavailable: the store cannot be counted, or another process has it.
    """
    try:
        with composition.opened(settings) as house:
            _require_known(house.registry, devices)
            with console.status("counting the store") as status:
                result = composition.counting(house).count(pause, status.update, devices=list(devices) or None)
    except StoreUnavailable as error:
        if isinstance(settings.store_place, EmbeddedFile) and "in use by another process" in str(error):
            raise StoreUnavailable(
                f"{error}. A running house counts its own store at RURBAN_RECOUNT_AT={settings.recount_at}: "
                f"http://{settings.http_host}:{settings.http_port}/api/v1/ledger/recount"
            ) from error
        raise
    show(result, console)
    return int(result.differing > 0)


def _require_known(registry: Registry, devices: Collection[str]) -> None:
    known = {device.id for device in registry.devices.all()}
    unknown = sorted(set(devices) - known)
    booked = registry.ledger.balances(unknown) if unknown else {}
    for device in unknown:
        if device not in booked:
            raise Unknown("device", f"{device}; the registry and /api/v1/devices name them all")


def show(result: Recount, console: Console) -> None:
    """The result in words, and a table of the differences."""
    console.print(f"{result}, in {result.took_ms / 1000:.1f} s", highlight=False, soft_wrap=True)
    if not result.differences:
        return
    table = Table("device", "received on", "ledger", "store", "difference", box=None)
    for one in result.differences[:MOST_SHOWN]:
        table.add_row(one.device, "all days", str(one.ledger), str(one.store), f"{one.difference:+d}")
        for day in one.days[:MOST_SHOWN]:
            table.add_row("", str(day.day), str(day.ledger), str(day.store), f"{day.store - day.ledger:+d}")
    console.print(table)
    if result.differing > MOST_SHOWN:
        console.print(f"and {result.differing - MOST_SHOWN} more devices", highlight=False)
    for advice in sorted({one.advice for one in result.differences}, reverse=True):
        sign = {one.difference < 0 for one in result.differences if one.advice == advice}
        console.print(f"{'-' if True in sign else '+'}  {advice}", highlight=False, soft_wrap=True)
