"""`rurban certs`: a CA of one's own. A command loads what it runs, when it runs."""

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

of_certs = typer.Typer(no_args_is_help=True, help="Certificates for TLS to the broker (docs/tls.md).")

Folder = Annotated[Path, typer.Option(help="Folder of the CA, keys and certificates.")]


@of_certs.command("make")
def make_certs(
    name: Annotated[
        list[str] | None, typer.Option(help="Host name or address by which the broker is reached; may come often.")
    ] = None,
    folder: Folder = Path("certs"),
) -> None:
    """Make a CA of your own and the broker's certificate; without --name for localhost and 127.0.0.1."""
    from rurban import certs

    certs.make(folder, name or ["localhost", "127.0.0.1"], _instant())
    typer.echo(f"Made in {folder}: ca.crt for all who connect; broker.crt, broker.key, revoked.crl for the broker.")
    typer.echo("Whoever has ca.key can pass for the broker and for any device: keep it away from both.")


@of_certs.command("device")
def certs_of_devices(
    name: Annotated[list[str], typer.Argument(help="Id of the device: its user name at the broker.")],
    folder: Folder = Path("certs"),
) -> None:
    """Make a certificate for each of these devices, to be shown in place of a password."""
    from rurban import certs

    certs.add(folder, name, _instant())
    typer.echo(f"Made in {folder}: {', '.join(f'{one}.crt and {one}.key' for one in name)}")


@of_certs.command("renew")
def renew_certs(
    name: Annotated[list[str], typer.Argument(help="ca, broker, or the id of a device.")],
    folder: Folder = Path("certs"),
) -> None:
    """Prolong certificates with their keys; the broker takes its own when it gets SIGHUP."""
    from rurban import certs

    certs.renew(folder, name, _instant())
    list_certs(folder)


@of_certs.command("revoke")
def revoke_certs(
    name: Annotated[list[str], typer.Argument(help="Id of a device.")], folder: Folder = Path("certs")
) -> None:
    """Put certificates on the list of those that hold no more; the broker takes it when it gets SIGHUP."""
    from rurban import certs

    certs.revoke(folder, name, _instant())
    list_certs(folder)


@of_certs.command("list")
def list_certs(folder: Folder = Path("certs")) -> None:
    """Say whose certificates there are and until when they hold."""
    from rurban import certs

    for line in certs.listed(folder, _instant()):
        typer.echo(line)


def _instant() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
