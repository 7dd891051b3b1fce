"""Evaluations through the real app; the worker's part is done here, with the real task."""

import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from backend.db.engine import Database
from backend.db.models import DatasetRow, RunRow
from backend.errors import DataError
from backend.jobs import registry
from backend.jobs.run_dir import RunDir
from backend.jobs.run_writer import RunWriter, StopRequestedError
from backend.jobs.tasks import probe as task
from backend.ml.checkpoints.store import CheckpointStore, model_from_config
from backend.settings import Settings
from frontend.api.client import Client
from shared.base.states import RunState
from shared.base.vocabulary import Basis, Head
from shared.configs import ImportModelConfig, ModelConfig, PretrainConfig, SimulateConfig
from shared.configs.kinds import RunKind
from shared.contract import endpoints
from shared.contract.datasets import DatasetChange
from shared.contract.evaluations import Evaluation, PredictionOrder
from shared.contract.runs import RunRequest
from tests.api.conftest import Move, enter_dataset, refused
from tests.api.encoders import TINY, leave_encoder, work
from tests.homes import enqueue

Judge = Callable[..., list[Evaluation]]


@pytest.fixture
def encoder(database: Database, settings: Settings, dataset: str) -> str:
    """A run with checkpoints 0 and 7 of random weights."""
    return leave_encoder(database, settings)


@pytest.fixture
def judge(client: Client, database: Database, settings: Settings) -> Judge:
    """Asks for a probe through the API and does the worker's and the supervisor's part; what came out."""

    def make(encoder: str, **config: Any) -> list[Evaluation]:
        request = RunRequest(kind=RunKind.PROBE, config={"encoder": encoder, "knn_k": 5} | config)
        run_id = client.call(endpoints.CREATE_RUN, body=request).id
        result = work(task, settings, run_id)
        assert result.outcome == "succeeded", result.reason
        for _ in range(2):  # a supervisor that was killed between does it again
            with database.write() as session:
                registry.register(session, session.get_one(RunRow, run_id), result.produced)
        return client.call(endpoints.LIST_EVALUATIONS, run=run_id)

    return make


def of(found: list[Evaluation], basis: Basis, head: Head | None) -> Evaluation:
    [one] = [one for one in found if (one.basis, one.head) == (basis, head)]
    return one


def test_every_head_stands_beside_its_references(client: Client, judge: Judge, encoder: str) -> None:
    found = judge(encoder, heads=["knn", "linear", "linear_lars", "mlp"], depths="all")
    both = (Basis.ENCODER, Basis.RANDOM_INIT)
    heads = (Head.KNN, Head.LINEAR, Head.LINEAR_LARS, Head.MLP)
    on_features = {(basis, head) for basis in both for head in heads}
    on_pixels = {(Basis.RAW_PIXELS, Head.KNN), (Basis.RAW_PIXELS, Head.LINEAR)}
    assert {(one.basis, one.head) for one in found} == on_features | on_pixels | {(Basis.MAJORITY, None)}
    linear = of(found, Basis.ENCODER, Head.LINEAR)
    assert (linear.encoder, linear.step, linear.n, linear.n_train) == (encoder, 7, 20, 160)
    assert np.sum(linear.confusion_matrix) == 20
    assert linear.accuracy == pytest.approx(np.trace(linear.confusion_matrix) / 20)
    assert linear.accuracy_ci95.low < linear.accuracy < linear.accuracy_ci95.high
    assert {(point.depth, point.pooling) for point in linear.depth_curve} == {
        (depth, pooling) for depth in (1, 2) for pooling in ("cls", "mean")
    }
    assert linear.calibration is not None
    assert sum(linear.calibration.counts) == 20
    assert [score.few for score in linear.classes] == [True] * 10
    majority = of(found, Basis.MAJORITY, None)
    assert majority.balanced_accuracy == pytest.approx(0.1)
    assert (majority.encoder, majority.calibration) == (None, None)
    assert client.call(endpoints.LIST_EVALUATIONS, encoder=encoder) == found
    assert client.call(endpoints.LIST_EVALUATIONS, dataset="sky") == found
    assert client.call(endpoints.LIST_EVALUATIONS, encoder="another") == []
    assert client.call(endpoints.GET_EVALUATION, evaluation_id=linear.id) == linear


