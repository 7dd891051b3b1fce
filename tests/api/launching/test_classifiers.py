"""Fine-tuning and training from scratch through the real app; the worker's part is done here, with the real
task."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from backend.data.store import GalaxyStore
from backend.db.engine import Database
from backend.db.models import DatasetRow, RunRow
from backend.jobs import registry
from backend.jobs.ingest import ingest
from backend.jobs.run_dir import Result, RunDir
from backend.jobs.run_writer import RunWriter
from backend.jobs.tasks import classify as task
from backend.jobs.tasks import probe
from backend.ml.runtime.memory import PeakMemory
from backend.settings import Settings
from frontend.api.client import Client
from shared.base.states import RunState
from shared.base.vocabulary import SPLIT_CODES, Basis, Head, Split
from shared.configs import PretrainConfig
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.evaluations import Evaluation
from shared.contract.runs import RunRequest
from tests.api.conftest import Move, refused
from tests.api.encoders import TINY, leave_checkpoints, leave_encoder, work

SHORT: dict[str, Any] = {"epochs": 2, "warmup_epochs": 0.5, "batch_size": 32, "device": "cpu"}
Queue = Callable[..., str]


@pytest.fixture
def encoder(database: Database, settings: Settings, dataset: str, move: Move) -> str:
    """A pretraining that has ended, with checkpoints 0 and 7."""
    run_id = leave_encoder(database, settings)
    move(run_id, RunState.STARTING, RunState.RUNNING, RunState.SUCCEEDED)
    return run_id


@pytest.fixture
def start(client: Client) -> Queue:
    """Queues a classifier; its id."""

    def make(kind: RunKind = RunKind.FINETUNE, **config: Any) -> str:
        return client.call(endpoints.CREATE_RUN, body=RunRequest(kind=kind, config=SHORT | config)).id

    return make


def register(database: Database, run_id: str, result: Result) -> None:
    with database.write() as session:
        registry.register(session, session.get_one(RunRow, run_id), result.produced)


def by_basis(found: list[Evaluation]) -> dict[tuple[Basis, Head | None], Evaluation]:
    return {(one.basis, one.head): one for one in found}


def test_a_fine_tuning_is_judged_on_test_rows_beside_its_references(
    client: Client, database: Database, settings: Settings, encoder: str, start: Queue
) -> None:
    run_id = start(encoder=encoder, checkpoint="7")
    result = work(task, settings, run_id)
    assert result.outcome == "succeeded", result.reason
    register(database, run_id, result)
    found = by_basis(client.call(endpoints.LIST_EVALUATIONS, run=run_id))
    on_random = {(Basis.RANDOM_INIT, Head.KNN), (Basis.RANDOM_INIT, Head.LINEAR)}
    on_pixels = {(Basis.RAW_PIXELS, Head.KNN), (Basis.RAW_PIXELS, Head.LINEAR)}
    assert set(found) == {(Basis.ENCODER, Head.FINETUNE), (Basis.MAJORITY, None)} | on_random | on_pixels
    tuned = found[Basis.ENCODER, Head.FINETUNE]
    assert (tuned.encoder, tuned.step, tuned.n, tuned.n_train, tuned.depth) == (encoder, 7, 20, 160, 2)
    assert "layer decay 0.75" in tuned.estimator and "of 2 by balanced accuracy" in tuned.estimator
    assert tuned.id in {one.id for one in client.call(endpoints.LIST_EVALUATIONS, encoder=encoder)}
    page = client.call(endpoints.LIST_PREDICTIONS, evaluation_id=tuned.id, limit=100)
    assert page.total == 20
    assert sum(one.true == one.predicted for one in page.predictions) == round(20 * tuned.accuracy)
    run = client.call(endpoints.GET_RUN, run_id=run_id)
    assert (run.dataset, run.lane) == ("sky", "train")


def encoder_weights(settings: Settings, run_id: str, step: int) -> dict[str, torch.Tensor]:
    """Of a run's checkpoint; step 0 is before its first."""
    return load_file(settings.runs_dir / run_id / "checkpoints" / f"step_{step:08d}" / "model.safetensors")


