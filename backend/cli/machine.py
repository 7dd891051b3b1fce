"""`galaxyscope doctor`, `notices` and `webhook`"""

from typing import Annotated

import typer

from backend.cli.options import Json
from backend.cli.output import console, free_of, print_facts, print_json, print_lines, print_list
from backend.cli.session import open_home, run_job
from backend.config_errors import validated
from backend.errors import InvalidInputError
from backend.services.machine.status import read_machine, wait_for_torch
from backend.services.runs import notices as service
from shared.configs.kinds import RunKind
from shared.contract.system import Machine, NoticeKind, WebhookConfig


def doctor(
    self_test: Annotated[bool, typer.Option(help="Time twenty training steps.")] = True,
    as_json: Json = False,
) -> None:
    """Check device, driver, torch, memory and disk, and time a few training steps."""
    home = open_home()
    with console.status("loading torch …"):
        wait_for_torch()
    if self_test:
        run_job(home, RunKind.SELFTEST, {}, "self_test_failed")
    machine = read_machine(home.database, home.settings)
    print_json(machine) if as_json else print_machine(machine)
    if machine.problems:
        raise typer.Exit(1)


def notices(
    limit: Annotated[int, typer.Option(min=1, max=500, help="Number of notices.")] = 20,
    as_json: Json = False,
) -> None:
    """List notices, newest first: runs that are done, failed, crashed, diverged or stalled."""
    found = service.list_notices(open_home().database, 0, limit)
    print_list(found, as_json, {"at": "at", "": "kind", "run": "run_id", " ": "words"}, "No notices yet.")


def webhook(
    url: Annotated[str | None, typer.Option("--url", help="Send notices to this URL from now on.")] = None,
    only: Annotated[
        list[NoticeKind] | None, typer.Option("--only", help="Only this kind; can be repeated.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Send no notices.")] = False,
    test: Annotated[bool, typer.Option("--test", help="Send a test message now.")] = False,
    as_json: Json = False,
) -> None:
    """Show or change where notices are sent, as JSON with `text`, which chat services show, and `notices`."""
    if off and url is not None:
        raise InvalidInputError("url_and_off", "give --url or --off, not both", "url")
    database = open_home().database
    if off or url is not None or only:
        kinds = tuple(only) if only else tuple(NoticeKind)
        address = "" if off else url if url is not None else service.read_webhook(database).url
        service.set_webhook(database, validated(WebhookConfig, {"url": address, "kinds": kinds}))
    tested = service.try_webhook(database) if test else None
    found = service.read_webhook(database)
    if as_json:
        print_json({**found.model_dump(mode="json"), "test": tested and tested.model_dump()})
        return
    print_lines(tested.words if tested else None)
    if not found.url:
        print_lines("Notices are not sent anywhere; set an address with --url.")
        return
    kinds_words = ", ".join(kind.value for kind in found.kinds)
    problem = f"last attempt: {found.problem}" if found.problem else None
    print_lines(f"{found.url}: {kinds_words}; {found.waiting} waiting", problem)


def print_machine(machine: Machine) -> None:
    """What `galaxyscope doctor` found."""
    test = machine.self_test
    rows = [
        ("device", machine.device + (f" ({machine.why_cpu})" if machine.why_cpu else "")),
        ("driver", machine.driver or "none"),
        ("torch", f"{machine.torch or 'unknown'}, CUDA build {machine.torch_cuda or 'none'}"),
        ("bfloat16 products", {True: "yes", False: "no", None: "unknown"}[machine.bf16]),
        ("processor", f"{machine.cpu}, {machine.cores} usable cores"),
        ("memory", free_of(machine.memory_free_bytes, machine.memory_total_bytes)),
        ("disk", f"{free_of(machine.disk_free_bytes, machine.disk_total_bytes)}, {machine.home}"),
        ("python", machine.python),
        ("packages", "  ".join(f"{name} {version}" for name, version in machine.packages.items())),
        ("self-test", f"{test.images_per_s:,.0f} images/s, {test.at:%d %b %H:%M} UTC" if test else "not run"),
    ]
    if machine.gpu_memory_total_bytes is not None:
        free = free_of(machine.gpu_memory_free_bytes or 0, machine.gpu_memory_total_bytes)
        rows.insert(2, ("GPU memory", free))
    print_facts([*rows, *(("problem", text) for text in machine.problems)])
