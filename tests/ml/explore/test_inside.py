"""Looking inside an encoder: attention as it is used, components and cosines worked out by hand."""

import numpy as np
import pytest
import torch
from torch import Tensor

from backend.errors import InvalidInputError
from backend.ml.explore.inside import (
    attention_from,
    attention_rows,
    look_inside,
    patch_similarity,
    principal_components,
    standardised,
)
from backend.ml.mae.models_mae import MaskedAutoencoderViT
from tests.data.conftest import raises


def small_model(depth: int = 3, num_heads: int = 2) -> MaskedAutoencoderViT:
    """A 16-px model of 16 patches, of weights large enough for attention that is far from even."""
    model = MaskedAutoencoderViT(16, 4, 3, 32, depth, num_heads, 16, 1, 1)
    with torch.no_grad():
        for block in model.blocks:
            block.attn.qkv.weight.mul_(3)
            block.attn.qkv.bias.normal_(std=0.1)
            block.norm1.weight.normal_(1, 0.1)
    return model.eval()


def some_image() -> Tensor:
    return torch.randn(1, 3, 16, 16)


def output_of(block: torch.nn.Module, x: Tensor) -> Tensor:
    """What the attention of a block adds to x, from the rows of every token."""
    attn = block.attn
    rows = attention_rows(block, x, range(x.shape[1]))  # (N, H, 1 + L, 1 + L)
    qkv = attn.qkv(block.norm1(x)).view(*x.shape[:2], 3, attn.num_heads, attn.head_dim)
    values = qkv[:, :, 2].transpose(1, 2)  # (N, H, 1 + L, d)
    return attn.proj((rows @ values).transpose(1, 2).flatten(2))


@pytest.mark.parametrize("num_heads", [1, 2, 4])
@torch.no_grad()
def test_the_attention_is_that_which_makes_the_output_of_the_block(num_heads: int) -> None:
    model = small_model(num_heads=num_heads)
    x = model.embed(some_image())
    for block in model.blocks:
        wanted = block.attn(block.norm1(x))
        assert torch.allclose(output_of(block, x), wanted, atol=1e-5)
        assert float(wanted.abs().mean()) > 1e-2, "there is something to compare"
        x = block(x)


@torch.no_grad()
def test_normed_queries_and_keys_are_normed_here_too() -> None:
    block = small_model(depth=1).blocks[0]
    x = torch.randn(1, 5, 32)
    block.attn.q_norm, block.attn.k_norm = torch.nn.LayerNorm(16), torch.nn.LayerNorm(16)
    assert torch.allclose(output_of(block, x), block.attn(block.norm1(x)), atol=1e-5)


@torch.no_grad()
def test_attention_of_a_layer_is_asked_of_the_tokens_that_enter_it() -> None:
    model, imgs = small_model(), some_image()
    x = model.blocks[0](model.embed(imgs))
    everyone = attention_rows(model.blocks[1], x, range(17))[0]
    for query in (0, 1, 16):
        attention, features = attention_from(model, imgs, 2, query)
        assert torch.allclose(attention, everyone[:, query], atol=1e-6)
        assert torch.allclose(attention.sum(dim=1), torch.ones(2), atol=1e-6)
        assert torch.allclose(features, model.forward_features(imgs, depth=2)[0], atol=1e-6)
    assert float((everyone[:, 0] - everyone[:, 1]).abs().max()) > 1e-3, "tokens ask differently"


@torch.no_grad()
def test_without_keys_attention_is_even_and_with_one_key_it_is_known() -> None:
    """q·k is 0 where keys are 0: 1/17 each. With q = (ln 3, 0, …)·√d for all and k = e₁ for tokens of large
    x₁, such a token gets three times the attention of another."""
    model, imgs = small_model(depth=1, num_heads=1), some_image()
    block = model.blocks[0]
    attn = block.attn
    attn.qkv.weight.zero_()
    attn.qkv.bias.zero_()
    even, _ = attention_from(model, imgs, 1, 4)
    assert torch.allclose(even, torch.full((1, 17), 1 / 17))
    block.norm1 = torch.nn.Identity()
    attn.qkv.bias[0] = np.log(3) * np.sqrt(32)
    attn.qkv.weight[32, 0] = 1.0
    x = torch.zeros(1, 5, 32)
    x[0, 3, 0] = 1.0
    rows = attention_rows(block, x, [0])[0, 0, 0]
    assert rows.tolist() == pytest.approx([1 / 7, 1 / 7, 1 / 7, 3 / 7, 1 / 7])


def test_features_on_a_line_have_one_component_that_explains_all_in_their_order() -> None:
    direction = torch.tensor([3.0, 4.0, 0.0, 0.0]) / 5
    at = torch.linspace(0, 1, 101)
    at[-1] = 1.01  # the farthest from the mean, so that the component rises towards it
    values, explained = principal_components(7 + at[:, None] * direction)
    assert explained.tolist() == pytest.approx([1, 0, 0], abs=1e-9)
    assert values[:, 0].tolist() == pytest.approx(((at - 0.01) / 0.98).clamp(0, 1).tolist(), abs=1e-3)
    assert (values[:, 1:] == 0.5).all()


