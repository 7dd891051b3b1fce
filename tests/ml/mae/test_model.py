"""What the masked autoencoder promises, beyond equality with the reference."""

import pytest
import torch
from torch import Tensor

from backend.ml.mae.models_mae import MaskedAutoencoderViT, pool
from backend.ml.mae.patches import gather_patches, mask_ids, patchify, sincos_2d


def tiny(**values: object) -> MaskedAutoencoderViT:
    defaults: dict[str, object] = {
        "img_size": 16, "patch_size": 4, "in_chans": 3, "embed_dim": 32, "depth": 2, "num_heads": 2,
        "decoder_embed_dim": 16, "decoder_depth": 1, "decoder_num_heads": 1,
    }  # fmt: skip
    return MaskedAutoencoderViT(**(defaults | values))  # type: ignore[arg-type]


def test_the_encoder_never_sees_a_removed_patch() -> None:
    model, patches, noise = tiny(), torch.randn(4, 16, 48), torch.rand(4, 16)
    latent, mask, _, _ = model.forward_encoder(patches, 0.75, noise)
    disturbed = patches + 100 * torch.randn_like(patches) * mask.unsqueeze(-1)
    assert torch.equal(model.forward_encoder(disturbed, 0.75, noise)[0], latent)
    disturbed = patches + 0.1 * (1 - mask).unsqueeze(-1)
    assert not torch.equal(model.forward_encoder(disturbed, 0.75, noise)[0], latent)


def test_gathering_before_embedding_changes_nothing() -> None:
    model, patches = tiny(), torch.randn(4, 16, 48)
    ids_keep, _, _ = mask_ids(torch.rand(4, 16), 0.75)
    embedded = model.patch_embed(patches)
    torch.testing.assert_close(
        model.patch_embed(gather_patches(patches, ids_keep)), gather_patches(embedded, ids_keep)
    )


def test_the_patch_embedding_is_the_convolution_whose_weight_it_stores() -> None:
    model, imgs = tiny(), torch.randn(2, 3, 16, 16)
    convolved = model.patch_embed.proj(imgs).flatten(2).transpose(1, 2)  # (N, L, D)
    torch.testing.assert_close(model.patch_embed(patchify(imgs, 4)), convolved, atol=1e-5, rtol=1e-5)


def test_the_head_on_removed_patches_gives_what_the_head_on_all_gives_there() -> None:
    model, imgs, noise = tiny(), torch.randn(3, 3, 16, 16), torch.rand(3, 16)
    _, pred, mask = model(imgs, 0.75, noise)
    full, full_mask = model.predict(imgs, 0.75, noise)
    assert torch.equal(mask, full_mask)
    torch.testing.assert_close(full[mask.bool()], pred.flatten(0, 1))


def test_the_loss_is_the_mean_square_over_removed_patches_of_the_normalised_target() -> None:
    model, imgs = tiny(variance_floor=0.3), torch.randn(3, 3, 16, 16)
    loss, pred, mask = model(imgs, 0.5)
    patches = patchify(imgs, 4)[mask.bool()]  # (N·(L − K), P)
    mean, variance = patches.mean(1, keepdim=True), patches.var(1, keepdim=True)
    target = (patches - mean) / (variance + 1e-6 + 0.09).sqrt()
    torch.testing.assert_close(loss, (pred.flatten(0, 1) - target).square().mean())


def test_a_variance_floor_quiets_flat_sky_and_leaves_bright_patches() -> None:
    sky, galaxy = 0.01 * torch.randn(1, 48), 3 * torch.randn(1, 48)
    paper, floored = tiny(), tiny(variance_floor=0.1)
    assert paper.forward_target(sky).std() == pytest.approx(1, abs=0.02)
    assert floored.forward_target(sky).std() < 0.15
    torch.testing.assert_close(
        floored.forward_target(galaxy), paper.forward_target(galaxy), rtol=5e-3, atol=1e-3
    )


