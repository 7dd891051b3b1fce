"""What routes need, as types that read like a sentence."""

from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError

from backend.config_errors import config_error
from backend.data.incoming.uploads import Uploads
from backend.db.engine import Database
from backend.services.datasets.annotations import Opinions
from backend.services.datasets.browsing import Datasets
from backend.services.datasets.collections import Collections
from backend.services.datasets.label_flags import LabelFlags
from backend.services.datasets.ratings import Ratings
from backend.services.embeddings.agreement import Agreements
from backend.services.embeddings.odd import OddOnes
from backend.services.embeddings.projections import Projections
from backend.services.embeddings.search import Search
from backend.services.embeddings.vectors import Embeddings
from backend.services.evaluation.evaluations import Evaluations
from backend.services.experiments.suites import Suites
from backend.services.experiments.sweeps import Sweeps
from backend.services.reconstruction.models import ModelCache
from backend.services.reconstruction.ratio_curves import RatioCurves
from backend.services.reconstruction.reconstructions import Reconstructions
from backend.services.reconstruction.saved_pictures import SavedPictures
from backend.settings import Settings


@dataclass(frozen=True)
class Context:
    """One server's settings and open things; made by create_app."""

    settings: Settings
    database: Database
    datasets: Datasets
    uploads: Uploads
    models: ModelCache
    reconstructions: Reconstructions
    ratio_curves: RatioCurves
    saved_pictures: SavedPictures
    evaluations: Evaluations
    label_flags: LabelFlags
    collections: Collections
    ratings: Ratings
    suites: Suites
    sweeps: Sweeps
    embeddings: Embeddings
    search: Search
    opinions: Opinions
    odd: OddOnes
    agreements: Agreements
    projections: Projections


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


ContextDep = Annotated[Context, Depends(_context)]


T = TypeVar("T", bound=BaseModel)


def parsed(query: str, kind: type[T]) -> T:
    """Raises InvalidInputError."""
    try:
        return kind.model_validate_json(query)
    except ValidationError as error:
        raise config_error(error) from None
