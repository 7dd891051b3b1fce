"""All commands, and what becomes of an error: one sentence on stderr, exit code 1."""

import logging
import sys

import typer

from backend.cli import data, runs, serve
from backend.cli.output import print_error
from backend.errors import GalaxyscopeError

app = typer.Typer(
    name="galaxyscope",
    help="Train self-supervised models of galaxies, and explore what they learned.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve.up)
app.command()(serve.demo)
app.command()(serve.web)
app.command()(serve.supervisor)
app.add_typer(data.app, name="data", help="Bring galaxies in, make them, list them.")
app.add_typer(runs.launch_app, name="run", help="Launch a run.")
app.add_typer(runs.app, name="runs", help="List, show, stop, pause and resume runs.")


def main() -> None:
    """Run a command; the exit code is 0, 1 for an error that was explained, or 2 for wrong usage."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    try:
        app()
    except GalaxyscopeError as error:
        print_error(error, as_json="--json" in sys.argv)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