def test_a_second_probe_extracts_nothing_and_repeats_the_first(
    judge: Judge, encoder: str, settings: Settings
) -> None:
    first = judge(encoder, heads=["linear"])
    kept = {path: path.stat().st_ino for path in (settings.home / "cache" / "features").rglob("*.npy")}
    assert len(kept) == 2 * 2 * 3  # encoders, poolings, splits
    again = judge(encoder, heads=["linear"])
    now = {path: path.stat().st_ino for path in (settings.home / "cache" / "features").rglob("*.npy")}
    assert kept == now
    assert [one.accuracy for one in first] == [one.accuracy for one in again]
    assert not {one.id for one in first} & {one.id for one in again}


def test_a_cell_of_the_confusion_matrix_opens_into_its_galaxies(
    client: Client, judge: Judge, encoder: str
) -> None:
    linear = of(judge(encoder, heads=["linear"], references=False), Basis.ENCODER, Head.LINEAR)
    matrix = np.array(linear.confusion_matrix)
    true, predicted = (int(place[0]) for place in np.nonzero(matrix))
    page = client.call(endpoints.LIST_PREDICTIONS, evaluation_id=linear.id, true=true, predicted=predicted)
    assert (page.total, page.dataset) == (matrix[true, predicted], "sky")
    assert {(one.true, one.predicted) for one in page.predictions} == {(true, predicted)}
    galaxies = client.call(endpoints.LIST_GALAXIES, name="sky", limit=500).galaxies
    for one in page.predictions:
        assert galaxies[one.row].source_id == one.source_id
        assert galaxies[one.row].label == linear.class_names[one.true]
        assert galaxies[one.row].split == one.split == "test"
        assert sum(one.probabilities) == pytest.approx(1, abs=0.01)


