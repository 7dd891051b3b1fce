"""Pretraining: it learns, it can be left and resumed at any step, and it fails with a reason."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from backend.ml.checkpoints.store import CheckpointStore, build_model
from backend.ml.pretraining.loop import Selection
from backend.ml.pretraining.pretrain import BETAS, Outcome, build_optimizer, pretrain
from backend.ml.runtime.memory import is_out_of_memory
from shared.configs import PretrainConfig

Make = Callable[..., Any]
STEPS = 12  # 48 images in batches of 16, 4 epochs


def weights(folder: Path, step: int) -> dict[str, torch.Tensor]:
    return load_file(CheckpointStore(folder / "checkpoints", 12).folder(step) / "model.safetensors")


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return set(a) == set(b) and all(torch.equal(a[name], b[name]) for name in a)


def test_every_step_is_logged_once_with_its_loss_and_rate(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    config, io = tiny_config(), memory_run()
    outcome = pretrain(config, tiny_data(), io, tmp_path)
    assert (outcome.outcome, outcome.step, outcome.reason) == ("succeeded", STEPS, None)
    assert outcome.images_per_s is not None and outcome.images_per_s > 0
    losses = [step for step, _, values in io.lines if "train/loss" in values]
    assert losses == list(range(1, STEPS + 1))
    rates = io.series("train/lr")
    assert rates[1] == 0.0  # warm-up starts from nothing
    assert rates[2] == pytest.approx(config.lr * 2 / 3)  # at epoch 1/3, of half an epoch of warm-up
    assert io.lines[-1][1] == 4.0


def test_validation_loss_is_the_first_thing_on_the_chart(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    io = memory_run()
    pretrain(tiny_config(), tiny_data(), io, tmp_path)
    step, epoch, values = io.lines[0]
    assert (step, epoch) == (0, 0.0)
    assert "val/loss" in values and "val/linear_accuracy" not in values
    assert sorted(io.series("val/linear_accuracy")) == [0, 6, 12]
    assert set(io.series("val/knn_accuracy")) == set(io.series("val/rankme")) == {0, 6, 12}


def test_it_learns(tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path) -> None:
    io = memory_run()
    config = tiny_config(epochs=40, eval_every_epochs=40, norm_pix_loss=False, mask_ratio=0.5, blr=0.1)
    pretrain(config, tiny_data(), io, tmp_path)
    loss = io.series("val/loss")
    assert loss[120] < 0.5 * loss[0]


@pytest.mark.parametrize("request_at", [1, 6, 7, 11])
def test_a_resumed_run_equals_the_uninterrupted_one_bit_for_bit(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path, request_at: int
) -> None:
    config, data = tiny_config(crop_scale_min=0.6, colour_jitter=0.1), tiny_data()
    whole, first, second = memory_run(), memory_run({request_at: "pause"}), memory_run()
    pretrain(config, data, whole, tmp_path / "whole")
    paused = pretrain(config, data, first, tmp_path / "parts")
    assert (paused.outcome, paused.step) == ("paused", request_at)
    torch.rand(1000)  # the global generator plays no part
    resumed = pretrain(config, data, second, tmp_path / "parts")
    assert second.events == [("resumed", {"from_step": request_at})]
    assert (resumed.outcome, resumed.step) == ("succeeded", STEPS)
    assert same(weights(tmp_path / "whole", STEPS), weights(tmp_path / "parts", STEPS))
    for key in ("train/loss", "train/lr", "val/loss", "val/linear_accuracy", "val/knn_accuracy"):
        assert {**first.series(key), **second.series(key)} == whole.series(key), key


def test_a_run_whose_values_were_changed_between_does_not_go_on_and_keeps_its_checkpoint(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    pretrain(tiny_config(blr=0.01), tiny_data(), memory_run({6: "pause"}), tmp_path)
    before = weights(tmp_path, 6)
    io = memory_run()
    outcome = pretrain(tiny_config(blr=0.02), tiny_data(), io, tmp_path)
    assert outcome.outcome == "failed"
    assert outcome.reason == "blr is 0.02, and was 0.01 up to step 6; a run keeps its values"
    assert outcome.suggestion == "clone the run and set blr = 0.02 in the clone"
    assert (io.events, same(weights(tmp_path, 6), before)) == ([], True)
    again = pretrain(tiny_config(blr=0.01, keep_checkpoints=3), tiny_data(), memory_run(), tmp_path)
    assert (again.outcome, again.step) == ("succeeded", STEPS)


def test_a_run_that_was_killed_goes_on_from_its_last_checkpoint(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    class Killed(BaseException):
        pass

    class DyingRun(memory_run):  # type: ignore[misc, valid-type]
        def log(self, step: int, epoch: float, values: Any) -> None:
            if step == 12 and "val/loss" in values:
                raise Killed
            super().log(step, epoch, values)

    config, data = tiny_config(), tiny_data()
    pretrain(config, data, memory_run(), tmp_path / "whole")
    with pytest.raises(Killed):
        pretrain(config, data, DyingRun(), tmp_path / "killed")
    io = memory_run()
    pretrain(config, data, io, tmp_path / "killed")
    assert io.events == [("resumed", {"from_step": 6})]
    assert same(weights(tmp_path / "whole", STEPS), weights(tmp_path / "killed", STEPS))


def test_stop_leaves_a_checkpoint_and_is_cancelled(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    outcome = pretrain(tiny_config(), tiny_data(), memory_run({5: "stop"}), tmp_path)
    assert (outcome.outcome, outcome.step, outcome.reason) == ("cancelled", 5, "stopped at step 5")
    assert CheckpointStore(tmp_path / "checkpoints", 12).last_step() == 5


def test_pause_during_an_evaluation_is_heard_and_the_evaluation_made_up_for(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    config, data = tiny_config(), tiny_data()
    first, second = memory_run({6: "pause"}, during_evaluation=True), memory_run()
    paused = pretrain(config, data, first, tmp_path)
    assert (paused.outcome, paused.step) == ("paused", 6)
    assert 6 not in first.series("val/linear_accuracy")
    pretrain(config, data, second, tmp_path)
    assert sorted(second.series("val/linear_accuracy")) == [6, 12]


def test_checkpoint_and_sample_are_done_at_once_and_training_goes_on(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    outcome = pretrain(tiny_config(), tiny_data(), memory_run({4: "checkpoint", 8: "sample"}), tmp_path)
    assert outcome.outcome == "succeeded"
    assert CheckpointStore(tmp_path / "checkpoints", 12).steps() == [0, 4, 6, 12]
    drawn = sorted(path.name for path in (tmp_path / "samples").glob("*.png"))
    assert drawn == [f"step_{step:08d}.png" for step in (0, 6, 8, 12)]


def test_a_checkpoint_that_is_asked_for_during_an_evaluation_does_not_wait_for_its_end(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    store = CheckpointStore(tmp_path / "checkpoints", 12)
    seen: list[list[int]] = []

    class Watching(memory_run):  # type: ignore[misc, valid-type]
        def request(self) -> str | None:
            if self._evaluating and self._taken == 6:
                seen.append(store.steps())
            return super().request()  # type: ignore[no-any-return]

    outcome = pretrain(
        tiny_config(), tiny_data(), Watching({6: "checkpoint"}, during_evaluation=True), tmp_path
    )
    assert outcome.outcome == "succeeded"
    assert (seen[0], seen[-1]) == ([0], [0, 6])
    assert store.steps() == [0, 6, 12]


def test_a_loss_that_is_not_finite_fails_with_its_step_and_leaves_no_such_checkpoint(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    data = tiny_data()
    poisoned = replace(data, channel_std=[0.0, 0.0, 0.0])
    io = memory_run()
    pretrain(tiny_config(), data, memory_run({3: "pause"}), tmp_path)
    outcome = pretrain(tiny_config(), poisoned, io, tmp_path)
    assert (outcome.outcome, outcome.step) == ("failed", 4)
    assert outcome.reason == "the loss became nan at step 4"
    assert outcome.suggestion is not None and "blr from 0.01 to 0.005" in outcome.suggestion
    assert np.isnan(io.series("train/loss")[4])
    store = CheckpointStore(tmp_path / "checkpoints", 12)
    assert store.last_step() == 3
    assert all(bool(v.isfinite().all()) for v in weights(tmp_path, 3).values())


def test_weights_that_are_not_finite_are_never_saved(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    # At this rate the first real update overflows, and the checkpoint is asked for before the next loss.
    config = tiny_config(blr=1.0, weight_decay=1.0, warmup_epochs=0, batch_size=16)
    huge = config.model_copy(update={"blr": 1e38})
    outcome = pretrain(huge, tiny_data(), memory_run({1: "checkpoint", 2: "checkpoint"}), tmp_path)
    assert outcome.outcome == "failed"
    for step in CheckpointStore(tmp_path / "checkpoints", 12).steps():
        assert all(bool(v.isfinite().all()) for v in weights(tmp_path, step).values())


def test_too_few_images_for_a_batch_fails_with_a_batch_that_fits(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    outcome = pretrain(tiny_config(batch_size=64), tiny_data(), memory_run(), tmp_path)
    assert outcome == Outcome(
        "failed", "batch_size 64 is more than the 48 images to train on", 0, "set batch_size to 12"
    )


def test_running_out_of_memory_is_told_apart_from_other_errors(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    class FullMachine(memory_run):  # type: ignore[misc, valid-type]
        def request(self) -> str | None:
            if self.steps_asked == 2:
                torch.empty(2**60, dtype=torch.uint8)
            return super().request()  # type: ignore[no-any-return]

    outcome = pretrain(tiny_config(), tiny_data(), FullMachine(), tmp_path)
    assert (outcome.outcome, outcome.suggestion) == ("failed", "set batch_size to 8")
    assert outcome.reason == "out of memory at step 3 with batch_size 16"
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert not is_out_of_memory(RuntimeError("shape mismatch"))


def test_early_stopping_counts_evaluations_without_a_better_probe(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    config = tiny_config(epochs=200, eval_every_epochs=1, early_stopping_patience=2, blr=1e-6)
    io = memory_run()
    outcome = pretrain(config, tiny_data(), io, tmp_path)
    accuracies = io.series("val/linear_accuracy")
    first = max(accuracies, key=lambda step: (accuracies[step], -step))
    best = max(filter(None, accuracies), key=lambda step: (accuracies[step], step))
    assert outcome.outcome == "succeeded" and outcome.step < 600
    assert outcome.step == first + 2 * 3  # two evaluations, one an epoch of three steps, after the best
    assert outcome.reason is not None and f"at step {first}" in outcome.reason
    assert CheckpointStore(tmp_path / "checkpoints", 12).best_step() == best


def test_the_best_is_the_last_of_equals_and_never_the_untrained_encoder() -> None:
    """V10: a probe that is perfect from the start."""

    def marked(scores: list[float | None], selection: Selection | None = None, start: int = 0) -> list[int]:
        selection = selection or Selection()
        return [step for step, score in enumerate(scores, start) if selection.take(score, step)]

    assert marked([1.0, 1.0, 1.0]) == [1, 2]
    assert marked([0.9, 0.5, 0.7, 0.6, 0.7, 0.2]) == [1, 2, 4]
    assert marked([None, None, None]) == [1, 2]
    assert marked([1.0]) == []
    older = {"best": 0.7, "best_step": 4, "since_best": 1, "evaluated_step": 5}
    assert marked([0.6, 0.7], Selection(**older), start=6) == [7]
    assert marked([0.6], Selection(best=0.9, best_step=0, since_best=2, evaluated_step=2), start=3) == [3]


def test_without_labels_the_best_is_the_last_and_no_accuracy_is_claimed(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    io = memory_run()
    config = tiny_config(early_stopping_patience=1)
    outcome = pretrain(config, tiny_data(labelled=False), io, tmp_path)
    assert (outcome.outcome, outcome.step) == ("succeeded", STEPS)
    assert CheckpointStore(tmp_path / "checkpoints", 12).best_step() == STEPS
    assert not any("accuracy" in key for _, _, values in io.lines for key in values)
    assert set(io.series("val/rankme")) == {0, 6, 12}


def test_the_seed_decides_everything_and_another_seed_something_else(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    data, runs = tiny_data(), {}
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        pretrain(tiny_config(seed=seed, epochs=2), data, memory_run(), tmp_path / name)
        runs[name] = weights(tmp_path / name, 6)
    assert same(runs["a"], runs["b"])
    assert not same(runs["a"], runs["c"])


def test_five_bands_train_and_the_checkpoint_says_so(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    outcome = pretrain(tiny_config(epochs=2), tiny_data(channels=5), memory_run(), tmp_path)
    store = CheckpointStore(tmp_path / "checkpoints", 12)
    meta = store.meta(outcome.step)
    assert (meta["channels"], len(meta["mean"]), meta["dataset_digest"]) == (5, 5, "d1")
    assert meta["class_names"] == ["round", "elongated"]
    store.load(outcome.step, build_model(meta))


def test_a_heartbeat_tells_the_step_and_an_end_that_comes_nearer(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    io = memory_run()
    pretrain(tiny_config(), tiny_data(), io, tmp_path)
    assert {total for _, total, _, _ in io.beats} == {STEPS}
    assert {message for *_, message in io.beats} == {"training", "evaluating"}
    final_step, _, eta_s, _ = io.beats[-1]
    assert (final_step, eta_s) == (STEPS, 0.0)


def test_vectors_and_tokens_do_not_decay(tiny_config: Make) -> None:
    config: PretrainConfig = tiny_config(weight_decay=0.2)
    model = build_model({"config": config.model_dump(), "channels": 3})
    decayed, free = build_optimizer(model, config).param_groups
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.2, 0.0)
    assert decayed["betas"] == BETAS == (0.9, 0.95)
    assert all(p.ndim > 1 for p in decayed["params"])
    free_ids = {id(p) for p in free["params"]}
    assert {id(model.cls_token), id(model.mask_token), id(model.norm.weight)} <= free_ids
    assert len(decayed["params"]) + len(free["params"]) == len(list(model.parameters()))
