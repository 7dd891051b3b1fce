"""Making datasets: importing one's own, or simulating."""

from pathlib import Path

from backend.data.importers import ImportStopped, import_dataset, simulate_dataset
from backend.data.store import describe
from backend.jobs.run_dir import Result, Spec
from backend.jobs.run_writer import RunWriter
from shared.configs import ImportConfig, SimulateConfig
from shared.runs import RunKind


def run(spec: Spec, home: Path, writer: RunWriter) -> Result:
    """Write the dataset into the store; its description goes into the result, to be registered."""
    folder = home / "datasets"

    def progress(done: int, total: int, message: str) -> None:
        writer.heartbeat(step=done, total_steps=total, message=message)

    try:
        if spec.kind == RunKind.SIMULATE:
            simulate = SimulateConfig.model_validate(spec.config)
            path = simulate_dataset(simulate, folder, spec.run_id, progress, writer.should_stop)
        else:
            source = ImportConfig.model_validate(spec.config)
            path = import_dataset(source, folder, spec.run_id, progress, writer.should_stop)
    except ImportStopped:
        return Result(attempt=writer.attempt, outcome="cancelled", reason="stopped; nothing was kept")
    dataset = describe(path, path.stem)
    produced = {"file": path.name, "dataset": dataset.model_dump(mode="json")}
    return Result(attempt=writer.attempt, outcome="succeeded", step=dataset.n, produced=produced)