def test_predictions_come_in_the_order_asked_for(client: Client, judge: Judge, encoder: str) -> None:
    [linear] = judge(encoder, heads=["linear"], references=False)

    def confidences(order: PredictionOrder, **more: Any) -> list[float]:
        page = client.call(
            endpoints.LIST_PREDICTIONS, evaluation_id=linear.id, order=order, limit=500, **more
        )
        return [one.confidence for one in page.predictions]

    confident = confidences(PredictionOrder.CONFIDENT)
    assert confident == sorted(confident, reverse=True)
    assert confidences(PredictionOrder.UNCERTAIN) == sorted(confident)
    assert len(confidences(PredictionOrder.CONFIDENT, split="val")) == 20
    worst = client.call(
        endpoints.LIST_PREDICTIONS, evaluation_id=linear.id, order=PredictionOrder.WORST, limit=500
    ).predictions
    of_true = [one.probabilities[one.true] for one in worst]
    assert of_true == sorted(of_true)
    best = client.call(
        endpoints.LIST_PREDICTIONS, evaluation_id=linear.id, order=PredictionOrder.BEST, limit=3
    ).predictions
    assert best[0].probabilities[best[0].true] == max(of_true)
    drawn = [
        client.call(
            endpoints.LIST_PREDICTIONS, evaluation_id=linear.id, order=PredictionOrder.RANDOM, seed=seed
        )
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    second = client.call(endpoints.LIST_PREDICTIONS, evaluation_id=linear.id, offset=5, limit=2)
    assert [one.confidence for one in second.predictions] == confident[5:7]
    assert second.total == 20


def test_predictions_are_tables(client: Client, judge: Judge, encoder: str) -> None:
    [linear] = judge(encoder, heads=["linear"], references=False)
    text = client.call(endpoints.PREDICTIONS_FILE, evaluation_id=linear.id, file_format="csv").decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 40
    right = [row["true"] == row["predicted"] for row in rows if row["split"] == "test"]
    assert np.mean(right) == pytest.approx(linear.accuracy)
    table = pyarrow.parquet.read_table(
        io.BytesIO(client.call(endpoints.PREDICTIONS_FILE, evaluation_id=linear.id, file_format="parquet"))
    )
    assert table.column("source_id").to_pylist() == [row["source_id"] for row in rows]
    assert table.column_names[5:] == ["flagged", *(f"p_{name}" for name in linear.class_names)]


def test_two_evaluations_are_compared_in_words_that_follow_the_evidence(
    client: Client, judge: Judge, encoder: str
) -> None:
    found = judge(encoder, heads=["linear", "knn"])
    linear, majority = of(found, Basis.ENCODER, Head.LINEAR), of(found, Basis.MAJORITY, None)
    compared = client.call(endpoints.COMPARE_EVALUATIONS, a=linear.id, b=majority.id)
    assert compared.n == 20
    assert compared.difference == pytest.approx(linear.accuracy - majority.accuracy)
    assert compared.only_a_right - compared.only_b_right == round(20 * compared.difference)
    assert compared.verdict == (
        "these two models differ on this test set" if compared.p < 0.05 else "no difference shown"
    )
    same = client.call(endpoints.COMPARE_EVALUATIONS, a=linear.id, b=linear.id)
    assert (same.p, same.verdict, same.difference) == (1.0, "no difference shown", 0.0)


def ids_of(found: list[Evaluation], head: Head) -> list[str]:
    return [one.id for one in found if one.head is head]


def test_methods_are_compared_over_their_seeds_in_pairs_where_these_are_the_same(
    client: Client, judge: Judge, encoder: str
) -> None:
    found = judge(encoder, heads=["knn", "linear"], seeds=4, label_fraction=0.7, references=False)
    knn, linear = (sorted(ids_of(found, head)) for head in (Head.KNN, Head.LINEAR))
    accuracies = {one.id: one.accuracy for one in found}
    pairs = client.call(endpoints.COMPARE_METHODS, a=linear, b=knn[::-1])
    gaps = [accuracies[a] - accuracies[b] for a, b in zip(linear, knn, strict=True)]
    assert (pairs.paired, pairs.seeds_a, pairs.seeds_b, pairs.a) == (True, 4, 4, linear)
    assert pairs.difference == pytest.approx(np.mean(gaps))
    half = 3.182446 * np.std(gaps, ddof=1) / 2  # t(3) at 97.5 %, over the root of four
    assert pairs.difference_ci95.high - pairs.difference == pytest.approx(half, rel=1e-5)
    shown = abs(pairs.difference) > half
    assert pairs.verdict.endswith(", 4 seeds each")
    assert ("better: shown" in pairs.verdict) == shown == (pairs.p < 0.05)
    apart = client.call(endpoints.COMPARE_METHODS, a=linear[:3], b=knn[1:])
    assert (apart.paired, apart.seeds_b) == (False, 3)
    assert apart.difference == pytest.approx(
        np.mean([accuracies[one] for one in linear[:3]]) - np.mean([accuracies[one] for one in knn[1:]])
    )


def test_nothing_is_said_of_methods_with_too_few_or_dependent_seeds(
    client: Client, judge: Judge, encoder: str
) -> None:
    found = judge(encoder, heads=["knn", "linear"], seeds=3, label_fraction=0.7, references=False)
    knn, linear = (sorted(ids_of(found, head)) for head in (Head.KNN, Head.LINEAR))
    few = refused(lambda: client.call(endpoints.COMPARE_METHODS, a=linear, b=knn[:2]))
    assert (few.code, few.field) == ("too_few_seeds", "b")
    assert "B has 2 seeds" in few.detail
    assert "evaluate it with more seeds" in few.detail
    mixed = refused(lambda: client.call(endpoints.COMPARE_METHODS, a=[*linear[:2], knn[2]], b=knn))
    assert (mixed.code, mixed.field) == ("not_one_method", "a")
    twice = refused(lambda: client.call(endpoints.COMPARE_METHODS, a=linear, b=[knn[0], knn[0], knn[1]]))
    assert (twice.code, twice.field) == ("not_independent", "b")
    assert refused(lambda: client.call(endpoints.COMPARE_METHODS, a=linear, b=linear)).code == "no_spread"
    assert (
        refused(lambda: client.call(endpoints.COMPARE_METHODS, a=linear, b=[*knn, "none"])).code
        == "evaluation_not_found"
    )
    assert refused(lambda: client.call(endpoints.COMPARE_METHODS, a=[], b=knn)).status == 422


def test_different_test_rows_are_not_compared(
    client: Client, judge: Judge, encoder: str, database: Database, settings: Settings
) -> None:
    enter_dataset(database, settings, SimulateConfig(name="other", n=200, img_size=32, seed=5))
    [one] = judge(encoder, heads=["knn"], references=False)
    [other] = judge(encoder, heads=["knn"], references=False, dataset="other")
    assert other.seen_in_pretraining == 0
    error = refused(lambda: client.call(endpoints.COMPARE_EVALUATIONS, a=one.id, b=other.id))
    assert (error.code, error.status) == ("other_test_rows", 422)
    assert "sky" in error.detail
    assert "other" in error.detail


def test_a_renamed_dataset_is_followed_and_a_deleted_one_leaves_the_figures(
    client: Client, judge: Judge, encoder: str
) -> None:
    [linear] = judge(encoder, heads=["linear"], references=False)
    client.call(endpoints.CHANGE_DATASET, name="sky", body=DatasetChange(name="heaven"))
    assert client.call(endpoints.GET_EVALUATION, evaluation_id=linear.id).dataset == "heaven"
    assert client.call(endpoints.LIST_PREDICTIONS, evaluation_id=linear.id).dataset == "heaven"
    client.call(endpoints.STOP_RUN, run_id=encoder)
    client.call(endpoints.STOP_RUN, run_id=linear.run)
    client.call(endpoints.DELETE_DATASET, name="heaven")
    page = client.call(endpoints.LIST_PREDICTIONS, evaluation_id=linear.id)
    assert (page.dataset, page.total, page.predictions[0].source_id) == (None, 20, "")


def test_a_transductive_encoder_says_that_it_saw_the_test_rows(
    judge: Judge, database: Database, settings: Settings, dataset: str
) -> None:
    [linear] = judge(
        leave_encoder(database, settings, pretrain_rows="all"), heads=["linear"], references=False
    )
    assert linear.seen_in_pretraining == 20
    assert "20 of the 20 test galaxies" in linear.notes[0]


def test_an_encoder_from_elsewhere_is_judged_on_the_dataset_named(
    client: Client, judge: Judge, database: Database, settings: Settings, dataset: str
) -> None:
    config = ImportModelConfig(path="/somewhere/encoder.safetensors")
    run_id = enqueue(database, settings.runs_dir, RunKind.IMPORT_MODEL, config)
    model = model_from_config(ModelConfig.of(TINY), 3)
    model.drop_decoder()
    meta = {"config": ModelConfig.of(TINY).model_dump(mode="json"), "channels": 3, "mean": [0.2] * 3,
            "std": [0.1] * 3, "dataset_digest": None}  # fmt: skip
    CheckpointStore(settings.runs_dir / run_id / "checkpoints", 0).save(0, model, meta)
    request = RunRequest(kind=RunKind.PROBE, config={"encoder": run_id})
    assert refused(lambda: client.call(endpoints.CREATE_RUN, body=request)).code == "no_dataset"
    linear = of(judge(run_id, dataset=dataset, heads=["linear"]), Basis.ENCODER, Head.LINEAR)
    assert (linear.encoder, linear.step, linear.seen_in_pretraining) == (run_id, 0, None)


def test_what_cannot_be_judged_is_refused_with_the_next_step(
    client: Client, encoder: str, database: Database, settings: Settings, tmp_path: Path
) -> None:
    def why(**config: Any) -> tuple[str, str]:
        request = RunRequest(kind=RunKind.PROBE, config={"encoder": encoder} | config)
        error = refused(lambda: client.call(endpoints.CREATE_RUN, body=request))
        return error.code, error.detail

    assert why(encoder="no-such-run")[0] == "run_not_found"
    code, detail = why(checkpoint="3")
    assert (code, detail.endswith(": 0, 7")) == ("checkpoint_not_found", True)
    assert why(dataset="nowhere")[0] == "dataset_not_found"
    code, detail = why(label_fraction=0.01)
    assert code == "empty_class"
    enough = float(detail.partition("; set ")[2].split()[0])
    assert why(label_fraction=round(enough - 0.01, 2))[0] == "empty_class"
    config = {"encoder": encoder, "label_fraction": enough}
    assert (
        client.call(endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PROBE, config=config)).state
        == "queued"
    )
    assert why(heads=["finetune"])[0] == "invalid_config"
    probe = client.call(
        endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PROBE, config={"encoder": encoder})
    )
    assert probe.lane == "light"
    assert why(encoder=probe.id)[0] == "no_model"
    grey = leave_encoder(database, settings, channels=1)
    code, detail = why(encoder=grey)
    assert (code, "reads 1 bands and sky has 3" in detail) == ("bands_differ", True)
    empty = enqueue(
        database, settings.runs_dir, RunKind.PRETRAIN, PretrainConfig.model_validate({"dataset": "sky"})
    )
    assert why(encoder=empty)[0] == "checkpoint_not_found"
    with database.write() as session:
        row = session.get_one(DatasetRow, "sky")
        row.info = row.info | {"class_names": []}
    assert why()[0] == "no_labels"


