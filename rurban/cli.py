"""The command line. A command loads what it runs, when it runs: a worker carries no API and no boards in memory."""

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from rurban.cert_commands import of_certs
from rurban.device_commands import of_devices
from rurban.settings import HISTORY_DAYS
from rurban.starting import settings
from telemetry.errors import RurbanFault
from telemetry.history import Form, Wanted

app = typer.Typer(
    name="rurban",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Villages and farms see their water, soil, barns, power and roads in the same light as their city. "
    "Settings come from the environment (RURBAN_<NAME>); the README names each.",
)
app.add_typer(of_devices, name="devices")
of_ledger = typer.Typer(no_args_is_help=True, help="The book of what became of every reading.")
app.add_typer(of_ledger, name="ledger")
of_boards = typer.Typer(no_args_is_help=True, help="Boards for Grafana.")
app.add_typer(of_boards, name="dashboards")
app.add_typer(of_certs, name="certs")

of_history = typer.Typer(no_args_is_help=True, help="Readings that were recorded elsewhere.")
app.add_typer(of_history, name="history")


def _tell_version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"rurban {version('rurban')}")
        raise typer.Exit


@app.callback()
def options(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Say which version this is.",
            callback=lambda asked: _tell_version(asked=asked),
            is_eager=True,
        ),
    ] = False,
) -> None:
    """What holds for every command."""


@app.command()
def demo(
    days: Annotated[
        int, typer.Option(min=1, help="How far the history of a new data folder goes back; fewer start sooner.")
    ] = HISTORY_DAYS,
) -> None:
    """Broker, worker, store and API with a sample county: days of history, real records, live data."""
    from rurban import commands

    commands.demo(settings(), Console(), days)


@app.command()
def up() -> None:
    """Everything in one process on embedded parts: broker, worker, store and API, for devices of your own."""
    from rurban import commands

    commands.up(settings())


@app.command()
def ingest() -> None:
    """The ingest worker alone, on a broker that runs already."""
    from rurban.ingesting import ingest as work

    work(settings())


@app.command()
def gateway() -> None:
    """Take the frames of stations (SL 651, HJ 212, SZY 206) over TCP and pass them on to the broker."""
    from rurban.gateway import gateway as pass_on

    pass_on(settings())


@app.command()
def api() -> None:
    """The API alone, on a store that no other process has open."""
    from rurban import commands

    commands.api(settings())


@app.command()
def simulate(
    seconds: Annotated[float | None, typer.Option(help="End after so many seconds; none = until Ctrl-C.")] = None,
    *,
    register: Annotated[bool, typer.Option(help="Put the county into the registry first.")] = False,
) -> None:
    """Publish the sample county's live data to the broker, for a house that runs elsewhere."""
    from rurban import commands

    commands.simulate(settings(), seconds, register=register)


@app.command()
def replay(
    record: Annotated[str, typer.Argument(help="Name of the record; `list` shows them.")],
    speed: Annotated[
        float | None, typer.Option(min=0.001, help="Times faster than it was measured; none = as fast as possible.")
    ] = None,
    *,
    shift_to_now: Annotated[bool, typer.Option(help="Move the times so that the record ends now.")] = False,
) -> None:
    """Publish a record of a real station over MQTT, as its device."""
    from rurban import commands

    commands.replay(settings(), record, speed, shift_to_now=shift_to_now)


@of_history.command("import")
def import_history(  # noqa: PLR0913 -- each an option of its own
    file: Annotated[Path, typer.Argument(help="CSV, CSV.gz, Parquet or JSON lines (docs/history.md).")],
    form: Annotated[Form | None, typer.Option("--format", help="long or wide; none = as the header says.")] = None,
    tz: Annotated[str | None, typer.Option(help="IANA zone of times without an offset.")] = None,
    errors: Annotated[Path | None, typer.Option(help="CSV that gets every row that cannot become a reading.")] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look through the file and write nothing.")] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Import the good rows and quarantine the others; else one refuses all.")
    ] = False,
) -> None:
    """Import recorded readings into a house that does not run; the same file twice changes nothing."""
    from rurban import importing

    whole = importing.run(settings(), file, Wanted(form, tz, dry_run, skip_bad), errors, Console())
    raise typer.Exit(0 if whole else 1)


@of_ledger.command()
def check(
    device: Annotated[list[str] | None, typer.Option(help="Only this one; may come often; none = all.")] = None,
) -> None:
    """Count the store and hold it against the ledger; ends with 1 where they differ."""
    from rurban import ledger_check

    raise typer.Exit(ledger_check.check(settings(), device or [], Console()))


@of_boards.command()
def push() -> None:
    """Put data sources, folder and boards into a running Grafana; again and again without harm."""
    from rurban import commands

    commands.push_boards(settings())


@app.command()
def doctor() -> None:
    """Say what of this house can be reached, and what to do about the rest."""
    from rurban.doctor import diagnose

    raise typer.Exit(diagnose(settings(), typer.echo))


def main() -> NoReturn:
    """Run the command; faults that people can mend are one line, not a traceback."""
    try:
        app()
    except RurbanFault as fault:
        typer.echo(f"rurban: {fault}", err=True)
        sys.exit(1)
    sys.exit(0)
