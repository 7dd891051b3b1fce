"""Making datasets: simulation, import, download, cut-outs, and subsets of another."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from backend.data.cutouts.making import CUTOUTS_CACHE, make_cutouts
from backend.data.importers import ImportStopped, import_dataset, made_by, simulate_dataset
from backend.data.incoming.download import PUBLISHED, download
from backend.data.incoming.uploads import forget_upload
from backend.data.store import describe
from backend.data.subset import subset_dataset
from backend.jobs.run_dir import Result, Spec
from backend.jobs.run_writer import RunWriter
from backend.jobs.tasks.inputs import open_store
from shared.configs import CutoutsConfig, DownloadConfig, ImportConfig, SimulateConfig, SubsetConfig
from shared.configs.kinds import RunKind


@dataclass(frozen=True)
class DatasetJob:
    """One job that makes a dataset. Each method returns the path of the new file."""

    spec: Spec
    home: Path
    writer: RunWriter

    @property
    def folder(self) -> Path:
        return self.home / "datasets"

    @property
    def roots(self) -> tuple[Path, ...]:
        return tuple(map(Path, self.spec.roots))

    def progress(self, done: int, total: int, message: str, **pace: float) -> None:
        self.writer.heartbeat(step=done, total_steps=total, message=message, **pace)

    def simulate(self) -> Path:
        config = SimulateConfig.model_validate(self.spec.config)
        return simulate_dataset(config, self.folder, self.spec.run_id, self.progress, self.writer.should_stop)

    def import_(self) -> Path:
        """Import, then delete the upload: the store holds all of it."""
        config = ImportConfig.model_validate(self.spec.config)
        path = self._imported(config, self.roots)
        forget_upload(self.home / "uploads", config.path)
        return path

    def download(self) -> Path:
        """Download the file, import it, then delete it: the store holds all of it."""
        config = DownloadConfig.model_validate(self.spec.config)
        finished = made_by(self.folder, config.name, self.spec.run_id)
        if finished is not None:
            return finished
        fetched = download(
            PUBLISHED[config.source](), self.home / "downloads", self.progress, self.writer.should_stop
        )
        source = ImportConfig(path=str(fetched), name=config.name, img_size=config.img_size)
        path = self._imported(source, (fetched.parent,))
        fetched.unlink(missing_ok=True)
        return path

    def cutouts(self) -> Path:
        """Fetch and import, then delete the uploaded table; the cut-outs stay cached."""
        config = CutoutsConfig.model_validate(self.spec.config)
        path = make_cutouts(
            config,
            self.folder,
            self.home / CUTOUTS_CACHE,
            self.spec.run_id,
            self.progress,
            self.writer.should_stop,
            self.roots,
            self.writer.say,
        )
        forget_upload(self.home / "uploads", config.path)
        return path

    def _imported(self, config: ImportConfig, roots: tuple[Path, ...]) -> Path:
        return import_dataset(
            config, self.folder, self.spec.run_id, self.progress, self.writer.should_stop, roots
        )

    def subset(self) -> Path:
        config = SubsetConfig.model_validate(self.spec.config)
        with open_store(self.spec, self.home) as store:
            return subset_dataset(
                config, store, self.folder, self.spec.run_id, self.progress, self.writer.should_stop
            )


MAKERS: dict[RunKind, Callable[[DatasetJob], Path]] = {
    RunKind.SIMULATE: DatasetJob.simulate,
    RunKind.IMPORT: DatasetJob.import_,
    RunKind.DOWNLOAD: DatasetJob.download,
    RunKind.CUTOUTS: DatasetJob.cutouts,
    RunKind.SUBSET: DatasetJob.subset,
}


def run(spec: Spec, home: Path, writer: RunWriter) -> Result:
    """Write the dataset into the store; its description goes into the result, to be registered."""
    try:
        path = MAKERS[spec.kind](DatasetJob(spec, home, writer))
    except ImportStopped as stopped:
        return writer.result("cancelled", reason=f"stopped: {stopped}")
    dataset = describe(path, str(spec.config["name"]))
    for line in dataset.receipt:
        writer.say(f"{line.kind}: {line.text}")
    produced = {"file": path.name, "dataset": dataset.model_dump(mode="json")}
    return writer.result(step=dataset.n, produced=produced)
