"""Every embedding of a space as a file, keyed by source id."""

import io
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from backend.data.store import GalaxyStore
from backend.search.vectors import Vectors
from backend.services.datasets.browsing import SPLIT_OF_CODE, Datasets
from backend.services.embeddings.vectors import Embeddings
from shared.contract.search import EmbeddingSpace

EmbeddingFormat = Literal["npy", "parquet"]


def embeddings_file(
    datasets: Datasets, embeddings: Embeddings, space: EmbeddingSpace, file_format: EmbeddingFormat
) -> bytes:
    """The vectors as they are searched: standardised by the train rows, of length 1, float32.

    NPY: a record (source_id, embedding) a galaxy, without pickles. Parquet: row, source_id, label, split, ra,
    dec and embedding, a list of fixed length. Raises ConflictError where they are not there yet.
    """
    embedded = embeddings.get(space)
    with datasets.use(embedded.state.dataset) as store:
        write = _npy if file_format == "npy" else _parquet
        return write(store, embedded.vectors)


def _npy(store: GalaxyStore, vectors: Vectors) -> bytes:
    ids = np.array(store.source_ids)
    records = np.empty(len(ids), [("source_id", ids.dtype), ("embedding", np.float32, (vectors.shape[1],))])
    records["source_id"], records["embedding"] = ids, vectors
    out = io.BytesIO()
    np.save(out, records, allow_pickle=False)
    return out.getvalue()


def _parquet(store: GalaxyStore, vectors: Vectors) -> bytes:
    names = [*store.class_names, None]  # −1 is no class
    table = pa.table(
        {
            "row": np.arange(store.n),
            "source_id": store.source_ids,
            "label": [names[label] for label in store.labels],
            "split": [SPLIT_OF_CODE[int(code)].value for code in store.splits],
            "ra": pa.array(store.ra, from_pandas=True),
            "dec": pa.array(store.dec, from_pandas=True),
            "embedding": pa.FixedSizeListArray.from_arrays(vectors.ravel(), vectors.shape[1]),
        }
    )
    out = io.BytesIO()
    pyarrow.parquet.write_table(table, out)
    return out.getvalue()
