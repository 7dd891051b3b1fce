"""A trial of a training: what it measures, what it reckons for rows it did not read, and what it leaves."""

import contextlib
import ctypes
import gc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from backend.ml.pretraining.loop import LeaveRequestedError
from backend.ml.pretraining.preflight import FullSize, Trial, like
from backend.ml.pretraining.pretrain import pretrain
from backend.ml.runtime.contracts import PretrainData
from backend.ml.runtime.memory import PeakMemory, capped, is_out_of_memory
from shared.configs import PretrainConfig

Make = Callable[..., Any]
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def trimmed() -> None:
    """Memory that earlier tests let go of goes back to the system: this process looks like a new worker's."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def full_of(data: PretrainData, **changes: Any) -> FullSize:
    """A run of just the data of its trial."""
    size = FullSize(
        images=len(data.images),
        val_images=len(data.val_images),
        train_labels=data.probe.train_labels,
        val_labels=data.probe.val_labels,
        n_classes=len(data.probe.class_names),
        own_probe=True,
    )
    return replace(size, **changes)


def trial(config: PretrainConfig, data: PretrainData, io: Any, folder: Path, **full: Any) -> Trial:
    return Trial(config, data, full_of(data, **full), io, folder, PeakMemory())


def test_steps_and_an_evaluation_are_timed_and_the_weights_stay_as_they_were(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    tried = trial(tiny_config(), tiny_data(), memory_run(), tmp_path)
    before = {name: value.clone() for name, value in tried.trainee.model.state_dict().items()}
    step_s, warm_up_s = tried.time_steps()
    assert step_s > 0 and warm_up_s >= 0 and tried.time_evaluation() > 0
    after = tried.trainee.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert tried.peak_bytes() > 0


def test_a_probe_that_learns_beside_the_encoder_is_part_of_the_step(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    tried = trial(tiny_config(online_probe="sgd"), tiny_data(), memory_run(), tmp_path)
    online = tried.trainee.online
    assert online is not None and online.untrained
    tried._timed_steps(0, 1)
    assert not online.untrained
    assert online.state_dict()["head"]["1.weight"].abs().sum() == 0  # at the rate 0


def test_rows_that_were_not_read_are_added_by_arithmetic(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    config, data, row = tiny_config(), tiny_data(), 16 * 16 * 3
    assert trial(config, data, memory_run(), tmp_path).unread_bytes() == 0
    labels = np.arange(1048) % 2
    own = trial(config, data, memory_run(), tmp_path, images=1048, train_labels=labels, val_images=116)
    assert own.unread_bytes() == 1000 * row + 100 * row
    other = trial(config, data, memory_run(), tmp_path, train_labels=labels, own_probe=False)
    assert other.unread_bytes() == 1000 * row


def test_a_stop_is_heard_between_two_steps(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    io = memory_run({2: "stop"})
    with pytest.raises(LeaveRequestedError):
        trial(tiny_config(), tiny_data(), io, tmp_path).time_steps()
    assert io.steps_asked == 2


def test_features_are_made_like_those_of_the_same_class() -> None:
    few = torch.tensor([[0.0, 0.0], [0.0, 2.0], [100.0, 0.0], [100.0, 2.0]])
    wanted = np.array([1, 0, 1, 1, 0, -1])
    made = like(few, np.array([0, 0, 1, 1]), wanted)
    assert made.shape == (6, 2)
    near_hundred = (made[:, 0] - 100).abs() < 70  # noise of a third of the spread of 58
    assert near_hundred[:5].tolist() == [True, False, True, True, False]
    assert like(few, np.array([0, 0, 1, 1]), wanted[:0]).shape == (0, 2)


def test_memory_that_is_not_free_is_refused_before_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.ml.runtime.memory.free_bytes", lambda device: 200 * 2**20)
    with capped(CPU) as free:
        assert free == 200 * 2**20
        torch.ones(20 * 2**20)  # 80 MiB
        with pytest.raises(RuntimeError) as refused:
            torch.ones(2**30)
        assert is_out_of_memory(refused.value)
    torch.ones(60 * 2**20)  # 240 MiB: the cap is gone


def test_a_training_logs_its_peak_with_each_evaluation(
    tiny_config: Make, tiny_data: Make, memory_run: Make, tmp_path: Path
) -> None:
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # else what earlier tests left is given back while this one is measured
    io, memory = memory_run(), PeakMemory()
    held = np.ones(50 * 2**20, np.uint8)  # what the task read before it trained
    pretrain(tiny_config(), tiny_data(), io, tmp_path, memory)
    peaks = io.series("system/peak_memory_bytes")
    assert sorted(peaks) == [0, 6, 12]
    assert peaks[0] <= peaks[6] <= peaks[12]
    assert peaks[0] > held.nbytes
