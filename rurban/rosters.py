"""Devices of the registry as a person at a terminal registers, moves and lists them.

The registry alone is opened: the store may belong to a house that runs.
"""

import contextlib
import csv
import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from devices.message import uplink
from insight.scores import PROFILE as OF_THE_HOUSE
from rurban.house import now
from rurban.settings import Settings
from rurban.shelf import completed
from telemetry import roster
from telemetry.enrolment import faults
from telemetry.errors import Conflict, Invalid
from telemetry.instant import instant_of, iso
from telemetry.model import Device, Profile, Region
from telemetry.regions import padded
from telemetry.registry import Registry, open_registry
from telemetry.roster import Roster

_SHOWN = 20
_PIPE_WIDTH = 400
Position = tuple[float | None, float | None]
"""Latitude and longitude."""
_REPORT = ("row", "column", "value", "wrong", "allowed")


@dataclass(frozen=True, slots=True)
class _Registered:
    """What there is to refer to; see telemetry.enrolment.Known."""

    regions: Mapping[str, Region]
    profiles: Mapping[str, Profile]
    devices: Mapping[str, Device]


def take_in(settings: Settings, file: Path, console: Console, errors: Path | None, *, dry_run: bool) -> bool:
    """Register or change what the table says; False = something is wrong with it, and nothing was changed."""
    began = time.monotonic()
    text = roster.text_of(_content(file))
    with opened(settings) as registry, _bar(console, text.count("\n")) as bar:
        found = roster.read(text, _registered(registry), now(), bar)
        writes = not (dry_run or found.wrong)
        if writes:
            registry.devices.put(found.devices)
    _report(found, console, errors)
    _summary(found, console, time.monotonic() - began, wrote=writes)
    return not found.wrong


def give_out(settings: Settings, regions: Sequence[str], out: Path | None) -> None:
    """The table, without the devices of the house itself, into the file or onto standard output."""
    with opened(settings) as registry:
        text = roster.written(device for device in _chosen(registry, regions) if device.profile != OF_THE_HOUSE)
    put_out(text, out)


def put_out(text: str, out: Path | None, *, secret: bool = False) -> None:
    """Into the file, or onto standard output; a secret is for its owner alone."""
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.touch(0o600 if secret else 0o666)
        if secret:
            out.chmod(0o600)
        out.write_text(text, "utf-8")
    except OSError as error:
        raise Invalid(str(out), f"cannot be written: {error.strerror}", "a new file") from error


def show(settings: Settings, regions: Sequence[str], profile: str | None, text: str | None, console: Console) -> None:
    """A line for each device."""
    part = (text or "").casefold()
    with opened(settings) as registry:
        found = [
            device
            for device in _chosen(registry, regions)
            if profile in (None, device.profile) and (part in device.id.casefold() or part in device.name.casefold())
        ]
        heard = registry.heard.find([device.id for device in found])
        places = {region.code: region.name for region in registry.places.all()}
    table = Table("id", "name", "profile", "region", "place", "last heard", "until")
    for device in found:
        last = iso(heard[device.id].at) if device.id in heard else "never"
        until = "" if device.valid_to is None else iso(device.valid_to)
        cells = (device.id, device.name, device.profile, device.region, places.get(device.region, ""), last, until)
        table.add_row(*map(Text, cells))
    if not console.is_terminal:
        # Into a pipe nothing is broken into two lines.
        console.width = _PIPE_WIDTH
    console.print(table)
    console.print(f"{len(found)} devices", highlight=False)


def add(settings: Settings, row: Mapping[str, object]) -> None:
    """Register one device, described as in a row of the table; None = nothing is said."""
    told = io.StringIO()
    csv.writer(told).writerows([row.keys(), row.values()])
    with opened(settings) as registry:
        known = _registered(registry)
        if row["id"] in known.devices:
            raise Conflict(f"device {row['id']!r} is registered already; rurban devices import changes it")
        found = roster.read(told.getvalue(), known, now())
        for cell in found.wrong:
            raise Invalid(_option(cell.column), f"{cell.value!r} {cell.wrong}", cell.allowed)
        registry.devices.put(found.new)
    for device in found.new:
        where = f"{uplink(device.id)}, or where its family speaks (docs/formats.md)"
        typer.echo(f"{device.id} is registered; it publishes to {where}")


