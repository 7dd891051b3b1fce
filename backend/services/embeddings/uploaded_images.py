"""An image that a person sent, as a vector among the embedded galaxies. torch is loaded on first use."""

from collections import OrderedDict
from threading import Lock

from backend.search.vectors import Vectors
from backend.services.embeddings.vectors import Embedded
from backend.services.reconstruction.images import uploaded_image
from backend.services.reconstruction.models import ModelCache
from backend.settings import Settings

KEPT = 64


class EmbeddedImages:
    """Embeds uploads with the encoder of a space, and remembers the last of them."""

    def __init__(self, settings: Settings, models: ModelCache) -> None:
        self._settings, self._models = settings, models
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, str], Vectors] = OrderedDict()

    def vector(self, upload: str, embedded: Embedded) -> Vectors:
        """(1, D) of length 1. Raises NotFoundError, or InvalidInputError where the bands differ."""
        key = upload, embedded.key
        with self._lock:
            found = self._kept.get(key)
        if found is None:
            found = self._embed(upload, embedded)
            with self._lock:
                self._kept[key] = found
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return found

    def _embed(self, upload: str, embedded: Embedded) -> Vectors:
        from backend.ml.explore.inside import embed_image

        state = embedded.state
        pinned = self._models.pin(state.run, str(state.step))
        checkpoint = self._models.get(pinned)
        image = uploaded_image(self._settings, upload, checkpoint.config, checkpoint.bands)
        with self._models.use(pinned) as model:
            features = embed_image(model, image.pixels, state.depth, state.pooling)
        return embedded.place(features)
