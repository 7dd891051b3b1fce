"""Making datasets: simulating, importing one's own, downloading, taking a part of another."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from backend.data.importers import ImportStopped, import_dataset, made_by, simulate_dataset
from backend.data.incoming.download import PUBLISHED, download
from backend.data.incoming.uploads import forget_upload
from backend.data.store import describe
from backend.data.subset import subset_dataset
from backend.jobs.run_dir import Result, Spec
from backend.jobs.run_writer import RunWriter
from backend.jobs.tasks.opening import open_store
from shared.configs import DownloadConfig, ImportConfig, SimulateConfig, SubsetConfig
from shared.configs.kinds import RunKind

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Making:
    """One job that leaves a dataset: what was asked, where, and how it talks."""

    spec: Spec
    home: Path
    writer: RunWriter

    @property
    def folder(self) -> Path:
        return self.home / "datasets"

    def progress(self, done: int, total: int, message: str) -> None:
        self.writer.heartbeat(step=done, total_steps=total, message=message)

    def simulated(self) -> Path:
        config = SimulateConfig.model_validate(self.spec.config)
        return simulate_dataset(config, self.folder, self.spec.run_id, self.progress, self.writer.should_stop)

    def imported(self) -> Path:
        """Import, and let go of what was uploaded for it: the store holds all of it."""
        config = ImportConfig.model_validate(self.spec.config)
        roots = tuple(map(Path, self.spec.roots))
        path = import_dataset(
            config, self.folder, self.spec.run_id, self.progress, self.writer.should_stop, roots
        )
        forget_upload(self.home / "uploads", config.path)
        return path

    def downloaded(self) -> Path:
        """Fetch the file, import it, and let it go: the store holds all of it."""
        config = DownloadConfig.model_validate(self.spec.config)
        finished = made_by(self.folder, config.name, self.spec.run_id)
        if finished is not None:
            return finished
        fetched = download(
            PUBLISHED[config.source](), self.home / "downloads", self.progress, self.writer.should_stop
        )
        source = ImportConfig(path=str(fetched), name=config.name, img_size=config.img_size)
        path = import_dataset(
            source, self.folder, self.spec.run_id, self.progress, self.writer.should_stop, (fetched.parent,)
        )
        fetched.unlink(missing_ok=True)
        return path

    def taken(self) -> Path:
        config = SubsetConfig.model_validate(self.spec.config)
        with open_store(self.spec, self.home) as store:
            return subset_dataset(
                config, store, self.folder, self.spec.run_id, self.progress, self.writer.should_stop
            )


MAKERS: dict[RunKind, Callable[[Making], Path]] = {
    RunKind.SIMULATE: Making.simulated,
    RunKind.IMPORT: Making.imported,
    RunKind.DOWNLOAD: Making.downloaded,
    RunKind.SUBSET: Making.taken,
}


def run(spec: Spec, home: Path, writer: RunWriter) -> Result:
    """Write the dataset into the store; its description goes into the result, to be registered."""
    try:
        path = MAKERS[spec.kind](Making(spec, home, writer))
    except ImportStopped as stopped:
        return Result(attempt=writer.attempt, outcome="cancelled", reason=f"stopped: {stopped}")
    dataset = describe(path, str(spec.config["name"]))
    produced = {"file": path.name, "dataset": dataset.model_dump(mode="json")}
    return Result(attempt=writer.attempt, outcome="succeeded", step=dataset.n, produced=produced)