def test_target_and_loss_stay_float32_under_autocast() -> None:
    # A bright, nearly flat patch: in bfloat16 its pixels would all round to one value.
    model = tiny()
    imgs = 5 + 1e-2 * torch.randn(2, 3, 16, 16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        losses, pred, _, ids_remove = model.patch_losses(imgs, 0.75, torch.rand(2, 16))
    target = model.forward_target(gather_patches(patchify(imgs, 4), ids_remove))
    assert target.std() == pytest.approx(1, abs=0.1)
    assert losses.dtype == torch.float32
    torch.testing.assert_close(losses, (pred.float() - target).square().mean(-1))


@pytest.mark.parametrize("channels", [1, 3, 5])
def test_any_number_of_bands_learns_eight_images_by_heart(channels: int) -> None:
    model = tiny(in_chans=channels, embed_dim=64, decoder_embed_dim=64)
    coarse = torch.randn(8, channels, 4, 4)
    imgs = torch.nn.functional.interpolate(coarse, scale_factor=4, mode="bicubic")
    optimizer, noise = torch.optim.AdamW(model.parameters(), lr=3e-3), torch.rand(8, 16)
    losses = []
    for _ in range(250):
        loss, _, _ = model(imgs, 0.5, noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


def published_names(depth: int, decoder_depth: int) -> set[str]:
    """The state dict of facebookresearch/mae, name by name."""
    block = [
        f"{part}.{kind}"
        for part in ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")
        for kind in ("weight", "bias")
    ]
    plain = {"cls_token", "pos_embed", "mask_token", "decoder_pos_embed"}
    layers = ("patch_embed.proj", "norm", "decoder_embed", "decoder_norm", "decoder_pred")
    return (
        plain
        | {f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")}
        | {f"blocks.{i}.{name}" for i in range(depth) for name in block}
        | {f"decoder_blocks.{i}.{name}" for i in range(decoder_depth) for name in block}
    )


def test_the_state_dict_has_the_names_and_shapes_of_the_published_code() -> None:
    state = tiny().state_dict()
    assert set(state) == published_names(depth=2, decoder_depth=1)
    shapes = {
        "cls_token": (1, 1, 32),
        "pos_embed": (1, 17, 32),
        "patch_embed.proj.weight": (32, 3, 4, 4),
        "blocks.0.attn.qkv.weight": (96, 32),
        "mask_token": (1, 1, 16),
        "decoder_pos_embed": (1, 17, 16),
        "decoder_pred.weight": (48, 16),
    }
    assert {name: tuple(state[name].shape) for name in shapes} == shapes


def test_initial_weights_are_those_of_the_paper() -> None:
    model = tiny(embed_dim=256, num_heads=4, depth=1)
    weight = model.patch_embed.proj.weight.detach()
    assert weight.abs().max() <= (6 / (48 + 256)) ** 0.5  # xavier-uniform as a Linear P → D
    assert weight.std() == pytest.approx((2 / (48 + 256)) ** 0.5, rel=0.05)
    assert model.cls_token.std().item() == pytest.approx(0.02, rel=0.2)
    biases = [value for name, value in model.named_parameters() if name.endswith("bias")]
    assert all(bool((bias == 0).all()) for bias in biases)


def test_features_depend_on_every_patch_and_on_the_depth_asked_for() -> None:
    model, imgs = tiny().eval(), torch.randn(2, 3, 16, 16)
    tokens = model.forward_features(imgs)
    assert tokens.shape == (2, 17, 32)
    torch.testing.assert_close(model.forward_features(imgs, depth=2), tokens)
    assert not torch.allclose(model.forward_features(imgs, depth=1), tokens)
    changed = imgs.clone()
    changed[:, :, -1, -1] += 1
    assert not torch.allclose(model.forward_features(changed), tokens)


def test_features_without_a_mask_are_the_encoder_that_keeps_everything() -> None:
    model, imgs = tiny(), torch.randn(2, 3, 16, 16)
    latent, mask, _, _ = model.forward_encoder(patchify(imgs, 4), 0.0)
    assert mask.sum() == 0
    torch.testing.assert_close(model.forward_features(imgs), latent)


def test_another_resolution_gets_its_own_positions() -> None:
    small, large = tiny(img_size=16), tiny(img_size=32)
    state = {k: v for k, v in small.state_dict().items() if "pos_embed" not in k}
    large.load_state_dict(state, strict=False)
    imgs = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(small.forward_features(imgs), large.forward_features(imgs))
    assert torch.equal(large.pos_embed, sincos_2d(32, 8, 8))


@pytest.mark.parametrize(
    ("pooling", "expected"), [("cls", [1.0, 2.0]), ("mean", [4.0, 6.0]), ("both", [1.0, 2.0, 4.0, 6.0])]
)
def test_pooling_takes_the_class_token_or_the_mean_of_the_patches(
    pooling: str, expected: list[float]
) -> None:
    tokens: Tensor = torch.tensor([[[1.0, 2.0], [3.0, 5.0], [5.0, 7.0]]])
    assert pool(tokens, pooling).tolist() == [expected]  # type: ignore[arg-type]


def test_a_patch_size_that_does_not_divide_is_named() -> None:
    with pytest.raises(ValueError, match="patch_size 5 does not divide img_size 16"):
        tiny(patch_size=5)
