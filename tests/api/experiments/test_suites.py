"""Suites through the real app: launched once, resumed, shared between suites, and reported."""

import html

import pytest

from backend.db.engine import Database
from backend.db.models import DatasetRow, RunRow
from backend.jobs import registry
from backend.jobs.supervisor import waits_for_encoder
from backend.settings import Settings
from frontend.api.client import ApiError, Client
from shared.base.states import RunState
from shared.base.vocabulary import Basis, Head
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.suites import SuiteReport, SuiteScale
from tests.api.conftest import Move, add_dataset
from tests.frontend.evaluations import make_evaluation

LAPTOP = SuiteScale.LAPTOP


def ids(report: SuiteReport) -> dict[str, str]:
    return {one.slot.key: one.run.id for one in report.runs if one.run is not None}


def test_a_second_launch_adds_nothing_and_another_suite_shares_what_is_there(
    client: Client, dataset: str
) -> None:
    before = client.call(endpoints.GET_SUITE_REPORT, key="R6", scale=LAPTOP, dataset=dataset, seeds=1)
    assert (before.missing, before.active) == (3, 0)
    launched = client.call(
        endpoints.LAUNCH_SUITE, key="R6", body={"scale": LAPTOP, "dataset": dataset, "seeds": 1}
    )
    assert (launched.missing, launched.active, launched.done) == (0, 3, 0)
    assert ids(
        client.call(endpoints.LAUNCH_SUITE, key="R6", body={"scale": LAPTOP, "dataset": dataset, "seeds": 1})
    ) == ids(launched)
    heads = client.call(
        endpoints.LAUNCH_SUITE, key="R5", body={"scale": LAPTOP, "dataset": dataset, "seeds": 1}
    )
    assert ids(heads)["base/pretrain/0"] == ids(launched)["base/pretrain/0"]
    more = client.call(
        endpoints.LAUNCH_SUITE, key="R6", body={"scale": LAPTOP, "dataset": dataset, "seeds": 2}
    )
    assert ids(launched).items() <= ids(more).items() and len(ids(more)) == 6


def test_what_failed_or_was_stopped_is_queued_anew_and_the_rest_kept(
    client: Client, dataset: str, move: Move
) -> None:
    first = ids(
        client.call(endpoints.LAUNCH_SUITE, key="R6", body={"scale": LAPTOP, "dataset": dataset, "seeds": 1})
    )
    move(first["base/pretrain/0"], RunState.STARTING, RunState.RUNNING, RunState.SUCCEEDED)
    stopped = client.call(
        endpoints.STOP_SUITE, key="R6", body={"scale": LAPTOP, "dataset": dataset, "seeds": 1}
    )
    assert (stopped.missing, stopped.done) == (2, 1)


def test_a_run_waits_until_the_encoder_it_works_on_has_ended(
    client: Client, database: Database, dataset: str, move: Move
) -> None:
    runs = ids(
        client.call(endpoints.LAUNCH_SUITE, key="R5", body={"scale": LAPTOP, "dataset": dataset, "seeds": 1})
    )
    with database.read() as session:
        waiting = {key: waits_for_encoder(session, session.get_one(RunRow, run)) for key, run in runs.items()}
    assert waiting == {key: "pretrain" not in key for key in runs}
    move(runs["base/pretrain/0"], RunState.STARTING, RunState.RUNNING, RunState.SUCCEEDED)
    with database.read() as session:
        assert not any(waits_for_encoder(session, session.get_one(RunRow, run)) for run in runs.values())


def test_the_report_holds_what_its_runs_came_to(client: Client, database: Database, dataset: str) -> None:
    runs = ids(
        client.call(endpoints.LAUNCH_SUITE, key="R6", body={"scale": LAPTOP, "dataset": dataset, "seeds": 3})
    )
    for kind, head, basis, shares in (
        ("finetune", Head.FINETUNE, Basis.ENCODER, (0.60, 0.62, 0.61)),
        ("supervised", Head.SUPERVISED, Basis.RANDOM_INIT, (0.50, 0.53, 0.51)),
    ):
        for seed, share in enumerate(shares):
            run_id = runs[f"twin/{kind}/{seed}"]
            one = make_evaluation(
                f"{run_id}.{head}", run=run_id, head=head, basis=basis, seed=seed, accuracy=share
            )
            with database.write() as session:
                produced = {"evaluations": [one.model_dump(mode="json")]}
                registry.register(session, session.get_one(RunRow, run_id), produced)
    report = client.call(endpoints.GET_SUITE_REPORT, key="R6", scale=LAPTOP, dataset=dataset, seeds=3)
    tuned, scratch = report.rows
    assert (tuned.accuracies, scratch.accuracies) == ([0.60, 0.62, 0.61], [0.50, 0.53, 0.51])
    assert tuned.mean == pytest.approx(0.61) and tuned.std == pytest.approx(0.01)
    assert [claim.verdict for claim in report.claims] == ["shown, 3 seeds each"]
    query = {"key": "R6", "dataset": dataset, "scale": LAPTOP, "seeds": 3}
    text = client.call(endpoints.SUITE_FILE, file_format="md", **query).decode()
    assert "| fine-tuned | 61.0 ± 1.0 % (3 seeds) |" in text
    assert "| fine-tuning beats training from scratch | shown, 3 seeds each | +9.7 (+8.2 to +11.1) |" in text
    page = client.call(endpoints.SUITE_FILE, file_format="html", **query).decode()
    assert "61.0 ± 1.0 % (3 seeds)" in html.unescape(page) and "http" not in page.split("<style>")[1]
    assert runs["base/pretrain/2"] in page


def test_what_cannot_be_is_refused_by_name(client: Client, dataset: str) -> None:
    def refusal(**asked: object) -> ApiError:
        with pytest.raises(ApiError) as caught:
            client.call(endpoints.GET_SUITE_REPORT, scale=LAPTOP, **asked)
        return caught.value

    assert "there is no suite R9; there are: R1, R2" in refusal(key="R9", dataset=dataset, seeds=3).detail
    assert refusal(key="R2", dataset="nothing", seeds=3).code == "dataset_not_found"
    assert refusal(key="R2", dataset=dataset, seeds=11).field == "seeds"


def test_only_runs_on_the_very_same_data_fill_a_slot(
    client: Client, database: Database, settings: Settings, dataset: str
) -> None:
    runs = ids(
        client.call(endpoints.LAUNCH_SUITE, key="R4", body={"scale": LAPTOP, "dataset": dataset, "seeds": 1})
    )
    add_dataset(database, settings, "other", n=60)
    assert (
        ids(client.call(endpoints.GET_SUITE_REPORT, key="R4", scale=LAPTOP, dataset="other", seeds=1)) == {}
    )
    with database.write() as session:  # the name goes to other galaxies
        session.get_one(DatasetRow, dataset).digest = "another"
    assert (
        ids(client.call(endpoints.GET_SUITE_REPORT, key="R4", scale=LAPTOP, dataset=dataset, seeds=1)) == {}
    )
    [run] = client.call(endpoints.LIST_RUNS, kind=RunKind.PRETRAIN.value)
    assert {run.id} == set(runs.values())
