"""What routes need, as types that read like a sentence."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from backend.data.uploads import Uploads
from backend.db.engine import Database
from backend.services.agreements import Agreements
from backend.services.collections import Collections
from backend.services.datasets import Datasets
from backend.services.embeddings import Embeddings
from backend.services.evaluations import Evaluations
from backend.services.label_flags import LabelFlags
from backend.services.models import ModelCache
from backend.services.odd import OddOnes
from backend.services.opinions import Opinions
from backend.services.projections import Projections
from backend.services.ratings import Ratings
from backend.services.ratio_curves import RatioCurves
from backend.services.reconstructions import Reconstructions
from backend.services.saved_pictures import SavedPictures
from backend.services.search import Search
from backend.services.suites import Suites
from backend.services.sweeps import Sweeps
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
