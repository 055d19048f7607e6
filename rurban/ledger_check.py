"""`rurban ledger check`: has the store counted now, and shows where the ledger says something else."""

import time
from collections.abc import Callable, Collection
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from rurban import house as composition
from rurban.settings import Settings
from telemetry.errors import StoreUnavailable, Unknown
from telemetry.recount import Recount
from telemetry.registry import Registry, open_registry
from telemetry.store import EmbeddedFile

_LOOK_S = 0.5
_TAKEN_WITHIN_S = 30.0
MOST_SHOWN = 100
"""Devices, and days of each."""


def check(
    settings: Settings, devices: Collection[str], console: Console, *, pause: Callable[[float], object] = time.sleep
) -> int:
    """0 = the ledger agrees with the store, 1 = it does not.

    Raises:
        Unknown: a device that neither the registry nor the ledger knows.
        StoreUnavailable: the store cannot be counted, or a process has it that does not count.
    """
    with console.status("counting the store") as status:
        try:
            with composition.opened(settings) as house:
                _require_known(house.registry, devices)
                result = composition.counting(house).count(pause, status.update, devices=list(devices) or None)
        except StoreUnavailable as error:
            if not (isinstance(settings.store_place, EmbeddedFile) and "in use by another process" in str(error)):
                raise
            result = _asked(settings, devices, status.update, pause)
    show(result, console)
    return int(result.differing > 0)


def _asked(
    settings: Settings, devices: Collection[str], tell: Callable[[str], object], pause: Callable[[float], object]
) -> Recount:
    """What the house that has the embedded store open counts, asked through the registry."""
    tell("asking the house that has the store open")
    with open_registry(settings.registry) as registry:
        _require_known(registry, devices)
        number = registry.recounts.ask(composition.now())
        for _ in range(int(_TAKEN_WITHIN_S / _LOOK_S)):
            worker, result = registry.recounts.under(number)
            if worker:
                break
            pause(_LOOK_S)
        else:
            registry.recounts.give_up(number)
            raise StoreUnavailable(
                f"another process has the store open, and no worker in it counts within {_TAKEN_WITHIN_S:.0f} s: stop "
                "it, or run `rurban up` there, which is worker and API in one"
            )
        tell("the house that has the store open is counting")
        while result is None:
            pause(_LOOK_S)
            _, result = registry.recounts.under(number)
    if not devices:
        return result
    mine = tuple(one for one in result.differences if one.device in devices)
    return replace(result, differing=len(mine), off_by=sum(abs(one.difference) for one in mine), differences=mine)


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