def test_the_component_rises_towards_the_patch_farthest_from_the_mean() -> None:
    at = torch.tensor([0.0, 0.0, 0.0, 0.0, -5.0, 1.0])
    features = at[:, None] * torch.tensor([1.0, -2.0, 0.5])
    for given in (features, -features, features[:, [2, 0, 1]]):
        values, _ = principal_components(given)
        assert int(values[:, 0].argmax()) == 4
        assert int(values[:, 0].argmin()) == 5


def test_a_flat_ellipse_is_explained_by_the_squares_of_its_axes() -> None:
    angle = torch.arange(64) * (2 * torch.pi / 64)
    plane = torch.stack([3 * angle.cos(), angle.sin()], dim=1)  # variances 9/2 and 1/2
    turn, _ = torch.linalg.qr(torch.randn(6, 6))
    values, explained = principal_components(plane @ turn[:2] + 5)
    assert explained.tolist() == pytest.approx([0.9, 0.1, 0], abs=1e-6)
    along = np.corrcoef(values[:, 0].numpy(), plane[:, 0].numpy())[0, 1]
    across = np.corrcoef(values[:, 1].numpy(), plane[:, 1].numpy())[0, 1]
    assert min(abs(along), abs(across)) > 0.999


@pytest.mark.parametrize("count", [1, 2, 3, 40])
def test_components_that_do_not_exist_are_the_middle_and_explain_nothing(count: int) -> None:
    values, explained = principal_components(torch.full((count, 8), 0.3))
    assert (values == 0.5).all()
    assert explained.tolist() == [0, 0, 0]


def test_one_patch_that_stands_out_of_many_is_seen() -> None:
    """With 1 of 400 patches unlike the rest, 1st and 99th percentile are the same."""
    features = torch.zeros(400, 4)
    features[123] = 1.0
    values, explained = principal_components(features)
    assert explained[0] == pytest.approx(1)
    assert (values[:, 0] > 1e-6).nonzero().flatten().tolist() == [123]
    assert values[123, 0] == 1


def test_similarity_is_the_cosine_with_the_token_that_asks() -> None:
    features = torch.tensor(
        [[1.0, 0.0], [2.0, 0.0], [0.0, 5.0], [-1.0, 0.0], [3.0, 3.0]]
    )  # class token first
    assert patch_similarity(features, 0).tolist() == pytest.approx([1, 0, -1, 0.5**0.5])
    assert patch_similarity(features, 2).tolist() == pytest.approx([0, 1, 0, 0.5**0.5])
    assert patch_similarity(torch.zeros(3, 2), 1).tolist() == [0, 0], "without a direction, like nothing"


def test_patches_in_another_order_are_the_same_patches() -> None:
    features, order = torch.randn(26, 12), torch.randperm(25)
    shuffled = torch.cat([features[:1], features[1:][order]])
    values, explained = principal_components(features[1:])
    others, also = principal_components(shuffled[1:])
    assert torch.allclose(others, values[order])
    assert torch.allclose(also, explained)
    query = int((order == 7).nonzero())
    assert torch.allclose(patch_similarity(shuffled, 1 + query), patch_similarity(features, 8)[order])


def test_a_look_is_of_the_last_layer_and_the_class_token_unless_another_is_named() -> None:
    model, imgs = small_model(), some_image()
    looked = look_inside(model, imgs, None, None)
    named = look_inside(model, imgs, 3, None)
    assert (looked.layer, looked.layers, looked.note) == (3, 3, "")
    assert torch.equal(looked.attention, named.attention)
    patch = look_inside(model, imgs, 1, 5)
    assert patch.layer == 1
    assert float(patch.similarity[5]) == pytest.approx(1)
    assert bool((patch.similarity.abs() <= 1).all())
    assert torch.equal(patch.attention, attention_from(model, imgs, 1, 6)[0])


def test_a_picture_without_any_feature_says_so() -> None:
    model = small_model(depth=1)
    with torch.no_grad():
        model.norm.weight.zero_()
    assert "the same" in look_inside(model, some_image(), None, None).note


@pytest.mark.parametrize(
    ("layer", "patch", "code", "named"),
    [
        (0, None, "no_such_layer", ("0", "1 to 3")),
        (4, None, "no_such_layer", ("4", "1 to 3")),
        (1, 16, "no_such_patch", ("16", "0 to 15")),
        (1, -1, "no_such_patch", ("-1", "0 to 15")),
    ],
)
def test_an_unknown_layer_or_patch_is_named_with_the_range(
    layer: int, patch: int | None, code: str, named: tuple[str, str]
) -> None:
    with raises(InvalidInputError, code, *named):
        look_inside(small_model(), some_image(), layer, patch)


def test_an_image_is_standardised_as_in_training() -> None:
    image = np.full((4, 4, 3), 51, np.uint8)  # 0.2 of the range
    imgs = standardised(image, torch.tensor([0.1, 0.2, 0.4]), torch.tensor([0.1, 0.5, 0.2]))
    assert imgs.shape == (1, 3, 4, 4)
    assert imgs[0, :, 0, 0].tolist() == pytest.approx([1, 0, -1], abs=1e-6)


def test_only_the_encoder_is_read() -> None:
    model, imgs = small_model(), some_image()
    whole = look_inside(model, imgs, 2, 3)
    for name in [name for name, _ in model.named_children() if "decoder" in name]:
        delattr(model, name)
    alone = look_inside(model, imgs, 2, 3)
    assert torch.equal(alone.attention, whole.attention)
    assert torch.equal(alone.components, whole.components)