def move(settings: Settings, device_id: str, region: str, position: Position, at: str | None) -> None:
    """From this instant on the device stands there."""
    instant = _instant(at)
    if instant > now():
        raise Invalid("--at", f"{iso(instant)} lies ahead", "now or earlier: say it when it has happened")
    latitude, longitude = position
    with opened(settings) as registry:
        before = registry.devices.one(device_id)
        there = replace(before, region=padded(region), latitude=latitude, longitude=longitude)
        for fault in faults(there, _registered(registry)):
            raise Invalid(_option(fault.field), f"{fault.value!r} {fault.wrong}", fault.allowed)
        registry.stays.move(device_id, there.region, latitude, longitude, at=instant)
    typer.echo(f"{device_id} stands in {there.region} since {iso(instant)}; before, it stood in {before.region}.")
    if at is not None:
        typer.echo("Figures of both places since then are computed anew whenever somebody asks for them.")


def retire(settings: Settings, device_id: str, at: str | None) -> None:
    """End the service of a device."""
    instant = _instant(at)
    with opened(settings) as registry:
        device = replace(registry.devices.one(device_id), valid_to=instant)
        for fault in faults(device, _registered(registry)):
            raise Invalid("--at", f"{fault.value!r} {fault.wrong}", fault.allowed)
        registry.devices.put([device])
    typer.echo(f"{device_id} is out of service from {iso(instant)} on; its readings stay.")


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Invalid(str(file), f"cannot be read: {error.strerror}", "a table of devices") from error


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Registry]:
    """The registry alone, with the device models that it lacked: the store may belong to another process."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with open_registry(settings.registry) as registry:
        completed(settings, registry)
        yield registry


def _registered(registry: Registry) -> _Registered:
    return _Registered(
        {region.code: region for region in registry.places.all()},
        {profile.id: profile for profile in registry.devices.profiles()},
        {device.id: device for device in registry.devices.all()},
    )


def _chosen(registry: Registry, regions: Sequence[str]) -> list[Device]:
    if not regions:
        return registry.devices.all()
    within = {region.code for region in registry.places.beneath([padded(code) for code in regions])}
    return [device for device in registry.devices.all() if device.region in within]


def _option(field: str) -> str:
    return "ID" if field == "id" else f"--{field.replace('_', '-')}"


def _instant(at: str | None) -> int:
    if at is None:
        return now()
    try:
        return instant_of(at)
    except (ValueError, OverflowError) as error:
        raise Invalid("--at", f"{at!r} is no instant", roster.INSTANT) from error


@contextlib.contextmanager
def _bar(console: Console, rows: int) -> Iterator[Callable[[int], None]]:
    """Moves with the rows that are looked at."""
    columns = (TextColumn("Devices"), BarColumn(bar_width=None), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("Devices", total=rows)
        yield lambda done: bar.update(task, completed=done)
        bar.update(task, total=bar.tasks[task].completed)


def _report(found: Roster, console: Console, errors: Path | None) -> None:
    """The first wrong cells, and all of them in a file if there is one."""
    rows = [[str(getattr(cell, name)) for name in _REPORT] for cell in found.wrong]
    if rows:
        table = Table("row", "column", "value", "wrong", "what would be right")
        for row in rows[:_SHOWN]:
            table.add_row(*map(Text, row))
        console.print(table)
    if len(rows) > _SHOWN and errors is None:
        console.print(f"{len(rows)} wrong cells in all; --errors FILE has all of them", highlight=False)
    if errors is None:
        return
    try:
        with errors.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([_REPORT, *rows])
    except OSError as error:
        raise Invalid(str(errors), f"cannot be written: {error.strerror}", "a new file") from error


def _summary(found: Roster, console: Console, took_s: float, *, wrote: bool) -> None:
    bad = len({cell.row for cell in found.wrong})
    changed = f"{len(found.new):,} new, {len(found.changed):,} changed, {found.same:,} as they were"
    lines = [
        f"{found.rows:,} rows: {changed}, {bad:,} wrong",
        *(() if wrote else ("Nothing was written.",)),
        f"{took_s:.1f} s",
    ]
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
