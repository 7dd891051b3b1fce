"""Why torch sees no GPU: each cause named, with what to do."""

import json
import subprocess
import sys

import pytest
import torch

from backend.ml.runtime.torch_facts import CudaEnvironment, why_cpu

WELL = CudaEnvironment("13.0", available=True, gpus=1, driver="580.65", driver_cuda=(13, 0), visible=None)


def seen(**changes: object) -> CudaEnvironment:
    return CudaEnvironment(**(vars(WELL) | {"available": False} | changes))  # type: ignore[arg-type]


def test_where_there_is_a_gpu_nothing_is_to_be_explained() -> None:
    assert why_cpu(WELL) == ""


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"driver": None, "gpus": 0, "driver_cuda": None}, "because no NVIDIA driver was found"),
        ({"gpus": 0}, "because the driver 580.65 finds none"),
        ({"torch_cuda": None}, "because this torch is a CPU build"),
        ({"visible": ""}, "because CUDA_VISIBLE_DEVICES is empty"),
        (
            {"driver": "535.10", "driver_cuda": (12, 2)},
            "the driver 535.10 runs CUDA 12.2 at most and torch was",
        ),
        ({}, "although the driver 580.65 does"),
    ],
)
def test_each_cause_is_named(changes: dict[str, object], cause: str) -> None:
    sentence = why_cpu(seen(**changes))
    assert cause in sentence
    assert ";" in sentence  # and what to do


def test_a_process_of_its_own_answers_with_one_object() -> None:
    command = [sys.executable, "-m", "backend.ml.runtime.torch_facts"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    facts = json.loads(done.stdout)
    assert facts["torch"] == torch.__version__
    assert facts["cuda_available"] == torch.cuda.is_available()
    assert bool(facts["why_cpu"]) is not facts["cuda_available"]
