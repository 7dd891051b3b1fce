"""An illustration, and no claim: k-NN of 60 real Galaxy10 galaxies by an encoder that never saw Galaxy10.

    python tests/benchmarks/galaxy10_60.py RUN     with GALAXYSCOPE_HOME and GALAXYSCOPE_TEST_DATA set

Each galaxy is called by the others (leave one out), on the encoder's features, on those of the same encoder
at random init, and on raw pixels.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from backend.data.importers import import_dataset
from backend.data.store import GalaxyStore
from backend.files import EVERYWHERE
from backend.jobs.encoders import find_encoder
from backend.jobs.tasks.encoding import load_encoder, untrained
from backend.ml.probing.baselines import raw_pixels
from backend.ml.probing.features import FeatureCache, FeatureSource, combined
from backend.ml.probing.probe import balanced_accuracy, knn_votes, standardise_features
from backend.stats.scores import wilson
from shared.configs import ImportConfig

K, TEMPERATURE = 5, 0.07


def leave_one_out(features: torch.Tensor, labels: np.ndarray) -> np.ndarray:
    """Classes (N,) that each galaxy's nearest others vote for."""
    called = []
    for left in range(len(labels)):
        others = np.flatnonzero(np.arange(len(labels)) != left)
        gallery, query = standardise_features(features[others], features[left : left + 1])
        voters = torch.from_numpy(labels[others])
        called.append(int(knn_votes(gallery, voters, query, K, TEMPERATURE, labels.max() + 1).argmax()))
    return np.array(called)


def say(name: str, features: torch.Tensor, labels: np.ndarray) -> None:
    called = leave_one_out(features, labels)
    right = int((called == labels).sum())
    interval = wilson(right, len(labels))
    balanced = balanced_accuracy(labels, called)
    print(
        f"{name:28} {right:3} of {len(labels)}  {right / len(labels):6.1%}"
        f"  (95 %: {interval.low:.1%} to {interval.high:.1%})  balanced {balanced:.1%}"
    )


def main(run: str) -> None:
    home, data = Path(os.environ["GALAXYSCOPE_HOME"]), Path(os.environ["GALAXYSCOPE_TEST_DATA"])
    found = find_encoder(home, run, "best")
    trained = load_encoder(found.spec, home)
    config = ImportConfig(path=str(data / "galaxy10_decals_60.h5"), name="galaxy10-60")
    with tempfile.TemporaryDirectory() as place:
        path = import_dataset(config, Path(place), "t", lambda *_: None, lambda: False, roots=EVERYWHERE)
        with GalaxyStore.open(path) as store:
            rows, labels = np.arange(store.n), store.labels
            counts = np.bincount(labels)
            print(f"n = {store.n}, majority {counts.max() / store.n:.1%}, {K}-NN: no claim")
            for name, encoder in (
                ("encoder", trained),
                ("random init", untrained(found.spec, home, trained)),
            ):
                source = FeatureSource(encoder, store, FeatureCache(Path(place) / "features"))
                features = combined(source.pooled(rows, "all", [encoder.layers]), encoder.layers, "mean")
                say(f"{name}, step {found.spec.step}" if name == "encoder" else name, features, labels)
            say("raw pixels", raw_pixels(store.images, rows, 64), labels)


if __name__ == "__main__":
    if len(sys.argv) < 2 or "GALAXYSCOPE_TEST_DATA" not in os.environ:
        sys.exit("skipped: name a run, and set GALAXYSCOPE_HOME and GALAXYSCOPE_TEST_DATA")
    main(sys.argv[1])
