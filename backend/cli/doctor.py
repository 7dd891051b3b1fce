"""`galaxyscope doctor`: what this machine can do, and whether it trains."""

from typing import Annotated

import typer

from backend.cli.data import Json
from backend.cli.output import console, print_json, print_machine
from backend.cli.session import open_home, start_and_wait
from backend.errors import GalaxyscopeError
from backend.services.launching.create import create_run
from backend.services.machine.status import read_machine, wait_for_torch
from shared.base.states import RunState
from shared.configs.kinds import RunKind
from shared.contract.runs import RunRequest


def doctor(
    self_test: Annotated[bool, typer.Option(help="Time twenty training steps.")] = True,
    as_json: Json = False,
) -> None:
    """Look at device, driver, torch, memory and disk, and time a few training steps."""
    home = open_home()
    with console.status("asking torch …"):
        wait_for_torch()
    if self_test:
        run = create_run(home.database, home.settings, RunRequest(kind=RunKind.SELFTEST))
        run = start_and_wait(home, run.id)
        if run.state is not RunState.SUCCEEDED:
            raise GalaxyscopeError(
                "self_test_failed", run.reason or f"the self-test {run.id} ended {run.state}"
            )
    machine = read_machine(home.database, home.settings)
    print_json(machine) if as_json else print_machine(machine)
    if machine.problems:
        raise typer.Exit(1)
