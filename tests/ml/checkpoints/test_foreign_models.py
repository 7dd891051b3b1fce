"""Weights of others: facebookresearch/mae and timm give the same features here, and all else is refused."""

import argparse
import functools
import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pytest
import timm
import torch
from safetensors.torch import save_file
from timm.layers import GluMlp
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from backend.errors import InvalidInputError
from backend.ml.checkpoints.foreign_models import ForeignModel, rebuild, usual_heads
from backend.ml.checkpoints.foreign_weights import read_weights
from backend.ml.mae.models_mae import MaskedAutoencoderViT
from shared.configs import ImportModelConfig
from tests.data.conftest import raises

Model = TypeVar("Model", bound=nn.Module)


def randomised(model: Model) -> Model:
    """Weights large enough that a wrong order of anything shows."""
    for parameter in model.parameters():
        spread = 1.5 / parameter[0].numel() ** 0.5 if parameter.dim() > 1 else 0.1
        nn.init.normal_(parameter, float(parameter.dim() == 1), spread)
    return model.eval()


def mae(**changes: Any) -> MaskedAutoencoderViT:
    sizes = {"img_size": 16, "patch_size": 4, "embed_dim": 32, "depth": 2, "num_heads": 2}
    decoder = {"decoder_embed_dim": 16, "decoder_depth": 1, "decoder_num_heads": 4, "mlp_ratio": 2.5}
    return randomised(MaskedAutoencoderViT(**sizes | decoder | changes))


def vit(**changes: Any) -> VisionTransformer:
    sizes = {"img_size": 32, "patch_size": 8, "embed_dim": 32, "depth": 2, "num_heads": 2, "num_classes": 3}
    return VisionTransformer(**sizes | changes)


def saved(path: Path, held: Any) -> Path:
    save_file(held, path) if path.suffix == ".safetensors" else torch.save(held, path)
    return path


def taken(path: Path, **values: Any) -> ForeignModel:
    return rebuild(read_weights(path), ImportModelConfig(path=str(path), **values), path.name)


def refusal(weights: Mapping[str, Tensor], **values: Any) -> str:
    with pytest.raises(InvalidInputError) as error:
        rebuild(weights, ImportModelConfig(path="x.pth", **values), "x.pth")
    return error.value.detail


