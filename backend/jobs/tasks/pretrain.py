"""Pretraining: reads the rows a pretraining may see, and hands them to the trainer."""

from pathlib import Path

from backend.jobs.run_dir import Result, Spec
from backend.jobs.run_writer import RunWriter
from backend.jobs.tasks.opening import open_eval_store, open_store
from backend.jobs.tasks.outcomes import result_of
from backend.ml.pretraining.pretrain import pretrain
from backend.ml.pretraining.reading import read_pretrain_data
from backend.ml.runtime.memory import PeakMemory
from shared.configs import PretrainConfig


def run(spec: Spec, home: Path, writer: RunWriter) -> Result:
    """Train until the end, a request or a failure; checkpoints and samples go into the run directory."""
    config, memory = PretrainConfig.model_validate(spec.config), PeakMemory()
    writer.heartbeat(message="reading images")
    with open_store(spec, home) as store, open_eval_store(spec, home) as eval_store:
        data = read_pretrain_data(store, config, eval_store)
    outcome = pretrain(config, data, writer, writer.run_dir.path, memory)
    return result_of(outcome, writer)
