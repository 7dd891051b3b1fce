"""Pretraining, its preflight, and the self-test of the machine."""

import os
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from statistics import median

from backend.jobs.run_dir import Result, Spec, start_time
from backend.jobs.run_writer import RunWriter
from backend.jobs.tasks.inputs import open_eval_store, open_store
from backend.ml.pretraining.loop import LeaveRequestedError
from backend.ml.pretraining.preflight import Trial, full_size, ratio, rows_to_try, timed
from backend.ml.pretraining.pretrain import pretrain, read_pretrain_data
from backend.ml.pretraining.selftest import BATCH, time_steps
from backend.ml.pretraining.streams import check_batch
from backend.ml.runtime.compute import resolve_device
from backend.ml.runtime.memory import PeakMemory, capped, is_out_of_memory
from shared.base.text import size
from shared.configs import PretrainConfig, SelfTestConfig
from shared.configs.kinds import RunKind
from shared.contract.launching import PREFLIGHT_KEYS


def run(spec: Spec, home: Path, writer: RunWriter) -> Result:
    if spec.kind is RunKind.SELFTEST:
        return self_test(SelfTestConfig.model_validate(spec.config), writer)
    config, memory = PretrainConfig.model_validate(spec.config), PeakMemory()
    if spec.kind is RunKind.PREFLIGHT:
        return preflight(spec, home, writer, config, memory)
    writer.heartbeat(message="reading images")
    with open_store(spec, home) as store, open_eval_store(spec, home) as eval_store:
        data = read_pretrain_data(store, config, eval_store)
    outcome = pretrain(config, data, writer, writer.run_dir.path, memory)
    return writer.result(**asdict(outcome))


def preflight(
    spec: Spec, home: Path, writer: RunWriter, config: PretrainConfig, memory: PeakMemory
) -> Result:
    """Log the cost of the training in spec.config (PREFLIGHT_KEYS), and leave no weights.

    Fails when memory runs out, with a suggestion. Raises InvalidInputError if the rows do not fill a batch.
    """
    with capped(resolve_device(config.device)) as free_bytes:
        try:
            return _measure(spec, home, writer, config, memory, free_bytes)
        except LeaveRequestedError:
            return writer.result("cancelled", reason="stopped before it was measured")
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
        finally:
            shutil.rmtree(writer.run_dir.path / "trial", ignore_errors=True)
    return writer.result(
        "failed",
        reason=f"needs more than the {size(free_bytes)} of free memory",
        suggestion=f"set batch_size to {max(config.batch_size // 2, 2)}",
    )


def _measure(
    spec: Spec, home: Path, writer: RunWriter, config: PretrainConfig, memory: PeakMemory, free_bytes: int
) -> Result:
    startup_s = process_age_s()
    writer.heartbeat(message="reading a few images")
    device = resolve_device(config.device)
    with open_store(spec, home) as store, open_eval_store(spec, home) as eval_store:
        full = full_size(store, config, eval_store)
        check_batch(config, full.images)
        at_most = rows_to_try(config, device)
        read_pretrain_data(store, config, eval_store, 1)  # the fixed cost of the first read
        reading_s, data = timed(lambda: read_pretrain_data(store, config, eval_store, at_most))
    startup_s += reading_s * ratio(full.read, full.tried(data))
    folder = writer.run_dir.path / "trial"
    building_s, trial = timed(lambda: Trial(config, data, full, writer, folder, memory))
    evaluation_s = trial.time_evaluation()  # first, as in the run: the memory it leaves allocated counts
    step_s, warm_up_s = trial.time_steps()
    startup_s += building_s + warm_up_s
    figures = (trial.peak_bytes(), free_bytes, step_s, evaluation_s, startup_s)
    writer.log(0, 0.0, dict(zip(PREFLIGHT_KEYS, map(float, figures), strict=True)))
    return writer.result(images_per_s=config.batch_size / step_s)


def process_age_s() -> float:
    """Seconds since this process started, the import of Python, torch and the model included."""
    now = time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.time()
    return now - start_time(os.getpid())


def self_test(config: SelfTestConfig, writer: RunWriter) -> Result:
    """Log selftest/step_s and selftest/images_per_s of the median step."""
    writer.report("loading torch")

    def tick(step: int) -> None:
        writer.report("training on random images", step=step, total_steps=config.steps)

    step_s = median(time_steps(config, tick))
    writer.log(0, 0.0, {"selftest/step_s": step_s, "selftest/images_per_s": BATCH / step_s})
    return writer.result(step=config.steps, images_per_s=BATCH / step_s)
