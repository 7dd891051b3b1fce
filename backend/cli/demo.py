"""The demo: what a newcomer would click, done through the API of the running server."""

import time

import httpx2
from pydantic import TypeAdapter

from backend.cli.output import console, state_words
from backend.errors import GalaxyscopeError, UnavailableError
from shared import routes
from shared.datasets import Dataset
from shared.runs import TERMINAL, Run, RunKind, RunRequest, RunState

DATASET = "simulated"
POLL_S = 0.5


def play_demo(address: str, preset: str, *, wait: bool) -> Run:
    """Make the simulated dataset where it is missing, launch `preset` on it, and with `wait` see it to its
    end. Raises GalaxyscopeError where a step fails."""
    with httpx2.Client(base_url=address + routes.API, timeout=30, trust_env=False) as http:
        datasets = TypeAdapter(list[Dataset]).validate_python(_checked(http.get(routes.DATASETS)))
        if DATASET not in {dataset.name for dataset in datasets}:
            console.print("  making 2,000 simulated galaxies …")
            made = _follow(http, _launch(http, RunRequest(kind=RunKind.SIMULATE, config={"name": DATASET})))
            if made.state is not RunState.SUCCEEDED:
                raise GalaxyscopeError("demo_failed", made.reason or f"{made.id} ended {made.state}")
        request = RunRequest(kind=RunKind.PRETRAIN, preset=preset, config={"dataset": DATASET})
        run = _launch(http, request)
        console.print(f"  {run.id} is training: {address}/run?run={run.id}", highlight=False)
        return _follow(http, run) if wait else run


def _launch(http: httpx2.Client, request: RunRequest) -> Run:
    return Run.model_validate(_checked(http.post(routes.RUNS, json=request.model_dump(mode="json"))))


def _follow(http: httpx2.Client, run: Run) -> Run:
    with console.status(run.id) as status:
        while run.state not in TERMINAL or _references_pending(http, run):
            time.sleep(POLL_S)
            run = Run.model_validate(_checked(http.get(routes.RUN.format(run_id=run.id))))
            status.update(f"{run.kind.value} {run.id}: {state_words(run)}")
    return run


def _references_pending(http: httpx2.Client, run: Run) -> bool:
    if run.kind is not RunKind.PRETRAIN:
        return False
    jobs = _checked(http.get(routes.RUNS, params={"kind": RunKind.BASELINES.value}))
    return any(job.state not in TERMINAL for job in TypeAdapter(list[Run]).validate_python(jobs))


def _checked(answer: httpx2.Response) -> object:
    if answer.is_error:
        body = answer.json()
        raise UnavailableError(body.get("code", "error"), body.get("detail", answer.text))
    return answer.json()
