"""The self-test really trains, obeys, and says when it cannot."""

import pytest
import torch

from backend.errors import InvalidInputError
from backend.ml.pretraining import selftest
from backend.ml.pretraining.selftest import time_steps
from shared.configs import SelfTestConfig


class EnoughError(Exception):
    pass


def test_each_asked_step_is_timed_and_a_stop_is_heard_between_two() -> None:
    seen: list[int] = []
    seconds = time_steps(SelfTestConfig(device="cpu", steps=5), seen.append)
    assert seen == list(range(3 + 5))  # three warm up
    assert len(seconds) == 5
    assert min(seconds) > 0

    def leave(step: int) -> None:
        raise EnoughError(step)

    with pytest.raises(EnoughError, match="0"):
        time_steps(SelfTestConfig(device="cpu", steps=200), leave)


def test_on_a_slow_machine_fewer_steps_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "LONG_ENOUGH_S", 0.0)
    assert len(time_steps(SelfTestConfig(device="cpu", steps=200), lambda _step: None)) == 5


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidInputError, match="no GPU"):
        time_steps(SelfTestConfig(device="cuda"), lambda _step: None)
