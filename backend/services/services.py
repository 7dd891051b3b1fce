"""The services of one home, constructed here for web, API and shell."""

from functools import cached_property
from typing import TYPE_CHECKING, Self

from backend.db.engine import Database, open_database
from backend.settings import Settings

if TYPE_CHECKING:
    from backend.data.incoming.uploads import Uploads
    from backend.services.datasets.annotations import Annotations
    from backend.services.datasets.browsing import Datasets
    from backend.services.embeddings.agreement import Agreements
    from backend.services.embeddings.odd import OddGalaxies
    from backend.services.embeddings.projections import Projections
    from backend.services.embeddings.search import Search
    from backend.services.embeddings.vectors import Embeddings
    from backend.services.evaluation.evaluations import Evaluations
    from backend.services.experiments.suites import Suites
    from backend.services.experiments.sweeps import Sweeps
    from backend.services.reconstruction.models import ModelCache
    from backend.services.reconstruction.reconstructions import Reconstructions
    from backend.services.reconstruction.saved_pictures import SavedPictures


class Services:
    """A home's settings, database and services. Each service is imported on first use, so that shell commands
    start fast; call `load` before several threads share one."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings, self.database = settings, database

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open the home, created or migrated if needed; `close` it afterwards."""
        return cls(settings.prepare(), open_database(settings.database_path))

    def load(self) -> Self:
        """Construct every service now."""
        for name, member in vars(type(self)).items():
            if isinstance(member, cached_property):
                getattr(self, name)
        return self

    def close(self) -> None:
        self.database.close()

    @cached_property
    def datasets(self) -> "Datasets":
        from backend.services.datasets.browsing import Datasets

        return Datasets(self.database, self.settings)

    @cached_property
    def uploads(self) -> "Uploads":
        from backend.data.incoming.uploads import Uploads

        return Uploads(self.settings.uploads_dir)

    @cached_property
    def annotations(self) -> "Annotations":
        from backend.services.datasets.annotations import Annotations

        return Annotations(self.database, self.datasets)

    @cached_property
    def models(self) -> "ModelCache":
        from backend.services.reconstruction.models import ModelCache

        return ModelCache(self.database, self.settings)

    @cached_property
    def reconstructions(self) -> "Reconstructions":
        from backend.services.reconstruction.reconstructions import Reconstructions

        return Reconstructions(self.database, self.settings, self.datasets, self.models)

    @cached_property
    def saved_pictures(self) -> "SavedPictures":
        from backend.services.reconstruction.saved_pictures import SavedPictures

        return SavedPictures(self.database, self.reconstructions)

    @cached_property
    def evaluations(self) -> "Evaluations":
        from backend.services.evaluation.evaluations import Evaluations

        return Evaluations(self.database, self.settings, self.datasets)

    @cached_property
    def embeddings(self) -> "Embeddings":
        from backend.services.embeddings.vectors import Embeddings

        return Embeddings(self.database, self.settings, self.datasets)

    @cached_property
    def search(self) -> "Search":
        from backend.services.embeddings.search import Search

        return Search(self.settings, self.datasets, self.embeddings, self.models)

    @cached_property
    def agreements(self) -> "Agreements":
        from backend.services.embeddings.agreement import Agreements

        return Agreements(self.datasets, self.embeddings, self.search)

    @cached_property
    def odd(self) -> "OddGalaxies":
        from backend.services.embeddings.odd import OddGalaxies

        return OddGalaxies(self.datasets, self.embeddings, self.annotations)

    @cached_property
    def projections(self) -> "Projections":
        from backend.services.embeddings.projections import Projections

        return Projections(self.database, self.settings, self.embeddings)

    @cached_property
    def suites(self) -> "Suites":
        from backend.services.experiments.suites import Suites

        return Suites(self.database, self.settings, self.evaluations)

    @cached_property
    def sweeps(self) -> "Sweeps":
        from backend.services.experiments.sweeps import Sweeps

        return Sweeps(self.database, self.settings)
