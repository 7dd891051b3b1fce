"""The self-test of the machine."""

from pathlib import Path
from statistics import median

from backend.jobs.run_dir import Result, Spec
from backend.jobs.run_writer import RunWriter
from backend.ml.pretraining.selftest import BATCH, time_steps
from shared.configs import SelfTestConfig


class _StoppedError(Exception):
    pass


def run(spec: Spec, _home: Path, writer: RunWriter) -> Result:
    """Log selftest/step_s and selftest/images_per_s, of the median step."""
    config = SelfTestConfig.model_validate(spec.config)
    writer.heartbeat(message="loading torch")

    def tick(step: int) -> None:
        writer.heartbeat(step=step, total_steps=config.steps, message="training on made-up images")
        if writer.should_stop():
            raise _StoppedError

    try:
        seconds = time_steps(config, tick)
    except _StoppedError:
        return Result(attempt=writer.attempt, outcome="cancelled", reason="stopped")
    step_s = median(seconds)
    writer.log(0, 0.0, {"selftest/step_s": step_s, "selftest/images_per_s": BATCH / step_s})
    return Result(attempt=writer.attempt, outcome="succeeded", step=config.steps, images_per_s=BATCH / step_s)
