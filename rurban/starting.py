"""What every command does first: settings and log."""

import logging
import sys

import typer
from pydantic import ValidationError

from rurban.settings import Settings


def settings() -> Settings:
    """The settings, or the end of the process with a line per wrong one."""
    try:
        found = Settings()
    except ValidationError as error:
        for problem in error.errors():
            name = "RURBAN_" + "_".join(str(part).upper() for part in problem["loc"]) if problem["loc"] else "settings"
            typer.echo(f"{name}: {problem['msg']}", err=True)
        raise typer.Exit(2) from error
    logging.basicConfig(
        level=found.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    # It tells of every start in four lines; what goes wrong is still told.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return found
