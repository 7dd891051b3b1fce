"""The demo: a first session, run through the API of the running server."""

import time
from typing import Any

import httpx2

from backend.cli.output import console
from backend.cli.session import progress_words
from backend.errors import GalaxyscopeError, UnavailableError
from shared.base.states import TERMINAL, RunState
from shared.configs.kinds import RunKind
from shared.contract import routes
from shared.contract.runs import Run, RunRequest

DATASET = "simulated"
POLL_S = 0.5


def play_demo(address: str, preset: str, *, wait: bool) -> Run:
    """Simulate the dataset if it is missing and launch `preset` on it; with `wait`, wait until it has ended.
    Raises GalaxyscopeError if a step fails."""
    with httpx2.Client(base_url=address + routes.API, timeout=30, trust_env=False) as http:
        _make_dataset(http)
        request = RunRequest(kind=RunKind.PRETRAIN, preset=preset, config={"dataset": DATASET})
        run = _launch(http, request)
        console.print(f"  {run.id} is training: {address}/run?run={run.id}", highlight=False)
        return _follow(http, run) if wait else run


def _make_dataset(http: httpx2.Client) -> None:
    if DATASET in {dataset["name"] for dataset in _checked(http.get(routes.DATASETS))}:
        return
    console.print("  simulating 2,000 galaxies …")
    active = [job for job in _jobs(http, RunKind.SIMULATE) if job.state not in TERMINAL]
    request = RunRequest(kind=RunKind.SIMULATE, config={"name": DATASET})
    made = _follow(http, active[0] if active else _launch(http, request))
    if made.state is not RunState.SUCCEEDED:
        raise GalaxyscopeError("demo_failed", made.reason or f"{made.id} ended {made.state}")


def _launch(http: httpx2.Client, request: RunRequest) -> Run:
    return Run.model_validate(_checked(http.post(routes.RUNS, json=request.model_dump(mode="json"))))


def _jobs(http: httpx2.Client, kind: RunKind) -> list[Run]:
    """The jobs of a kind on the demo's dataset, newest first."""
    found = map(Run.model_validate, _checked(http.get(routes.RUNS, params={"kind": kind.value})))
    return [job for job in found if job.dataset == DATASET]


def _follow(http: httpx2.Client, run: Run) -> Run:
    with console.status(run.id) as status:
        while run.state not in TERMINAL | {RunState.PAUSED} or _references_pending(http, run):
            time.sleep(POLL_S)
            run = Run.model_validate(_checked(http.get(routes.RUN.format(run_id=run.id))))
            status.update(progress_words(run))
    return run


def _references_pending(http: httpx2.Client, run: Run) -> bool:
    if run.kind is not RunKind.PRETRAIN or run.state is not RunState.SUCCEEDED:
        return False
    return any(job.state not in TERMINAL for job in _jobs(http, RunKind.BASELINES))


def _checked(response: httpx2.Response) -> Any:
    if response.is_error:
        body = response.json()
        raise UnavailableError(body.get("code", "error"), body.get("detail", response.text))
    return response.json()