def test_a_probe_of_a_run_at_work_takes_the_checkpoint_that_is_there_when_it_starts(
    client: Client, database: Database, encoder: str, settings: Settings
) -> None:
    run_id = client.call(
        endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PROBE, config={"encoder": encoder, "knn_k": 5})
    ).id
    folder = settings.runs_dir / encoder / "checkpoints"
    (folder / "step_00000007").rename(folder / "step_00000009")  # the training went on, and pruned
    result = work(task, settings, run_id)
    assert {one["step"] for one in result.produced["evaluations"] if one["basis"] == "encoder"} == {9}


def test_a_checkpoint_that_has_gone_or_changed_is_named(
    client: Client, encoder: str, settings: Settings, move: Move
) -> None:
    move(encoder, RunState.STARTING, RunState.RUNNING, RunState.SUCCEEDED)
    run_id = client.call(
        endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PROBE, config={"encoder": encoder})
    ).id
    folder = settings.runs_dir / encoder / "checkpoints"
    (folder / "step_00000007" / "model.safetensors").write_bytes(
        (folder / "step_00000000" / "model.safetensors").read_bytes()
    )
    with pytest.raises(DataError, match="checkpoint 7 of"):
        work(task, settings, run_id)
    shutil.rmtree(folder / "step_00000007")
    with pytest.raises(DataError, match="checkpoint 7 of"):
        work(task, settings, run_id)