def test_a_fine_tuning_begins_with_the_weights_of_its_encoder_and_a_twin_with_others(
    settings: Settings, encoder: str, start: Queue
) -> None:
    kept = {"keep_checkpoints": 12}
    tuned = start(encoder=encoder, checkpoint="7", **kept)
    twin = start(RunKind.SUPERVISED, encoder=encoder, **kept)
    for run_id in (tuned, twin):
        work(task, settings, run_id)
    pretrained = encoder_weights(settings, encoder, 7)
    begun, fresh = encoder_weights(settings, tuned, 0), encoder_weights(settings, twin, 0)
    assert not any(name.startswith("decoder") for name in begun)
    assert all(torch.equal(value, pretrained[name]) for name, value in begun.items())
    assert not torch.equal(fresh["blocks.0.attn.qkv.weight"], pretrained["blocks.0.attn.qkv.weight"])


def test_no_test_row_is_read_before_training_has_ended(
    settings: Settings, encoder: str, start: Queue
) -> None:
    run_dir = RunDir(settings.runs_dir / start(encoder=encoder))
    reads: list[np.ndarray] = []
    path = settings.home / str(run_dir.spec().dataset_file)
    with GalaxyStore.open(path, on_read=reads.append) as store, RunWriter(run_dir, 1) as writer:
        job = task.ClassifierJob(run_dir.spec(), settings.home, writer, store)
        outcome = job.train(PeakMemory())
        seen = set(store.splits[np.concatenate(reads)].tolist())
        assert seen == {SPLIT_CODES[Split.TRAIN], SPLIT_CODES[Split.VAL]}
        job.conclude(Result(attempt=1, outcome="succeeded", step=outcome.step))
        assert SPLIT_CODES[Split.TEST] in set(store.splits[np.concatenate(reads)].tolist())


def test_a_twin_has_the_architecture_of_the_encoder_and_none_of_its_weights(
    client: Client, database: Database, settings: Settings, encoder: str, start: Queue
) -> None:
    run_id = start(RunKind.SUPERVISED, encoder=encoder)
    config = client.call(endpoints.GET_RUN, run_id=run_id).config
    assert {name: config[name] for name in ("embed_dim", "depth", "patch_size", "img_size")} == {
        name: TINY[name] for name in ("embed_dim", "depth", "patch_size", "img_size")
    }
    register(database, run_id, work(task, settings, run_id))
    twin = by_basis(client.call(endpoints.LIST_EVALUATIONS, encoder=encoder))[
        Basis.RANDOM_INIT, Head.SUPERVISED
    ]
    assert (twin.encoder, twin.step, twin.seen_in_pretraining) == (encoder, None, 0)
    assert "from random weights" in twin.estimator


def test_a_supervised_training_needs_no_encoder(
    client: Client, database: Database, settings: Settings, dataset: str, start: Queue
) -> None:
    sizes = {name: TINY[name] for name in ("img_size", "patch_size", "embed_dim", "depth", "num_heads")}
    run_id = start(RunKind.SUPERVISED, dataset=dataset, label_fraction=0.5, **sizes)
    register(database, run_id, work(task, settings, run_id))
    found = by_basis(client.call(endpoints.LIST_EVALUATIONS, encoder=run_id))  # it stands under its own name
    plain = found[Basis.RANDOM_INIT, Head.SUPERVISED]
    assert (plain.encoder, plain.n_train, plain.label_fraction) == (None, 82, 0.5)


def test_what_is_queued_behind_a_pretraining_starts_from_what_that_leaves(
    client: Client, database: Database, settings: Settings, dataset: str, start: Queue
) -> None:
    config = {"dataset": dataset} | TINY
    encoder = client.call(endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PRETRAIN, config=config)).id
    waiting = start(encoder=encoder, checkpoint="last")
    with database.read() as session:
        digest = session.get_one(DatasetRow, dataset).digest
    leave_checkpoints(settings.runs_dir / encoder, PretrainConfig.model_validate(config), digest)
    register(database, waiting, work(task, settings, waiting))
    assert (
        by_basis(client.call(endpoints.LIST_EVALUATIONS, run=waiting))[Basis.ENCODER, Head.FINETUNE].step == 7
    )


