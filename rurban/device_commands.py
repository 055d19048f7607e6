"""`rurban devices`: what belongs to the devices of the registry. A command loads what it runs, when it runs."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rurban.starting import settings

of_devices = typer.Typer(no_args_is_help=True, help="What belongs to the devices of the registry.")

_Id = Annotated[str, typer.Argument(help="Id of the device.")]
_Region = Annotated[str, typer.Option(help="12-digit code of the place; trailing zeros may be left out.")]
_At = Annotated[str | None, typer.Option(help="ISO 8601, or a date (UTC); none = now.")]
_Latitude = Annotated[float | None, typer.Option(help="WGS84 degrees.")]
_Longitude = Annotated[float | None, typer.Option(help="WGS84 degrees.")]


@of_devices.command("import")
def import_devices(
    file: Annotated[Path, typer.Argument(help="CSV with a header (docs/onboarding.md).")],
    errors: Annotated[Path | None, typer.Option(help="CSV that gets every wrong cell.")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look through the file and write nothing.")] = False,
) -> None:
    """Register or change the devices of a table: all of them, or none and what is wrong by row."""
    from rurban import rosters

    raise typer.Exit(0 if rosters.take_in(settings(), file, Console(), errors, dry_run=dry_run) else 1)


@of_devices.command()
def export(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File; none = standard output.")] = None,
    region: Annotated[
        list[str] | None, typer.Option(help="Only of this place and all beneath; may come often.")
    ] = None,
) -> None:
    """The table of the registered devices, with the columns of `import`."""
    from rurban import rosters

    rosters.give_out(settings(), region or [], out)


@of_devices.command("list")
def list_devices(
    text: Annotated[str | None, typer.Argument(help="Part of id or name.")] = None,
    region: Annotated[
        list[str] | None, typer.Option(help="Only of this place and all beneath; may come often.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Only of this model.")] = None,
) -> None:
    """The registered devices: what they are, where they stand, when they were last heard."""
    from rurban import rosters

    rosters.show(settings(), region or [], profile, text, Console())


@of_devices.command()
def add(  # noqa: PLR0913, PLR0917 - each an option of its own
    device_id: _Id,
    profile: Annotated[str, typer.Option(help="Its model.")],
    region: _Region,
    name: Annotated[str, typer.Option(help="For people.")] = "",
    latitude: _Latitude = None,
    longitude: _Longitude = None,
    valid_from: Annotated[str, typer.Option(help="ISO 8601, a date (UTC), or always; none = now.")] = "",
    gateway: Annotated[str, typer.Option(help="Device under whose topic it speaks.")] = "",
    project: Annotated[str, typer.Option(help="That put it there.")] = "",
) -> None:
    """Register one device."""
    from rurban import rosters

    said = {"id": device_id, "name": name, "profile": profile, "region": region, "valid_from": valid_from}
    more = {"latitude": latitude, "longitude": longitude, "gateway": gateway, "project": project}
    rosters.add(settings(), {**said, **more})


@of_devices.command()
def move(
    device_id: _Id, region: _Region, latitude: _Latitude = None, longitude: _Longitude = None, at: _At = None
) -> None:
    """Say that a device stands elsewhere; what it measured before belongs to the place where it stood."""
    from rurban import rosters

    rosters.move(settings(), device_id, region, (latitude, longitude), at)


@of_devices.command()
def retire(device_id: _Id, at: _At = None) -> None:
    """End the service of a device; its readings stay."""
    from rurban import rosters

    rosters.retire(settings(), device_id, at)


@of_devices.command()
def slip(  # noqa: PLR0913, PLR0917 - each an option of its own
    device_id: _Id,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File; none = standard output.")] = None,
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
    paper: Annotated[str, typer.Option(help="A6 or A4.")] = "A6",
    broker: Annotated[
        str | None, typer.Option(help="host:port where devices find it; none = as the house does.")
    ] = None,
    accounts: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the broker's files: gives the device an account, and prints its password. Not needed where "
            "Mosquitto's plugin keeps them."
        ),
    ] = None,
    *,
    renew: Annotated[bool, typer.Option("--renew", help="Give it a new password, and print it.")] = False,
    tls: Annotated[
        bool | None, typer.Option("--tls/--no-tls", help="Devices reach the broker by TLS; none = as the house does.")
    ] = None,
) -> None:
    """A page to print for whoever sets the device up: place, topic, account, QR code and a test."""
    from rurban import slips

    slips.write(settings(), device_id, slips.Wanted(lang, paper, broker, accounts, renew, tls), out)


@of_devices.command()
def credentials(
    out: Annotated[
        Path | None, typer.Option(help="Folder for the broker's files and the new passwords; none = these are shown.")
    ] = None,
    renew: Annotated[list[str] | None, typer.Option(help="A device that gets a new password; may come often.")] = None,
    revoke: Annotated[
        list[str] | None, typer.Option(help="A device whose password holds no more; may come often.")
    ] = None,
    *,
    parts: Annotated[
        bool, typer.Option("--parts", help="Only the house's own accounts, and what Mosquitto's plugin starts with.")
    ] = False,
) -> None:
    """Make Mosquitto's accounts those of the registry, each with a password of its own (docs/credentials.md)."""
    from rurban import credentials as accounts

    accounts.run(settings(), accounts.Wanted(out, renew or [], revoke or [], parts))
