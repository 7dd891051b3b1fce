"""Trying a training before it starts, in a process of its own that cannot eat the machine."""

import os
import shutil
import time
from pathlib import Path

from backend.jobs.run_dir import Result, Spec, start_time
from backend.jobs.run_writer import RunWriter
from backend.jobs.tasks.opening import open_eval_store, open_store
from backend.ml.pretraining.loop import LeaveRequestedError
from backend.ml.pretraining.preflight import Trial, full_size, ratio, rows_to_try, timed
from backend.ml.pretraining.reading import check_batch, read_pretrain_data
from backend.ml.runtime.compute import resolve_device
from backend.ml.runtime.memory import PeakMemory, capped, is_out_of_memory
from shared.configs import PretrainConfig
from shared.contract.launching import PREFLIGHT_KEYS


def run(spec: Spec, home: Path, writer: RunWriter) -> Result:
    """Log what the training of spec.config would take (PREFLIGHT_KEYS), and leave no weights.

    Fails where memory runs out, with what to try; InvalidInputError where the rows do not fill a batch.
    """
    config, memory = PretrainConfig.model_validate(spec.config), PeakMemory()
    folder, device = writer.run_dir.path / "trial", resolve_device(config.device)
    with capped(device) as free_bytes:
        try:
            return measure(spec, home, writer, config, memory, free_bytes)
        except LeaveRequestedError:
            return Result(
                attempt=writer.attempt, outcome="cancelled", reason="stopped before it was measured"
            )
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return Result(
        attempt=writer.attempt,
        outcome="failed",
        reason=f"needs more than the {free_bytes / 1e9:.1f} GB that are free",
        suggestion=f"set batch_size to {max(config.batch_size // 2, 2)}",
        exit_code=1,
    )


def measure(
    spec: Spec, home: Path, writer: RunWriter, config: PretrainConfig, memory: PeakMemory, free_bytes: int
) -> Result:
    startup_s = process_age_s()
    writer.heartbeat(message="reading a few images")
    device = resolve_device(config.device)
    with open_store(spec, home) as store, open_eval_store(spec, home) as eval_store:
        full = full_size(store, config, eval_store)
        check_batch(config, full.images)
        at_most = rows_to_try(config, device)
        read_pretrain_data(store, config, eval_store, 1)  # what only the first read costs
        reading_s, data = timed(lambda: read_pretrain_data(store, config, eval_store, at_most))
    startup_s += reading_s * ratio(full.read, full.tried(data))
    building_s, trial = timed(
        lambda: Trial(config, data, full, writer, writer.run_dir.path / "trial", memory)
    )
    evaluation_s = trial.time_evaluation()  # first, as in the run: what it leaves in memory counts
    step_s, warm_up_s = trial.time_steps()
    startup_s += building_s + warm_up_s
    figures = (trial.peak_bytes(), free_bytes, step_s, evaluation_s, startup_s)
    values = dict(zip(PREFLIGHT_KEYS, map(float, figures), strict=True))
    writer.log(0, 0.0, values)
    rate = config.batch_size / step_s
    return Result(attempt=writer.attempt, outcome="succeeded", images_per_s=rate)


def process_age_s() -> float:
    """Seconds since this process was made: Python, torch and the model's modules are loaded by now."""
    now = time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.time()
    return now - start_time(os.getpid())