def test_a_fine_tuned_encoder_can_be_probed_in_turn(
    client: Client, database: Database, settings: Settings, encoder: str, start: Queue
) -> None:
    tuned = start(encoder=encoder)
    work(task, settings, tuned)
    run_id = client.call(
        endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PROBE, config={"encoder": tuned, "knn_k": 5})
    ).id
    register(database, run_id, work(probe, settings, run_id))
    linear = by_basis(client.call(endpoints.LIST_EVALUATIONS, encoder=tuned))[Basis.ENCODER, Head.LINEAR]
    assert (linear.encoder, linear.seen_in_pretraining) == (tuned, 0)


def test_paused_before_it_is_judged_it_is_judged_after(
    settings: Settings, encoder: str, start: Queue
) -> None:
    run_dir = RunDir(settings.runs_dir / start(encoder=encoder))
    with RunWriter(run_dir, 1) as writer:
        trained = task.run(run_dir.spec(), settings.home, writer)
    with RunWriter(run_dir, 2) as writer:
        run_dir.request("pause")
        paused = task.run(run_dir.spec(), settings.home, writer)
        assert (paused.outcome, paused.produced) == ("paused", {})
    with RunWriter(run_dir, 3) as writer:
        again = task.run(run_dir.spec(), settings.home, writer)
    [before, after] = [result.produced["evaluations"][0] for result in (trained, again)]
    assert {**before, "created_at": 0} == {**after, "created_at": 0}


def test_what_cannot_be_trained_is_refused_by_name(
    client: Client, database: Database, settings: Settings, encoder: str, start: Queue
) -> None:
    few = refused(lambda: start(encoder=encoder, label_fraction=0.5, batch_size=128))
    assert (few.code, few.field) == ("batch_too_large", "batch_size")
    assert "batch_size 128" in few.detail and "82 labelled rows" in few.detail
    assert refused(lambda: start(encoder="no-such-run")).code == "run_not_found"
    missing = refused(lambda: start(encoder=encoder, checkpoint="3"))
    assert missing.code == "checkpoint_not_found" and missing.detail.endswith(": 0, 7")
    assert refused(lambda: start(RunKind.SUPERVISED)).field == "dataset"
    wrong = refused(lambda: start(RunKind.SUPERVISED, encoder=encoder, num_heads=5))
    assert "num_heads 5 does not divide" in wrong.detail
    with database.write() as session:
        row = session.get_one(DatasetRow, "sky")
        row.info = row.info | {"class_names": []}
    assert refused(lambda: start(encoder=encoder)).code == "no_labels"


def test_both_curves_stand_beside_each_other_seed_by_seed(
    client: Client, database: Database, settings: Settings, encoder: str, start: Queue, move: Move
) -> None:
    short = {"epochs": 2, "eval_every_epochs": 1}
    for kind in (RunKind.FINETUNE, RunKind.SUPERVISED):
        for seed in (0, 1):
            run_id = start(kind, encoder=encoder, seed=seed, **short)
            work(task, settings, run_id)
            with database.write() as session:
                while ingest(session, session.get_one(RunRow, run_id), RunDir(settings.runs_dir / run_id)):
                    pass
            move(run_id, RunState.STARTING, RunState.RUNNING, RunState.SUCCEEDED)
    start(encoder=encoder, drop_path=0.0, **short)  # waits, and has no curve yet
    [twins] = client.call(endpoints.LIST_LEARNING_CURVES, run_id=encoder)
    assert [one.seed for one in twins.tuned] == [one.seed for one in twins.scratch] == [0, 1]
    assert twins.tuned[0].epochs == [0.0, 1.0, 2.0]
    page = client.call(endpoints.GET_METRICS, run_id=twins.tuned[1].run, keys="val/accuracy")
    assert twins.tuned[1].accuracy == page.series["val/accuracy"].value
    assert [one.seed for one in twins.reached] == [0, 1] and twins.leads == []
    assert "3 seeds" in twins.verdict
    assert (
        refused(lambda: client.call(endpoints.LIST_LEARNING_CURVES, run_id="nobody")).code == "run_not_found"
    )
