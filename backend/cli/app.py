"""All commands, and what becomes of an error: one sentence on stderr, exit code 1."""

import logging
import sys

import typer
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from backend.cli import data, doctor, models, notices, odd, reconstruct, search, serve, suites, sweeps
from backend.cli.output import print_error
from backend.cli.runs import classify, commands, disk, evaluate, files, queue
from backend.config_errors import config_error
from backend.errors import GalaxyscopeError, UnavailableError

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
app.command()(doctor.doctor)
app.command()(notices.notices)
app.command()(notices.webhook)
app.command()(reconstruct.reconstruct)
app.command()(evaluate.evaluate)
app.command()(search.search)
app.command()(search.embed)
app.command()(odd.odd)
data.app.command()(odd.ratings)
app.add_typer(data.app, name="data", help="Bring galaxies in, make them, look after them.")
app.add_typer(models.app, name="models", help="Take in models that were trained elsewhere.")
commands.launch_app.command()(evaluate.probe)
for command in (disk.delete, disk.restore, disk.prune, disk.disk):
    commands.app.command()(command)
commands.app.command()(files.export)
commands.app.command("import")(files.import_)
commands.launch_app.command()(classify.finetune)
commands.launch_app.command()(classify.supervised)
app.add_typer(suites.app, name="suite", help="Repeat the report's comparisons, and go beyond them.")
app.add_typer(sweeps.app, name="sweep", help="One training with a few of its settings varied.")
app.add_typer(commands.launch_app, name="run", help="Launch a run.")
app.add_typer(
    commands.app,
    name="runs",
    help="List, show, stop, pause, resume, retry, clone, delete, export and import runs.",
)
app.add_typer(queue.app, name="queue", help="What waits, in which order; move it, pause it.")


def main() -> None:
    """Run a command; the exit code is 0, 1 for an error that was explained, or 2 for wrong usage."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    try:
        app()
    except (GalaxyscopeError, ValidationError, OSError, OperationalError) as error:
        print_error(_explained(error), as_json="--json" in sys.argv)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _explained(error: GalaxyscopeError | ValidationError | OSError | OperationalError) -> GalaxyscopeError:
    if isinstance(error, GalaxyscopeError):
        return error
    if isinstance(error, ValidationError):
        return config_error(error)
    if isinstance(error, OperationalError):
        return UnavailableError("database", f"the database did not answer: {error.orig}; try again")
    return UnavailableError("system", f"{error.strerror or error}: {error.filename or 'see above'}")
