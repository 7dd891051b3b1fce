"""Prints the API as an OpenAPI document, from which the types of the browser half are made, with the types of
what pages pass to components."""

import json
import sys

from pydantic import TypeAdapter

from backend.web import api_document
from frontend.features.compare.comparison import CompareData
from frontend.features.compare.url import CompareView
from frontend.features.evaluate.url import EvaluateView
from frontend.features.map.url import MapView
from frontend.features.reconstruct.mask_scrubber import ScrubberData
from frontend.features.reconstruct.url import ReconstructView
from frontend.features.search.galaxy_search import SearchData
from frontend.features.search.url import OddView, SearchView
from frontend.ui.galaxies.galaxy_grid import PictureSource

VIEWS = (CompareView, EvaluateView, MapView, OddView, ReconstructView, SearchView)
DATA = (CompareData, PictureSource, ScrubberData, SearchData)

document = api_document()
_, types = TypeAdapter.json_schemas(
    [(kind.__name__, "serialization", TypeAdapter(kind)) for kind in (*VIEWS, *DATA)],
    ref_template="#/components/schemas/{model}",
)
document["components"]["schemas"] = types["$defs"] | document["components"]["schemas"]
json.dump(document, sys.stdout)
