"""How large a bundle would be, and where a run came from."""

from backend.db.engine import Database
from backend.files import read_json
from backend.jobs.run_dir import RunDir
from backend.services.bundles.layout import ORIGIN
from backend.services.bundles.snapshot import WEIGHT_FILES, chosen_steps, fixed_files, require_bundled
from backend.settings import Settings
from shared.contract.bundles import CheckpointChoice, Origin, RunBundle


def describe_bundle(database: Database, settings: Settings, run_id: str) -> RunBundle:
    """What can be taken along of a run. Raises NotFoundError, InvalidInputError for a job without results."""
    require_bundled(database, run_id)
    run_dir = RunDir(settings.runs_dir / run_id)
    steps = {choice: chosen_steps(run_dir, choice) for choice in CheckpointChoice}
    files = [*fixed_files(run_dir), *run_dir.evaluations.glob("*.npz"), run_dir.metrics, run_dir.log]
    rest = sum(path.stat().st_size for path in files if path.is_file())
    sizes = {
        choice: rest + sum(_step_bytes(run_dir, step) for step in found) for choice, found in steps.items()
    }
    held = read_json(run_dir.path / ORIGIN)
    return RunBundle(bytes=sizes, steps=steps, origin=Origin.model_validate(held) if held else None)


def _step_bytes(run_dir: RunDir, step: int) -> int:
    folder = run_dir.checkpoints / f"step_{step:08d}"
    return sum(path.stat().st_size for name in WEIGHT_FILES if (path := folder / name).is_file())