@pytest.mark.parametrize(
    "wrap", [dict, lambda held: {"model": held, "epoch": 3}, lambda held: {"state_dict": held}]
)
@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_whole_mae_comes_back_as_it_was_trained(
    tmp_path: Path, wrap: Callable[[Any], Any], prefix: str
) -> None:
    source = mae()
    held = {prefix + name: value for name, value in source.state_dict().items()}
    foreign = taken(saved(tmp_path / "mae.pth", wrap(held)), num_heads=2, decoder_num_heads=4)
    imgs, noise = torch.randn(3, 3, 16, 16), torch.rand(3, 16)
    loss, pred, mask = foreign.model(imgs, 0.75, noise)
    expected = source(imgs, 0.75, noise)
    assert torch.equal(mask, expected[2])
    torch.testing.assert_close(pred, expected[1], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(loss, expected[0], rtol=1e-5, atol=1e-5)
    assert foreign.summary == "ViT D32 L2 p4 at 16 px, 3 bands, encoder and decoder"
    assert (foreign.origin, foreign.config.mlp_ratio) == ("facebookresearch/mae", 2.5)


def test_half_precision_and_five_bands_are_read_from_safetensors(tmp_path: Path) -> None:
    source = mae(in_chans=5).half()
    foreign = taken(
        saved(tmp_path / "mae.safetensors", source.state_dict()), num_heads=2, decoder_num_heads=4
    )
    assert foreign.model.in_chans == 5
    for name, value in foreign.model.state_dict().items():
        assert value.dtype is torch.float32
        assert torch.equal(value, source.state_dict()[name].float())


def test_an_encoder_of_facebookresearch_is_told_by_its_positions_and_has_no_decoder(tmp_path: Path) -> None:
    source = mae()
    held = {name: value for name, value in source.state_dict().items() if "decoder" not in name}
    foreign = taken(saved(tmp_path / "mae.pth", {"model": held}), num_heads=2)
    assert foreign.origin == "facebookresearch/mae, encoder only"
    assert not foreign.model.has_decoder
    assert not [name for name in foreign.model.state_dict() if "decoder" in name or name == "mask_token"]
    imgs = torch.randn(2, 3, 16, 16)
    assert torch.equal(foreign.model.forward_features(imgs), source.forward_features(imgs))


def test_a_timm_vit_gives_the_same_features_here(tmp_path: Path) -> None:
    source = timm.create_model("vit_tiny_patch16_224", pretrained=False, img_size=64, patch_size=8)
    source = randomised(source)
    foreign = taken(saved(tmp_path / "vit.pth", source.state_dict()))
    imgs = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        found, expected = foreign.model.forward_features(imgs), source.forward_features(imgs)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert foreign.origin == "timm ViT"
    assert foreign.notes == [
        "3 heads of width 64 assumed in the encoder (--num-heads for others)",
        "left out: head.bias, head.weight",
    ]


def test_other_heads_than_the_right_ones_give_other_features() -> None:
    source = mae()
    imgs = torch.randn(1, 3, 16, 16)
    features = [
        rebuild(source.state_dict(), ImportModelConfig(path="x", num_heads=heads, decoder_num_heads=4), "x")
        .model.forward_features(imgs)
        for heads in (2, 4)
    ]  # fmt: skip
    torch.testing.assert_close(features[0], source.forward_features(imgs))
    assert not torch.allclose(features[1], features[0], atol=1e-2)


def test_heads_are_64_wide_unless_published_models_have_others() -> None:
    widths = [192, 384, 768, 1024, 1280, 96, 32, 100]
    assert [usual_heads(width, {1280: 16}) for width in widths] == [3, 6, 12, 16, 16, 1, 1, 1]


VITS: list[tuple[dict[str, Any], str]] = [
    ({"init_values": 0.1}, "LayerScale (blocks.0.ls1.gamma)"),
    ({"reg_tokens": 4}, "register tokens (reg_token)"),
    ({"class_token": False, "global_pool": "avg"}, "no class token (cls_token)"),
    ({"global_pool": "avg"}, "no final norm (norm.weight)"),
    ({"qkv_bias": False}, "no bias of queries, keys and values (blocks.0.attn.qkv.bias)"),
    ({"qk_norm": True}, "norms of queries and keys (blocks.0.attn.q_norm.weight)"),
    ({"pre_norm": True}, "a norm before its blocks (norm_pre.weight)"),
    ({"img_size": (32, 64)}, "32 patches (pos_embed)"),
    ({"no_embed_class": True}, "15 patches (pos_embed)"),
    ({"patch_size": (8, 4)}, "8 × 4 (patch_embed.proj.weight)"),
    ({"mlp_layer": GluMlp}, "blocks.0.mlp.fc2.weight of shape (32, 64), not (32, 128)"),
    ({"in_chans": 7}, "reads 7 bands (patch_embed.proj.weight)"),
    ({"img_size": 640}, "img_size 640"),
    ({"embed_dim": 30, "num_heads": 1}, "embed_dim 30"),
]


@pytest.mark.parametrize(("changes", "says"), VITS, ids=[says.partition(" (")[0] for _, says in VITS])
def test_an_unsupported_vit_is_refused_by_its_key(changes: dict[str, Any], says: str) -> None:
    sentence = refusal(vit(**changes).state_dict())
    assert says in sentence
    assert sentence.startswith("x.pth ")
    assert "\n" not in sentence


def test_keys_too_many_and_too_few_are_named() -> None:
    weights = vit().state_dict()
    assert "contains extra.weight, " in refusal({**weights, "extra.weight": torch.ones(2)})
    assert "contains decoder_mystery, " in refusal({**mae().state_dict(), "decoder_mystery": torch.ones(2)})
    del weights["blocks.1.norm1.bias"]
    assert "has no blocks.1.norm1.bias" in refusal(weights)
    assert "no decoder_embed.weight" in refusal({**vit().state_dict(), "decoder_norm.bias": torch.ones(2)})
    assert "has cls_token of shape (1, 1, 7)" in refusal(
        {**vit().state_dict(), "cls_token": torch.ones(1, 1, 7)}
    )
    assert "no patch embedding of that name" in refusal({"vit.embeddings.cls_token": torch.ones(1, 1, 4)})
    assert "num_heads 5 does not divide embed_dim 32; try 4" in refusal(vit().state_dict(), num_heads=5)


class Trap:
    """Unpickled, it would make a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_a_pickled_object_is_named_with_its_key_and_never_run(tmp_path: Path) -> None:
    held = {"model": vit().state_dict(), "args": argparse.Namespace(lr=1)}
    with pytest.raises(InvalidInputError) as error:
        read_weights(saved(tmp_path / "run.pth", held))
    assert "holds a pickled argparse.Namespace under 'args'" in error.value.detail
    assert "torch.load('run.pth', weights_only=False)['model']" in error.value.detail
    with pytest.raises(InvalidInputError) as error:
        read_weights(saved(tmp_path / "whole.pth", functools.partial(os.mkdir, "x")))
    assert "holds a pickled functools.partial, " in error.value.detail
    trap = tmp_path / "sprung"
    with pytest.raises(InvalidInputError, match="posix.mkdir under 'model'"):
        read_weights(saved(tmp_path / "trap.pth", {"model": Trap(trap)}))
    assert not trap.exists()


@pytest.mark.parametrize(
    ("held", "says"),
    [
        ([1, 2], "a list"),
        ({}, "holds nothing"),
        ({"net": {"w": torch.ones(2)}}, "'net' is a dict"),
        ({"w": torch.ones(2, dtype=torch.int64)}, "'w' is a tensor of int64"),
        ({"w": torch.tensor([1.0, float("nan")])}, "in w that are not finite"),
        ({"w": torch.zeros(1).expand(40_000, 40_000)}, "4 GB"),
    ],
)  # fmt: skip
def test_anything_but_a_state_dict_of_numbers_is_refused(tmp_path: Path, held: Any, says: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        read_weights(saved(tmp_path / "x.pth", held))
    assert says in error.value.detail


def test_a_file_that_is_absent_or_too_large_is_refused_unread(tmp_path: Path) -> None:
    large = tmp_path / "large.pth"
    large.touch()
    os.truncate(large, 4 * 10**9 + 1)  # a hole, which takes no room
    for path, code in (
        (tmp_path, "no_such_file"),
        (tmp_path / "gone.pth", "no_such_file"),
        (large, "too_large"),
    ):
        with raises(InvalidInputError, code, path.name):
            read_weights(path)


@pytest.mark.parametrize("name", ["vit.pth", "vit.safetensors"])
def test_a_damaged_file_is_refused_or_read_but_never_crashes(tmp_path: Path, name: str) -> None:
    whole = saved(tmp_path / name, {"w": torch.arange(6.0), "b": torch.ones(2)}).read_bytes()
    path, dice = tmp_path / f"damaged-{name}", random.Random(0)
    for content in (b"", b"hello world", whole[:-40], whole[:90], b"PK\x03\x04" + bytes(60)):
        path.write_bytes(content)
        with raises(InvalidInputError, "damaged_weights", path.name):
            read_weights(path)
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            content[dice.randrange(len(content))] = dice.randrange(256)
        path.write_bytes(content)
        try:
            read_weights(path)
        except InvalidInputError as error:
            assert "\n" not in error.detail
