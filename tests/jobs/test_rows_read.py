"""A recorder on the store shows that nothing that trains or selects reads a test row."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from backend.data.feature_files import EVERY_ROW
from backend.data.importers import simulate_dataset
from backend.data.store import GalaxyStore
from backend.jobs.tasks import baselines
from backend.jobs.tasks.search_quality import measure_search
from backend.ml.checkpoints.store import model_from_config
from backend.ml.pretraining.first_batch import first_batch
from backend.ml.pretraining.pretrain import read_pretrain_data
from backend.ml.probing.features import Encoder, FeatureCache, FeatureSource
from backend.ml.probing.judging import EncoderProbing, LabelledRows
from backend.ml.probing.pixel_probing import probe_pixels
from backend.ml.probing.probe_cache import ProbeCache
from shared.base.vocabulary import SPLIT_CODES, Basis, Split
from shared.configs import ModelConfig, PretrainConfig, ProbeConfig, SimulateConfig

TEST = SPLIT_CODES[Split.TEST]
TINY = ModelConfig(
    img_size=16, patch_size=4, embed_dim=32, depth=2, num_heads=2, decoder_embed_dim=16, decoder_depth=1,
    decoder_num_heads=1,
)  # fmt: skip


class SilentIO:
    """Listens to a probe and does nothing."""

    def say(self, message: str) -> None:
        pass

    def log(self, step: int, values: Mapping[str, float]) -> None:
        pass


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = SimulateConfig(name="sky", n=200, img_size=32)
    return simulate_dataset(config, tmp_path_factory.mktemp("sky"), "t", lambda *_: None, lambda: False)


@pytest.fixture(scope="module")
def other_sky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = SimulateConfig(name="other", n=100, img_size=32, seed=1)
    return simulate_dataset(config, tmp_path_factory.mktemp("sky"), "t", lambda *_: None, lambda: False)


def splits_read(sky: Path, work: Callable[[GalaxyStore], object]) -> set[int]:
    """Codes of the splits of which `work` reads pixels."""
    rows: list[np.ndarray] = []
    with GalaxyStore.open(sky, on_read=rows.append) as store:
        work(store)
        return set(store.splits[np.concatenate(rows)].tolist())


def config(**values: object) -> PretrainConfig:
    return PretrainConfig.model_validate({"dataset": "sky", "img_size": 32} | values)


def test_a_pretraining_reads_train_and_validation_rows(sky: Path) -> None:
    expected = {SPLIT_CODES[Split.TRAIN], SPLIT_CODES[Split.VAL]}
    assert splits_read(sky, lambda store: read_pretrain_data(store, config())) == expected
    assert splits_read(sky, lambda store: read_pretrain_data(store, config(crop_size=24))) == expected


def test_the_references_read_train_and_validation_rows(sky: Path) -> None:
    assert TEST not in splits_read(sky, baselines.measure)


def test_a_transductive_pretraining_reads_test_rows_and_the_recorder_sees_it(sky: Path) -> None:
    assert TEST in splits_read(sky, lambda store: read_pretrain_data(store, config(pretrain_rows="all")))


def test_a_transductive_pretraining_still_probes_on_train_rows_only(sky: Path) -> None:
    with GalaxyStore.open(sky) as store:
        data = read_pretrain_data(store, config(pretrain_rows="all"))
        assert len(data.images) == store.n
        assert len(data.probe.train_images) == int((store.splits == SPLIT_CODES[Split.TRAIN]).sum())
        train_only = read_pretrain_data(store, config())
    assert np.array_equal(data.probe.train_images, train_only.probe.train_images)
    assert np.array_equal(data.probe.train_labels, train_only.probe.train_labels)


def test_probing_on_another_dataset_reads_no_test_row_of_either(sky: Path, other_sky: Path) -> None:
    rows: list[np.ndarray] = []
    with GalaxyStore.open(other_sky, on_read=rows.append) as other:
        train_and_val = {SPLIT_CODES[Split.TRAIN], SPLIT_CODES[Split.VAL]}
        assert splits_read(sky, lambda store: read_pretrain_data(store, config(), other)) == train_and_val
        assert set(other.splits[np.concatenate(rows)].tolist()) == train_and_val


def test_a_preflight_and_the_first_batch_read_no_test_row(sky: Path) -> None:
    assert TEST not in splits_read(sky, lambda store: read_pretrain_data(store, config(), at_most=20))
    assert splits_read(sky, lambda store: first_batch(store, config())) == {SPLIT_CODES[Split.TRAIN]}


def test_a_probe_reads_test_rows_once_and_last(sky: Path, tmp_path: Path) -> None:
    with torch.random.fork_rng():
        model = model_from_config(TINY, 3).eval().requires_grad_(False)
    encoder = Encoder(model, TINY, torch.full((3,), 0.2), torch.full((3,), 0.1), "fresh")
    rows: list[np.ndarray] = []
    config = ProbeConfig(encoder="run", depths="all", heads=("knn", "linear", "mlp"), seeds=2)
    with GalaxyStore.open(sky, on_read=rows.append) as store:
        cache = ProbeCache.at(tmp_path / "probes", dataset=store.digest)
        source = FeatureSource(encoder, store, FeatureCache(tmp_path / "features"))
        labelled = LabelledRows.of(store)
        judged = list(EncoderProbing(source, labelled, config, Basis.ENCODER, SilentIO(), cache).results())
        judged += probe_pixels(store, labelled, config, lambda _: None, cache)
        read = [store.splits[one] for one in rows]
        test = np.flatnonzero(store.splits == TEST)
    assert all(len(set(splits.tolist())) == 1 for splits in read)  # no read mixes splits
    of_test = [np.sort(one) for one, splits in zip(rows, read, strict=True) if splits[0] == TEST]
    # Once for all heads on the encoder's features, once for raw pixels.
    assert [one.tolist() for one in of_test] == [test.tolist()] * 2
    first = [int(splits[0]) for splits in read]
    assert first[: first.index(TEST)] == [SPLIT_CODES[Split.TRAIN], SPLIT_CODES[Split.VAL]]
    assert len(judged) == 6


def test_measuring_a_search_reads_no_test_row_beyond_the_embedding_of_all(sky: Path, tmp_path: Path) -> None:
    with torch.random.fork_rng():
        models = [model_from_config(TINY, 3).eval().requires_grad_(False) for _ in range(2)]
    mean, std = torch.full((3,), 0.2), torch.full((3,), 0.1)
    rows: list[np.ndarray] = []
    with GalaxyStore.open(sky, on_read=rows.append) as store:
        cache = FeatureCache(tmp_path)
        encoder, fresh = (
            FeatureSource(Encoder(model, TINY, mean, std, name), store, cache)
            for model, name in zip(models, ("trained", "fresh"), strict=True)
        )
        encoder.pooled(np.arange(store.n), EVERY_ROW, [TINY.depth])
        rows.clear()
        measured = measure_search(encoder, fresh, TINY.depth, "mean", SilentIO())
        read = set(store.splits[np.concatenate(rows)].tolist())
    assert read == {SPLIT_CODES[Split.TRAIN], SPLIT_CODES[Split.VAL]}
    assert measured["n"] > 0
