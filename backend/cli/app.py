"""All commands. An error becomes one sentence on stderr and exit code 1."""

import logging
import sys

import typer
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from backend.cli import data, machine, models, reconstruct, search, serve, suites, sweeps
from backend.cli.output import print_error
from backend.cli.runs import evaluate, files, launch, manage, queue
from backend.config_errors import config_error
from backend.errors import GalaxyscopeError, UnavailableError

app = typer.Typer(
    name="galaxyscope",
    help="Train self-supervised models of galaxies, and explore what they learned.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (serve.up, serve.demo, serve.web, serve.supervisor, machine.doctor, machine.notices,
                machine.webhook, reconstruct.reconstruct, evaluate.evaluate, search.search, search.embed,
                search.odd):  # fmt: skip
    app.command()(command)
manage.app.command()(files.export)
manage.app.command("import")(files.import_)
for group, name, text in (
    (data.app, "data", "Import, simulate, download and manage datasets."),
    (models.app, "models", "Import models trained elsewhere."),
    (suites.app, "suite", "Repeat and extend the comparisons of the report."),
    (sweeps.app, "sweep", "Vary a few settings of one training."),
    (launch.app, "run", "Launch a run."),
    (manage.app, "runs", "List, show, stop, pause, resume, retry, clone, delete, export and import runs."),
    (queue.app, "queue", "List, reorder and pause waiting runs."),
):
    app.add_typer(group, name=name, help=text)


def main() -> None:
    """Run a command; the exit code is 0, 1 for an explained error, or 2 for wrong usage."""
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