def test_a_probe_that_is_stopped_leaves_no_evaluation(
    client: Client, encoder: str, settings: Settings
) -> None:
    run_id = client.call(
        endpoints.CREATE_RUN, body=RunRequest(kind=RunKind.PROBE, config={"encoder": encoder})
    ).id
    run_dir = RunDir(settings.runs_dir / run_id)
    with RunWriter(run_dir, 1) as writer:
        run_dir.request("stop")
        with pytest.raises(StopRequestedError):  # which the worker turns into its result
            task.run(run_dir.spec(), settings.home, writer)
    assert client.call(endpoints.LIST_EVALUATIONS, encoder=encoder) == []


def test_what_is_not_there_is_said(client: Client, judge: Judge, encoder: str, settings: Settings) -> None:
    assert (
        refused(lambda: client.call(endpoints.GET_EVALUATION, evaluation_id="none")).code
        == "evaluation_not_found"
    )
    [knn] = judge(encoder, heads=["knn"], references=False)
    assert (
        refused(lambda: client.call(endpoints.LIST_PREDICTIONS, evaluation_id=knn.id, true=10)).field
        == "true"
    )
    assert (
        refused(
            lambda: client.call(endpoints.PREDICTIONS_FILE, evaluation_id=knn.id, file_format="xlsx")
        ).status
        == 422
    )
    (settings.runs_dir / knn.run / "evaluations" / f"{knn.id}.npz").unlink()
    assert (
        refused(lambda: client.call(endpoints.LIST_PREDICTIONS, evaluation_id=knn.id)).code
        == "predictions_gone"
    )


def test_curves_are_of_test_rows_alone(client: Client, judge: Judge, encoder: str) -> None:
    [linear] = judge(encoder, heads=["linear"], references=False)
    found = client.call(endpoints.GET_THRESHOLD_CURVES, evaluation_id=linear.id)
    assert found.n == 20
    assert [(one.name, one.n, one.n_rest) for one in found.classes] == [
        (score.name, score.n, 20 - score.n) for score in linear.classes
    ]
    rows = client.call(endpoints.LIST_PREDICTIONS, evaluation_id=linear.id, limit=500).predictions
    ours = [one.probabilities[0] for one in rows if one.true == 0]
    rest = [one.probabilities[0] for one in rows if one.true != 0]
    ahead = np.mean([(a > b) + (a == b) / 2 for a in ours for b in rest])
    assert found.classes[0].auc == pytest.approx(ahead, abs=0.01)  # they are rounded to four decimals
    assert (
        refused(lambda: client.call(endpoints.GET_THRESHOLD_CURVES, evaluation_id="none")).code
        == "evaluation_not_found"
    )
