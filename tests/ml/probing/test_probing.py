"""Judging an encoder: features once for all depths, the depth chosen on validation, references beside."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from torch import Tensor

from backend.data.feature_files import POOLED
from backend.data.importers import simulate_dataset
from backend.data.store import GalaxyStore
from backend.ml.checkpoints.store import model_from_config
from backend.ml.mae.models_mae import pool
from backend.ml.probing.features import Encoder, FeatureCache, FeatureSource, at_depths, fresh_weights_digest
from backend.ml.probing.judging import EncoderProbing, HeadResult, LabelledRows
from backend.ml.probing.pixel_probing import probe_majority, probe_pixels
from backend.ml.probing.probe_cache import ProbeCache
from shared.base.vocabulary import SPLIT_CODES, Basis, Head, Split
from shared.configs import ModelConfig, ProbeConfig, SimulateConfig
from shared.configs.probes import FrozenHead

TINY = ModelConfig(
    img_size=16, patch_size=4, embed_dim=32, depth=3, num_heads=2, decoder_embed_dim=16, decoder_depth=1,
    decoder_num_heads=1,
)  # fmt: skip


class Quiet:
    """A probe's listener that keeps the points."""

    def __init__(self) -> None:
        self.points: list[tuple[int, dict[str, float]]] = []

    def say(self, message: str) -> None:
        """Nobody reads it."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        self.points.append((step, dict(values)))


@pytest.fixture(scope="module")
def sky(tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = SimulateConfig(name="sky", n=200, img_size=32)
    return simulate_dataset(config, tmp_path_factory.mktemp("sky"), "t", lambda *_: None, lambda: False)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = model_from_config(TINY, 3).eval().requires_grad_(False)
    mean, std = torch.full((3,), 0.2), torch.full((3,), 0.15)
    return Encoder(model, TINY, mean, std, fresh_weights_digest(model))


def probe(
    sky: Path,
    encoder: Encoder,
    home: Path,
    io: Quiet | None = None,
    basis: Basis = Basis.ENCODER,
    **how: object,
) -> tuple[list[HeadResult], FeatureSource]:
    config = ProbeConfig.model_validate({"encoder": "x"} | how)
    with GalaxyStore.open(sky) as store:
        source = FeatureSource(encoder, store, FeatureCache(home / "features"))
        cache = ProbeCache.at(home / "probes", dataset=store.digest)
        found = EncoderProbing(source, LabelledRows.of(store), config, basis, io or Quiet(), cache).results()
        return list(found), source


def test_one_pass_gives_the_features_of_every_depth(encoder: Encoder) -> None:
    imgs = torch.randn(4, 3, 16, 16)
    with torch.no_grad():
        found = list(at_depths(encoder.model, imgs, [1, 2, 3], True))
        for depth, tokens in enumerate(found, start=1):
            assert torch.equal(tokens, encoder.model.forward_features(imgs, depth))
        [raw, last] = at_depths(encoder.model, imgs, [2, 3], False)
    assert torch.allclose(encoder.model.norm(raw), found[1], atol=1e-6)
    assert torch.equal(last, found[2])


def test_images_are_read_once_a_split_and_never_again(sky: Path, encoder: Encoder, tmp_path: Path) -> None:
    first, source = probe(sky, encoder, tmp_path, depths="all", heads=("knn", "linear"))
    assert source.computed == [160, 20, 20]
    again, source = probe(sky, encoder, tmp_path, depths="all", heads=("linear", "knn", "mlp"))
    assert source.computed == []
    of_first = {judged.head: judged.test.probabilities for judged in first}
    for judged in again[:2]:
        assert np.array_equal(judged.test.probabilities, of_first[judged.head])


def test_kept_features_are_those_of_the_model(sky: Path, encoder: Encoder, tmp_path: Path) -> None:
    with GalaxyStore.open(sky) as store:
        source = FeatureSource(encoder, store, FeatureCache(tmp_path))
        rows = np.array([5, 0, 9])
        features = source.pooled(rows, "train", [2])
        kept = source.pooled(rows, "train", [2])
        with torch.no_grad():
            imgs = torch.cat(list(encoder.images(store, rows)))
            by_hand = encoder.model.forward_features(imgs, 2)
        tokens = source.patch_tokens(rows, 2)
    for pooling in ("cls", "mean"):
        assert torch.equal(features[2, pooling], kept[2, pooling])
        assert torch.allclose(features[2, pooling], pool(by_hand, pooling), atol=1e-5)
    assert torch.allclose(tokens.float(), by_hand[:, 1:], atol=0.005)  # float16


@pytest.mark.parametrize("pooling", POOLED)
def test_vectors_are_those_of_float64_where_a_token_hardly_varies(
    sky: Path, encoder: Encoder, tmp_path: Path, pooling: Literal["cls", "mean"]
) -> None:
    steady = copy.deepcopy(encoder.model)
    with torch.no_grad():  # as in an imported ViT: tokens are nearly the same for every image
        steady.norm.weight.mul_(0.002)
        steady.norm.bias.add_(3.0)
    frozen = replace(encoder, model=steady)
    with GalaxyStore.open(sky) as store:
        rows = np.arange(120)
        FeatureSource(frozen, store, cache := FeatureCache(tmp_path)).pooled(rows, "train", [2])
        imgs = torch.cat(list(frozen.images(store, rows)))
        kept = FeatureSource(frozen, store, cache).pooled(rows, "train", [2])[2, pooling]
    with torch.no_grad():
        x = encoder.model.embed(imgs)
        for block in encoder.model.blocks[:2]:
            x = block(x)
        exact = pool(copy.deepcopy(steady.norm).double()(x.double()), pooling)
    assert _cosines(kept.double(), exact).min() >= 0.9999
    assert _cosines(kept.half().double(), exact).min() < 0.9999, "or float16 would do"


def _cosines(one: Tensor, other: Tensor) -> Tensor:
    """(N,) of features (N, D), once standardised."""
    one, other = ((part - part.mean(0)) / part.std(0).clamp_min(1e-9) for part in (one, other))
    return torch.nn.functional.cosine_similarity(one, other)


def test_over_its_budget_the_cache_lets_go_of_what_was_unused_longest(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path, budget=6000)  # 128 bytes of header, 4 bytes a value
    for name in ("a/1.npy", "b/2.npy", "c/3.npy"):
        cache.put(name, torch.ones(10, 60))
        assert cache.get("a/1.npy", 10) is not None or name == "c/3.npy"
    assert cache.get("b/2.npy", 10) is None
    assert cache.get("a/1.npy", 11) is None  # of other rows
    cache.put("d.npy", torch.ones(100, 100))
    assert cache.get("d.npy", 100) is None


class Scripted(FeatureSource):
    """Depth 1 tells the classes of validation rows, depth 2 those of test rows."""

    def pooled(self, rows, split, depths):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        labels = torch.from_numpy(self.store.labels[rows])
        told = torch.nn.functional.one_hot(labels, 10).float() + 0.01 * torch.randn(len(rows), 10)
        noise = torch.randn(len(rows), 10)
        good = {"train": (1, 2), "val": (1,), "test": (2,)}[split]
        return {(d, p): told if d in good else noise for d in depths for p in ("cls", "mean")}


def test_the_depth_is_chosen_on_validation_though_test_would_choose_another(
    sky: Path, encoder: Encoder, tmp_path: Path
) -> None:
    io = Quiet()
    config = ProbeConfig(encoder="x", depths="all", heads=("linear",))
    with GalaxyStore.open(sky) as store:
        source = Scripted(encoder, store, FeatureCache(tmp_path))
        cache = ProbeCache.at(tmp_path / "probes", dataset="scripted")
        [judged] = EncoderProbing(source, LabelledRows.of(store), config, Basis.ENCODER, io, cache).results()
    assert judged.depth == 1
    assert float((judged.val.predicted == judged.val.true).mean()) == 1.0
    assert float((judged.test.predicted == judged.test.true).mean()) < 0.5
    by_depth = {(point.depth, point.pooling): point.accuracy for point in judged.curve}
    assert set(by_depth) == {(depth, pooling) for depth in (1, 2, 3) for pooling in ("cls", "mean")}
    assert by_depth[1, "mean"] == 1.0 > by_depth[2, "mean"]
    logged = [step for step, values in io.points if "val/depth_mean_accuracy" in values]
    assert set(logged) == {1, 2, 3}


def test_test_rows_are_asked_for_after_the_choice_and_at_the_chosen_depth_alone(
    sky: Path, encoder: Encoder, tmp_path: Path
) -> None:
    asked: list[tuple[str, list[int]]] = []

    class Recording(FeatureSource):
        def pooled(self, rows, split, depths):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            asked.append((split, depths))
            return super().pooled(rows, split, depths)

    heads: tuple[FrozenHead, ...] = ("knn", "linear", "linear_lars", "mlp")
    config = ProbeConfig(encoder="x", depths="all", heads=heads, seeds=2)
    with GalaxyStore.open(sky) as store:
        source = Recording(encoder, store, FeatureCache(tmp_path))
        cache = ProbeCache.at(tmp_path / "probes", dataset=store.digest)
        found = list(
            EncoderProbing(source, LabelledRows.of(store), config, Basis.ENCODER, Quiet(), cache).results()
        )
    assert asked == [("train", [1, 2, 3]), ("val", [1, 2, 3]), ("test", [found[0].depth])]


def test_seeds_repeat_what_has_chance_in_it(sky: Path, encoder: Encoder, tmp_path: Path) -> None:
    heads = ("knn", "linear", "linear_lars", "mlp")
    whole, _ = probe(sky, encoder, tmp_path, heads=heads, seeds=3)
    assert [(one.head, one.seed) for one in whole] == [
        (Head.KNN, 0), (Head.LINEAR, 0), (Head.LINEAR_LARS, 0), (Head.MLP, 0), (Head.LINEAR_LARS, 1),
        (Head.MLP, 1), (Head.LINEAR_LARS, 2), (Head.MLP, 2),
    ]  # fmt: skip
    part, _ = probe(sky, encoder, tmp_path, heads=heads, seeds=2, label_fraction=0.5)
    assert len(part) == 8
    halves = np.floor(whole[0].n_train * 0.5 + 0.5).astype(int)
    assert all(np.array_equal(one.n_train, halves) for one in part)
    by_seed = [one.test.probabilities for one in part if one.head is Head.LINEAR]
    assert not np.array_equal(*by_seed)


def test_both_poolings_stand_side_by_side_and_attention_reads_patches(
    sky: Path, encoder: Encoder, tmp_path: Path
) -> None:
    found, _ = probe(sky, encoder, tmp_path, heads=("linear", "attentive"), pooling="both", depths="all")
    assert [one.pooling for one in found] == ["both", None]
    assert {point.pooling for point in found[0].curve} == {"cls", "mean", "both"}
    assert found[0].depth == found[1].depth


def test_references_are_worked_out_once(sky: Path, encoder: Encoder, tmp_path: Path) -> None:
    first, _ = probe(sky, encoder, tmp_path, basis=Basis.RANDOM_INIT, heads=("mlp",))
    io = Quiet()
    again, source = probe(sky, encoder, tmp_path, io, basis=Basis.RANDOM_INIT, heads=("mlp",))
    assert np.array_equal(first[0].test.probabilities, again[0].test.probabilities)
    assert (first[0].estimator, io.points) == (again[0].estimator, [])
    other, _ = probe(sky, encoder, tmp_path, io, basis=Basis.RANDOM_INIT, heads=("mlp",), mlp_width=32)
    assert not np.array_equal(first[0].test.probabilities, other[0].test.probabilities)


def test_raw_pixels_and_majority_are_judged_on_test_rows(sky: Path, tmp_path: Path) -> None:
    config = ProbeConfig(encoder="x")
    with GalaxyStore.open(sky) as store:
        labelled = LabelledRows.of(store)
        cache = ProbeCache.at(tmp_path, dataset=store.digest)
        pixels = list(probe_pixels(store, labelled, config, lambda _: None, cache))
        majority = probe_majority(labelled, config)
        test = np.flatnonzero(store.splits == SPLIT_CODES[Split.TEST])
        read: list[np.ndarray] = []
        kept = list(probe_pixels(GalaxyStore.open(sky, read.append), labelled, config, lambda _: None, cache))
    assert [one.head for one in pixels] == [Head.KNN, Head.LINEAR]
    assert all(np.array_equal(one.test.row, test) for one in (*pixels, majority))
    most = int(majority.n_train.argmax())
    assert set(majority.test.predicted.tolist()) == {most}
    assert majority.test.probabilities[0] == pytest.approx(majority.n_train / 160)
    assert read == []
    assert np.array_equal(kept[1].test.probabilities, pixels[1].test.probabilities)


def test_a_depth_that_does_not_exist_is_never_asked_for(sky: Path, encoder: Encoder, tmp_path: Path) -> None:
    with GalaxyStore.open(sky) as store:
        source = FeatureSource(encoder, store, FeatureCache(tmp_path))
        cache = ProbeCache.at(tmp_path / "probes", dataset=store.digest)
        config = ProbeConfig(encoder="x")
        probing = EncoderProbing(source, LabelledRows.of(store), config, Basis.ENCODER, Quiet(), cache)
    assert probing.depths == [3]
